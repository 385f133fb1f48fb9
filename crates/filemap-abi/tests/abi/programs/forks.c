/* Children that are forked while other threads open and close: no lock stays with a thread. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define THREADS 3
#define FORKS 100

static HANDLE shared;
static atomic_int done;

static void use(void) {
    HANDLE handle = OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, "forks");
    char *view = MapViewOfFile(shared, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(handle && view);
    char byte = 1;
    CHECK(filemap_write(view, &byte, 1, NULL) && UnmapViewOfFile(view) && CloseHandle(handle));
    char *text = NULL;
    CHECK(FormatMessageA(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM, NULL, 5, 0,
                         (LPSTR)&text, 0, NULL));
    CHECK(LocalFree(text) == NULL);
}

static void *work(void *unused) {
    while (!done) use();
    return unused;
}

int main(void) {
    pthread_t threads[THREADS];
    shared = memory(GRANULE, "forks");
    for (int number = 0; number < THREADS; number++)
        CHECK(pthread_create(&threads[number], NULL, work, NULL) == 0);
    for (int number = 0; number < FORKS; number++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            /* Ends it, should it never end by itself. */
            alarm(10);
            use();
            _exit(0);
        }
        int status = 0;
        CHECK(waitpid(child, &status, 0) == child && status == 0);
    }
    done = 1;
    for (int number = 0; number < THREADS; number++)
        CHECK(pthread_join(threads[number], NULL) == 0);
    CHECK(CloseHandle(shared));
    return 0;
}
