/* Pages of a view: asked for, committed, protected, locked, fetched. */
#include "check.h"

#define PAGE 4096u

static MEMORY_BASIC_INFORMATION at(const void *address) {
    MEMORY_BASIC_INFORMATION found;
    CHECK(VirtualQuery(address, &found, sizeof found) == sizeof found);
    return found;
}

int main(void) {
    HANDLE here = GetCurrentProcess();
    HANDLE mapping = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE, 0,
                                        4 * PAGE, NULL);
    char *view = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    char *other = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    MEMORY_BASIC_INFORMATION found = at(view + PAGE + 5);
    CHECK(found.BaseAddress == view + PAGE && found.AllocationBase == view);
    CHECK(found.State == MEM_RESERVE && found.Protect == 0 && found.Type == MEM_MAPPED);
    CHECK(found.AllocationProtect == PAGE_READWRITE && found.RegionSize == 3 * PAGE);

    DWORD old = 99;
    REFUSED(VirtualProtect(view, 1, PAGE_READONLY, &old), ERROR_INVALID_ADDRESS);
    SIZE_T done = 99;
    REFUSED(filemap_write(view + PAGE, "x", 1, &done), ERROR_INVALID_ADDRESS);
    GRANTED(VirtualAlloc(view + PAGE + 1, PAGE, MEM_COMMIT, PAGE_READWRITE) == view + PAGE);
    view[PAGE] = 'x';
    CHECK(other[PAGE] == 'x' && at(other + PAGE).State == MEM_COMMIT);
    CHECK(at(view + PAGE).RegionSize == 2 * PAGE && at(other + PAGE).Protect == PAGE_READONLY);
    REFUSED(VirtualAlloc(view, 5 * PAGE, MEM_COMMIT, PAGE_READWRITE), ERROR_INVALID_ADDRESS);
    REFUSED(VirtualAlloc(view, PAGE, MEM_RESERVE, PAGE_READWRITE), ERROR_INVALID_ADDRESS);
    REFUSED(VirtualAlloc(view, PAGE, MEM_COMMIT, PAGE_EXECUTE_READWRITE), ERROR_INVALID_PARAMETER);
    REFUSED(VirtualAlloc(view, PAGE, MEM_COMMIT, 0x06), ERROR_INVALID_PARAMETER);
    GRANTED(VirtualAlloc(view + PAGE, PAGE, MEM_RESET, PAGE_READWRITE) == view + PAGE);
    REFUSED(VirtualFree(view, 0, MEM_RELEASE), ERROR_INVALID_PARAMETER);
    REFUSED(VirtualFree(view, PAGE, MEM_DECOMMIT), ERROR_INVALID_PARAMETER);

    GRANTED(VirtualProtect(view + PAGE, 1, PAGE_READONLY, &old));
    CHECK(old == PAGE_READWRITE && at(view + PAGE).Protect == PAGE_READONLY);
    REFUSED(filemap_write(view + PAGE, "y", 1, &done), ERROR_ACCESS_DENIED);
    REFUSED(VirtualProtect(other + PAGE, 1, PAGE_READWRITE, &old), ERROR_INVALID_PARAMETER);
    REFUSED(VirtualProtect(view, 5 * PAGE, PAGE_READONLY, &old), ERROR_INVALID_PARAMETER);

    GRANTED(VirtualLock(view + PAGE, PAGE));
    GRANTED(VirtualUnlock(view + PAGE, PAGE));
    WIN32_MEMORY_RANGE_ENTRY ranges[2] = {{view + PAGE, PAGE}, {NULL, 5}};
    GRANTED(PrefetchVirtualMemory(here, 2, ranges, 0));
    REFUSED(PrefetchVirtualMemory(NULL, 2, ranges, 0), ERROR_INVALID_HANDLE);
    REFUSED(PrefetchVirtualMemory(here, 2, ranges, 1), ERROR_INVALID_PARAMETER);

    CHECK(UnmapViewOfFile(view) && UnmapViewOfFile(other) && CloseHandle(mapping));
    found = at(view + PAGE);
    CHECK(found.State == MEM_FREE && found.Protect == PAGE_NOACCESS && !found.AllocationBase);
    CHECK(found.AllocationProtect == 0 && found.Type == 0 && found.RegionSize >= 3 * PAGE);
    CHECK(at(&mapping).State == MEM_COMMIT && at(&mapping).Type == MEM_PRIVATE);

    SYSTEM_INFO system;
    memset(&system, 0xFF, sizeof system);
    GetSystemInfo(&system);
    CHECK(system.dwAllocationGranularity == GRANULE && system.dwPageSize % PAGE == 0);
    CHECK(system.dwNumberOfProcessors > 0 && system.dwActiveProcessorMask);
    CHECK(system.lpMinimumApplicationAddress < system.lpMaximumApplicationAddress);
    CHECK(GetLargePageMinimum() % system.dwPageSize == 0);
    return 0;
}
