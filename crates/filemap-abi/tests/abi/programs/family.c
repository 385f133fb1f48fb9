/* Two processes: a name, handles that are inherited, and those that are not. */
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
    if (!strcmp(role, "has a file")) {
        LARGE_INTEGER size;
        CHECK(GetFileSizeEx(handle, &size) && size.QuadPart == 7 && CloseHandle(handle));
        return 0;
    }
    if (!strcmp(role, "has a reader"))
        REFUSED(MapViewOfFile(handle, FILE_MAP_WRITE, 0, 0, 0), ERROR_ACCESS_DENIED);
    DWORD access = strcmp(role, "has a reader") ? FILE_MAP_WRITE : FILE_MAP_READ;
    char *view = MapViewOfFile(handle, access, 0, 0, 0);
    CHECK(view && !strcmp(view, "from the parent"));
    if (access == FILE_MAP_WRITE) strcpy(view + 100, "from the child");
    /* The handle is this process's to close, once. */
    GRANTED(CloseHandle(handle));
    REFUSED(CloseHandle(handle), ERROR_INVALID_HANDLE);
    CHECK(!strcmp(view, "from the parent"));
    return 0;
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

    HANDLE file = CreateFileA("heirloom", GENERIC_READ | GENERIC_WRITE, 0, &inheritable,
                              CREATE_ALWAYS, 0, NULL);
    CHECK(file != INVALID_HANDLE_VALUE && WriteFile(file, "7 bytes", 7, &flags, NULL));
    CHECK(again("has a file", number(file)) == 0 && CloseHandle(file));

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
