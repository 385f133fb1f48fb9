/* Pages of views: their state, protection and commitment. */
#define AREA "pages"
#include "subject.h"

static const struct {
    const char *word;
    DWORD access;
} views[] = {
    {"none", 0},
    {"read", FILE_MAP_READ},
    {"write", FILE_MAP_WRITE},
    {"copy", FILE_MAP_COPY},
    {"read-run", FILE_MAP_READ | FILE_MAP_EXECUTE},
    {"write-run", FILE_MAP_WRITE | FILE_MAP_EXECUTE},
    {"copy-run", FILE_MAP_COPY | FILE_MAP_EXECUTE},
};

static const DWORD wanted[] = {
    0,
    PAGE_NOACCESS,
    PAGE_READONLY,
    PAGE_READWRITE,
    PAGE_WRITECOPY,
    PAGE_EXECUTE,
    PAGE_EXECUTE_READ,
    PAGE_EXECUTE_READWRITE,
    PAGE_EXECUTE_WRITECOPY,
    PAGE_READONLY | PAGE_READWRITE,
    PAGE_NOACCESS | PAGE_EXECUTE_READ,
    PAGE_READONLY | 0x1000,
    0x80000000u,
};

/* Everything that VirtualQuery reports for an address. */
static const char *page_text(const void *view, SIZE_T offset) {
    MEMORY_BASIC_INFORMATION found = query((const BYTE *)view + offset);
    return text("[%s %s %s %llu at %lld of %lld, %lx]", state_text(found.State),
                protection_text(found.Protect), protection_text(found.AllocationProtect),
                (unsigned long long)(found.RegionSize / PAGE),
                (long long)((const BYTE *)found.BaseAddress - (const BYTE *)view),
                found.AllocationBase ? (long long)((const BYTE *)found.AllocationBase -
                                                   (const BYTE *)view)
                                     : -1,
                (unsigned long)found.Type);
}

static void protections_of(const char *word, HANDLE mapping) {
    for (size_t each = 0; each < COUNT(views); each++) {
        for (size_t index = 0; index < COUNT(wanted); index++) {
            BYTE *view = map(mapping, views[each].access, 0, 3 * PAGE);
            DWORD old = 0xFFFF;
            struct outcome changed =
                ATTEMPT("VirtualProtect", VirtualProtect(view + PAGE, 1, wanted[index], &old));
            report(text("%s-%s-becomes-0x%lx", word, views[each].word,
                        (unsigned long)wanted[index]),
                   changed,
                   text("was %s, now %s %s %s", protection_text(old), page_text(view, 0),
                        page_text(view, PAGE), page_text(view, 2 * PAGE)));
            unmap_if(view);
        }
    }
}

static void ranges_of_protection(const char *word, HANDLE mapping) {
    static const struct {
        const char *word;
        SIZE_T from, size;
    } ranges[] = {
        {"a-byte", 0, 1},           {"across-two-pages", PAGE - 1, 2},
        {"the-last-byte", 3 * PAGE - 1, 1}, {"all", 0, 3 * PAGE},
        {"past-the-end", 2 * PAGE, PAGE + 1}, {"far-past-the-end", 0, 1 << 30},
        {"all-there-is", 0, (SIZE_T)-1},
    };
    for (size_t index = 0; index < COUNT(ranges); index++) {
        BYTE *view = map(mapping, FILE_MAP_WRITE, 0, 2 * PAGE + 1);
        DWORD old = 0xFFFF;
        struct outcome changed =
            ATTEMPT("VirtualProtect", VirtualProtect(view + ranges[index].from, ranges[index].size,
                                                     PAGE_READONLY, &old));
        report(text("%s-protected-%s", word, ranges[index].word), changed,
               text("was %s, now %s", protection_text(old), page_text(view, 0)));
        changed = ATTEMPT("VirtualProtect", VirtualProtect(view + ranges[index].from,
                                                           ranges[index].size, PAGE_READWRITE,
                                                           NULL));
        report(text("%s-protected-%s-without-a-place", word, ranges[index].word), changed, "");
        unmap_if(view);
    }
}

