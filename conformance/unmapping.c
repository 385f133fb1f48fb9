/* Unmapping and flushing: valid addresses and ranges. */
#define AREA "unmapping"
#include "subject.h"
#include <stdlib.h>

static void unmapped(HANDLE mapping, const char *word) {
    /* Addresses in a view of 10000 bytes, three pages. */
    static const struct {
        const char *word;
        SIZE_T at;
    } inside[] = {
        {"base", 0},
        {"1", 1},
        {"100", 100},
        {"4095", 4095},
        {"4096", 4096},
        {"9999", 9999},
        {"after-the-last-byte", 10000},
        {"end-of-the-last-page", 12287},
    };
    for (size_t index = 0; index < COUNT(inside); index++) {
        BYTE *view = map(mapping, FILE_MAP_READ, 0, 10000);
        struct outcome done = ATTEMPT("UnmapViewOfFile", UnmapViewOfFile(view + inside[index].at));
        report(text("%s-at-%s", word, inside[index].word), done,
               text("first %s, last %s", peek_text(peek(view)), peek_text(peek(view + 12287))));
        done = ATTEMPT("UnmapViewOfFile", UnmapViewOfFile(view));
        report(text("%s-at-%s-once-more", word, inside[index].word), done, "");
    }
    BYTE *view = map(mapping, FILE_MAP_READ, 0, 10000), local = 0;
    BYTE *allocated = malloc(16384);
    const struct {
        const char *word;
        const void *address;
    } outside[] = {
        {"null", NULL},          {"1", (void *)1},
        {"minus-1", (void *)-1}, {"made-up", (void *)0xdeadbeef},
        {"stack", &local},       {"allocated", allocated + 8192},
        {"one-below", view - 1}, {"just-past-the-last-page", view + 12288},
    };
    for (size_t index = 0; index < COUNT(outside); index++) {
        struct outcome done = ATTEMPT("UnmapViewOfFile", UnmapViewOfFile(outside[index].address));
        report(text("%s-of-%s", word, outside[index].word), done, "");
    }
    free(allocated);
    /* One of two views of the same bytes. */
    BYTE *other = map(mapping, FILE_MAP_READ, 0, 10000);
    struct outcome done = ATTEMPT("UnmapViewOfFile", UnmapViewOfFile(view));
    report(text("%s-one-of-two", word), done, text("other %s", peek_text(peek(other))));
    unmap_if(other);
    /* A view without access. */
    view = map(mapping, 0, 0, 0);
    done = ATTEMPT("UnmapViewOfFile", UnmapViewOfFile(view));
    report(text("%s-without-access", word), done, "");
}

static void flushed(HANDLE mapping, const char *word, DWORD access, const char *how) {
    static const struct {
        const char *word;
        SIZE_T at, size;
    } ranges[] = {
        {"everything", 0, 0},
        {"one-byte", 0, 1},
        {"a-page", 0, 4096},
        {"the-view", 0, 10000},
        {"its-pages", 0, 12288},
        {"its-pages-and-1", 0, 12289},
        {"twice-as-much", 0, 24576},
        {"from-the-middle", 5000, 0},
        {"a-byte-in-the-middle", 5001, 1},
        {"the-rest", 4096, 5904},
        {"the-rest-of-its-pages", 4096, 8192},
        {"more-than-the-rest", 4096, 8193},
        {"the-last-byte", 9999, 1},
        {"the-last-byte-of-the-page", 12287, 1},
        {"past-the-last-byte-of-the-page", 12287, 2},
        {"all-that-could-be", 0, (SIZE_T)-1},
        {"all-that-could-be-from-1", 1, (SIZE_T)-1},
        {"half-of-all", 0, (SIZE_T)1 << 62},
    };
    BYTE *view = map(mapping, access, 0, 10000);
    if (!view) return;
    for (size_t index = 0; index < COUNT(ranges); index++) {
        struct outcome done = ATTEMPT("FlushViewOfFile",
                                      FlushViewOfFile(view + ranges[index].at, ranges[index].size));
        report(text("flush-%s-%s-%s", word, how, ranges[index].word), done, "");
    }
    UnmapViewOfFile(view);
    struct outcome done = ATTEMPT("FlushViewOfFile", FlushViewOfFile(view, 0));
    report(text("flush-%s-%s-when-unmapped", word, how), done, "");
}

