// Bit fields, which compilers for Windows place otherwise.
struct Bits {
    unsigned a : 3;
    unsigned b : 7;
    unsigned : 4;
    unsigned c : 20;
    int d : 5;
    unsigned char e : 2;
    unsigned short f : 11;
    unsigned long long g : 40;
    unsigned : 0;
    unsigned char h : 8;
    char after;
};
#pragma pack(push, 1)
struct TightBits {
    unsigned char first;
    unsigned a : 7;
    unsigned b : 25;
    unsigned short c : 9;
    char after;
};
#pragma pack(pop)
struct AllBits {
    struct Bits wide;
    struct TightBits tight;
};
