/* A buffer with a closed page moves nothing, however long it is; an offset moves the position. */
#include <sys/mman.h>

#include "check.h"

static DWORD position(HANDLE file) {
    LARGE_INTEGER by = {0}, at = {0};
    CHECK(SetFilePointerEx(file, by, &at, FILE_CURRENT));
    return at.LowPart;
}

static void seek(HANDLE file, DWORD to) {
    LARGE_INTEGER by = {0};
    by.LowPart = to;
    CHECK(SetFilePointerEx(file, by, NULL, FILE_BEGIN));
}

int main(void) {
    static const size_t lengths[] = {2 * 4096, 1 << 20, 9 << 20};
    HANDLE file = new_file("transfers", 10000);
    for (size_t index = 0; index < sizeof lengths / sizeof lengths[0]; index++) {
        size_t length = lengths[index];
        char *buffer = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(buffer != MAP_FAILED);
        memset(buffer, 'x', length);
        DWORD count = 7;
        CHECK(mprotect(buffer + length - 4096, 4096, PROT_READ) == 0);
        seek(file, 5);
        REFUSED(ReadFile(file, buffer, (DWORD)length, &count, NULL), ERROR_NOACCESS);
        CHECK(count == 0 && position(file) == 5 && buffer[0] == 'x' && buffer[4095] == 'x');
        /* A buffer that can only be read is one to write from. */
        seek(file, 0);
        GRANTED(WriteFile(file, buffer, (DWORD)length, &count, NULL));
        CHECK(count == length && position(file) == length);
        CHECK(mprotect(buffer + length - 4096, 4096, PROT_NONE) == 0);
        memset(buffer, 'y', 4096);
        seek(file, 5);
        REFUSED(WriteFile(file, buffer, (DWORD)length, &count, NULL), ERROR_INVALID_USER_BUFFER);
        CHECK(count == 0 && position(file) == 5);
        char byte = 0;
        GRANTED(ReadFile(file, &byte, 1, &count, NULL) && byte == 'x');
        CHECK(munmap(buffer + length - 4096, 4096) == 0);
        REFUSED(WriteFile(file, buffer, (DWORD)length, &count, NULL), ERROR_INVALID_USER_BUFFER);
        GRANTED(ReadFile(file, buffer, (DWORD)length - 4096, &count, NULL));
        CHECK(count == length - 4096);
        CHECK(munmap(buffer, length - 4096) == 0);
    }
    OVERLAPPED place = {0};
    char bytes[5];
    DWORD count;
    place.Offset = 10;
    seek(file, 3);
    GRANTED(ReadFile(file, bytes, 5, &count, &place) && count == 5);
    CHECK(position(file) == 15 && place.Internal == 0 && place.InternalHigh == 5);
    GRANTED(WriteFile(file, bytes, 5, &count, &place));
    CHECK(position(file) == 15);
    place.Offset = 1u << 30;
    REFUSED(ReadFile(file, bytes, 5, &count, &place), ERROR_HANDLE_EOF);
    CHECK(place.Internal == 0xC0000011u && place.InternalHigh == 0);
    CHECK(CloseHandle(file));
    return 0;
}
