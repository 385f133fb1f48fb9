/* The list of names. */
#include "check.h"

struct seen {
    int memory, file, all, stop;
};

static BOOL look(const filemap_name *name, void *context) {
    struct seen *seen = context;
    seen->all++;
    if (!strcmp(name->name, "Local\\list memory")) {
        seen->memory++;
        CHECK(name->live && !name->path && name->size == 5000);
        CHECK(name->protection == PAGE_READWRITE && name->attributes == SEC_COMMIT);
        CHECK(name->creator == GetCurrentProcessId());
        CHECK(name->created > 1000000000ull * 1500000000ull);
    }
    if (!strcmp(name->name, "Local\\list file")) {
        seen->file++;
        CHECK(name->path && strstr(name->path, "/listed") && name->size == 100);
        CHECK(name->protection == PAGE_READONLY);
    }
    return !seen->stop;
}

int main(void) {
    HANDLE one = memory(5000, "list memory"), file = new_file("listed", 300);
    HANDLE two = CreateFileMappingA(file, NULL, PAGE_READONLY, 0, 100, "list file");
    CHECK(two);
    struct seen seen = {0, 0, 0, 0};
    GRANTED(filemap_list(look, &seen));
    CHECK(seen.memory == 1 && seen.file == 1 && seen.all == 2);
    seen.stop = 1;
    GRANTED(filemap_list(look, &seen));
    CHECK(seen.all == 3);
    REFUSED(filemap_withdraw(two), ERROR_ACCESS_DENIED);
    GRANTED(filemap_withdraw(one));
    HANDLE again = memory(5000, "list memory");
    CHECK(GetLastError() == ERROR_SUCCESS && CloseHandle(again));
    CHECK(CloseHandle(one) && CloseHandle(two) && CloseHandle(file));
    return 0;
}
