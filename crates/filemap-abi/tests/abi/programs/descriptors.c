/* Descriptors of Linux in place of handles of files: they stay their openers'. */
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

int main(void) {
    int fd = open("plain", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd > 0 && ftruncate(fd, 5000) == 0);
    HANDLE number = (HANDLE)(LONG_PTR)fd;

    HANDLE mapping = CreateFileMappingA(number, NULL, PAGE_READWRITE, 0, 0, NULL);
    CHECK(mapping && errno == 0 && GetLastError() == 0);
    char *view = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(view);
    view[4999] = 'x';
    char byte = 0;
    CHECK(pread(fd, &byte, 1, 4999) == 1 && byte == 'x');

    LARGE_INTEGER size, to;
    DWORD count = 0;
    GRANTED(GetFileSizeEx(number, &size));
    CHECK(size.QuadPart == 5000);
    to.QuadPart = 4999;
    GRANTED(SetFilePointerEx(number, to, &to, FILE_BEGIN));
    GRANTED(ReadFile(number, &byte, 1, &count, NULL));
    CHECK(count == 1 && byte == 'x');
    REFUSED(SetEndOfFile((to.QuadPart = 1, SetFilePointerEx(number, to, NULL, FILE_BEGIN), number)),
            ERROR_USER_MAPPED_FILE);

    /* A descriptor is its opener's to close. */
    REFUSED(CloseHandle(number), ERROR_INVALID_HANDLE);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    REFUSED(MapViewOfFile(number, FILE_MAP_READ, 0, 0, 0), ERROR_INVALID_HANDLE);
    DWORD flags;
    REFUSED(GetHandleInformation(number, &flags), ERROR_INVALID_HANDLE);
    /* A handle of a mapping is not one of a file. */
    REFUSED(GetFileSizeEx(mapping, &size), ERROR_INVALID_HANDLE);
    REFUSED(CreateFileMappingA(mapping, NULL, PAGE_READWRITE, 0, 0, NULL), ERROR_INVALID_HANDLE);

    /* What it was opened for counts, and that it is open. */
    int reader = open("plain", O_RDONLY | O_CLOEXEC);
    number = (HANDLE)(LONG_PTR)reader;
    REFUSED(CreateFileMappingA(number, NULL, PAGE_READWRITE, 0, 0, NULL), ERROR_ACCESS_DENIED);
    HANDLE other = CreateFileMappingA(number, NULL, PAGE_READONLY, 0, 0, NULL);
    CHECK(other && CloseHandle(other));
    REFUSED(CreateFileMappingA(number, NULL, PAGE_READONLY, 0, 5001, NULL),
            ERROR_NOT_ENOUGH_MEMORY);
    close(reader);
    REFUSED(CreateFileMappingA(number, NULL, PAGE_READONLY, 0, 0, NULL), ERROR_INVALID_HANDLE);
    int pipes[2];
    CHECK(pipe(pipes) == 0);
    REFUSED(CreateFileMappingA((HANDLE)(LONG_PTR)pipes[0], NULL, PAGE_READONLY, 0, 0, NULL),
            ERROR_INVALID_HANDLE);

    /* The mapping keeps the file. */
    close(fd);
    CHECK(view[4999] == 'x' && CloseHandle(mapping) && UnmapViewOfFile(view));
    return 0;
}
