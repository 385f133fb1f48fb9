/* Creation: protections, files, sizes. */
#define AREA "creation"
#include "subject.h"

static void sets_of_protections(void) {
    static const DWORD bits[] = {0, 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80};
    static const DWORD extra[] = {0x100,   0x200,    0x400,    0x800,    0x1000,    0x8000,
                                  0x10000, 0x100000, 0x200000, 0x400000, 0x2000000, 0x20000000};
    HANDLE mapping;
    for (size_t one = 0; one < COUNT(bits); one++) {
        for (size_t two = one; two < COUNT(bits); two++) {
            DWORD flags = bits[one] | bits[two];
            /* Each set of bits once, so not with nothing added. */
            if (one == 0 && two != 0) continue;
            struct outcome made =
                ATTEMPT("CreateFileMapping", mapping = create_memory(flags, PAGE, NULL));
            report(text("memory-with-protection-0x%02lx", (unsigned long)flags), made,
                   mapping ? views_of(mapping) : "");
            close_if(mapping);
        }
    }
    for (size_t index = 0; index < COUNT(extra); index++) {
        for (size_t base = 0; base < 2; base++) {
            DWORD flags = (base ? PAGE_EXECUTE_READ : PAGE_READWRITE) | extra[index];
            struct outcome made =
                ATTEMPT("CreateFileMapping", mapping = create_memory(flags, PAGE, NULL));
            report(text("memory-with-protection-0x%lx", (unsigned long)flags), made, "");
            close_if(mapping);
        }
    }
}

static void files_opened_for(void) {
    static const struct {
        const char *word;
        DWORD access;
    } opened[] = {
        {"nothing", 0},
        {"reading", GENERIC_READ},
        {"writing", GENERIC_WRITE},
        {"reading-and-writing", GENERIC_READ | GENERIC_WRITE},
        {"reading-and-appending", FILE_READ_DATA | FILE_APPEND_DATA},
        {"reading-data", FILE_READ_DATA},
        {"reading-and-running", GENERIC_READ | GENERIC_EXECUTE},
        {"all", GENERIC_ALL},
    };
    close_if(file_new("opened", 10000));
    for (size_t how = 0; how < COUNT(opened); how++) {
        for (size_t index = 0; index < COUNT(protections); index++) {
            HANDLE file = file_open("opened", opened[how].access), mapping = NULL;
            struct outcome made =
                ATTEMPT("CreateFileMapping",
                        mapping = create_over(file, protections[index].flags, 0, NULL));
            report(text("file-opened-for-%s-as-%s", opened[how].word, protections[index].word),
                   made, mapping ? views_of(mapping) : "");
            close_if(mapping);
            close_if(file);
        }
    }
    DeleteFileA("opened");
}

/* A writable view of the last bytes: it shows the size of the mapping, and that it is zero. */
static const char *end_of_memory(HANDLE mapping, unsigned long long size) {
    unsigned long long offset = (size - 1) / UNIT * UNIT;
    BYTE *view = map(mapping, FILE_MAP_WRITE, offset, 0);
    if (!view) return "no view";
    SIZE_T length = query(view).RegionSize;
    const char *seen = text("size %llu first %s last %s", offset + length, peek_text(peek(view)),
                            peek_text(peek(view + length - 1)));
    UnmapViewOfFile(view);
    return seen;
}

