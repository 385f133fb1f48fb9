// Structs and unions without names, inside each other.
struct Nested {
    int before;
    union {
        int whole;
        struct {
            short low, high;
        };
        unsigned char bytes[4];
    };
    struct {
        float x, y;
        union {
            double far;
            char mark;
        } z;
    } place, places[2];
    union {
        char small;
        double large;
    } either;
    struct Nested *next;
};
