// Pointers to tables of functions.
// not: windows
struct Plain {
    int before;
};
struct Shape : Plain {
    virtual ~Shape();
    virtual double area() const = 0;
    int id;
};
struct Circle : Shape {
    double area() const override;
    float radius;
};
struct Both : Circle {
    virtual void more();
    short last;
};
