#include <stdio.h>
#include "counters.h"

int main(void)
{
    HANDLE hMap;
    COUNTERS *p = Count(&hMap, 1);

    if (p == NULL) {
        printf("failed: %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    printf("guarded %d\n", (int)p->nGuarded);
    UnmapViewOfFile(p);
    CloseHandle(hMap);
    return 0;
}
