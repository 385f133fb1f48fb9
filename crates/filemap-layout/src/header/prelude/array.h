/* Arrays of a fixed length, in C++. */
#ifndef FILEMAP_ARRAY
#define FILEMAP_ARRAY
#include "stddef.h"
namespace std {
    template <typename T, size_t N> struct array { T elements[N]; };
}
#endif
