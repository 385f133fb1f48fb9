/* Lost pages of a view read as zeros by its address, and are told. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define PAGE 4096u
#define LENGTH (8 * PAGE)
#define ROOM 4

static HANDLE mapping;

/* Whether a child that reads a view of the file, once it is cut, comes through. */
static int survives(const char *variable, DWORD choice) {
    pid_t child = fork();
    if (child == 0) {
        if (variable) {
            execl("/proc/self/exe", "zeros", variable, NULL);
        }
        CHECK(filemap_on_loss(choice));
        volatile char *view = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
        CHECK(truncate("zeros", 0) == 0);
        _exit(view[5] != 0);
    }
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(truncate("zeros", LENGTH) == 0);
    CHECK(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS));
    return status == 0;
}

/* Whether a program that was started with the variable survives. */
static int chosen(const char *variable) {
    CHECK(setenv("FILEMAP_ON_LOSS", variable, 1) == 0);
    int outcome = survives(variable, 0);
    CHECK(unsetenv("FILEMAP_ON_LOSS") == 0);
    return outcome;
}

static int started(void) {
    int file = open("zeros", O_RDWR);
    mapping = CreateFileMappingA((HANDLE)(intptr_t)file, NULL, PAGE_READWRITE, 0, 0, NULL);
    volatile char *view = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    CHECK(view && truncate("zeros", 0) == 0);
    return view[5];
}

int main(int count, char **words) {
    (void)words;
    if (count > 1) {
        return started();
    }
    HANDLE file = new_file("zeros", LENGTH);
    mapping = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    char *view = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(mapping && view);
    filemap_lost_range ranges[ROOM];
    SIZE_T found = 99;
    GRANTED(filemap_lost(view, NULL, 0, &found));
    CHECK(found == 0);
    GRANTED(filemap_restore(view + 5, NULL, 0, &found));
    CHECK(found == 0);

    /* Somebody who knows nothing of this library cuts the file. */
    CHECK(truncate("zeros", 2 * PAGE) == 0);
    char copy[LENGTH];
    errno = 77;
    memcpy(copy, view, LENGTH);
    CHECK(errno == 77 && copy[PAGE] == (char)(PAGE % 251) && copy[2 * PAGE] == 0);
    view[5 * PAGE] = 'x';
    CHECK(view[5 * PAGE] == 'x');

    GRANTED(filemap_lost(view + 10, ranges, ROOM, &found));
    CHECK(found == 1 && ranges[0].address == view + 2 * PAGE && ranges[0].size == 6 * PAGE);
    uint64_t now = (uint64_t)time(NULL);
    CHECK(ranges[0].since / 1000000000 <= now && ranges[0].since / 1000000000 >= now - 60);
    SIZE_T done = 0;
    REFUSED(filemap_read(view, copy, LENGTH, &done), ERROR_SWAPERROR);
    CHECK(done == 2 * PAGE);
    REFUSED(filemap_write(view + 5 * PAGE, copy, 1, &done), ERROR_SWAPERROR);
    REFUSED(FlushViewOfFile(view, 0), ERROR_SWAPERROR);
    GRANTED(FlushViewOfFile(view, PAGE));

    CHECK(truncate("zeros", LENGTH) == 0);
    GRANTED(filemap_restore(view, ranges, ROOM, &found));
    CHECK(found == 1 && ranges[0].address == view + 2 * PAGE && ranges[0].size == 6 * PAGE);
    CHECK(ranges[0].since == 0 && view[5 * PAGE] == 0);
    GRANTED(filemap_lost(view, ranges, ROOM, &found));
    CHECK(found == 0);
    GRANTED(filemap_read(view, copy, LENGTH, &done));
    GRANTED(FlushViewOfFile(view, 0));

    REFUSED(filemap_lost(&found, ranges, ROOM, &found), ERROR_INVALID_ADDRESS);
    REFUSED(filemap_restore(NULL, ranges, ROOM, &found), ERROR_INVALID_ADDRESS);
    REFUSED(filemap_lost(view, NULL, 1, &found), ERROR_NOACCESS);
    REFUSED(filemap_on_loss(2), ERROR_INVALID_PARAMETER);

    CHECK(UnmapViewOfFile(view));
    CHECK(survives(NULL, FILEMAP_ON_LOSS_ZEROS));
    CHECK(!survives(NULL, FILEMAP_ON_LOSS_DIE));
    CHECK(chosen("zeros"));
    CHECK(!chosen("die"));
    CHECK(chosen("what else"));
    CHECK(CloseHandle(mapping) && CloseHandle(file));
    return 0;
}
