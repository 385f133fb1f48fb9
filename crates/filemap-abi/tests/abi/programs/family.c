/* Two processes: a name, handles that are inherited, and those that are not. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* Runs this program once more, with these words, and tells how it ended. */
static int again(const char *role, const char *word) {
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "family", role, word, (char *)NULL);
        _exit(99);
    }
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

static const char *number(HANDLE handle) {
    static char word[32];
    snprintf(word, sizeof word, "%llu", (unsigned long long)(ULONG_PTR)handle);
    return word;
}

static int child(const char *role, const char *word) {
    HANDLE handle;
    if (!strcmp(role, "opens")) {
        handle = OpenFileMappingA(FILE_MAP_WRITE, FALSE, word);
        CHECK(handle);
    } else {
        handle = (HANDLE)(ULONG_PTR)strtoull(word, NULL, 10);
    }
    if (!strcmp(role, "has not")) {
        REFUSED(MapViewOfFile(handle, FILE_MAP_READ, 0, 0, 0), ERROR_INVALID_HANDLE);
        REFUSED(CloseHandle(handle), ERROR_INVALID_HANDLE);
        return 0;
    }
    LARGE_INTEGER size;
    DWORD flags = 0, done = 0;
    char text[8] = {0};
    /* What is no handle of the parent's stays what it was. */
    if (!strcmp(role, "has a descriptor")) {
        REFUSED(CloseHandle(handle), ERROR_INVALID_HANDLE);
        REFUSED(MapViewOfFile(handle, FILE_MAP_READ, 0, 0, 0), ERROR_INVALID_HANDLE);
        CHECK(GetFileSizeEx(handle, &size) && fcntl((int)(LONG_PTR)handle, F_GETFD) == 0);
        return 0;
    }
    if (!strcmp(role, "has a pipe")) {
        REFUSED(CloseHandle(handle), ERROR_INVALID_HANDLE);
        CHECK(fcntl((int)(LONG_PTR)handle, F_GETFD) == 0);
        return 0;
    }
    if (!strcmp(role, "has closed")) {
        /* By `close`, before it was used here, and its number is another's. */
        int other = (int)(LONG_PTR)handle;
        CHECK(dup2(open("other", O_RDWR | O_CREAT, 0600), other) == other);
        REFUSED(CloseHandle(handle), ERROR_INVALID_HANDLE);
        CHECK(fcntl(other, F_GETFD) == 0);
        return 0;
    }
    if (!strncmp(role, "has a file", 10)) {
        REFUSED(MapViewOfFile(handle, FILE_MAP_READ, 0, 0, 0), ERROR_INVALID_HANDLE);
        CHECK(GetFileSizeEx(handle, &size) && size.QuadPart == 7);
        CHECK(GetHandleInformation(handle, &flags) && flags == HANDLE_FLAG_INHERIT);
        size.QuadPart = 0;
        CHECK(SetFilePointerEx(handle, size, NULL, FILE_BEGIN));
        if (!strcmp(role, "has a file to read"))
            REFUSED(WriteFile(handle, "7", 1, &done, NULL), ERROR_ACCESS_DENIED);
        else
            CHECK(WriteFile(handle, "7", 1, &done, NULL));
        CHECK(SetFilePointerEx(handle, size, NULL, FILE_BEGIN));
        CHECK(ReadFile(handle, text, 7, &done, NULL) && !strcmp(text, "7 bytes"));
        GRANTED(CloseHandle(handle));
        REFUSED(CloseHandle(handle), ERROR_INVALID_HANDLE);
        return 0;
    }
    if (!strcmp(role, "has nothing")) {
        REFUSED(MapViewOfFile(handle, FILE_MAP_READ, 0, 0, 0), ERROR_ACCESS_DENIED);
        REFUSED(MapViewOfFile(handle, 0, 0, 0, 0), ERROR_ACCESS_DENIED);
        GRANTED(CloseHandle(handle));
        return 0;
    }
    if (!strcmp(role, "has a process")) {
        /* It is the parent's. */
        HANDLE here = GetCurrentProcess(), twin;
        REFUSED(DuplicateHandle(handle, here, here, &twin, 0, FALSE, DUPLICATE_SAME_ACCESS),
                ERROR_INVALID_HANDLE);
        GRANTED(CloseHandle(handle));
        return 0;
    }
    if (!strncmp(role, "has a part", 10)) {
        int run = !strcmp(role, "has a part to run"), reads = !strcmp(role, "has a part to read");
        MEMORY_BASIC_INFORMATION found;
        REFUSED(GetFileSizeEx(handle, &size), ERROR_INVALID_HANDLE);
        CHECK(GetHandleInformation(handle, &flags) && flags == HANDLE_FLAG_INHERIT);
        /* 70,000 bytes of a file that is longer. */
        char *part = MapViewOfFile(handle, FILE_MAP_READ | (run ? FILE_MAP_EXECUTE : 0), 0, 0, 0);
        CHECK(part && part[1] == 'p' && VirtualQuery(part, &found, sizeof found));
        CHECK(found.RegionSize == 18 * 4096);
        REFUSED(MapViewOfFile(handle, FILE_MAP_READ, 0, 0, 70001), ERROR_ACCESS_DENIED);
        if (run || reads)
            REFUSED(MapViewOfFile(handle, FILE_MAP_WRITE, 0, 0, 0), ERROR_ACCESS_DENIED);
        else
            CHECK(*(char *)MapViewOfFile(handle, FILE_MAP_WRITE, 0, 0, 0) == 'p');
        if (!run)
            REFUSED(MapViewOfFile(handle, FILE_MAP_READ | FILE_MAP_EXECUTE, 0, 0, 0),
                    ERROR_ACCESS_DENIED);
        /* As long as it is mapped, by whomever, the file is not cut. */
        HANDLE file = CreateFileA("parts", GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
        CHECK(CloseHandle(handle) && UnmapViewOfFile(part));
        REFUSED(SetEndOfFile(file), ERROR_USER_MAPPED_FILE);
        return 0;
    }
    if (!strcmp(role, "has a reader"))
        REFUSED(MapViewOfFile(handle, FILE_MAP_WRITE, 0, 0, 0), ERROR_ACCESS_DENIED);
    DWORD access = strcmp(role, "has a reader") ? FILE_MAP_WRITE : FILE_MAP_READ;
    char *view = MapViewOfFile(handle, access, 0, 0, 0);
    CHECK(view && !strcmp(view, "from the parent"));
    if (access == FILE_MAP_WRITE) strcpy(view + 100, "from the child");
    /* The handle is this process's to close, once. */
    if (strcmp(role, "has to close")) {
        GRANTED(CloseHandle(handle));
    } else {
        CHECK(close((int)(LONG_PTR)handle) == 0);
    }
    REFUSED(CloseHandle(handle), ERROR_INVALID_HANDLE);
    CHECK(!strcmp(view, "from the parent"));
    return 0;
}

/* Memory without a name, and a handle of it that reads. */
static void nameless(SECURITY_ATTRIBUTES *inheritable) {
    HANDLE here = GetCurrentProcess(), reader;
    HANDLE own = CreateFileMappingA(INVALID_HANDLE_VALUE, inheritable, PAGE_READWRITE, 0, 200, NULL);
    char *view = MapViewOfFile(own, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(view);
    strcpy(view, "from the parent");
    CHECK(again("has", number(own)) == 0 && !strcmp(view + 100, "from the child"));
    CHECK(again("has to close", number(own)) == 0);
    GRANTED(DuplicateHandle(here, own, here, &reader, FILE_MAP_READ, TRUE, 0));
    CHECK(again("has a reader", number(reader)) == 0 && CloseHandle(reader));
    GRANTED(DuplicateHandle(here, own, here, &reader, 0, TRUE, 0));
    CHECK(again("has nothing", number(reader)) == 0 && CloseHandle(reader));
    CHECK(UnmapViewOfFile(view) && CloseHandle(own));
}

/* Mappings of a part of a file, without a name. */
static void parts(SECURITY_ATTRIBUTES *inheritable) {
    HANDLE here = GetCurrentProcess(), other;
    DWORD all = GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE;
    HANDLE file = CreateFileA("parts", all, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD done;
    CHECK(WriteFile(file, "pp", 2, &done, NULL));
    HANDLE whole = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 100000, NULL);
    HANDLE part = CreateFileMappingA(file, inheritable, PAGE_READWRITE, 0, 70000, NULL);
    CHECK(whole && part);
    CHECK(again("has a part", number(part)) == 0);
    GRANTED(DuplicateHandle(here, part, here, &other, 0, TRUE, DUPLICATE_SAME_ACCESS));
    CHECK(CloseHandle(part) && again("has a part", number(other)) == 0);
    GRANTED(DuplicateHandle(here, other, here, &part, FILE_MAP_READ, TRUE, 0));
    CHECK(CloseHandle(other) && again("has a part to read", number(part)) == 0);
    CHECK(CloseHandle(part));
    part = CreateFileMappingA(file, inheritable, PAGE_EXECUTE_READ, 0, 70000, NULL);
    CHECK(again("has a part to run", number(part)) == 0);
    /* The file's own position is not used for it. */
    LARGE_INTEGER zero, at;
    zero.QuadPart = 0;
    CHECK(SetFilePointerEx(file, zero, &at, FILE_CURRENT) && at.QuadPart == 2);
    CHECK(CloseHandle(part) && CloseHandle(whole) && CloseHandle(file));
}

int main(int count, char **words) {
    if (count == 3) return child(words[1], words[2]);
    SECURITY_ATTRIBUTES inheritable = {sizeof inheritable, NULL, TRUE};
    HANDLE here = GetCurrentProcess(), own = memory(4096, "family"), heirloom, reader;
    char *view = MapViewOfFile(own, FILE_MAP_WRITE, 0, 0, 0);
    strcpy(view, "from the parent");

    CHECK(again("opens", "family") == 0 && !strcmp(view + 100, "from the child"));
    CHECK(again("has not", number(own)) == 0);

    heirloom = CreateFileMappingA(INVALID_HANDLE_VALUE, &inheritable, PAGE_READWRITE, 0, 4096,
                                  "family");
    CHECK(heirloom && GetLastError() == ERROR_ALREADY_EXISTS);
    memset(view + 100, 0, 100);
    CHECK(again("has", number(heirloom)) == 0 && !strcmp(view + 100, "from the child"));

    DWORD flags = 99;
    GRANTED(GetHandleInformation(heirloom, &flags));
    CHECK(flags == HANDLE_FLAG_INHERIT);
    GRANTED(SetHandleInformation(heirloom, HANDLE_FLAG_INHERIT, 0));
    CHECK(again("has not", number(heirloom)) == 0);

    GRANTED(DuplicateHandle(here, own, here, &reader, FILE_MAP_READ, TRUE, 0));
    CHECK(again("has a reader", number(reader)) == 0);

    GRANTED(DuplicateHandle(here, own, here, &heirloom, 0, TRUE, DUPLICATE_SAME_ACCESS));
    memset(view + 100, 0, 100);
    CHECK(again("has to close", number(heirloom)) == 0 && !strcmp(view + 100, "from the child"));
    CHECK(again("has closed", number(heirloom)) == 0 && CloseHandle(heirloom));
    GRANTED(DuplicateHandle(here, own, here, &heirloom, 0, TRUE, 0));
    CHECK(again("has nothing", number(heirloom)) == 0 && CloseHandle(heirloom));
    GRANTED(DuplicateHandle(here, here, here, &heirloom, 0, TRUE, DUPLICATE_SAME_ACCESS));
    CHECK(again("has a process", number(heirloom)) == 0 && CloseHandle(heirloom));
    nameless(&inheritable);
    parts(&inheritable);
    heirloom = CreateFileMappingA(INVALID_HANDLE_VALUE, &inheritable, PAGE_READWRITE, 0, 4096,
                                  "family");
    /* The name may be withdrawn, and the handle is still one. */
    CHECK(filemap_withdraw(heirloom));
    memset(view + 100, 0, 100);
    CHECK(again("has", number(heirloom)) == 0 && !strcmp(view + 100, "from the child"));

    HANDLE file = CreateFileA("heirloom", GENERIC_READ | GENERIC_WRITE, 0, &inheritable,
                              CREATE_ALWAYS, 0, NULL);
    CHECK(file != INVALID_HANDLE_VALUE && WriteFile(file, "7 bytes", 7, &flags, NULL));
    CHECK(again("has a file", number(file)) == 0);
    HANDLE less;
    GRANTED(DuplicateHandle(here, file, here, &less, GENERIC_READ, TRUE, 0));
    CHECK(again("has a file to read", number(less)) == 0 && CloseHandle(less));
    GRANTED(DuplicateHandle(here, file, here, &less, GENERIC_READ, FALSE, 0));
    GRANTED(SetHandleInformation(less, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT));
    CHECK(again("has a file to read", number(less)) == 0 && CloseHandle(less) && CloseHandle(file));
    int descriptor = open("heirloom", O_RDWR);
    CHECK(again("has a descriptor", number((HANDLE)(LONG_PTR)descriptor)) == 0);
    /* Also where it has the signal of a mark, and somebody to get it. */
    CHECK(fcntl(descriptor, F_SETSIG, 10) == 0 && fcntl(descriptor, F_SETOWN, getpid()) == 0);
    CHECK(again("has a descriptor", number((HANDLE)(LONG_PTR)descriptor)) == 0);
    CHECK(close(descriptor) == 0);
    /* What only looks like a handle stays open. */
    int pipes[2];
    CHECK(pipe(pipes) == 0 && fcntl(pipes[0], F_SETSIG, 10) == 0);
    CHECK(again("has a pipe", number((HANDLE)(LONG_PTR)pipes[0])) == 0);
    CHECK(close(pipes[0]) == 0 && close(pipes[1]) == 0);

    /* Closing may be forbidden. */
    GRANTED(SetHandleInformation(own, HANDLE_FLAG_PROTECT_FROM_CLOSE, HANDLE_FLAG_PROTECT_FROM_CLOSE));
    REFUSED(CloseHandle(own), ERROR_INVALID_HANDLE);
    GRANTED(SetHandleInformation(own, HANDLE_FLAG_PROTECT_FROM_CLOSE, 0));

    /* The name ends with the last handle; the view lives on. */
    CHECK(CloseHandle(own) && CloseHandle(heirloom) && CloseHandle(reader));
    REFUSED(OpenFileMappingA(FILE_MAP_READ, FALSE, "family"), ERROR_FILE_NOT_FOUND);
    CHECK(!strcmp(view, "from the parent") && UnmapViewOfFile(view));
    return 0;
}