static void committed(const char *word, HANDLE mapping) {
    for (size_t each = 0; each < COUNT(views); each++) {
        for (size_t index = 0; index < COUNT(wanted); index++) {
            /* A new mapping each time, because committed pages stay committed. */
            HANDLE own = mapping ? mapping
                                 : create_memory(PAGE_EXECUTE_READWRITE | SEC_RESERVE, 4 * PAGE,
                                                 NULL);
            BYTE *view = map(own, views[each].access, 0, 0), *at = NULL;
            BYTE *other = map(own, FILE_MAP_READ, 0, 0);
            struct outcome done =
                ATTEMPT("VirtualAlloc", at = VirtualAlloc(view + PAGE + 5, PAGE - 5, MEM_COMMIT,
                                                          wanted[index]));
            report(text("%s-%s-committed-0x%lx", word, views[each].word,
                        (unsigned long)wanted[index]),
                   done,
                   text("at %lld, now %s %s, other %s", (long long)(at - view),
                        page_text(view, 0), page_text(view, PAGE), page_text(other, PAGE)));
            unmap_if(view);
            unmap_if(other);
            if (!mapping) close_if(own);
        }
    }
}

static void kinds_of_allocation(const char *word, HANDLE mapping) {
    static const struct {
        const char *word;
        DWORD kind;
        SIZE_T from, size;
    } kinds[] = {
        {"commit-all", MEM_COMMIT, 0, 4 * PAGE},
        {"commit-past-the-end", MEM_COMMIT, 3 * PAGE, PAGE + 1},
        {"commit-nothing", MEM_COMMIT, 0, 0},
        {"reserve", MEM_RESERVE, 0, PAGE},
        {"reserve-and-commit", MEM_RESERVE | MEM_COMMIT, 0, PAGE},
        {"reset", MEM_RESET, 0, PAGE},
        {"nothing", 0, 0, PAGE},
    };
    for (size_t index = 0; index < COUNT(kinds); index++) {
        BYTE *view = map(mapping, FILE_MAP_WRITE, 0, 0), *at = NULL;
        struct outcome done =
            ATTEMPT("VirtualAlloc", at = VirtualAlloc(view + kinds[index].from, kinds[index].size,
                                                      kinds[index].kind, PAGE_READWRITE));
        report(text("%s-%s", word, kinds[index].word), done,
               text("at %lld", (long long)(at - view)));
        unmap_if(view);
    }
}

static void freed(const char *word, HANDLE mapping) {
    static const struct {
        const char *word;
        DWORD kind;
        SIZE_T size;
    } kinds[] = {
        {"released", MEM_RELEASE, 0},
        {"decommitted", MEM_DECOMMIT, PAGE},
        {"decommitted-as-a-whole", MEM_DECOMMIT, 0},
    };
    for (size_t index = 0; index < COUNT(kinds); index++) {
        BYTE *view = map(mapping, FILE_MAP_READ, 0, 0);
        struct outcome done =
            ATTEMPT("VirtualFree", VirtualFree(view, kinds[index].size, kinds[index].kind));
        report(text("%s-%s", word, kinds[index].word), done, "");
        unmap_if(view);
    }
}

static void locked(const char *word, HANDLE mapping) {
    BYTE *view = map(mapping, FILE_MAP_WRITE, 0, 0);
    struct outcome done = ATTEMPT("VirtualLock", VirtualLock(view + 1, PAGE));
    report(text("%s-locked", word), done, "");
    done = ATTEMPT("VirtualUnlock", VirtualUnlock(view + 1, PAGE));
    report(text("%s-unlocked", word), done, "");
    unmap_if(view);
}

