/* Numbers that several processes change at once. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <windows.h>

#define ROUNDS 100000

typedef struct {
    volatile LONG nReady;
    volatile LONG nDone;
    volatile LONG nCount;
    volatile LONG nLock;
    LONG nGuarded;
    volatile LONG lBits;
    volatile LONGLONG llTotal;
} COUNTERS;

/* Takes part in the counting, and returns the numbers once all have finished. */
static COUNTERS *Count(HANDLE *phMap, LONG lBit)
{
    COUNTERS *p;
    int i;

    *phMap = CreateFileMapping(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(COUNTERS),
                               TEXT("Local\\CountersOfTwoProcesses"));
    p = *phMap ? (COUNTERS *)MapViewOfFile(*phMap, FILE_MAP_ALL_ACCESS, 0, 0, 0) : NULL;
    if (p == NULL)
        return NULL;
    InterlockedIncrement(&p->nReady);
    while (p->nReady < 2)
        Sleep(1);
    for (i = 0; i < ROUNDS; i++) {
        InterlockedIncrement(&p->nCount);
        InterlockedExchangeAdd64(&p->llTotal, 1LL << 33);
        while (InterlockedCompareExchange(&p->nLock, 1, 0) != 0)
            YieldProcessor();
        p->nGuarded++;
        InterlockedExchange(&p->nLock, 0);
    }
    InterlockedOr(&p->lBits, 1 << lBit);
    InterlockedIncrement(&p->nDone);
    while (InterlockedCompareExchange(&p->nDone, 0, 0) < 2)
        Sleep(1);
    MemoryBarrier();
    return p;
}

#endif
