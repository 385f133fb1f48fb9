/* Pages that the file has lost: an error that says how far the copy came. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "check.h"

#define LENGTH (8 * 4096u)
/* Where the file ends later: what is behind it in its page is zero. */
#define CUT (4096u + 100)

static char *view;

static void refused(SIZE_T from, SIZE_T good) {
    static char bytes[LENGTH];
    SIZE_T done = 99;
    REFUSED(filemap_read(view + from, bytes, LENGTH - from, &done), ERROR_SWAPERROR);
    CHECK(done == good && bytes[CUT - 1 - from] == (char)((CUT - 1) % 251));
    REFUSED(filemap_write(view + from + good, bytes, 1, &done), ERROR_SWAPERROR);
    CHECK(done == 0);
    REFUSED(filemap_fill(view + LENGTH - 1, 1, 'x', NULL), ERROR_SWAPERROR);
}

/* A thread that was started with the signal blocked is served all the same. */
static void *elsewhere(void *unused) {
    refused(1, 2 * 4096 - 1);
    return unused;
}

int main(void) {
    HANDLE file = new_file("lost", LENGTH);
    HANDLE mapping = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    view = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(view);
    char bytes[300];
    SIZE_T done = 0;
    GRANTED(filemap_read(view + 5, bytes, sizeof bytes, &done));
    CHECK(done == sizeof bytes && !memcmp(bytes, view + 5, sizeof bytes));
    GRANTED(filemap_write(view + 10000, bytes, sizeof bytes, &done));
    CHECK(!memcmp(bytes, view + 10000, sizeof bytes));
    GRANTED(filemap_fill(view + 20000, 100, 'x', &done));
    CHECK(done == 100 && view[20000] == 'x' && view[20099] == 'x' && view[20100] != 'x');
    REFUSED(filemap_read(view + LENGTH - 1, bytes, 2, &done), ERROR_INVALID_PARAMETER);
    CHECK(done == 0);

    /* Somebody who knows nothing of this library cuts the file. */
    CHECK(truncate("lost", CUT) == 0);

    refused(0, 2 * 4096);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGBUS);
    CHECK(pthread_sigmask(SIG_BLOCK, &blocked, NULL) == 0);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, elsewhere, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);

    char *reader = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 4096);
    REFUSED(filemap_write(reader, bytes, 1, NULL), ERROR_ACCESS_DENIED);
    CHECK(UnmapViewOfFile(reader) && UnmapViewOfFile(view) && CloseHandle(mapping));
    CHECK(CloseHandle(file));
    return 0;
}