static void memory_sizes(void) {
    static const unsigned long long sizes[] = {
        0, 1, 2, 100, 4095, 4096, 4097, 8192, 65535, 65536, 65537, 200000, 1ull << 20, 3000000};
    HANDLE mapping;
    for (size_t index = 0; index < COUNT(sizes); index++) {
        struct outcome made = ATTEMPT("CreateFileMapping",
                                      mapping = create_memory(PAGE_READWRITE, sizes[index], NULL));
        report(text("memory-of-%llu", sizes[index]), made,
               mapping ? end_of_memory(mapping, sizes[index]) : "");
        close_if(mapping);
    }
    static const struct {
        const char *word;
        unsigned long long size;
        DWORD flags;
    } large[] = {
        {"4-gib-reserved", 1ull << 32, SEC_RESERVE},
        {"4-gib-and-1-reserved", (1ull << 32) + 1, SEC_RESERVE},
        {"8-gib-reserved", 8ull << 30, SEC_RESERVE},
        {"512-gib-committed", 512ull << 30, SEC_COMMIT},
        {"the-largest-signed", ~0ull >> 1, SEC_COMMIT},
        {"the-largest-signed-reserved", ~0ull >> 1, SEC_RESERVE},
        {"the-smallest-negative", 1ull << 63, SEC_COMMIT},
        {"minus-4096", ~0ull - 4095, SEC_COMMIT},
        {"minus-1", ~0ull, SEC_COMMIT},
    };
    for (size_t index = 0; index < COUNT(large); index++) {
        struct outcome made = ATTEMPT(
            "CreateFileMapping",
            mapping = create_memory(PAGE_READWRITE | large[index].flags, large[index].size, NULL));
        report(text("memory-of-%s", large[index].word), made, "");
        close_if(mapping);
    }
}

static void file_sizes(void) {
    static const unsigned long long lengths[] = {0, 1, 4095, 4096, 4097, 10000};
    for (size_t index = 0; index < COUNT(lengths); index++) {
        unsigned long long length = lengths[index];
        unsigned long long sizes[] = {0, 1, length - 1, length, length + 1, length + 5000};
        const char *words[] = {"0", "1", "one-less", "the-same", "one-more", "5000-more"};
        for (size_t size = 0; size < COUNT(sizes); size++) {
            /* The same values under another name, or negative. */
            if (length <= 2 && size >= 2 && size <= 3) continue;
            for (size_t each = 0; each < COUNT(protections); each++) {
                HANDLE file = file_new("sized", length), mapping;
                struct outcome made = ATTEMPT(
                    "CreateFileMapping",
                    mapping = create_over(file, protections[each].flags, sizes[size], NULL));
                long long during = file_length(file);
                BYTE *view = mapping ? map(mapping, FILE_MAP_READ, 0, 0) : NULL;
                const char *shown = view ? view_text(view) : "no view";
                unmap_if(view);
                close_if(mapping);
                const char *seen = text("file of %lld, view %s, file of %lld afterwards", during,
                                        shown, file_length(file));
                /* A failed call must not change the file. */
                if (!made.good && during != (long long)length) made.call = "changed the file";
                report(text("file-of-%llu-with-size-%s-as-%s", length, words[size],
                            protections[each].word),
                       made, seen);
                close_if(file);
            }
        }
    }
    DeleteFileA("sized");
}

static void large_files(void) {
    static const struct {
        const char *word;
        unsigned long long size;
    } sizes[] = {
        {"4-gib-and-a-page", (1ull << 32) + 4096},
        {"6-gib", 6ull << 30},
        {"512-pib", 1ull << 59},
        {"the-largest-signed", ~0ull >> 1},
        {"the-smallest-negative", 1ull << 63},
        {"minus-1", ~0ull},
    };
    for (size_t index = 0; index < COUNT(sizes); index++) {
        for (int write = 0; write < 2; write++) {
            HANDLE file = file_new("large", 100), mapping;
            struct outcome made =
                ATTEMPT("CreateFileMapping",
                        mapping = create_over(file, write ? PAGE_READWRITE : PAGE_READONLY,
                                              sizes[index].size, NULL));
            unsigned long long offset = (1ull << 32);
            BYTE *view = mapping ? map(mapping, FILE_MAP_READ, offset, 4096) : NULL;
            report(text("file-of-%s-%s", sizes[index].word, write ? "readwrite" : "readonly"), made,
                   text("file of %lld, byte at 4 GiB %s", file_length(file),
                        view ? peek_text(peek(view)) : "not mapped"));
            unmap_if(view);
            close_if(mapping);
            close_if(file);
            DeleteFileA("large");
        }
    }
}

