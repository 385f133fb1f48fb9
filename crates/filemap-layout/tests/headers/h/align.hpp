// Fields and structs that want more room.
struct alignas(16) Wide {
    float x;
};
struct Aligned {
    char first;
    alignas(8) char second;
    Wide wide;
    char third;
    Wide both[2];
};
