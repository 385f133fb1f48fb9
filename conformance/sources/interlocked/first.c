#include <stdio.h>
#include "counters.h"

int main(void)
{
    HANDLE hMap;
    COUNTERS *p = Count(&hMap, 0);
    PVOID pPlace = NULL;

    if (p == NULL) {
        printf("failed: %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    printf("count %d, guarded %d, total %d, bits %d\n", (int)p->nCount, (int)p->nGuarded,
           (int)(p->llTotal >> 33), (int)p->lBits);
    printf("%d %d\n", InterlockedExchangePointer(&pPlace, p) == NULL,
           InterlockedCompareExchangePointer(&pPlace, NULL, p) == p && pPlace == NULL);
    printf("%d %d %d %d\n", (int)InterlockedDecrement(&p->nCount), (int)InterlockedAnd(&p->lBits, 2),
           (int)InterlockedXor(&p->lBits, 3), (int)p->lBits);
    UnmapViewOfFile(p);
    CloseHandle(hMap);
    return 0;
}
