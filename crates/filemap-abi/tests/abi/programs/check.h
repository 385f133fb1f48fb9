/* What the programs of this folder share: a claim that does not hold ends the program. */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define CHECK(claim)                                                                              \
    ((claim) ? (void)0                                                                            \
             : (fprintf(stderr, "%s:%d: not so: %s (last error %u, errno %d)\n", __FILE__,        \
                        __LINE__, #claim, GetLastError(), errno),                                 \
                exit(1)))

/* The call fails with this code, which errno has as well. */
#define REFUSED(call, code)                                                                       \
    (SetLastError(12345), CHECK(!(call)), CHECK(errno == (int)(code)),                            \
     CHECK(GetLastError() == (code)))

/* The call succeeds, leaves the last error alone, and errno is 0. */
#define GRANTED(call)                                                                             \
    (SetLastError(12345), errno = 25, CHECK(call), CHECK(errno == 0),                             \
     CHECK(GetLastError() == 12345))

#define GRANULE 65536u

static inline HANDLE memory(DWORD size, const char *name) {
    HANDLE mapping = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, size, name);
    CHECK(mapping);
    return mapping;
}

static inline HANDLE new_file(const char *path, DWORD length) {
    HANDLE file =
        CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    CHECK(file != INVALID_HANDLE_VALUE);
    for (DWORD at = 0; at < length; at++) {
        char byte = (char)(at % 251);
        DWORD count = 0;
        CHECK(WriteFile(file, &byte, 1, &count, NULL) && count == 1);
    }
    return file;
}

#endif
