/* Null, and numbers that are nothing: each is refused, and the program goes on. */
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

int main(void) {
    static const ULONG_PTR numbers[] = {0, 1, 3, 4, 0x7ffc, 0xdeadbeef, 0x464D000000000000u,
                                        0x464D000008000018u, (ULONG_PTR)-2};
    HANDLE here = GetCurrentProcess(), target;
    DWORD flags;
    LARGE_INTEGER zero, size;
    zero.QuadPart = 0;
    for (size_t index = 0; index < sizeof numbers / sizeof numbers[0]; index++) {
        HANDLE handle = (HANDLE)numbers[index];
        REFUSED(CloseHandle(handle), ERROR_INVALID_HANDLE);
        REFUSED(MapViewOfFile(handle, FILE_MAP_READ, 0, 0, 0), ERROR_INVALID_HANDLE);
        /* The first is a descriptor: standard output. */
        if (numbers[index] != 1)
            REFUSED(DuplicateHandle(here, handle, here, &target, 0, FALSE, DUPLICATE_SAME_ACCESS),
                    ERROR_INVALID_HANDLE);
        REFUSED(GetHandleInformation(handle, &flags), ERROR_INVALID_HANDLE);
        REFUSED(SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0), ERROR_INVALID_HANDLE);
        if (numbers[index] == 1 || numbers[index] == 3 || numbers[index] == 4) continue;
        REFUSED(GetFileSizeEx(handle, &size), ERROR_INVALID_HANDLE);
        REFUSED(SetFilePointerEx(handle, zero, NULL, FILE_BEGIN), ERROR_INVALID_HANDLE);
        REFUSED(SetEndOfFile(handle), ERROR_INVALID_HANDLE);
        REFUSED(FlushFileBuffers(handle), ERROR_INVALID_HANDLE);
        if (handle)
            REFUSED(CreateFileMappingA(handle, NULL, PAGE_READONLY, 0, 0, NULL),
                    ERROR_INVALID_HANDLE);
        REFUSED(UnmapViewOfFile(handle), ERROR_INVALID_ADDRESS);
        REFUSED(FlushViewOfFile(handle, 0), ERROR_INVALID_ADDRESS);
        REFUSED(VirtualAlloc(handle ? handle : (HANDLE)8, 1, MEM_COMMIT, PAGE_READWRITE),
                ERROR_INVALID_ADDRESS);
        REFUSED(VirtualFree(handle, 0, MEM_RELEASE), ERROR_INVALID_ADDRESS);
        REFUSED(VirtualProtect(handle, 1, PAGE_READONLY, &flags), ERROR_INVALID_ADDRESS);
        REFUSED(VirtualLock(handle, 1), ERROR_NOACCESS);
        char byte;
        REFUSED(filemap_read(handle, &byte, 1, NULL), ERROR_INVALID_ADDRESS);
        REFUSED(filemap_fill(handle, 1, 0, NULL), ERROR_INVALID_ADDRESS);
    }
    /* A handle that was closed stays closed, until its number is used again. */
    HANDLE fresh = memory(10, NULL), stale = memory(10, NULL);
    CHECK(CloseHandle(stale));
    REFUSED(CloseHandle(stale), ERROR_INVALID_HANDLE);
    REFUSED(MapViewOfFile(stale, FILE_MAP_READ, 0, 0, 0), ERROR_INVALID_HANDLE);

    void *view = MapViewOfFile(fresh, FILE_MAP_WRITE, 0, 0, 0);
    REFUSED(CreateFileMappingA(NULL, NULL, PAGE_READWRITE, 0, 0, NULL), ERROR_INVALID_PARAMETER);
    REFUSED(GetHandleInformation(fresh, NULL), ERROR_NOACCESS);
    REFUSED(VirtualProtect(view, 1, PAGE_READONLY, NULL), ERROR_NOACCESS);
    REFUSED(VirtualQuery(view, NULL, sizeof(MEMORY_BASIC_INFORMATION)), ERROR_NOACCESS);
    MEMORY_BASIC_INFORMATION found;
    REFUSED(VirtualQuery(view, &found, 8), ERROR_BAD_LENGTH);
    REFUSED(PrefetchVirtualMemory(here, 1, NULL, 0), ERROR_NOACCESS);
    REFUSED(filemap_read(view, NULL, 1, NULL), ERROR_NOACCESS);
    REFUSED(filemap_write(view, NULL, 1, NULL), ERROR_NOACCESS);
    REFUSED(filemap_read(view, view, (SIZE_T)-1, NULL), ERROR_INVALID_PARAMETER);
    REFUSED(filemap_list(NULL, NULL), ERROR_INVALID_PARAMETER);
    REFUSED(DeleteFileA(NULL), ERROR_PATH_NOT_FOUND);
    REFUSED(DeleteFileW(NULL), ERROR_PATH_NOT_FOUND);
    REFUSED(MoveFileExA("x", NULL, 0), ERROR_PATH_NOT_FOUND);
    CHECK(CreateFileA(NULL, 0, 0, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE);
    REFUSED(FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, NULL, 2, 0, NULL, 10, NULL),
            ERROR_INVALID_PARAMETER);
    GetSystemInfo(NULL);
    GRANTED(filemap_read(view, NULL, 0, NULL));
    GRANTED(DuplicateHandle(here, fresh, here, NULL, 0, FALSE, DUPLICATE_SAME_ACCESS));
    GRANTED(LocalFree(NULL) == NULL);
    REFUSED(!LocalFree(view), ERROR_INVALID_HANDLE);
    CHECK(UnmapViewOfFile(view) && CloseHandle(fresh));
    return 0;
}
