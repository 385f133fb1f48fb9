// Structs without gaps, and with smaller ones.
struct Natural {
    char a;
    double b;
    short c;
};
#pragma pack(push, 1)
struct Tight {
    char a;
    double b;
    struct Natural natural;
    short c;
};
#pragma pack(push, 4)
struct Four {
    char a;
    long long b;
    struct Tight tight;
    short c;
};
#pragma pack(pop)
#pragma pack(pop)
struct Whole {
    char first;
    struct Four four[3];
    double last;
};
