/* What compilers for Windows have built in: indivisible changes of numbers, and fences. */
#ifndef FILEMAP_WINNT_H
#define FILEMAP_WINNT_H

#include "windef.h"

#define MemoryBarrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define _ReadWriteBarrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#if defined(__x86_64__) || defined(__i386__)
#define YieldProcessor() __asm__ __volatile__("pause")
#elif defined(__aarch64__)
#define YieldProcessor() __asm__ __volatile__("yield")
#else
#define YieldProcessor() _ReadWriteBarrier()
#endif

/* Each is a full fence, and so are those whose names ask for less. The names with a line before
 * them are those of the compiler. The numbers must be aligned, as on Windows. */
#define FILEMAP_INTERLOCKED_OF(prefix, suffix, Number, Value)                                     \
    static __inline__ __attribute__((unused)) Value prefix##Increment##suffix(                    \
        Number volatile *place) {                                                                 \
        return __atomic_add_fetch(place, 1, __ATOMIC_SEQ_CST);                                    \
    }                                                                                             \
    static __inline__ __attribute__((unused)) Value prefix##Decrement##suffix(                    \
        Number volatile *place) {                                                                 \
        return __atomic_sub_fetch(place, 1, __ATOMIC_SEQ_CST);                                    \
    }                                                                                             \
    static __inline__ __attribute__((unused)) Value prefix##ExchangeAdd##suffix(                  \
        Number volatile *place, Value value) {                                                    \
        return __atomic_fetch_add(place, value, __ATOMIC_SEQ_CST);                                \
    }                                                                                             \
    static __inline__ __attribute__((unused)) Value prefix##Exchange##suffix(                     \
        Number volatile *place, Value value) {                                                    \
        return __atomic_exchange_n(place, value, __ATOMIC_SEQ_CST);                               \
    }                                                                                             \
    static __inline__ __attribute__((unused)) Value prefix##CompareExchange##suffix(              \
        Number volatile *place, Value value, Value expected) {                                    \
        Number found = expected;                                                                  \
        __atomic_compare_exchange_n(place, &found, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
        return found;                                                                             \
    }                                                                                             \
    static __inline__ __attribute__((unused)) Value prefix##And##suffix(Number volatile *place,   \
                                                                        Value value) {            \
        return __atomic_fetch_and(place, value, __ATOMIC_SEQ_CST);                                \
    }                                                                                             \
    static __inline__ __attribute__((unused)) Value prefix##Or##suffix(Number volatile *place,    \
                                                                       Value value) {             \
        return __atomic_fetch_or(place, value, __ATOMIC_SEQ_CST);                                 \
    }                                                                                             \
    static __inline__ __attribute__((unused)) Value prefix##Xor##suffix(Number volatile *place,   \
                                                                        Value value) {            \
        return __atomic_fetch_xor(place, value, __ATOMIC_SEQ_CST);                                \
    }

#define FILEMAP_INTERLOCKED(suffix, Number)                                                       \
    FILEMAP_INTERLOCKED_OF(Interlocked, suffix, Number, Number)                                   \
    FILEMAP_INTERLOCKED_OF(Interlocked, suffix##Acquire, Number, Number)                          \
    FILEMAP_INTERLOCKED_OF(Interlocked, suffix##Release, Number, Number)                          \
    FILEMAP_INTERLOCKED_OF(Interlocked, suffix##NoFence, Number, Number)                          \
    FILEMAP_INTERLOCKED_OF(_Interlocked, suffix, Number, Number)

FILEMAP_INTERLOCKED(, LONG)
FILEMAP_INTERLOCKED(64, LONGLONG)
FILEMAP_INTERLOCKED(16, SHORT)
#ifdef __cplusplus
FILEMAP_INTERLOCKED(, ULONG)
FILEMAP_INTERLOCKED(64, ULONGLONG)
#endif

/* One load or store each, ordered as its name says. */
#define FILEMAP_ORDERED(suffix, Value)                                                            \
    static __inline__ __attribute__((unused)) Value ReadAcquire##suffix(                          \
        Value const volatile *place) {                                                            \
        return __atomic_load_n(place, __ATOMIC_ACQUIRE);                                          \
    }                                                                                             \
    static __inline__ __attribute__((unused)) Value ReadNoFence##suffix(                          \
        Value const volatile *place) {                                                            \
        return __atomic_load_n(place, __ATOMIC_RELAXED);                                          \
    }                                                                                             \
    static __inline__ __attribute__((unused)) void WriteRelease##suffix(Value volatile *place,    \
                                                                        Value value) {            \
        __atomic_store_n(place, value, __ATOMIC_RELEASE);                                         \
    }                                                                                             \
    static __inline__ __attribute__((unused)) void WriteNoFence##suffix(Value volatile *place,    \
                                                                        Value value) {            \
        __atomic_store_n(place, value, __ATOMIC_RELAXED);                                         \
    }

FILEMAP_ORDERED(, LONG)
FILEMAP_ORDERED(64, LONGLONG)

static __inline__ __attribute__((unused)) LONG InterlockedAdd(LONG volatile *place, LONG value) {
    return __atomic_add_fetch(place, value, __ATOMIC_SEQ_CST);
}

static __inline__ __attribute__((unused)) LONGLONG InterlockedAdd64(LONGLONG volatile *place,
                                                                    LONGLONG value) {
    return __atomic_add_fetch(place, value, __ATOMIC_SEQ_CST);
}

static __inline__ __attribute__((unused)) PVOID
InterlockedExchangePointer(PVOID volatile *place, PVOID value) {
    return __atomic_exchange_n(place, value, __ATOMIC_SEQ_CST);
}

static __inline__ __attribute__((unused)) PVOID
InterlockedCompareExchangePointer(PVOID volatile *place, PVOID value, PVOID expected) {
    __atomic_compare_exchange_n(place, &expected, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return expected;
}

static __inline__ __attribute__((unused)) BOOLEAN
InterlockedBitTestAndSet(LONG volatile *place, LONG bit) {
    LONG mask = (LONG)(1u << (bit & 31));
    return (BOOLEAN)((__atomic_fetch_or(place + bit / 32, mask, __ATOMIC_SEQ_CST) & mask) != 0);
}

static __inline__ __attribute__((unused)) BOOLEAN
InterlockedBitTestAndReset(LONG volatile *place, LONG bit) {
    LONG mask = (LONG)(1u << (bit & 31));
    return (BOOLEAN)((__atomic_fetch_and(place + bit / 32, ~mask, __ATOMIC_SEQ_CST) & mask) != 0);
}

#endif
