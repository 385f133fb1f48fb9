/* Numbers that threads share, in C++: as large as the number, and aligned to its size. */
#ifndef FILEMAP_ATOMIC
#define FILEMAP_ATOMIC
#include "stdint.h"
namespace std {
    template <typename T> struct alignas(sizeof(T)) atomic {
        atomic() = default;
        constexpr atomic(T value) : value(value) {}
        T value;
    };
    typedef atomic<bool> atomic_bool;
    typedef atomic<int> atomic_int;
    typedef atomic<unsigned int> atomic_uint;
    typedef atomic<long> atomic_long;
    typedef atomic<unsigned long> atomic_ulong;
    typedef atomic<int32_t> atomic_int32_t;
    typedef atomic<uint32_t> atomic_uint32_t;
    typedef atomic<int64_t> atomic_int64_t;
    typedef atomic<uint64_t> atomic_uint64_t;
    struct atomic_flag { bool value; };
}
#endif
