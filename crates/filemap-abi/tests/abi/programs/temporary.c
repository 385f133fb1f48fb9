/* Files that are to be deleted, at the end of a process and after a fork. */
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static HANDLE temporary(const char *path) {
    HANDLE file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                              FILE_FLAG_DELETE_ON_CLOSE, NULL);
    CHECK(file != INVALID_HANDLE_VALUE && access(path, F_OK) == 0);
    return file;
}

static void child(void (*body)(void), int ends) {
    pid_t process = fork();
    CHECK(process != -1);
    if (process == 0) {
        body();
        ends ? exit(0) : _exit(0);
    }
    int status = 0;
    CHECK(waitpid(process, &status, 0) == process && WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

static void leaves_open(void) {
    temporary("left");
}

static void closes_as_a_descriptor(void) {
    CHECK(close((int)(LONG_PTR)temporary("left")) == 0);
}

static HANDLE parents;

static void closes_the_parents(void) {
    CHECK(CloseHandle(parents));
}

int main(void) {
    /* Closed by the exit of its process, in which nobody closes it. */
    child(leaves_open, 1);
    CHECK(access("left", F_OK) == -1);
    child(closes_as_a_descriptor, 1);
    CHECK(access("left", F_OK) == -1);
    /* Closed as a descriptor, it goes with the next calls for handles. */
    HANDLE here = GetCurrentProcess(), twin = NULL, file = temporary("closed");
    CHECK(close((int)(LONG_PTR)file) == 0 && CloseHandle(new_file("next", 1)));
    CHECK(access("closed", F_OK) == -1 && access("next", F_OK) == 0);
    /* Each duplicate keeps it, one with fewer rights as well, and wherever it is moved. */
    file = temporary("first");
    CHECK(DuplicateHandle(here, file, here, &twin, GENERIC_READ, TRUE, 0) && CloseHandle(file));
    CHECK(access("first", F_OK) == 0 && rename("first", "moved") == 0);
    CHECK(CloseHandle(twin) && access("moved", F_OK) == -1);
    /* A forked child takes nothing away. */
    parents = temporary("parents");
    child(closes_the_parents, 1);
    CHECK(access("parents", F_OK) == 0);
    /* Another file that has the name by then stays. */
    CHECK(unlink("parents") == 0);
    CHECK(CloseHandle(new_file("parents", 3)));
    GRANTED(CloseHandle(parents));
    CHECK(access("parents", F_OK) == 0 && unlink("parents") == 0);
    /* A mapping keeps the bytes. */
    file = temporary("mapped");
    HANDLE mapping = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 4096, NULL);
    char *view = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(view && (view[5] = 'x'));
    GRANTED(CloseHandle(file));
    CHECK(access("mapped", F_OK) == -1 && view[5] == 'x');
    CHECK(UnmapViewOfFile(view) && CloseHandle(mapping));
    /* What has the number next is no longer to be deleted. */
    CHECK(CloseHandle(new_file("next", 1)));
    CHECK(access("next", F_OK) == 0);
    /* A right to execute is one of handles. */
    file = new_file("next", 4096);
    REFUSED(CreateFileMappingA(file, NULL, PAGE_EXECUTE_READ, 0, 0, NULL), ERROR_ACCESS_DENIED);
    CHECK(DuplicateHandle(here, file, here, &twin, 0, FALSE, DUPLICATE_SAME_ACCESS));
    REFUSED(CreateFileMappingA(twin, NULL, PAGE_EXECUTE_READ, 0, 0, NULL), ERROR_ACCESS_DENIED);
    CHECK(CloseHandle(twin));
    REFUSED(DuplicateHandle(here, file, here, &twin, GENERIC_EXECUTE, FALSE, 0), ERROR_ACCESS_DENIED);
    CHECK(CloseHandle(file));
    DWORD runs = GENERIC_READ | GENERIC_EXECUTE;
    file = CreateFileA("next", runs, 0, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(DuplicateHandle(here, file, here, &twin, GENERIC_READ, FALSE, 0));
    REFUSED(CreateFileMappingA(twin, NULL, PAGE_EXECUTE_READ, 0, 0, NULL), ERROR_ACCESS_DENIED);
    CHECK(CloseHandle(twin) && DuplicateHandle(here, file, here, &twin, runs, FALSE, 0));
    HANDLE program = CreateFileMappingA(twin, NULL, PAGE_EXECUTE_READ, 0, 0, NULL);
    CHECK(program && CloseHandle(program) && CloseHandle(twin) && CloseHandle(file));
    /* The position of a handle for nothing, which its duplicates share, and which goes with it. */
    file = CreateFileA("next", 0, 0, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(DuplicateHandle(here, file, here, &twin, 0, FALSE, DUPLICATE_SAME_ACCESS));
    CHECK(SetFilePointer(file, 7, NULL, FILE_BEGIN) == 7);
    CHECK(SetFilePointer(twin, 0, NULL, FILE_CURRENT) == 7 && CloseHandle(twin));
    CHECK(close((int)(LONG_PTR)file) == 0);
    file = CreateFileA("next", 0, 0, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(SetFilePointer(file, 0, NULL, FILE_CURRENT) == 0 && CloseHandle(file));
    return 0;
}
