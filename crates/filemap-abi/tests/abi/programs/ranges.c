/* Locks on ranges of files: of whom they are, and how they end. */
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

#define WHOLE 0, 0, 10, 0

static HANDLE file(DWORD access) {
    HANDLE found = CreateFileA("ranges", access, 0, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(found != INVALID_HANDLE_VALUE);
    return found;
}

static BOOL shared(HANDLE of) {
    OVERLAPPED place = {0};
    return LockFileEx(of, LOCKFILE_FAIL_IMMEDIATELY, 0, 10, 0, &place);
}

int main(void) {
    CHECK(CloseHandle(new_file("ranges", 50)));
    HANDLE other = file(GENERIC_READ | GENERIC_WRITE), here = GetCurrentProcess(), one, twin, reader;
    /* A handle takes its locks along, whoever closes it, and the next one has its number. */
    for (int as_descriptor = 0; as_descriptor < 2; as_descriptor++) {
        one = file(GENERIC_READ | GENERIC_WRITE);
        HANDLE before = one;
        CHECK(LockFile(one, WHOLE));
        CHECK(as_descriptor ? close((int)(LONG_PTR)one) == 0 : CloseHandle(one));
        one = file(GENERIC_READ | GENERIC_WRITE);
        CHECK(one == before);
        REFUSED(UnlockFile(one, WHOLE), ERROR_NOT_LOCKED);
        CHECK(shared(one));
        REFUSED(LockFile(other, WHOLE), ERROR_LOCK_VIOLATION);
        CHECK(shared(other) && UnlockFile(other, WHOLE) && UnlockFile(one, WHOLE));
        CHECK(LockFile(one, WHOLE) && CloseHandle(one));
        one = file(GENERIC_READ | GENERIC_WRITE);
        CHECK(one == before && shared(other) && shared(one));
        CHECK(UnlockFile(other, WHOLE));
        REFUSED(LockFile(other, WHOLE), ERROR_LOCK_VIOLATION);
        CHECK(UnlockFile(one, WHOLE) && CloseHandle(one));
    }
    /* Duplicates have their locks together, and keep them. */
    one = file(GENERIC_READ | GENERIC_WRITE);
    CHECK(DuplicateHandle(here, one, here, &twin, 0, FALSE, DUPLICATE_SAME_ACCESS));
    CHECK(LockFile(one, WHOLE) && shared(twin) && CloseHandle(one));
    REFUSED(shared(other), ERROR_LOCK_VIOLATION);
    CHECK(UnlockFile(twin, WHOLE) && shared(other));
    REFUSED(LockFile(other, WHOLE), ERROR_LOCK_VIOLATION);
    CHECK(UnlockFile(twin, WHOLE) && UnlockFile(other, WHOLE) && LockFile(other, WHOLE));
    CHECK(UnlockFile(other, WHOLE) && CloseHandle(twin));
    /* A descriptor of the program's has locks as well. */
    int descriptor = open("ranges", O_RDWR);
    one = (HANDLE)(LONG_PTR)descriptor;
    CHECK(LockFile(one, WHOLE));
    REFUSED(LockFile(other, WHOLE), ERROR_LOCK_VIOLATION);
    CHECK(UnlockFile(one, WHOLE) && LockFile(other, WHOLE));
    REFUSED(LockFile(one, WHOLE), ERROR_LOCK_VIOLATION);
    CHECK(UnlockFile(other, WHOLE) && close(descriptor) == 0);
    /* A duplicate locks as its rights allow. */
    CHECK(DuplicateHandle(here, other, here, &reader, GENERIC_READ, FALSE, 0));
    REFUSED(LockFile(reader, WHOLE), ERROR_ACCESS_DENIED);
    CHECK(shared(reader) && UnlockFile(reader, WHOLE) && CloseHandle(reader));
    CHECK(DuplicateHandle(here, other, here, &reader, 0, FALSE, 0));
    REFUSED(shared(reader), ERROR_ACCESS_DENIED);
    CHECK(CloseHandle(reader) && CloseHandle(other) && DeleteFileA("ranges"));
    return 0;
}
