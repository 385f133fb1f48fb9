/* errno after every call, and the last error. */
#include "check.h"

int main(void) {
    /* A success that has nothing to tell leaves the last error, and clears errno. */
    SetLastError(12345);
    CHECK(errno == 12345 && GetLastError() == 12345);
    errno = 25;
    HANDLE made = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 10, "codes");
    CHECK(made && errno == 0 && GetLastError() == 0);
    errno = 25;
    HANDLE found = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 10, "codes");
    CHECK(found && found != made);
    CHECK(errno == ERROR_ALREADY_EXISTS && GetLastError() == ERROR_ALREADY_EXISTS);

    HANDLE opened;
    GRANTED((opened = OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, "codes")) != NULL);
    void *view;
    GRANTED((view = MapViewOfFile(opened, FILE_MAP_WRITE, 0, 0, 0)) != NULL);
    GRANTED(FlushViewOfFile(view, 0));
    GRANTED(UnmapViewOfFile(view));
    GRANTED(CloseHandle(opened));

    REFUSED(OpenFileMappingA(FILE_MAP_READ, FALSE, "nobody made this"), ERROR_FILE_NOT_FOUND);
    /* Cleaning up after a failure does not hide it. */
    CHECK(CloseHandle(found) && GetLastError() == ERROR_FILE_NOT_FOUND && errno == 0);
    REFUSED(MapViewOfFile(made, FILE_MAP_READ, 0, 1, 0), ERROR_MAPPED_ALIGNMENT);
    REFUSED(MapViewOfFile(made, FILE_MAP_READ, 0, 0, 4097), ERROR_ACCESS_DENIED);
    REFUSED(UnmapViewOfFile(view), ERROR_INVALID_ADDRESS);
    /* What the C library does meanwhile is not in the last error. */
    errno = 99;
    CHECK(GetLastError() == ERROR_INVALID_ADDRESS);
    CHECK(CloseHandle(made));
    return 0;
}
