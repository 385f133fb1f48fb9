// Characters, and arrays of them.
#include <stddef.h>
#include <wchar.h>

struct Texts {
    char name[33];
    unsigned char raw[5];
    signed char steps[3];
    wchar_t wide[15];
    char lines[4][16];
    wchar_t titles[2][8];
    char one;
    wchar_t letter;
};