static void flushed_files(void) {
    HANDLE file = file_new("flushed", 10000), mapping = create_over(file, PAGE_READWRITE, 0, NULL);
    BYTE *view = map(mapping, FILE_MAP_WRITE, 0, 0);
    poke(view + 10000, 55);
    poke(view, 44);
    struct outcome done = ATTEMPT("FlushViewOfFile", FlushViewOfFile(view, 0));
    report("flush-and-file", done,
           text("file of %lld, first %d, past the end %d", file_length(file), file_byte(file, 0),
                file_byte(file, 10000)));
    done = ATTEMPT("FlushFileBuffers", FlushFileBuffers(file));
    report("flush-file-buffers", done, "");
    HANDLE reader = file_open("flushed", GENERIC_READ);
    done = ATTEMPT("FlushFileBuffers", FlushFileBuffers(reader));
    report("flush-file-buffers-of-a-reader", done, "");
    close_if(reader);
    BYTE *copy = map(mapping, FILE_MAP_COPY, 0, 0);
    poke(copy, 66);
    done = ATTEMPT("FlushViewOfFile", FlushViewOfFile(copy, 0));
    report("flush-of-a-changed-copy", done,
           text("file %d, view %s, copy %s", file_byte(file, 0), peek_text(peek(view)),
                peek_text(peek(copy))));
    unmap_if(copy);
    unmap_if(view);
    /* A view can be flushed after the handles were closed. */
    view = map(mapping, FILE_MAP_WRITE, 0, 0);
    close_if(mapping);
    close_if(file);
    poke(view + 1, 88);
    done = ATTEMPT("FlushViewOfFile", FlushViewOfFile(view, 0));
    file = file_open("flushed", GENERIC_READ);
    report("flush-after-all-closed", done, text("file %d", file ? file_byte(file, 1) : -2));
    close_if(file);
    unmap_if(view);
    DeleteFileA("flushed");
}

static void wrong_flushes(void) {
    BYTE local = 0;
    const struct {
        const char *word;
        const void *address;
    } outside[] = {
        {"null", NULL},
        {"made-up", (void *)0xdeadbeef},
        {"minus-1", (void *)-1},
        {"stack", &local},
    };
    for (size_t index = 0; index < COUNT(outside); index++) {
        for (SIZE_T size = 0; size < 2; size++) {
            struct outcome done =
                ATTEMPT("FlushViewOfFile", FlushViewOfFile(outside[index].address, size));
            report(text("flush-of-%s-%u", outside[index].word, (unsigned)size), done, "");
        }
    }
}

int main(void) {
    begin();
    HANDLE memory = filled_memory(PAGE_EXECUTE_READWRITE, 12288, NULL);
    HANDLE file = file_new("unmapping", 10000);
    HANDLE mapping = create_over(file, PAGE_READWRITE, 0, NULL);
    unmapped(memory, "memory");
    unmapped(mapping, "file");
    static const struct {
        const char *word;
        DWORD access;
    } accesses[] = {
        {"none", 0},
        {"read", FILE_MAP_READ},
        {"write", FILE_MAP_WRITE},
        {"copy", FILE_MAP_COPY},
    };
    for (size_t index = 0; index < COUNT(accesses); index++) {
        flushed(memory, "memory", accesses[index].access, accesses[index].word);
        flushed(mapping, "file", accesses[index].access, accesses[index].word);
    }
    close_if(mapping);
    close_if(file);
    close_if(memory);
    DeleteFileA("unmapping");
    flushed_files();
    wrong_flushes();
    return 0;
}
