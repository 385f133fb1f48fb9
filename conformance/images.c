/* Images: programs of Windows, mapped as they are loaded. */
#define AREA "images"
#include "subject.h"

#define TABLE (0x80 + 24 + 240)
#define PLACE_OF_SIZE (0x80 + 24 + 56)

static void put(BYTE *file, size_t at, unsigned long long value, size_t size) {
    for (size_t index = 0; index < size; index++) file[at + index] = (BYTE)(value >> 8 * index);
}

/* A small program: headers and four sections, each of a page but for the third, of two. */
static DWORD build(BYTE *file) {
    static const struct {
        const char *name, *bytes;
        DWORD flags, size;
    } sections[] = {
        {".text", "\xb8\x2a\x00\x00\x00\xc3", 0x60000020u, 6},
        {".rdata", "constant", 0x40000040u, 8},
        {".data", "data", 0xC0000040u, 0x1001},
        {".common", "shared", 0xD0000040u, 0x20},
    };
    DWORD length = 0x400, place = 0x1000;
    memset(file, 0, 0x2000);
    memcpy(file, "MZ", 2);
    put(file, 0x3c, 0x80, 4);
    memcpy(file + 0x80, "PE\0", 4);
    put(file, 0x84, 0x8664, 2);
    put(file, 0x86, COUNT(sections), 2);
    put(file, 0x94, 240, 2);
    put(file, 0x96, 0x2022, 2);
    put(file, 0x98, 0x20b, 2);
    put(file, 0x98 + 24, 0x5a0000000ull, 8);
    put(file, 0x98 + 32, 0x1000, 4);
    put(file, 0x98 + 36, 0x200, 4);
    put(file, 0x98 + 40, 6, 2);
    put(file, 0x98 + 48, 6, 2);
    put(file, 0x98 + 60, 0x400, 4);
    put(file, 0x98 + 68, 3, 2);
    put(file, 0x98 + 108, 16, 4);
    for (size_t index = 0; index < COUNT(sections); index++) {
        BYTE *entry = file + TABLE + 40 * index;
        size_t stored = index ? strlen(sections[index].bytes) : 6;
        memcpy(entry, sections[index].name, strlen(sections[index].name));
        put(entry, 8, sections[index].size, 4);
        put(entry, 12, place, 4);
        put(entry, 16, 0x200, 4);
        put(entry, 20, length, 4);
        put(entry, 36, sections[index].flags, 4);
        memcpy(file + length, sections[index].bytes, stored);
        length += 0x200;
        place += (sections[index].size + 0xfff) & ~0xfffu;
    }
    put(file, PLACE_OF_SIZE, place, 4);
    return length;
}

