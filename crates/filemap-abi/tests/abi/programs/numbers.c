/* Handles are the numbers of descriptors: they fit 32 bits, and may be closed as descriptors. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static HANDLE here;

/* `F_GETSIG`, which keeps the mark of a handle. */
static const int get_signal = 11;

static int as_int(HANDLE handle) { return (int)(LONG_PTR)handle; }

/* How many descriptors there are. */
static int descriptors(void) {
    int count = 0;
    DIR *list = opendir("/proc/self/fd");
    CHECK(list);
    while (readdir(list)) count++;
    closedir(list);
    return count;
}

/* The body runs in a process of its own, which forks and does not `exec`. */
#define APART(...)                                                                                \
    do {                                                                                          \
        pid_t child = fork();                                                                     \
        CHECK(child >= 0);                                                                        \
        if (child == 0) {                                                                         \
            __VA_ARGS__;                                                                          \
            _exit(0);                                                                             \
        }                                                                                         \
        int status = -1;                                                                          \
        CHECK(waitpid(child, &status, 0) == child && status == 0);                                \
    } while (0)

/* Nobody has this name: asked by another process, before the next call of this one. */
static void nobody_has(const char *name) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        execl("/proc/self/exe", "numbers", name, (char *)NULL);
        _exit(99);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void widths(void) {
    HANDLE handle = memory(10, "widths");
    CHECK((ULONG_PTR)handle > 2 && (ULONG_PTR)handle <= 0x7FFFFFFFu);
    CHECK(fcntl(as_int(handle), F_GETFD) == FD_CLOEXEC);

    /* With and without a sign, `INVALID_HANDLE_VALUE` and handles come through 32 bits. */
    unsigned unsigned_memory = (unsigned)(ULONG_PTR)INVALID_HANDLE_VALUE;
    HANDLE other = CreateFileMappingA((HANDLE)(ULONG_PTR)unsigned_memory, NULL, PAGE_READWRITE, 0,
                                      10, "widths");
    CHECK(other && GetLastError() == ERROR_ALREADY_EXISTS);
    HANDLE process = (HANDLE)(ULONG_PTR)unsigned_memory, twin;
    GRANTED(DuplicateHandle(process, other, process, &twin, 0, FALSE, DUPLICATE_SAME_ACCESS));
    GRANTED(CloseHandle((HANDLE)(LONG_PTR)as_int(twin)));
    GRANTED(CloseHandle((HANDLE)(ULONG_PTR)(unsigned)as_int(other)));

    /* All bits count: the next number is another handle, or none. */
    REFUSED(CloseHandle((HANDLE)((ULONG_PTR)handle | 0x100000000u)), ERROR_INVALID_HANDLE);
    REFUSED(GetHandleInformation((HANDLE)((ULONG_PTR)handle ^ 1), (DWORD[1]){0}),
            ERROR_INVALID_HANDLE);
    CHECK(CloseHandle(handle));
}

