/* A mapped file does not become shorter, by this process or another, as long as it is mapped. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static BOOL cut(HANDLE file, LONGLONG length) {
    LARGE_INTEGER to;
    to.QuadPart = length;
    return SetFilePointerEx(file, to, NULL, FILE_BEGIN) && SetEndOfFile(file);
}

int main(void) {
    HANDLE file = new_file("shorter", 10000);
    HANDLE mapping = CreateFileMappingA(file, NULL, PAGE_READONLY, 0, 100, NULL);
    void *view = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    CHECK(mapping && view);

    REFUSED(cut(file, 9999), ERROR_USER_MAPPED_FILE);
    GRANTED(cut(file, 10000));
    GRANTED(cut(file, 20000));
    CHECK(CreateFileA("shorter", GENERIC_WRITE, 0, NULL, TRUNCATE_EXISTING, 0, NULL) ==
          INVALID_HANDLE_VALUE);
    CHECK(GetLastError() == ERROR_USER_MAPPED_FILE && errno == ERROR_USER_MAPPED_FILE);
    CHECK(CreateFileA("shorter", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL) ==
          INVALID_HANDLE_VALUE);
    CHECK(GetLastError() == ERROR_USER_MAPPED_FILE);

    /* Handle or view, each is enough; a duplicate is one, and so is a handle opened by name. */
    CHECK(UnmapViewOfFile(view));
    REFUSED(cut(file, 1), ERROR_USER_MAPPED_FILE);
    HANDLE here = GetCurrentProcess(), twin;
    CHECK(DuplicateHandle(here, mapping, here, &twin, FILE_MAP_READ, FALSE, 0));
    CHECK(CloseHandle(mapping));
    REFUSED(cut(file, 1), ERROR_USER_MAPPED_FILE);
    view = MapViewOfFile(twin, FILE_MAP_COPY, 0, 0, 0);
    CHECK(CloseHandle(twin));
    REFUSED(cut(file, 1), ERROR_USER_MAPPED_FILE);
    CHECK(UnmapViewOfFile(view));
    GRANTED(cut(file, 9000));
    mapping = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, "shorter");
    HANDLE found = OpenFileMappingA(FILE_MAP_READ, FALSE, "shorter");
    CHECK(found && CloseHandle(mapping));
    REFUSED(cut(file, 1), ERROR_USER_MAPPED_FILE);
    CHECK(CloseHandle(found));
    GRANTED(cut(file, 8000));

    /* Another process has it mapped, until it is killed. */
    int told[2];
    CHECK(pipe(told) == 0);
    pid_t child = fork();
    if (child == 0) {
        HANDLE own = CreateFileMappingA(file, NULL, PAGE_READONLY, 0, 0, NULL);
        CHECK(own && MapViewOfFile(own, FILE_MAP_READ, 0, 0, 0) && CloseHandle(own));
        CHECK(write(told[1], "x", 1) == 1);
        pause();
        _exit(1);
    }
    char word;
    CHECK(child > 0 && read(told[0], &word, 1) == 1);
    REFUSED(cut(file, 1), ERROR_USER_MAPPED_FILE);
    kill(child, SIGKILL);
    CHECK(waitpid(child, NULL, 0) == child);
    GRANTED(cut(file, 1));
    CHECK(CloseHandle(file));
    return 0;
}
