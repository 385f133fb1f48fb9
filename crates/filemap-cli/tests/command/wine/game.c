// A program for Windows that the tests take for a game: it publishes a count under a name, 60 times a
// second, and does what is written into its memory.
//
//   game publish NAME SIZE   creates the name and maps SIZE bytes; the third number is what it is told
//                            to do: a number below 100 is its exit code, 200 a crash
//   game answer NAME         creates the name, and copies its first number to the 17th until it is the
//                            largest one; for `cargo xtask bench --wine`
//   game look NAME           opens the name, and tells what it may do with it
//   game tell NAME NUMBER    opens the name and writes what its program is told to do
//   game hold NAME           opens the name until its third number is not 0

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static int publish(const char *name, size_t size) {
    HANDLE mapping =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, (DWORD)size, name);
    DWORD error = GetLastError();
    volatile DWORD *numbers = MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, size);
    if (numbers == NULL) {
        printf("error %lu, not mapped: %lu\n", error, GetLastError());
        return 3;
    }
    printf("error %lu, mapped\n", error);
    fflush(stdout);
    volatile DWORD *last = (volatile DWORD *)((char *)numbers + (size - sizeof(DWORD)) / 4 * 4);
    for (int frame = 0; frame < 60 * 60; frame++) {
        DWORD told = numbers[2];
        if (told == 200) {
            *(volatile int *)NULL = 1;
        }
        if (told != 0) {
            return (int)told;
        }
        *last = numbers[0] + 1;
        numbers[0]++;
        Sleep(16);
    }
    return 4;
}

static int answer(const char *name) {
    HANDLE mapping =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, name);
    volatile DWORD *numbers = MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, 4096);
    if (numbers == NULL) {
        return 3;
    }
    printf("mapped\n");
    fflush(stdout);
    for (DWORD last = 0; last != MAXDWORD; YieldProcessor()) {
        DWORD number = numbers[0];
        if (number != last) {
            numbers[16] = number;
            last = number;
        }
    }
    return 0;
}

static int look(const char *name, int hold) {
    HANDLE mapping = OpenFileMappingA(FILE_MAP_READ, FALSE, name);
    if (mapping == NULL) {
        printf("not opened: %lu\n", GetLastError());
        return 3;
    }
    volatile DWORD *numbers = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    printf("seen %lu\n", numbers[0]);
    fflush(stdout);
    for (int frame = 0; hold && numbers[2] == 0 && frame < 60 * 60; frame++) {
        Sleep(16);
    }
    HANDLE writing = OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, name);
    volatile DWORD *writable = MapViewOfFile(writing, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    if (writable == NULL) {
        printf("not written: %lu\n", GetLastError());
        return 0;
    }
    writable[1] = 77;
    printf("written\n");
    return 0;
}

static int tell(const char *name, DWORD number) {
    HANDLE mapping = OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, name);
    volatile DWORD *numbers = MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    if (numbers == NULL) {
        return 3;
    }
    numbers[2] = number;
    return 0;
}

int main(int count, char **words) {
    if (count == 4 && strcmp(words[1], "publish") == 0) {
        return publish(words[2], strtoul(words[3], NULL, 10));
    }
    if (count == 4 && strcmp(words[1], "tell") == 0) {
        return tell(words[2], strtoul(words[3], NULL, 10));
    }
    if (count == 3 && strcmp(words[1], "answer") == 0) {
        return answer(words[2]);
    }
    if (count == 3) {
        return look(words[2], strcmp(words[1], "hold") == 0);
    }
    return 2;
}
