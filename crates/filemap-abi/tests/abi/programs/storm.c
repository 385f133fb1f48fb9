/* Threads that open and close handles by all means, beside one with files of its own. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#define THREADS 8
#define SLOTS 12
#define FILES 24

static HANDLE shared, on_disk;
static unsigned long long rounds = 1000;
static atomic_int done;
static atomic_ullong closes;
/* Held by a thread that needs a number to stay free until it takes it, and shared by all others. */
static pthread_rwlock_t numbers = PTHREAD_RWLOCK_INITIALIZER;

static unsigned random_below(unsigned *state, unsigned end) {
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % end;
}

struct slot {
    HANDLE handle;
    /* What the object begins with; 0 for a file. */
    unsigned value;
};

static void check_slot(struct slot *slot) {
    if (slot->value == 0) {
        LARGE_INTEGER size;
        CHECK(GetFileSizeEx(slot->handle, &size) && size.QuadPart == 4096);
        return;
    }
    unsigned *view = MapViewOfFile(slot->handle, FILE_MAP_READ, 0, 0, 0);
    CHECK(view && *view == slot->value && UnmapViewOfFile(view));
}

static void open_slot(struct slot *slot, unsigned thread, unsigned kind, unsigned value) {
    char name[32];
    snprintf(name, sizeof name, "storm %u", thread);
    slot->value = 7;
    switch (kind) {
    case 0:
        slot->handle = OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, "storm");
        break;
    case 1:
        CHECK(DuplicateHandle(GetCurrentProcess(), shared, GetCurrentProcess(), &slot->handle,
                              FILE_MAP_READ, FALSE, 0));
        break;
    case 2:
        slot->value = 9;
        slot->handle = CreateFileMappingA(on_disk, NULL, PAGE_READONLY, 0, 0, NULL);
        break;
    case 3:
        slot->value = 0;
        slot->handle = CreateFileA("storm", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
        CHECK(slot->handle != INVALID_HANDLE_VALUE);
        break;
    default:
        /* Memory of the thread's own, with a name, that the thread may have open already. */
        slot->handle = memory(10, kind == 4 ? name : NULL);
        slot->value = kind == 4 ? 100 + thread : value;
        unsigned *view = MapViewOfFile(slot->handle, FILE_MAP_WRITE, 0, 0, 0);
        CHECK(view);
        *view = slot->value;
        CHECK(UnmapViewOfFile(view));
    }
    CHECK(slot->handle);
}

/* Closes by `close`, and takes the number for a file before anybody else does. */
static void reuse(struct slot *slot) {
    int number = (int)(LONG_PTR)slot->handle;
    struct stat own, now;
    CHECK(close(number) == 0);
    int file = open("own of all", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(file > 0 && dup2(file, number) == number && fstat(file, &own) == 0);
    REFUSED(CloseHandle(slot->handle), ERROR_INVALID_HANDLE);
    REFUSED(MapViewOfFile(slot->handle, FILE_MAP_READ, 0, 0, 0), ERROR_INVALID_HANDLE);
    CHECK(fstat(number, &now) == 0 && now.st_ino == own.st_ino);
    CHECK(close(number) == 0 && (file == number || close(file) == 0));
}

static void *work(void *argument) {
    unsigned thread = (unsigned)(ULONG_PTR)argument, state = thread + 1;
    struct slot slots[SLOTS] = {0};
    for (unsigned long long round = 0; round < rounds; round++) {
        struct slot *slot = &slots[random_below(&state, SLOTS)];
        int alone = slot->handle && random_below(&state, 64) == 0;
        CHECK((alone ? pthread_rwlock_wrlock : pthread_rwlock_rdlock)(&numbers) == 0);
        if (slot->handle) {
            check_slot(slot);
            if (alone)
                reuse(slot);
            else if (random_below(&state, 2))
                CHECK(close((int)(LONG_PTR)slot->handle) == 0);
            else
                GRANTED(CloseHandle(slot->handle));
            slot->handle = NULL;
            closes++;
        }
        pthread_rwlock_unlock(&numbers);
        pthread_rwlock_rdlock(&numbers);
        open_slot(slot, thread, random_below(&state, 6), 1000 + (unsigned)round % 1000);
        pthread_rwlock_unlock(&numbers);
    }
    for (int index = 0; index < SLOTS; index++)
        if (slots[index].handle) CHECK(CloseHandle(slots[index].handle));
    return NULL;
}

/* Each file is the one that was opened, as long as it is open. */
static void *files(void *unused) {
    struct stat now;
    int open_files[FILES];
    ino_t inodes[FILES];
    char name[32];
    unsigned state = 99;
    for (int index = 0; index < FILES; index++) open_files[index] = -1;
    while (!done) {
        unsigned index = random_below(&state, FILES);
        CHECK(pthread_rwlock_rdlock(&numbers) == 0);
        if (open_files[index] >= 0) {
            CHECK(fstat(open_files[index], &now) == 0 && now.st_ino == inodes[index]);
            CHECK(pwrite(open_files[index], &index, sizeof index, 0) == sizeof index);
            CHECK(close(open_files[index]) == 0);
        }
        snprintf(name, sizeof name, "own %u", index);
        open_files[index] = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        CHECK(open_files[index] > 0 && fstat(open_files[index], &now) == 0);
        inodes[index] = now.st_ino;
        pthread_rwlock_unlock(&numbers);
        sched_yield();
    }
    for (int index = 0; index < FILES; index++)
        CHECK(open_files[index] < 0 ||
              (fstat(open_files[index], &now) == 0 && now.st_ino == inodes[index]));
    return unused;
}

int main(void) {
    /* In its long form, ten for each cycle. */
    const char *cycles = getenv("FILEMAP_SOAK_CYCLES");
    if (cycles) rounds = strtoull(cycles, NULL, 10) * 10 / THREADS;
    pthread_t threads[THREADS], own;
    shared = memory(10, "storm");
    unsigned *view = MapViewOfFile(shared, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(view);
    *view = 7;
    DWORD count;
    unsigned page[1024] = {9};
    on_disk = CreateFileA("storm", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    CHECK(WriteFile(on_disk, page, sizeof page, &count, NULL));
    CHECK(pthread_create(&own, NULL, files, NULL) == 0);
    for (ULONG_PTR number = 0; number < THREADS; number++)
        CHECK(pthread_create(&threads[number], NULL, work, (void *)number) == 0);
    for (int number = 0; number < THREADS; number++)
        CHECK(pthread_join(threads[number], NULL) == 0);
    done = 1;
    CHECK(pthread_join(own, NULL) == 0);
    CHECK(*view == 7 && UnmapViewOfFile(view) && CloseHandle(shared) && CloseHandle(on_disk));
    printf("%llu closes\n", (unsigned long long)closes);
    return 0;
}