static HANDLE stored(const void *bytes, DWORD length, DWORD access) {
    HANDLE file = file_open_sharing("image", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, CREATE_ALWAYS);
    DWORD count = 0;
    if (length) WriteFile(file, bytes, length, &count, NULL);
    close_if(file);
    return CreateFileA("image", access, SHARE_ALL, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
}

static const char *page(const BYTE *view, SIZE_T at) {
    MEMORY_BASIC_INFORMATION found = query(view + at);
    return text("%llx: %s %s %s %llu %lx '%s' ", (unsigned long long)at, state_text(found.State),
                protection_text(found.Protect), protection_text(found.AllocationProtect),
                (unsigned long long)(found.RegionSize / PAGE), (unsigned long)found.Type,
                peek_text(peek(view + at)));
}

static const char *pages(const BYTE *view) {
    const char *all = "";
    for (SIZE_T at = 0; view && at < 6 * PAGE; at += PAGE) all = text("%s%s", all, page(view, at));
    return all;
}

static void created(const BYTE *program, DWORD length) {
    static const struct {
        const char *word;
        DWORD flags;
    } flags[] = {{"image", SEC_IMAGE}, {"no-execute", SEC_IMAGE | SEC_NOCACHE}};
    for (size_t index = 0; index < COUNT(protections); index++) {
        for (size_t each = 0; each < COUNT(flags); each++) {
            for (int writable = 0; writable < 2; writable++) {
                HANDLE file = stored(program, length,
                                     GENERIC_READ | GENERIC_EXECUTE |
                                         (writable ? GENERIC_WRITE : 0)),
                       mapping;
                struct outcome made =
                    ATTEMPT("CreateFileMapping",
                            mapping = create_over(file, protections[index].flags | flags[each].flags,
                                                  0, NULL));
                report(text("%s-%s-of-a-%s-file", protections[index].word, flags[each].word,
                            writable ? "writable" : "readable"),
                       made, mapping ? views_of(mapping) : "");
                close_if(mapping);
                close_if(file);
            }
        }
    }
}

static void sizes(const BYTE *program, DWORD length) {
    static const unsigned long long wanted[] = {1, 0x1000, 0x5fff, 0x6000, 0x6001, 0x10000};
    for (size_t index = 0; index < COUNT(wanted); index++) {
        HANDLE file = stored(program, length, GENERIC_READ), mapping;
        struct outcome made = ATTEMPT(
            "CreateFileMapping",
            mapping = create_over(file, PAGE_READONLY | SEC_IMAGE, wanted[index], NULL));
        report(text("size-%llx", wanted[index]), made, "");
        close_if(mapping);
        close_if(file);
    }
}

static void laid_out(const BYTE *program, DWORD length) {
    HANDLE file = stored(program, length, GENERIC_READ);
    HANDLE mapping = create_over(file, PAGE_READONLY | SEC_IMAGE, 0, NULL);
    BYTE *one, *two;
    struct outcome mapped = ATTEMPT("MapViewOfFile", one = map(mapping, FILE_MAP_READ, 0, 0));
    report("laid-out", mapped, pages(one));
    mapped = ATTEMPT("MapViewOfFile", two = map(mapping, FILE_MAP_READ, 0, 0));
    report("laid-out-again", mapped, pages(two));
    static const struct {
        const char *word;
        SIZE_T at;
    } touched[] = {{"headers", 0},    {"code", 0x1000},  {"constants", 0x2000},
                   {"data", 0x3000},  {"data-without-bytes", 0x4000}, {"shared", 0x5000}};
    for (size_t index = 0; one && two && index < COUNT(touched); index++) {
        struct outcome tried = {"store", 1, UNTOUCHED};
        const char *done = poke_text(poke(one + touched[index].at, 'X'));
        report(text("stored-to-%s", touched[index].word), tried,
               text("%s, here %s, there %s", done, peek_text(peek(one + touched[index].at)),
                    peek_text(peek(two + touched[index].at))));
        static const DWORD words[] = {PAGE_READONLY, PAGE_READWRITE, PAGE_WRITECOPY,
                                      PAGE_EXECUTE_READWRITE, PAGE_NOACCESS};
        for (size_t word = 0; word < COUNT(words); word++) {
            DWORD old = 0;
            struct outcome changed =
                ATTEMPT("VirtualProtect",
                        VirtualProtect(two + touched[index].at, PAGE, words[word], &old));
            report(text("%s-becomes-%s", touched[index].word, protection_text(words[word])), changed,
                   text("%s", protection_text(query(two + touched[index].at).Protect)));
        }
    }
    struct outcome unmapped = ATTEMPT("UnmapViewOfFile", UnmapViewOfFile(one + 0x3001));
    report("unmapped-by-an-address-inside", unmapped, "");
    unmap_if(two);
    /* The requested range is ignored. */
    mapped = ATTEMPT("MapViewOfFile", one = map(mapping, FILE_MAP_READ, 0x10000, 0));
    report("mapped-from-an-offset", mapped, text("%d", peek(one)));
    unmap_if(one);
    close_if(mapping);
    close_if(file);
}

static void no_programs(const BYTE *program, DWORD length) {
    static BYTE changed[0x2000];
    static const struct {
        const char *word;
        size_t at;
        unsigned long long value;
        size_t size;
    } changes[] = {
        {"no-mz", 0, 'X', 1},          {"headers-far-away", 0x3c, 0x7fffffff, 4},
        {"no-pe", 0x80, 'X', 1},       {"no-magic", 0x98, 0x999, 2},
        {"no-machine", 0x84, 0xdead, 2}, {"machine-of-32-bits", 0x84, 0x14c, 2},
    };
    struct outcome made;
    HANDLE file, mapping;
    for (size_t index = 0; index < COUNT(changes); index++) {
        memcpy(changed, program, length);
        put(changed, changes[index].at, changes[index].value, changes[index].size);
        file = stored(changed, length, GENERIC_READ);
        made = ATTEMPT("CreateFileMapping",
                       mapping = create_over(file, PAGE_READONLY | SEC_IMAGE, 0, NULL));
        report(changes[index].word, made, "");
        close_if(mapping);
        close_if(file);
    }
    static const DWORD lengths[] = {0, 1, 2, 64, 0x80, 0x98};
    for (size_t index = 0; index < COUNT(lengths); index++) {
        file = stored(program, lengths[index], GENERIC_READ);
        made = ATTEMPT("CreateFileMapping",
                       mapping = create_over(file, PAGE_READONLY | SEC_IMAGE, 0, NULL));
        report(text("cut-to-%lu", (unsigned long)lengths[index]), made, "");
        close_if(mapping);
        close_if(file);
    }
}

/* Programs that say odd things, and are programs. */
static void odd(const BYTE *program, DWORD length) {
    static BYTE changed[0x3000];
    static const struct {
        const char *word;
        DWORD flags;
    } flags[] = {
        {"nothing", 0x00000040},  {"execute", 0x20000020},       {"write", 0x80000040},
        {"write-run", 0xA0000020}, {"read-write-run", 0xE0000020}, {"shared-alone", 0x10000040},
        {"shared-write", 0x90000040}, {"shared-run", 0x30000020},
    };
    struct outcome mapped;
    HANDLE file, mapping;
    BYTE *view;
    for (size_t index = 0; index < COUNT(flags); index++) {
        memcpy(changed, program, length);
        put(changed, TABLE + 40 + 36, flags[index].flags, 4);
        file = stored(changed, length, GENERIC_READ);
        mapping = create_over(file, PAGE_READONLY | SEC_IMAGE, 0, NULL);
        mapped = ATTEMPT("MapViewOfFile", view = map(mapping, FILE_MAP_READ, 0, 0));
        report(text("section-for-%s", flags[index].word), mapped,
               view ? protection_text(query(view + 0x2000).Protect) : "");
        unmap_if(view);
        close_if(mapping);
        close_if(file);
    }
    /* Headers that end past the file. */
    memset(changed, 0, sizeof changed);
    memcpy(changed, program, length);
    put(changed, 0x98 + 60, 0x1000, 4);
    file = stored(changed, length, GENERIC_READ);
    mapping = create_over(file, PAGE_READONLY | SEC_IMAGE, 0, NULL);
    mapped = ATTEMPT("MapViewOfFile", view = map(mapping, FILE_MAP_READ, 0, 0));
    report("headers-longer-than-the-file", mapped,
           text("%s, %s, %s", peek_text(peek(view)), peek_text(peek(view + 0x400)),
                peek_text(peek(view + 0xfff))));
    unmap_if(view);
    close_if(mapping);
    close_if(file);
    /* Bytes that do not begin at a sector of the file. */
    for (DWORD at = 0x1000; at < 0x1200; at += 0x10) {
        if (at != 0x1010 && at != 0x11f0 && at != 0x1000) continue;
        memset(changed, 0, sizeof changed);
        memcpy(changed, program, length);
        for (DWORD byte = 0x1000; byte < 0x3000; byte++) changed[byte] = (BYTE)(byte >> 8);
        put(changed, TABLE + 20, at, 4);
        file = stored(changed, 0x3000, GENERIC_READ);
        mapping = create_over(file, PAGE_READONLY | SEC_IMAGE, 0, NULL);
        mapped = ATTEMPT("MapViewOfFile", view = map(mapping, FILE_MAP_READ, 0, 0));
        report(text("bytes-at-%lx", (unsigned long)at), mapped,
               text("%s, %s, %s, %s", peek_text(peek(view + 0x1000)),
                    peek_text(peek(view + 0x11ff)), peek_text(peek(view + 0x1200)),
                    peek_text(peek(view + 0x1400))));
        unmap_if(view);
        close_if(mapping);
        close_if(file);
    }
}

/* The file of a program while it is mapped. */
static void opened_while_mapped(const BYTE *program, DWORD length) {
    static const struct {
        const char *word;
        DWORD access, how, flags;
    } hows[] = {
        {"create-always", GENERIC_READ | GENERIC_WRITE, CREATE_ALWAYS, 0},
        {"create-always-for-reading", GENERIC_READ, CREATE_ALWAYS, 0},
        {"truncate", GENERIC_WRITE, TRUNCATE_EXISTING, 0},
        {"open-for-writing", GENERIC_WRITE, OPEN_EXISTING, 0},
        {"open-always-for-writing", GENERIC_WRITE, OPEN_ALWAYS, 0},
        {"open-for-reading", GENERIC_READ, OPEN_EXISTING, 0},
        {"open-for-nothing", 0, OPEN_EXISTING, 0},
        {"open-to-remove", GENERIC_READ, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE},
    };
    for (size_t index = 0; index < COUNT(hows); index++) {
        for (int by_view = 0; by_view < 3; by_view++) {
            HANDLE file = stored(program, length, GENERIC_READ);
            HANDLE mapping = create_over(file, PAGE_READONLY | SEC_IMAGE, 0, NULL);
            BYTE *view = by_view ? map(mapping, FILE_MAP_READ, 0, 0) : NULL;
            close_if(file);
            if (by_view) close_if(mapping);
            if (by_view == 2) unmap_if(view);
            struct outcome opened =
                ATTEMPT("CreateFile", (file = CreateFileA("image", hows[index].access, SHARE_ALL,
                                                          NULL, hows[index].how,
                                                          hows[index].flags, NULL)) !=
                                          INVALID_HANDLE_VALUE);
            if (opened.good && opened.error == 0) opened.error = UNTOUCHED;
            report(text("%s-with-%s", hows[index].word,
                        by_view == 2 ? "nothing" : by_view ? "a-view" : "a-handle"),
                   opened, "");
            close_if(file);
            if (!by_view) close_if(mapping);
            if (by_view == 1) unmap_if(view);
        }
    }
}

int main(void) {
    static BYTE program[0x2000];
    begin();
    DWORD length = build(program);
    created(program, length);
    sizes(program, length);
    laid_out(program, length);
    no_programs(program, length);
    odd(program, length);
    opened_while_mapped(program, length);
    DeleteFileA("image");
    return 0;
}
