/* Views that are held, for runtimes with their own memory: short copies that return their code. */
#include <pthread.h>
#include <unistd.h>

#include "check.h"

#define LENGTH (4 * 4096u + 100)

static const filemap_pin *pin;

static void *elsewhere(void *unused) {
    uint64_t number = 0;
    for (int turn = 0; turn < 100000; turn++)
        CHECK(filemap_get(pin, 64, &number, sizeof number) == 0 && number == 0x1122334455667788u);
    return unused;
}

int main(void) {
    HANDLE file = new_file("pinned", LENGTH);
    HANDLE mapping = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, "Local\\pinned");
    ULONGLONG length = 0;
    GRANTED(filemap_length(mapping, &length));
    CHECK(length == LENGTH);
    REFUSED(filemap_length(file, &length), ERROR_INVALID_HANDLE);
    char *view = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    REFUSED(filemap_pin_view(&length) != NULL, ERROR_INVALID_ADDRESS);
    pin = filemap_pin_view(view + 5000);
    CHECK(pin && filemap_pinned_length(pin) == LENGTH);

    /* Of each length, aligned or not, and to the last byte. */
    char bytes[300], found[300];
    for (unsigned at = 0; at < sizeof bytes; at++)
        bytes[at] = (char)(at * 7 + 1);
    for (SIZE_T len = 0; len <= sizeof bytes; len++)
        for (SIZE_T at = 4090; at < 4100; at++) {
            memset(found, 0, sizeof found);
            CHECK(filemap_put(pin, at, bytes, len) == 0 && !memcmp(view + at, bytes, len));
            CHECK(filemap_get(pin, at, found, len) == 0 && !memcmp(found, bytes, len));
            CHECK(len == sizeof found || found[len] == 0);
        }
    CHECK(filemap_put(pin, LENGTH - 8, bytes, 8) == 0 && filemap_get(pin, LENGTH, found, 0) == 0);
    CHECK(filemap_get(pin, LENGTH - 7, found, 8) == ERROR_INVALID_PARAMETER);
    CHECK(filemap_put(pin, LENGTH + 1, found, 0) == ERROR_INVALID_PARAMETER);
    CHECK(filemap_get(pin, (SIZE_T)-1, found, 2) == ERROR_INVALID_PARAMETER);
    CHECK(filemap_get(pin, 0, NULL, 1) == ERROR_NOACCESS && filemap_get(pin, 0, NULL, 0) == 0);
    CHECK(filemap_get(NULL, 0, found, 1) == ERROR_INVALID_PARAMETER);
    /* Codes are returned, and nothing else is told. */
    SetLastError(77);
    errno = 78;
    CHECK(filemap_get(pin, LENGTH, found, 1) == ERROR_INVALID_PARAMETER);
    CHECK(GetLastError() == 77 && errno == 78);

    for (DWORD strength = 0; strength < 3; strength++)
        CHECK(filemap_flush(pin, 100, 5000, strength) == 0);
    CHECK(filemap_flush(pin, 0, 1, 3) == ERROR_INVALID_PARAMETER);
    CHECK(filemap_flush(pin, 0, LENGTH + 1, 1) == ERROR_INVALID_PARAMETER);

    DWORD mode = 0;
    GRANTED(filemap_permissions(mapping, &mode));
    CHECK(mode == 0600);

    /* Memory has the length that it was made with, and views the whole of its pages. */
    HANDLE memory = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 5000, NULL);
    GRANTED(filemap_length(memory, &length) && filemap_grown_length(memory, &length));
    CHECK(length == 5000);
    char *whole = MapViewOfFile(memory, FILE_MAP_WRITE, 0, 0, 0);
    MEMORY_BASIC_INFORMATION told;
    CHECK(VirtualQuery(whole, &told, sizeof told) == sizeof told && told.RegionSize == 8192);
    whole[8191] = 1;
    REFUSED(filemap_permissions(memory, &mode), ERROR_INVALID_PARAMETER);
    GRANTED(UnmapViewOfFile(whole) && CloseHandle(memory));

    /* A file that became longer is reached by who asks for it. */
    CHECK(truncate("pinned", LENGTH + 5000) == 0);
    GRANTED(filemap_length(mapping, &length));
    CHECK(length == LENGTH);
    GRANTED(filemap_grown_length(mapping, &length));
    CHECK(length == LENGTH + 5000);
    REFUSED(MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, LENGTH + 1) != NULL, ERROR_ACCESS_DENIED);
    REFUSED(filemap_map_view(mapping, FILE_MAP_READ, 0, 0, 7) != NULL, ERROR_INVALID_PARAMETER);
    for (DWORD choice = FILEMAP_ON_LOSS_DIE; choice <= FILEMAP_ON_LOSS_ZEROS; choice++) {
        REFUSED(filemap_map_view(mapping, FILE_MAP_READ, 0, LENGTH + 5001, choice) != NULL,
                ERROR_ACCESS_DENIED);
        char *grown = filemap_map_view(mapping, FILE_MAP_WRITE, 0, LENGTH + 5000, choice);
        const filemap_pin *all = filemap_pin_view(grown);
        CHECK(filemap_pinned_length(all) == LENGTH + 5000);
        CHECK(filemap_put(all, LENGTH + 4992, bytes, 8) == 0);
        filemap_unpin(all);
        GRANTED(UnmapViewOfFile(grown));
        char *made = filemap_map_view(mapping, FILE_MAP_READ, 0, 0, choice);
        all = filemap_pin_view(made);
        CHECK(filemap_pinned_length(all) == LENGTH);
        filemap_unpin(all);
        GRANTED(UnmapViewOfFile(made));
    }
    CHECK(truncate("pinned", LENGTH) == 0);

    char *reader = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    const filemap_pin *reading = filemap_pin_view(reader);
    CHECK(filemap_put(reading, 0, bytes, 1) == ERROR_ACCESS_DENIED);
    CHECK(filemap_put(reading, 0, bytes, 100) == ERROR_ACCESS_DENIED);
    filemap_unpin(reading);
    filemap_unpin(NULL);

    DWORD holders[10];
    SIZE_T count = 0;
    GRANTED(filemap_holders(mapping, holders, 10, &count));
    CHECK(count == 1 && holders[0] == GetCurrentProcessId());
    GRANTED(filemap_holders(mapping, NULL, 0, &count));
    CHECK(count == 1);
    filemap_fence_threads();

    /* A held view stays while others use it, whoever unmaps it. */
    uint64_t number = 0x1122334455667788u;
    CHECK(filemap_put(pin, 64, &number, sizeof number) == 0);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, elsewhere, NULL) == 0);
    GRANTED(UnmapViewOfFile(view));
    REFUSED(UnmapViewOfFile(view), ERROR_INVALID_ADDRESS);
    CHECK(pthread_join(thread, NULL) == 0);

    CHECK(truncate("pinned", 4096) == 0);
    CHECK(filemap_get(pin, 4096, found, 8) == ERROR_SWAPERROR);
    CHECK(filemap_get(pin, 4000, found, 200) == ERROR_SWAPERROR);
    CHECK(filemap_put(pin, 8192, bytes, 200) == ERROR_SWAPERROR);
    CHECK(filemap_get(pin, 64, &number, 8) == 0 && number == 0x1122334455667788u);
    CHECK(filemap_flush(pin, 0, LENGTH, 1) == ERROR_SWAPERROR);
    filemap_unpin(pin);
    GRANTED(CloseHandle(mapping));
    return 0;
}
