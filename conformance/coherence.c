/* Coherence: which stores are visible through which ways. */
#define AREA "coherence"
#include "subject.h"

/* The ways to access a byte of a file or of memory. */
struct way {
    const char *word;
    DWORD access;
    int own_mapping;
};

static const struct way ways[] = {
    {"write-view", FILE_MAP_WRITE, 0},
    {"read-view", FILE_MAP_READ, 0},
    {"copy-view", FILE_MAP_COPY, 0},
    {"view-of-another-mapping", FILE_MAP_WRITE, 1},
    {"read-view-of-another-mapping", FILE_MAP_READ, 1},
    {"file", 0, 0},
};

/* Stores one way and reads another, with and without an earlier access there. */
static void pairs(void) {
    for (size_t one = 0; one < COUNT(ways); one++) {
        for (size_t two = 0; two < COUNT(ways); two++) {
            for (int before = 0; before < 3; before++) {
                HANDLE file = file_new("pairs", 3 * PAGE);
                HANDLE mapping = create_over(file, PAGE_READWRITE, 0, NULL);
                HANDLE another = create_over(file, PAGE_READWRITE, 0, NULL);
                BYTE *from = ways[one].access ? map(ways[one].own_mapping ? another : mapping,
                                                    ways[one].access, 0, 0)
                                              : NULL;
                BYTE *to = ways[two].access ? map(ways[two].own_mapping ? another : mapping,
                                                  ways[two].access, 0, 0)
                                            : NULL;
                const char *did = "nothing";
                if (before == 1) did = to ? peek_text(peek(to + PAGE)) : "nothing";
                if (before == 2) did = to ? poke_text(poke(to + PAGE + 1, 50)) : "nothing";
                struct outcome stored = ATTEMPT("store", from ? poke(from + PAGE, 99) == 0
                                                              : file_store(file, PAGE, 99));
                /* A store to memory has no last error, and that of file output is tested elsewhere. */
                stored.error = UNTOUCHED;
                const char *seen =
                    to ? text("%s, beside %s, next page %s", peek_text(peek(to + PAGE)),
                              peek_text(peek(to + PAGE + 1)), peek_text(peek(to + 2 * PAGE)))
                       : text("%d, beside %d, next page %d", file_byte(file, PAGE),
                              file_byte(file, PAGE + 1), file_byte(file, 2 * PAGE));
                static const char *const befores[] = {"fresh", "read", "stored"};
                report(text("%s-to-%s-%s", ways[one].word, ways[two].word, befores[before]), stored,
                       text("before %s, then %s", did, seen));
                unmap_if(from);
                unmap_if(to);
                close_if(another);
                close_if(mapping);
                int left = file_byte(file, PAGE);
                report(text("%s-to-%s-%s-left-in-the-file", ways[one].word, ways[two].word,
                            befores[before]),
                       stored, text("%d", left));
                close_if(file);
            }
        }
    }
    DeleteFileA("pairs");
}

static void copies(HANDLE mapping, const char *word) {
    BYTE *shared = map(mapping, FILE_MAP_WRITE, 0, 0);
    BYTE *copy = map(mapping, FILE_MAP_COPY, 0, 0), *other = map(mapping, FILE_MAP_COPY, 0, 0);
    struct outcome stored = {"store", 1, UNTOUCHED};
    poke(shared, 11);
    report(text("%s-copy-follows", word), stored,
           text("%s %s", peek_text(peek(copy)), peek_text(peek(other))));
    poke(copy, 12);
    report(text("%s-copy-is-private", word), stored,
           text("copy %s other %s shared %s", peek_text(peek(copy)), peek_text(peek(other)),
                peek_text(peek(shared))));
    poke(shared, 13);
    poke(shared + 1, 14);
    report(text("%s-copied-page-stays", word), stored,
           text("%s %s, other %s %s", peek_text(peek(copy)), peek_text(peek(copy + 1)),
                peek_text(peek(other)), peek_text(peek(other + 1))));
    poke(shared + PAGE, 15);
    report(text("%s-next-page-follows", word), stored, peek_text(peek(copy + PAGE)));
    unmap_if(copy);
    copy = map(mapping, FILE_MAP_COPY, 0, 0);
    report(text("%s-a-new-copy-begins-anew", word), stored, text("%s", peek_text(peek(copy))));
    unmap_if(copy);
    unmap_if(other);
    unmap_if(shared);
}

