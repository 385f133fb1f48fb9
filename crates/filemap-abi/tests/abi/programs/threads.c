/* Several threads, each with its own last error, that share names, handles and views. */
#include <pthread.h>

#include "check.h"

#define THREADS 8
#define ROUNDS 300

static HANDLE shared;

static void *work(void *number) {
    DWORD own = 1000 + (DWORD)(ULONG_PTR)number;
    char name[32];
    snprintf(name, sizeof name, "thread %u", own);
    for (int round = 0; round < ROUNDS; round++) {
        SetLastError(own);
        HANDLE handle = OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, "threads");
        DWORD *view = MapViewOfFile(handle, FILE_MAP_WRITE, 0, 0, 0);
        char *other = MapViewOfFile(shared, FILE_MAP_READ, 0, GRANULE, GRANULE);
        CHECK(handle && view && other && GetLastError() == own);
        view[own] = (DWORD)round;
        CHECK(view[own] == (DWORD)round && UnmapViewOfFile(other + round));
        HANDLE alone = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 1, name);
        CHECK(alone && GetLastError() == 0 && CloseHandle(alone));
        CHECK(UnmapViewOfFile(view) && CloseHandle(handle));
        REFUSED(OpenFileMappingA(FILE_MAP_READ, FALSE, name), ERROR_FILE_NOT_FOUND);
    }
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    shared = memory(2 * GRANULE, "threads");
    for (ULONG_PTR number = 0; number < THREADS; number++)
        CHECK(pthread_create(&threads[number], NULL, work, (void *)number) == 0);
    for (int number = 0; number < THREADS; number++)
        CHECK(pthread_join(threads[number], NULL) == 0);
    DWORD *view = MapViewOfFile(shared, FILE_MAP_READ, 0, 0, 0);
    for (DWORD number = 0; number < THREADS; number++) CHECK(view[1000 + number] == ROUNDS - 1);
    CHECK(UnmapViewOfFile(view) && CloseHandle(shared));
    return 0;
}