/* What a program closes by `close` is gone, and what belonged to it. */
static void closed(void) {
    int file = open("closed", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(file > 0 && ftruncate(file, 5000) == 0);
    HANDLE on_disk = (HANDLE)(LONG_PTR)file;
    /* The first use opens what stays open. */
    CHECK(CloseHandle(CreateFileMappingA(on_disk, NULL, PAGE_READWRITE, 0, 0, "before")));
    int before = descriptors();
    for (int kind = 0; kind < 5; kind++) {
        HANDLE handle = kind == 0   ? memory(10, "closed")
                        : kind == 1 ? memory(10, NULL)
                        : kind == 2 ? CreateFileMappingA(on_disk, NULL, PAGE_READWRITE, 0, 0, "closed")
                        : kind == 3 ? CreateFileMappingA(on_disk, NULL, PAGE_READWRITE, 0, 0, NULL)
                                    : CreateFileA("closed", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
        void *view = kind < 4 ? MapViewOfFile(handle, FILE_MAP_WRITE, 0, 0, 0) : NULL;
        CHECK(handle != INVALID_HANDLE_VALUE && handle && (view || kind == 4));
        CHECK(!view || UnmapViewOfFile(view));

        CHECK(close(as_int(handle)) == 0);

        nobody_has("closed");
        LARGE_INTEGER size;
        REFUSED(MapViewOfFile(handle, FILE_MAP_READ, 0, 0, 0), ERROR_INVALID_HANDLE);
        REFUSED(CloseHandle(handle), ERROR_INVALID_HANDLE);
        REFUSED(GetFileSizeEx(handle, &size), ERROR_INVALID_HANDLE);
        CHECK(descriptors() == before);
    }
    /* A call about something else frees them as well. */
    HANDLE handles[40];
    for (int index = 0; index < 40; index++) handles[index] = memory(10, NULL);
    for (int index = 0; index < 40; index += 2) close(as_int(handles[index]));
    HANDLE other = memory(10, "other");
    CHECK(descriptors() <= before + 20 * 2 + 3);
    for (int index = 1; index < 40; index += 2) CHECK(CloseHandle(handles[index]));
    CHECK(CloseHandle(other) && descriptors() == before && close(file) == 0);
}

/* A number that is the program's own by now is left alone. */
static void reused(void) {
    struct stat own, now;
    for (int kind = 0; kind < 3; kind++) {
        HANDLE handle = kind == 0   ? memory(10, "reused")
                        : kind == 1 ? memory(10, NULL)
                                    : CreateFileA("reused", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                                  CREATE_ALWAYS, 0, NULL);
        CHECK(close(as_int(handle)) == 0);
        /* For a file, the same one. */
        int file = open("reused", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        CHECK(file == as_int(handle) && fstat(file, &own) == 0);

        REFUSED(MapViewOfFile(handle, FILE_MAP_READ, 0, 0, 0), ERROR_INVALID_HANDLE);
        REFUSED(CloseHandle(handle), ERROR_INVALID_HANDLE);
        REFUSED(SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT),
                ERROR_INVALID_HANDLE);
        HANDLE next = memory(10, "reused");
        CHECK(CloseHandle(next));

        CHECK(fstat(file, &now) == 0 && now.st_ino == own.st_ino);
        CHECK(fcntl(file, F_GETFD) == FD_CLOEXEC && write(file, "own", 3) == 3);
        /* It is a descriptor, as any other. */
        HANDLE mapping = CreateFileMappingA(handle, NULL, PAGE_READWRITE, 0, 0, NULL);
        CHECK(mapping && CloseHandle(mapping) && close(file) == 0);
    }
    /* The number may become another handle of the same name. */
    HANDLE first = memory(10, "again"), second = memory(10, "again");
    CHECK(close(as_int(first)) == 0);
    HANDLE third = OpenFileMappingA(FILE_MAP_WRITE, FALSE, "again");
    CHECK(third && CloseHandle(second));
    HANDLE fourth = OpenFileMappingA(FILE_MAP_WRITE, FALSE, "again");
    CHECK(fourth && CloseHandle(third) && CloseHandle(fourth));
    REFUSED(OpenFileMappingA(FILE_MAP_READ, FALSE, "again"), ERROR_FILE_NOT_FOUND);
}

static int left;
static ino_t left_inode;

/* Runs after the library's own end, since it was registered before. */
static void look(void) {
    struct stat now;
    if (left && (fstat(left, &now) != 0 || now.st_ino != left_inode)) {
        fprintf(stderr, "the program's file was replaced at exit\n");
        _exit(1);
    }
}

/* So it is when the process ends. */
static void ended(void) {
    APART({
        HANDLE handle = memory(10, "ended");
        struct stat own;
        CHECK(close(as_int(handle)) == 0);
        left = open("left", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        CHECK(left == as_int(handle) && fstat(left, &own) == 0);
        left_inode = own.st_ino;
        exit(0);
    });
}

/* Descriptors in place of handles, and duplicates of them. */
static void duplicates(void) {
    char byte = 0, name[] = "duplicated";
    DWORD count = 0;
    LARGE_INTEGER zero, at;
    zero.QuadPart = 0;
    int file = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(file > 0 && write(file, "abcdef", 6) == 6 && lseek(file, 2, SEEK_SET) == 2);
    HANDLE twin = NULL, other = NULL;

    /* Of a descriptor: a handle, which reads where it reads. */
    GRANTED(DuplicateHandle(here, (HANDLE)(LONG_PTR)file, here, &twin, 0, FALSE,
                            DUPLICATE_SAME_ACCESS));
    CHECK(as_int(twin) != file && ReadFile(twin, &byte, 1, &count, NULL) && byte == 'c');
    CHECK(lseek(file, 0, SEEK_CUR) == 3);
    HANDLE mapping = CreateFileMappingA(twin, NULL, PAGE_READWRITE, 0, 0, NULL);
    CHECK(mapping && CloseHandle(mapping));
    /* Of that duplicate: each is closed for itself, and the program's description gets no mark. */
    for (int inherit = FALSE; inherit <= TRUE; inherit++) {
        GRANTED(DuplicateHandle(here, twin, here, &other, 0, inherit, DUPLICATE_SAME_ACCESS));
        CHECK(fcntl(file, get_signal) == 0 && ReadFile(twin, &byte, 0, &count, NULL));
        GRANTED(CloseHandle(other));
    }
    GRANTED(CloseHandle(twin));
    REFUSED(CloseHandle(twin), ERROR_INVALID_HANDLE);
    CHECK(fcntl(file, F_GETFD) == FD_CLOEXEC);
    REFUSED(DuplicateHandle(here, (HANDLE)(LONG_PTR)file, here, &twin, 0, FALSE,
                            DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE) &&
                CloseHandle(twin) && CloseHandle((HANDLE)(LONG_PTR)file),
            ERROR_INVALID_HANDLE);
    CHECK(fcntl(file, F_GETFD) == FD_CLOEXEC && close(file) == 0);
    REFUSED(DuplicateHandle(here, (HANDLE)(LONG_PTR)file, here, &twin, 0, FALSE,
                            DUPLICATE_SAME_ACCESS),
            ERROR_INVALID_HANDLE);

    /* Of a handle, for less: one position, and no more than was asked for. */
    HANDLE source = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    GRANTED(DuplicateHandle(here, source, here, &twin, GENERIC_READ, FALSE, 0));
    CHECK(ReadFile(source, &byte, 1, &count, NULL) && byte == 'a');
    CHECK(ReadFile(twin, &byte, 1, &count, NULL) && byte == 'b');
    CHECK(SetFilePointerEx(source, zero, &at, FILE_CURRENT) && at.QuadPart == 2);
    REFUSED(WriteFile(twin, "x", 1, &count, NULL), ERROR_ACCESS_DENIED);
    REFUSED(SetEndOfFile(twin), ERROR_ACCESS_DENIED);
    REFUSED(CreateFileMappingA(twin, NULL, PAGE_READWRITE, 0, 0, NULL), ERROR_ACCESS_DENIED);
    REFUSED(CreateFileMappingA(twin, NULL, PAGE_READWRITE, 0, 0, name), ERROR_ACCESS_DENIED);
    mapping = CreateFileMappingA(twin, NULL, PAGE_READONLY, 0, 0, NULL);
    CHECK(mapping && CloseHandle(mapping));
    REFUSED(DuplicateHandle(here, twin, here, &other, GENERIC_WRITE, FALSE, 0),
            ERROR_ACCESS_DENIED);
    REFUSED(DuplicateHandle(here, twin, here, &other, GENERIC_ALL, FALSE, 0), ERROR_ACCESS_DENIED);
    GRANTED(DuplicateHandle(here, twin, here, &other, 0x02000000 /* MAXIMUM_ALLOWED */, FALSE, 0));
    REFUSED(WriteFile(other, "x", 1, &count, NULL), ERROR_ACCESS_DENIED);
    CHECK(ReadFile(other, &byte, 1, &count, NULL) && byte == 'c' && CloseHandle(other));
    GRANTED(DuplicateHandle(here, source, here, &other, 0, FALSE, 0));
    REFUSED(ReadFile(other, &byte, 1, &count, NULL), ERROR_ACCESS_DENIED);
    CHECK(CloseHandle(other));
    /* A duplicate that appends does so. */
    GRANTED(DuplicateHandle(here, source, here, &other, FILE_APPEND_DATA, FALSE, 0));
    CHECK(WriteFile(other, "g", 1, &count, NULL) && CloseHandle(other));
    CHECK(GetFileSizeEx(source, &at) && at.QuadPart == 7);
    /* Less still in a child, though the flag is set later. */
    GRANTED(SetHandleInformation(twin, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT));
    CHECK((fcntl(as_int(twin), F_GETFL) & O_ACCMODE) == O_RDONLY);
    CHECK(fcntl(as_int(twin), F_GETFD) == 0);
    CHECK(ReadFile(twin, &byte, 1, &count, NULL) && byte == 'd');

    /* The attributes are the source's. */
    DWORD flags = 0;
    GRANTED(DuplicateHandle(here, twin, here, &other, 0, FALSE, DUPLICATE_SAME_ACCESS | 4));
    CHECK(GetHandleInformation(other, &flags) && flags == HANDLE_FLAG_INHERIT);
    CHECK(CloseHandle(other));
    flags = HANDLE_FLAG_INHERIT | HANDLE_FLAG_PROTECT_FROM_CLOSE;
    CHECK(SetHandleInformation(twin, flags, HANDLE_FLAG_PROTECT_FROM_CLOSE));
    GRANTED(DuplicateHandle(here, twin, here, &other, 0, TRUE, DUPLICATE_SAME_ACCESS | 4));
    CHECK(GetHandleInformation(other, &flags) && flags == HANDLE_FLAG_PROTECT_FROM_CLOSE);
    REFUSED(CloseHandle(other), ERROR_INVALID_HANDLE);
    CHECK(SetHandleInformation(twin, flags, 0) && SetHandleInformation(other, flags, 0));
    REFUSED(DuplicateHandle(here, twin, here, &mapping, 0, FALSE, 8), ERROR_INVALID_PARAMETER);
    CHECK(CloseHandle(other) && CloseHandle(twin) && CloseHandle(source));

    /* Of this process, which is then named by it. */
    GRANTED(DuplicateHandle(here, here, here, &twin, 0, FALSE, DUPLICATE_SAME_ACCESS));
    CHECK(as_int(twin) > 2);
    GRANTED(DuplicateHandle(twin, twin, here, &other, 0, FALSE, DUPLICATE_SAME_ACCESS));
    REFUSED(MapViewOfFile(twin, FILE_MAP_READ, 0, 0, 0), ERROR_INVALID_HANDLE);
    REFUSED(ReadFile(twin, &byte, 1, &count, NULL), ERROR_INVALID_HANDLE);
    source = memory(10, NULL);
    HANDLE third;
    GRANTED(DuplicateHandle(other, source, twin, &third, 0, FALSE, DUPLICATE_SAME_ACCESS));
    /* To a forked child it is another process. */
    APART(REFUSED(DuplicateHandle(other, source, twin, &third, 0, FALSE, DUPLICATE_SAME_ACCESS),
                  ERROR_INVALID_HANDLE));
    REFUSED(DuplicateHandle(source, source, here, &third, 0, FALSE, DUPLICATE_SAME_ACCESS),
            ERROR_INVALID_HANDLE);
    CHECK(CloseHandle(source) && CloseHandle(third) && CloseHandle(twin) && CloseHandle(other));
    REFUSED(DuplicateHandle(twin, here, here, &other, 0, FALSE, DUPLICATE_SAME_ACCESS),
            ERROR_INVALID_HANDLE);
}

/* A file that this user may not open again is mapped through the program's own description, which
 * then gets no mark. */
static void not_again(void) {
    if (geteuid() != 0) return;
    APART({
        int file = open("not again", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        CHECK(file > 2 && ftruncate(file, 100) == 0 && seteuid(4343) == 0);
        HANDLE handle = CreateFileMappingA((HANDLE)(LONG_PTR)file, NULL, PAGE_READWRITE, 0, 0, NULL);
        CHECK(handle && fcntl(file, get_signal) == 0 && lseek(file, 0, SEEK_CUR) == 0);
        char *view = MapViewOfFile(handle, FILE_MAP_WRITE, 0, 0, 0);
        CHECK(view && (view[0] = 'x') && UnmapViewOfFile(view));
        HANDLE twin;
        GRANTED(DuplicateHandle(here, handle, here, &twin, 0, TRUE, DUPLICATE_SAME_ACCESS));
        CHECK(fcntl(file, get_signal) == 0 && CloseHandle(twin));
        CHECK(close(as_int(handle)) == 0);
        REFUSED(CloseHandle(handle), ERROR_INVALID_HANDLE);
    });
}

/* No handle is one of the first three, also where these are closed. */
static void first_three(void) {
    APART({
        int file = open("three", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        CHECK(file > 2 && ftruncate(file, 100) == 0);
        HANDLE on_disk = (HANDLE)(LONG_PTR)file, process, made[8];
        close(0);
        close(1);
        close(2);
        made[0] = memory(10, NULL);
        made[1] = memory(10, "three");
        made[2] = OpenFileMappingA(FILE_MAP_READ, FALSE, "three");
        made[3] = CreateFileMappingA(on_disk, NULL, PAGE_READWRITE, 0, 0, NULL);
        made[4] = CreateFileMappingA(on_disk, NULL, PAGE_READONLY, 0, 0, "three on disk");
        made[5] = CreateFileA("three", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
        CHECK(DuplicateHandle(here, on_disk, here, &made[6], 0, FALSE, DUPLICATE_SAME_ACCESS));
        CHECK(DuplicateHandle(here, here, here, &process, 0, FALSE, DUPLICATE_SAME_ACCESS));
        made[7] = process;
        for (int index = 0; index < 8; index++) CHECK(as_int(made[index]) > 2);
        for (int index = 0; index < 8; index++) CHECK(CloseHandle(made[index]));
    });
}

int main(int count, char **words) {
    if (count == 2) {
        REFUSED(OpenFileMappingA(FILE_MAP_READ, FALSE, words[1]), ERROR_FILE_NOT_FOUND);
        return 0;
    }
    CHECK(atexit(look) == 0);
    here = GetCurrentProcess();
    widths();
    closed();
    reused();
    ended();
    duplicates();
    not_again();
    first_three();
    return 0;
}