/* Reserved pages: their commitment, as seen by other views and later ones. */
static void reserved(void) {
    HANDLE mapping = create_memory(PAGE_READWRITE | SEC_RESERVE, 8 * PAGE, NULL);
    BYTE *view = map(mapping, FILE_MAP_WRITE, 0, 0), *reader = map(mapping, FILE_MAP_READ, 0, 0);
    DWORD old = 0;
    report("reserved-as-it-is", ATTEMPT("VirtualQuery", page_text(view, 0)), page_text(view, 3));
    report("reserved-protected",
           ATTEMPT("VirtualProtect", VirtualProtect(view, PAGE, PAGE_READONLY, &old)), "");
    report("reserved-committed-by-a-reader",
           ATTEMPT("VirtualAlloc", VirtualAlloc(reader + 2 * PAGE, PAGE, MEM_COMMIT, PAGE_READONLY)),
           text("%s %s", page_text(view, 2 * PAGE), page_text(reader, 0)));
    poke(view + 2 * PAGE, 7);
    report("reserved-committed-again",
           ATTEMPT("VirtualAlloc",
                   VirtualAlloc(view + 2 * PAGE, PAGE, MEM_COMMIT, PAGE_READONLY)),
           text("%s, byte %s", page_text(view, 2 * PAGE), peek_text(peek(view + 2 * PAGE))));
    unmap_if(view);
    unmap_if(reader);
    view = map(mapping, FILE_MAP_WRITE, 0, 0);
    report("reserved-mapped-again", ATTEMPT("MapViewOfFile", view),
           text("%s %s, byte %s", page_text(view, 0), page_text(view, 2 * PAGE),
                peek_text(peek(view + 2 * PAGE))));
    unmap_if(view);
    close_if(mapping);
}

static void elsewhere(void) {
    HANDLE mapping = create_memory(PAGE_READWRITE, 4 * PAGE, NULL);
    BYTE *view = map(mapping, FILE_MAP_WRITE, 0, 0);
    unmap_if(view);
    DWORD old = 0;
    MEMORY_BASIC_INFORMATION found = query(view + PAGE);
    report("unmapped-asked-about", ATTEMPT("VirtualQuery", found.RegionSize),
           text("%s %s %s %lx, base %s", state_text(found.State), protection_text(found.Protect),
                protection_text(found.AllocationProtect), (unsigned long)found.Type,
                found.AllocationBase ? "there" : "none"));
    report("unmapped-protected",
           ATTEMPT("VirtualProtect", VirtualProtect(view, 1, PAGE_READONLY, &old)), "");
    report("unmapped-committed",
           ATTEMPT("VirtualAlloc", VirtualAlloc(view, 1, MEM_COMMIT, PAGE_READONLY)), "");
    report("unmapped-released", ATTEMPT("VirtualFree", VirtualFree(view, 0, MEM_RELEASE)), "");
    report("asked-with-little-room",
           ATTEMPT("VirtualQuery", VirtualQuery(&found, &found, sizeof found - 1)), "");
    report("asked-of-the-system", ATTEMPT("VirtualQuery", VirtualQuery((void *)~(ULONG_PTR)0xFFFF,
                                                                      &found, sizeof found)),
           "");
    close_if(mapping);
}

int main(void) {
    begin();
    HANDLE memory = create_memory(PAGE_EXECUTE_READWRITE, 4 * PAGE, NULL);
    HANDLE file = CreateFileA("pages", GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE, SHARE_ALL,
                              NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    HANDLE over = create_over(file, PAGE_EXECUTE_READWRITE, 4 * PAGE, NULL);
    protections_of("memory", memory);
    protections_of("file", over);
    ranges_of_protection("memory", memory);
    ranges_of_protection("file", over);
    committed("reserved", NULL);
    committed("memory", memory);
    committed("file", over);
    HANDLE set_aside = create_memory(PAGE_READWRITE | SEC_RESERVE, 4 * PAGE, NULL);
    kinds_of_allocation("memory", memory);
    kinds_of_allocation("reserved", set_aside);
    kinds_of_allocation("file", over);
    freed("memory", memory);
    freed("reserved", set_aside);
    freed("file", over);
    locked("memory", memory);
    locked("file", over);
    reserved();
    elsewhere();
    close_if(set_aside);
    close_if(over);
    close_if(file);
    close_if(memory);
    DeleteFileA("pages");
    return 0;
}
