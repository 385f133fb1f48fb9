/*
 * Reads what the example `telemetry` in Rust publishes 60 times a second, until frame LAST.
 *
 *   cargo build --release -p filemap-abi
 *   cc examples/c/telemetry.c -o reader -Icrates/filemap-abi/include -Ltarget/release -lfilemap \
 *       -Wl,-rpath,"$PWD/target/release"
 *   cargo run --release -p filemap --example telemetry -- publish telemetry 3600
 *   ./reader telemetry 3600               in another terminal
 *
 * docs/sync.md has the layout and the steps, in "A shared value".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* `Sample` of crates/filemap/examples/telemetry.rs. */
struct sample {
    float position[3];
    DWORD frame;
};

#define SLOT ((sizeof(struct sample) + 63) / 64 * 64)

/* Copies the value that follows version `seen`, and returns its version; 0 after ten silent seconds. */
static LONG wait_next(const char *value, LONG seen, struct sample *sample) {
    volatile LONG *version = (volatile LONG *)(value + 16);
    for (int looks = 0; looks < 10000; looks++) {
        LONG now = ReadAcquire(version);
        if (now == 0 || now == seen) {
            /* Windows' function wakes for stores of this process alone, and so it looks again after a
               millisecond. On Linux the publisher wakes all who sleep there by FUTEX_WAIT. */
            WaitOnAddress(version, &now, sizeof now, 1);
            continue;
        }
        memcpy(sample, value + 64 + (now & 1) * SLOT, sizeof *sample);
        MemoryBarrier();
        if (ReadNoFence(version) == now) return now;
    }
    return 0;
}

static int failed(const char *what) {
    fprintf(stderr, "reader: could not %s: code %u\n", what, (unsigned)GetLastError());
    return 1;
}

int main(int count, char **words) {
    if (count != 3) {
        fprintf(stderr, "usage: %s NAME LAST\n", words[0]);
        return 2;
    }
    char name[300];
    snprintf(name, sizeof name, "%s runs", words[1]);
    HANDLE runs = OpenEventA(SYNCHRONIZE, FALSE, name);
    if (!runs) return failed("open the event");
    /* It is set when the first sample is there. */
    if (WaitForSingleObject(runs, INFINITE) != WAIT_OBJECT_0) return failed("wait for the event");
    CloseHandle(runs);

    HANDLE mapping = OpenFileMappingA(FILE_MAP_READ, FALSE, words[1]);
    const char *value = mapping ? MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 64 + 2 * SLOT) : NULL;
    if (!value) return failed("map the value");
    DWORD size;
    memcpy(&size, value + 4, sizeof size);
    if (memcmp(value, "fmv1", 4) != 0 || size != sizeof(struct sample)) {
        fprintf(stderr, "reader: `%s` has no samples\n", words[1]);
        return 1;
    }

    DWORD last = strtoul(words[2], NULL, 10);
    struct sample sample = {0};
    unsigned samples = 0;
    for (LONG seen = 0; sample.frame < last; samples++) {
        seen = wait_next(value, seen, &sample);
        if (seen == 0) {
            fprintf(stderr, "reader: the publisher is silent\n");
            return 1;
        }
        if (sample.frame % 20 == 0 || sample.frame >= last)
            printf("reader: at (%.2f, %.2f) in frame %u\n", sample.position[0], sample.position[1],
                   (unsigned)sample.frame);
    }
    printf("reader: saw %u samples\n", samples);
    UnmapViewOfFile(value);
    CloseHandle(mapping);
    return 0;
}
