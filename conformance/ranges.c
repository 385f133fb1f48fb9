/* Offsets, sizes and addresses of views. */
#define AREA "ranges"
#include "subject.h"

struct place {
    const char *word;
    unsigned long long offset;
};

static void matrix(const char *word, HANDLE mapping, unsigned long long size) {
    const struct place offsets[] = {
        {"0", 0},
        {"1", 1},
        {"512", 512},
        {"4096", 4096},
        {"32768", 32768},
        {"65535", 65535},
        {"65536", 65536},
        {"69632", 69632},
        {"131072", 131072},
        {"196608", 196608},
        {"262144", 262144},
        {"1-gib", 1ull << 30},
        {"4-gib", 1ull << 32},
        {"4-gib-and-65536", (1ull << 32) + 65536},
        {"far", 0x7fffffffffff0000ull},
        {"negative", 0xffffffffffff0000ull},
    };
    for (size_t index = 0; index < COUNT(offsets); index++) {
        unsigned long long offset = offsets[index].offset;
        /* Only an offset inside the mapping has a rest. */
        unsigned long long rest = offset < size ? size - offset : 0;
        unsigned long long whole = (rest + PAGE - 1) / PAGE * PAGE;
        const struct {
            const char *word;
            unsigned long long size;
        } sizes[] = {
            {"0", 0},
            {"1", 1},
            {"4096", 4096},
            {"4097", 4097},
            {"65536", 65536},
            {"rest", rest},
            {"rest-and-1", rest + 1},
            {"rest-in-pages", whole},
            {"rest-in-pages-and-1", whole + 1},
            {"everything", ~0ull},
            {"2-gib", 2ull << 30},
        };
        for (size_t each = 0; each < COUNT(sizes); each++) {
            /* Past the end these are the same as 0 and 1. */
            if (rest == 0 && each >= 5 && each <= 8) continue;
            BYTE *view;
            struct outcome mapped =
                ATTEMPT("MapViewOfFile",
                        view = map(mapping, FILE_MAP_READ, offset, (SIZE_T)sizes[each].size));
            const char *seen = "";
            if (view) {
                SIZE_T length = query(view).RegionSize;
                seen = text("%llu bytes, first %s, last %s, next %s", (unsigned long long)length,
                            peek_text(peek(view)), peek_text(peek(view + length - 1)),
                            query(view).AllocationBase == view ? "apart" : "inside");
            }
            report(text("%s-at-%s-size-%s", word, offsets[index].word, sizes[each].word), mapped,
                   seen);
            unmap_if(view);
        }
    }
}

static void addresses(const char *word, HANDLE mapping) {
    /* A free address: a view has just been unmapped there. */
    BYTE *view, *free_place = map(mapping, FILE_MAP_READ, 0, 0);
    UnmapViewOfFile(free_place);
    BYTE *taken = map(mapping, FILE_MAP_READ, 0, 0);
    BYTE *apart = taken + (64 << 20);
    (void)free_place;
    const struct {
        const char *word;
        BYTE *base;
    } hints[] = {
        {"the-same", taken},
        {"inside", taken + UNIT},
        {"one-byte-on", taken + 1},
        {"one-page-on", taken + PAGE},
        {"16", (BYTE *)16},
        {"4096", (BYTE *)4096},
        {"apart-and-1", apart + 1},
        {"apart-and-4096", apart + PAGE},
        {"below-so-that-it-overlaps", taken - UNIT},
        {"of-the-system", (BYTE *)0xffff800000000000ull},
        {"the-last-of-all", (BYTE *)0xffffffffffff0000ull},
    };
    for (size_t index = 0; index < COUNT(hints); index++) {
        struct outcome mapped =
            ATTEMPT("MapViewOfFileEx",
                    view = MapViewOfFileEx(mapping, FILE_MAP_READ, 0, 0, 0, hints[index].base));
        report(text("%s-address-%s", word, hints[index].word), mapped, "");
        unmap_if(view);
    }
    /* A range that was found free, released, and requested. */
    BYTE *given = map(mapping, FILE_MAP_READ, 0, 0);
    UnmapViewOfFile(given);
    struct outcome mapped =
        ATTEMPT("MapViewOfFileEx", view = MapViewOfFileEx(mapping, FILE_MAP_READ, 0, 0, 0, given));
    report(text("%s-address-free", word), mapped,
           text("%s, byte %s", view == given ? "there" : "elsewhere", peek_text(peek(view))));
    unmap_if(view);
    mapped = ATTEMPT("MapViewOfFileEx",
                     view = MapViewOfFileEx(mapping, FILE_MAP_READ, 0, 65536, 4096, given));
    report(text("%s-address-free-at-an-offset", word), mapped,
           text("%s, byte %s", view == given ? "there" : "elsewhere", peek_text(peek(view))));
    unmap_if(view);
    mapped =
        ATTEMPT("MapViewOfFileEx", view = MapViewOfFileEx(mapping, FILE_MAP_READ, 0, 0, 0, NULL));
    report(text("%s-address-none", word), mapped,
           text("%s, %s", (SIZE_T)view % UNIT ? "odd" : "a multiple of 65536",
                view == taken ? "the same" : "another one"));
    unmap_if(view);

    /* Two errors in one call: which code is reported. */
    mapped =
        ATTEMPT("MapViewOfFileEx", view = MapViewOfFileEx(mapping, FILE_MAP_READ, 0, 1, 0, taken));
    report(text("%s-odd-offset-and-taken-address", word), mapped, "");
    mapped =
        ATTEMPT("MapViewOfFileEx", view = MapViewOfFileEx(mapping, FILE_MAP_WRITE, 0, 1, 0, NULL));
    report(text("%s-odd-offset-and-no-right", word), mapped, "");
    mapped = ATTEMPT("MapViewOfFileEx",
                     view = MapViewOfFileEx(mapping, FILE_MAP_WRITE, 0, 0, (SIZE_T)1 << 40, NULL));
    report(text("%s-too-large-and-no-right", word), mapped, "");
    mapped = ATTEMPT("MapViewOfFileEx",
                     view = MapViewOfFileEx(mapping, FILE_MAP_READ, 0, 0, (SIZE_T)1 << 40, taken));
    report(text("%s-too-large-and-taken-address", word), mapped, "");
    mapped = ATTEMPT("MapViewOfFile", view = map((HANDLE)0x7ffc, FILE_MAP_READ, 1, 0));
    report(text("%s-odd-offset-and-no-handle", word), mapped, "");
    unmap_if(taken);
}