static void handles(void) {
    HANDLE mapping, file = file_new("handles", 100),
                    section = create_memory(PAGE_READWRITE, 1, NULL);
    HANDLE closed = file_new("closed", 100);
    struct outcome made;
    CloseHandle(closed);
    const struct {
        const char *word;
        HANDLE file;
    } given[] = {
        {"null", NULL},
        {"invalid", INVALID_HANDLE_VALUE},
        {"made-up", (HANDLE)0x7ffc},
        {"closed", closed},
        {"mapping", section},
    };
    for (size_t index = 0; index < COUNT(given); index++) {
        made = ATTEMPT("CreateFileMapping",
                       mapping = create_over(given[index].file, PAGE_READWRITE, 4096, NULL));
        report(text("handle-%s", given[index].word), made, mapping ? views_of(mapping) : "");
        close_if(mapping);
        made = ATTEMPT("CreateFileMapping",
                       mapping = create_over(given[index].file, PAGE_READWRITE, 0, NULL));
        report(text("handle-%s-without-size", given[index].word), made, "");
        close_if(mapping);
        made = ATTEMPT("CreateFileMapping",
                       mapping = create_over(given[index].file, PAGE_EXECUTE, 4096, NULL));
        report(text("handle-%s-with-bad-protection", given[index].word), made, "");
        close_if(mapping);
        made = ATTEMPT(
            "CreateFileMapping",
            mapping = create_over(given[index].file, PAGE_READWRITE | SEC_NOCACHE, 4096, NULL));
        report(text("handle-%s-with-bad-attributes", given[index].word), made, "");
        close_if(mapping);
    }
    close_if(section);

    file_seek(file, 7);
    mapping = create_over(file, PAGE_READWRITE, 5000, NULL);
    struct outcome kept = ATTEMPT("SetFilePointerEx", file_position(file) != ~0ull);
    report("growing-leaves-the-file-pointer", kept, text("at %llu", file_position(file)));
    BYTE *view = map(mapping, FILE_MAP_WRITE, 0, 0);
    report("new-bytes-of-a-grown-file", kept,
           text("first %s, after the end %s, last %s", peek_text(peek(view)),
                peek_text(peek(view + 100)), peek_text(peek(view + 4999))));
    unmap_if(view);
    close_if(mapping);
    close_if(file);

    /* Several errors in one call: which code is reported. */
    file = file_open("handles", GENERIC_READ);
    made = ATTEMPT("CreateFileMapping", mapping = create_over(file, PAGE_READWRITE, 1 << 20, NULL));
    report("access-before-size", made, "");
    close_if(mapping);
    made = ATTEMPT("CreateFileMapping",
                   mapping = create_over(file, PAGE_READWRITE | SEC_NOCACHE, 0, NULL));
    report("attributes-before-access", made, "");
    close_if(mapping);
    close_if(file);
    file = file_new("handles", 0);
    close_if(file);
    file = file_open("handles", GENERIC_READ);
    made = ATTEMPT("CreateFileMapping", mapping = create_over(file, PAGE_READWRITE, 0, NULL));
    report("access-before-emptiness", made, "");
    close_if(mapping);
    close_if(file);
    DeleteFileA("handles");
    DeleteFileA("closed");
}

static void last_error(void) {
    HANDLE mapping;
    struct outcome made =
        ATTEMPT("CreateFileMapping", mapping = create_memory(PAGE_READWRITE, 1, NULL));
    report("last-error-of-success", made, "");
    struct outcome closed = ATTEMPT("CloseHandle", CloseHandle(mapping));
    report("last-error-of-closing", closed, "");
    closed = ATTEMPT("CloseHandle", CloseHandle(mapping));
    report("closing-twice", closed, "");
    closed = ATTEMPT("CloseHandle", CloseHandle(NULL));
    report("closing-null", closed, "");
    SECURITY_ATTRIBUTES attributes = {0, NULL, FALSE};
    made =
        ATTEMPT("CreateFileMapping", mapping = CreateFileMappingA(INVALID_HANDLE_VALUE, &attributes,
                                                                  PAGE_READWRITE, 0, 4096, NULL));
    report("security-attributes-of-no-length", made, "");
    close_if(mapping);
}

int main(void) {
    begin();
    sets_of_protections();
    files_opened_for();
    memory_sizes();
    file_sizes();
    large_files();
    handles();
    last_error();
    return 0;
}
