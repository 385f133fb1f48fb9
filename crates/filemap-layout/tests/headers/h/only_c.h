/* Words that are no names in C++. */
struct OnlyC {
    int class;
    _Bool new;
    _Atomic int shared;
    unsigned this[2];
    struct Template {
        short template;
    } inner;
};
