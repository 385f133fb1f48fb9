// Names of names of types, declared before and behind.
struct Later;
typedef struct Later Later, *LaterPointer;
typedef int Length, Lengths[3];
typedef Lengths Table[2];
typedef struct {
    Length length;
    Lengths lengths;
    Table table;
    LaterPointer pointer;
} Named;
struct Later {
    Named named;
    Named many[2];
    Later *self;
};
