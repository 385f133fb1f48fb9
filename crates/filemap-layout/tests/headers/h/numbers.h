// Numbers of every size, some of which differ between Windows and Linux.
#include <stdint.h>
#include <stddef.h>
#include <stdbool.h>

struct Numbers {
    char c;
    signed char sc;
    unsigned char uc;
    bool flag;
    short s;
    unsigned short us;
    int i;
    unsigned u;
    long l;
    unsigned long ul;
    long long ll;
    unsigned long long ull;
    float f;
    double d;
    int8_t i8;
    uint16_t u16;
    int32_t i32;
    uint64_t u64;
    size_t size;
    intptr_t address;
    void *pointer;
    void (*function)(int);
    const volatile int both;
    volatile long counter;
};
