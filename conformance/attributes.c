/* The SEC_ flags and their combinations. */
#define AREA "attributes"
#include "subject.h"

static const struct {
    const char *word;
    DWORD flag;
} words[] = {
    {"commit", SEC_COMMIT},     {"reserve", SEC_RESERVE},
    {"nocache", SEC_NOCACHE},   {"writecombine", SEC_WRITECOMBINE},
    {"large", SEC_LARGE_PAGES}, {"file", SEC_FILE},
    {"image", SEC_IMAGE},
};

/* A view of the mapping: the state of its pages, and the result of a read. */
static const char *pages_of(HANDLE mapping, DWORD access) {
    BYTE *view = map(mapping, access, 0, 0);
    if (!view) return text("no view (%lu)", (unsigned long)GetLastError());
    MEMORY_BASIC_INFORMATION found = query(view);
    const char *seen = text("%s %s, read %s", state_text(found.State),
                            protection_text(found.AllocationProtect), peek_text(peek(view)));
    UnmapViewOfFile(view);
    return seen;
}

static void combinations(const char *what, HANDLE file, DWORD protection) {
    for (unsigned set = 0; set < 1u << COUNT(words); set++) {
        const char *name = "";
        DWORD flags = 0;
        unsigned count = 0;
        for (size_t index = 0; index < COUNT(words); index++) {
            if (!(set >> index & 1)) continue;
            flags |= words[index].flag;
            name = text("%s-%s", name, words[index].word);
            count++;
        }
        /* Larger sets add nothing to their parts. */
        if (count > 3) continue;
        HANDLE mapping;
        struct outcome made = ATTEMPT(
            "CreateFileMapping", mapping = create_over(file, protection | flags, 1 << 16, NULL));
        report(text("%s%s", what, *name ? name : "-none"), made,
               mapping ? pages_of(mapping, FILE_MAP_READ) : "");
        close_if(mapping);
    }
}

static void with_every_protection(void) {
    static const struct {
        const char *word;
        DWORD flags;
    } attributes[] = {
        {"reserve", SEC_RESERVE},
        {"commit-nocache", SEC_COMMIT | SEC_NOCACHE},
        {"commit-reserve", SEC_COMMIT | SEC_RESERVE},
    };
    for (size_t one = 0; one < COUNT(protections); one++) {
        for (size_t two = 0; two < COUNT(attributes); two++) {
            HANDLE mapping;
            struct outcome made =
                ATTEMPT("CreateFileMapping",
                        mapping = create_memory(protections[one].flags | attributes[two].flags,
                                                4096, NULL));
            report(text("%s-with-%s", protections[one].word, attributes[two].word), made,
                   mapping ? views_of(mapping) : "");
            close_if(mapping);
        }
    }
}

static void reserved(void) {
    HANDLE mapping = create_memory(PAGE_READWRITE | SEC_RESERVE, 1 << 20, NULL);
    BYTE *one = map(mapping, FILE_MAP_WRITE, 0, 0), *two = map(mapping, FILE_MAP_READ, 0, 0);
    struct outcome asked = ATTEMPT("VirtualQuery", query(one).BaseAddress == one);
    report(
        "reserved-view", asked,
        text("%s %llu", state_text(query(one).State), (unsigned long long)query(one).RegionSize));
    const char *read = peek_text(peek(one)), *stored = poke_text(poke(one + 70000, 5));
    report("reserved-touched", asked,
           text("read %s, store %s, other view %s", read, stored, peek_text(peek(two + 70000))));
    unmap_if(one);
    unmap_if(two);
    close_if(mapping);
}

int main(void) {
    begin();
    combinations("memory", INVALID_HANDLE_VALUE, PAGE_READWRITE);
    HANDLE file = file_new("attributes", 1 << 16);
    combinations("file", file, PAGE_READWRITE);
    combinations("file-readonly", file, PAGE_READONLY);
    close_if(file);
    DeleteFileA("attributes");
    with_every_protection();
    reserved();
    return 0;
}
