/* A dashboard: polls the block of the simulator until that ends. */
#include <stdio.h>
#include <string.h>
#include "block.h"

static BOOL Snapshot(const TELEMETRY *pBlock, TELEMETRY *pCopy)
{
    DWORD dwBefore = pBlock->dwSequence;
    MemoryBarrier();
    memcpy(pCopy, (const void *)pBlock, sizeof(*pCopy));
    MemoryBarrier();
    return (dwBefore & 1) == 0 && dwBefore == pBlock->dwSequence;
}

int main(void)
{
    LARGE_INTEGER liFrequency, liStart, liEnd;
    DWORD dwStart = GetTickCount();
    HANDLE hMap = NULL;
    PTELEMETRY p;
    TELEMETRY copy;
    BOOL bRunning = TRUE;
    int nWrong = 0;

    QueryPerformanceFrequency(&liFrequency);
    QueryPerformanceCounter(&liStart);
    while (hMap == NULL && GetTickCount() - dwStart < 20000) {
        hMap = OpenFileMappingA(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, BLOCK_NAME);
        if (hMap == NULL)
            Sleep(5);
    }
    if (hMap == NULL) {
        printf("the simulator does not run: %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    p = (PTELEMETRY)MapViewOfFile(hMap, FILE_MAP_ALL_ACCESS, 0, 0, sizeof(TELEMETRY));
    if (p == NULL) {
        printf("cannot map the block: %lu\n", (unsigned long)GetLastError());
        CloseHandle(hMap);
        return 1;
    }
    while (p->dwVersion != BLOCK_VERSION)
        Sleep(1);
    p->bReader = TRUE;
    while (bRunning) {
        bRunning = p->bRunning;
        MemoryBarrier();
        if (!Snapshot(p, &copy)) {
            bRunning = TRUE;
            continue;
        }
        if (copy.fRpm != copy.fSpeed * 10 || (WORD)copy.fSpeed != copy.wFlags)
            nWrong++;
        Sleep(0);
    }
    QueryPerformanceCounter(&liEnd);
    printf("%s: speed %.1f, rpm %.1f, gear %d, lap %d, %d torn\n", copy.szTrack, copy.fSpeed,
           copy.fRpm, copy.nGear, copy.nLap, nWrong);
    printf("the clock %s\n", liEnd.QuadPart > liStart.QuadPart && liFrequency.QuadPart > 0 &&
                                     liEnd.QuadPart - liStart.QuadPart < 30 * liFrequency.QuadPart
                                 ? "runs"
                                 : "does not run");
    p->bReader = FALSE;
    UnmapViewOfFile(p);
    CloseHandle(hMap);
    return 0;
}
