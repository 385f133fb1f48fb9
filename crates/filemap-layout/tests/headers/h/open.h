// Arrays without a length, and of none.
struct None {
    int count;
    char none[0];
};
struct Open {
    struct None none;
    double first;
    short rest[];
};
