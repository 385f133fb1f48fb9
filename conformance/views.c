/* Protection by access: which views can be mapped, and the result of accessing them. */
#define AREA "views"
#include "subject.h"

static const DWORD accesses[] = {
    0x0,        0x1,        0x2,        0x3,        0x4,        0x5,        0x6,
    0x7,        0x8,        0x9,        0xA,        0xC,        0x10,       0x11,
    0x14,       0x20,       0x21,       0x22,       0x23,       0x24,       0x25,
    0x26,       0x27,       0x28,       0xF001F,    0xF003F,    0x10000000, 0x20000000,
    0x40000000, 0x80000000, 0x20000004, 0x40000004, 0x80000004,
};

static void matrix(const char *word, HANDLE file) {
    for (size_t index = 0; index < COUNT(protections); index++) {
        HANDLE mapping = create_over(file, protections[index].flags, 2 * PAGE, NULL);
        for (size_t access = 0; access < COUNT(accesses); access++) {
            BYTE *view, *other = map(mapping, FILE_MAP_READ, 0, 0);
            struct outcome mapped =
                ATTEMPT("MapViewOfFile", view = map(mapping, accesses[access], 0, 0));
            const char *seen = "";
            if (view) {
                const char *read = peek_text(peek(view + PAGE));
                const char *stored = poke_text(poke(view + PAGE, 9));
                seen = text("%s, read %s, store %s, then %s, others see %s", view_text(view), read,
                            stored, peek_text(peek(view + PAGE)), peek_text(peek(other + PAGE)));
                /* Restored for the next access. */
                poke(view + PAGE, 0);
            }
            report(text("%s-%s-for-0x%lx", word, protections[index].word,
                        (unsigned long)accesses[access]),
                   mapped, seen);
            unmap_if(view);
            unmap_if(other);
        }
        close_if(mapping);
    }
}

static void handles(void) {
    HANDLE file = file_new("handles", 4096), mapping = create_memory(PAGE_READWRITE, 4096, NULL);
    CloseHandle(mapping);
    const struct {
        const char *word;
        HANDLE handle;
    } wrong[] = {
        {"null", NULL},
        {"invalid", INVALID_HANDLE_VALUE},
        {"made-up", (HANDLE)0x7ffc},
        {"closed", mapping},
        {"file", file},
    };
    for (size_t index = 0; index < COUNT(wrong); index++) {
        void *view;
        struct outcome mapped =
            ATTEMPT("MapViewOfFile", view = map(wrong[index].handle, FILE_MAP_READ, 0, 0));
        report(text("handle-%s", wrong[index].word), mapped, "");
        unmap_if(view);
    }
    close_if(file);
    DeleteFileA("handles");
}

int main(void) {
    begin();
    matrix("memory", INVALID_HANDLE_VALUE);
    HANDLE file = file_new("views", 0);
    file_cut(file, 2 * PAGE);
    matrix("file", file);
    close_if(file);
    DeleteFileA("views");
    handles();
    return 0;
}