static void grown_files(void) {
    HANDLE file = file_new("grown", 5000), mapping = create_over(file, PAGE_READWRITE, 0, NULL);
    file_store(file, 20000, 7);
    BYTE *view;
    struct outcome mapped = ATTEMPT("MapViewOfFile", view = map(mapping, FILE_MAP_READ, 0, 0));
    report("grown-file-whole", mapped, text("%s", view_text(view)));
    unmap_if(view);
    static const SIZE_T sizes[] = {5000, 5001, 8192, 8193, 20001};
    for (size_t index = 0; index < COUNT(sizes); index++) {
        mapped = ATTEMPT("MapViewOfFile", view = map(mapping, FILE_MAP_READ, 0, sizes[index]));
        report(text("grown-file-%u", (unsigned)sizes[index]), mapped,
               text("%s", view ? view_text(view) : ""));
        unmap_if(view);
    }
    HANDLE later = create_over(file, PAGE_READONLY, 0, NULL);
    mapped = ATTEMPT("MapViewOfFile", view = map(later, FILE_MAP_READ, 0, 0));
    report("grown-file-mapped-anew", mapped,
           text("%s, byte %s", view_text(view), peek_text(peek(view + 20000))));
    unmap_if(view);
    close_if(later);
    close_if(mapping);

    /* A mapping of the beginning of its file. */
    mapping = create_over(file, PAGE_READONLY, 6000, NULL);
    static const SIZE_T parts[] = {0, 6000, 6001, 8192, 8193};
    for (size_t index = 0; index < COUNT(parts); index++) {
        mapped = ATTEMPT("MapViewOfFile", view = map(mapping, FILE_MAP_READ, 0, parts[index]));
        report(text("part-of-a-file-%u", (unsigned)parts[index]), mapped,
               text("%s", view ? view_text(view) : ""));
        unmap_if(view);
    }
    close_if(mapping);
    close_if(file);
    DeleteFileA("grown");
}

int main(void) {
    begin();
    HANDLE memory = filled_memory(PAGE_READWRITE, 200000, NULL), file = file_new("ranges", 200000);
    matrix("memory", memory, 200704);
    HANDLE mapping = create_over(file, PAGE_READONLY, 0, NULL);
    matrix("file", mapping, 200000);
    addresses("file", mapping);
    HANDLE reader = NULL;
    DuplicateHandle(GetCurrentProcess(), memory, GetCurrentProcess(), &reader, FILE_MAP_READ, FALSE,
                    0);
    addresses("memory", reader);
    close_if(reader);
    close_if(mapping);
    close_if(memory);
    close_if(file);
    DeleteFileA("ranges");
    grown_files();
    return 0;
}
