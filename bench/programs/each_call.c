/*
 * Maps, copies, flushes and unmaps for each access, over the bare calls: what the class that C#
 * programs had for this does, without the class. Views are those of the class: from the granule
 * of the offset on, and a granule longer than they need be.
 *
 * each_call FILE; then one line for each measurement, "WHAT COUNT SEED". The answer is how many
 * nanoseconds all of it took.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { GRANULE = 65536, SIZE = 64 };

static int file;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void *map(uint64_t offset, int protection, size_t *length)
{
    *length = offset % GRANULE + GRANULE;
    void *view = mmap(NULL, *length, protection, MAP_SHARED, file, (off_t)(offset - offset % GRANULE));
    if (view == MAP_FAILED)
        fail("mmap");
    return view;
}

static void read_at(uint64_t offset, char *buffer)
{
    size_t length;
    char *view = map(offset, PROT_READ, &length);
    memcpy(buffer, view + offset % GRANULE, SIZE);
    if (munmap(view, length) != 0)
        fail("munmap");
}

static void write_at(uint64_t offset, const char *buffer, int flush)
{
    size_t length;
    char *view = map(offset, PROT_READ | PROT_WRITE, &length);
    memcpy(view + offset % GRANULE, buffer, SIZE);
    if (flush && msync(view, length, MS_SYNC) != 0)
        fail("msync");
    if (munmap(view, length) != 0)
        fail("munmap");
}

int main(int count, char **words)
{
    struct stat state;
    if (count != 2 || (file = open(words[1], O_RDWR)) < 0 || fstat(file, &state) != 0)
        fail("each_call FILE");
    /* The view of an offset in the last granule would end behind the file. */
    uint64_t end = (uint64_t)state.st_size - 2 * GRANULE;
    char buffer[SIZE] = "64 bytes";
    char what[16];
    uint64_t times, seed;
    puts("ready");
    fflush(stdout);
    while (scanf("%15s %" SCNu64 " %" SCNu64, what, &times, &seed) == 3) {
        uint64_t *offsets = malloc(times * sizeof *offsets);
        if (offsets == NULL)
            fail("malloc");
        seed |= 1;
        for (uint64_t number = 0; number < times; number++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            offsets[number] = seed % end;
        }
        int reads = strcmp(what, "read") == 0;
        int flush = strcmp(what, "write-flushed") == 0;
        uint64_t start = now();
        for (uint64_t number = 0; number < times; number++) {
            if (reads)
                read_at(offsets[number], buffer);
            else
                write_at(offsets[number], buffer, flush);
        }
        uint64_t taken = now() - start;
        free(offsets);
        printf("%" PRIu64 "\n", taken);
        fflush(stdout);
    }
    return 0;
}
