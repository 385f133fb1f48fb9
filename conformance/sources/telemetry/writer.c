/* The simulator: fills the block while somebody reads it. */
#include <stdio.h>
#include "block.h"

int main(void)
{
    ULONGLONG ullEnd = GetTickCount64() + 20000;
    HANDLE hMap;
    PTELEMETRY p;
    int i;

    hMap = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(TELEMETRY),
                              BLOCK_NAME);
    if (hMap == NULL || GetLastError() == ERROR_ALREADY_EXISTS) {
        printf("cannot create the block: %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    p = (PTELEMETRY)MapViewOfFile(hMap, FILE_MAP_WRITE, 0, 0, 0);
    if (p == NULL) {
        printf("cannot map the block: %lu\n", (unsigned long)GetLastError());
        CloseHandle(hMap);
        return 1;
    }
    CopyMemory(p->szTrack, "Nordschleife", sizeof("Nordschleife"));
    p->bRunning = TRUE;
    MemoryBarrier();
    p->dwVersion = BLOCK_VERSION;
    while (!p->bReader && GetTickCount64() < ullEnd)
        Sleep(1);
    for (i = 1; i <= 200; i++) {
        p->dwSequence++;
        MemoryBarrier();
        p->fSpeed = (FLOAT)i;
        p->fRpm = (FLOAT)i * 10;
        p->nGear = 1 + i / 50;
        p->nLap = i / 100;
        p->wFlags = (WORD)i;
        MemoryBarrier();
        p->dwSequence++;
        if (i % 20 == 0)
            Sleep(1);
    }
    p->bRunning = FALSE;
    /* The last reader is let go before the block goes away. */
    while (p->bReader && GetTickCount64() < ullEnd)
        Sleep(1);
    printf("%lu changes were written\n", (unsigned long)p->dwSequence / 2);
    UnmapViewOfFile(p);
    CloseHandle(hMap);
    return 0;
}