static void ends_of_files(void) {
    struct outcome stored = {"store", 1, UNTOUCHED};
    HANDLE file = file_new("end", 5000), mapping = create_over(file, PAGE_READWRITE, 0, NULL);
    BYTE *one = map(mapping, FILE_MAP_WRITE, 0, 0), *two = map(mapping, FILE_MAP_WRITE, 0, 0);
    report("past-the-end-reads", stored,
           text("%s %s", peek_text(peek(one + 5000)), peek_text(peek(one + 8191))));
    poke(one + 5000, 21);
    report("past-the-end-is-shared", stored,
           text("%s, file of %lld", peek_text(peek(two + 5000)), file_length(file)));
    file_store(file, 5999, 1);
    poke(one + 5500, 23);
    report("after-growth-stores-arrive", stored,
           text("%d, file of %lld", file_byte(file, 5500), file_length(file)));
    report("after-growth-the-file-is-there", stored, text("%s", peek_text(peek(one + 5999))));
    unmap_if(one);
    unmap_if(two);
    close_if(mapping);
    /* A mapping shorter than its file, inside its last page. */
    mapping = create_over(file, PAGE_READWRITE, 5100, NULL);
    one = map(mapping, FILE_MAP_WRITE, 0, 0);
    poke(one + 5200, 24);
    report("past-a-short-mapping-in-its-page", stored, text("%d", file_byte(file, 5200)));
    unmap_if(one);
    close_if(mapping);
    close_if(file);
    DeleteFileA("end");
}

static void closed(void) {
    struct outcome stored = {"store", 1, UNTOUCHED};
    HANDLE file = file_new("closed", 5000), mapping = create_over(file, PAGE_READWRITE, 0, NULL);
    BYTE *view = map(mapping, FILE_MAP_WRITE, 0, 0);
    CloseHandle(mapping);
    CloseHandle(file);
    report("view-after-all-closed", stored,
           text("%s, %s", poke_text(poke(view, 31)), peek_text(peek(view))));
    unmap_if(view);
    file = file_open("closed", GENERIC_READ);
    report("file-after-view-of-closed", stored, text("%d", file_byte(file, 0)));
    close_if(file);
    DeleteFileA("closed");
    mapping = create_memory(PAGE_READWRITE, 8192, NULL);
    view = map(mapping, FILE_MAP_WRITE, 0, 0);
    CloseHandle(mapping);
    report("memory-after-all-closed", stored,
           text("%s, %s", poke_text(poke(view, 32)), peek_text(peek(view))));
    unmap_if(view);
    /* Memory keeps its bytes while a handle is open, even without a view. */
    mapping = create_memory(PAGE_READWRITE, 8192, NULL);
    view = map(mapping, FILE_MAP_WRITE, 0, 0);
    poke(view + 5000, 33);
    unmap_if(view);
    view = map(mapping, FILE_MAP_READ, 0, 0);
    report("memory-between-views", stored, text("%s", peek_text(peek(view + 5000))));
    unmap_if(view);
    close_if(mapping);
}

int main(void) {
    begin();
    pairs();
    HANDLE memory = filled_memory(PAGE_READWRITE, 3 * PAGE, NULL);
    copies(memory, "memory");
    close_if(memory);
    HANDLE file = file_new("copies", 3 * PAGE),
           mapping = create_over(file, PAGE_READWRITE, 0, NULL);
    copies(mapping, "file");
    close_if(mapping);
    mapping = create_over(file, PAGE_EXECUTE_READWRITE, 0, NULL);
    copies(mapping, "executable-file");
    close_if(mapping);
    close_if(file);
    DeleteFileA("copies");
    ends_of_files();
    closed();
    return 0;
}
