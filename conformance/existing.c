/* Creating a name that exists. */
#define AREA "existing"
#include "subject.h"

static void protections_of_both(void) {
    const char *name = name_of("both");
    char kept[64];
    strcpy(kept, name);
    for (size_t one = 0; one < COUNT(protections); one++) {
        for (size_t two = 0; two < COUNT(protections); two++) {
            HANDLE first = create_memory(protections[one].flags, 4096, kept), second;
            struct outcome made = ATTEMPT(
                "CreateFileMapping", second = create_memory(protections[two].flags, 4096, kept));
            report(text("%s-then-%s", protections[one].word, protections[two].word), made,
                   second ? views_of(second) : "");
            close_if(second);
            close_if(first);
        }
    }
}

static void sizes(void) {
    static const unsigned long long sizes[] = {1, 4096, 8192, 100000, 1ull << 40};
    char kept[64];
    strcpy(kept, name_of("sizes"));
    for (size_t one = 0; one < 4; one++) {
        for (size_t two = 0; two < COUNT(sizes); two++) {
            HANDLE first = create_memory(PAGE_READWRITE, sizes[one], kept), second;
            struct outcome made =
                ATTEMPT("CreateFileMapping",
                        second = create_memory(PAGE_READWRITE | SEC_RESERVE, sizes[two], kept));
            void *view = second ? map(second, FILE_MAP_READ, 0, 0) : NULL;
            report(text("size-%llu-then-%llu", sizes[one], sizes[two]), made,
                   view ? view_text(view) : "no view");
            unmap_if(view);
            close_if(second);
            close_if(first);
        }
    }
}

static void wrong_arguments(void) {
    char kept[64];
    strcpy(kept, name_of("wrong"));
    HANDLE first = create_memory(PAGE_READWRITE, 4096, kept), second;
    HANDLE reader, empty = file_new("empty", 0), file = file_new("short", 100);
    reader = file_open("short", GENERIC_READ);
    const struct {
        const char *word;
        HANDLE file;
        DWORD flags;
        unsigned long long size;
    } wrong[] = {
        {"no-size", INVALID_HANDLE_VALUE, PAGE_READWRITE, 0},
        {"no-protection", INVALID_HANDLE_VALUE, 0, 4096},
        {"two-protections", INVALID_HANDLE_VALUE, PAGE_READWRITE | PAGE_READONLY, 4096},
        {"commit-and-reserve", INVALID_HANDLE_VALUE, PAGE_READWRITE | SEC_COMMIT | SEC_RESERVE,
         4096},
        {"nocache-alone", INVALID_HANDLE_VALUE, PAGE_READWRITE | SEC_NOCACHE, 4096},
        {"made-up-file", (HANDLE)0x7ffc, PAGE_READWRITE, 4096},
        {"mapping-as-file", first, PAGE_READWRITE, 4096},
        {"empty-file", empty, PAGE_READWRITE, 0},
        {"file-not-for-writing", reader, PAGE_READWRITE, 0},
        {"file-too-short", reader, PAGE_READONLY, 4096},
        {"file-of-another-length", file, PAGE_READWRITE, 0},
        {"file-that-would-grow", file, PAGE_READWRITE, 10000},
        {"too-large", INVALID_HANDLE_VALUE, PAGE_READWRITE, ~0ull >> 1},
    };
    for (size_t index = 0; index < COUNT(wrong); index++) {
        struct outcome made =
            ATTEMPT("CreateFileMapping", second = create_over(wrong[index].file, wrong[index].flags,
                                                              wrong[index].size, kept));
        report(text("existing-with-%s", wrong[index].word), made,
               text("file of %lld", file_length(file)));
        close_if(second);
        /* The same with a name that is new. */
        made =
            ATTEMPT("CreateFileMapping", second = create_over(wrong[index].file, wrong[index].flags,
                                                              wrong[index].size, name_of("new")));
        report(text("new-with-%s", wrong[index].word), made,
               text("file of %lld", file_length(file)));
        close_if(second);
        file_cut(file, 100);
    }
    close_if(first);
    close_if(reader);
    close_if(empty);
    close_if(file);
    DeleteFileA("empty");
    DeleteFileA("short");
}

static void contents(void) {
    char kept[64];
    strcpy(kept, name_of("contents"));
    HANDLE first = filled_memory(PAGE_READWRITE, 3 * PAGE, kept), second;
    struct outcome made =
        ATTEMPT("CreateFileMapping", second = create_memory(PAGE_READWRITE, 3 * PAGE, kept));
    BYTE *one = map(first, FILE_MAP_WRITE, 0, 0), *two = map(second, FILE_MAP_WRITE, 0, 0);
    report("has-the-first-ones-bytes", made,
           text("%s %s %s", peek_text(peek(two)), peek_text(peek(two + PAGE)),
                peek_text(peek(two + 2 * PAGE))));
    poke(two + PAGE, 77);
    report("stores-reach-the-first-one", made, peek_text(peek(one + PAGE)));
    unmap_if(one);
    unmap_if(two);
    CloseHandle(first);
    struct outcome again =
        ATTEMPT("CreateFileMapping", first = create_memory(PAGE_READWRITE, PAGE, kept));
    report("the-second-keeps-the-name", again, "");
    close_if(first);
    close_if(second);
    again = ATTEMPT("CreateFileMapping", first = create_memory(PAGE_READWRITE, PAGE, kept));
    one = map(first, FILE_MAP_WRITE, 0, 0);
    report("a-new-one-is-zero", again, text("%s, %s", peek_text(peek(one)), view_text(one)));
    unmap_if(one);
    close_if(first);

    /* Over a file: the second call passes nothing, or another file. */
    HANDLE file = file_new("one", 5000), other = file_new("other", 9000);
    first = create_over(file, PAGE_READWRITE, 0, kept);
    made = ATTEMPT("CreateFileMapping", second = create_memory(PAGE_READWRITE, 1 << 20, kept));
    one = map(second, FILE_MAP_READ, 0, 0);
    report(
        "file-then-memory", made,
        text("%s, %s", one ? view_text(one) : "no view", one ? peek_text(peek(one + PAGE)) : ""));
    unmap_if(one);
    close_if(second);
    made = ATTEMPT("CreateFileMapping", second = create_over(other, PAGE_READONLY, 0, kept));
    one = map(second, FILE_MAP_READ, 0, 0);
    report("file-then-other-file", made, one ? view_text(one) : "no view");
    unmap_if(one);
    close_if(second);
    made = ATTEMPT("CreateFileMapping", second = create_over(file, PAGE_READONLY, 100, kept));
    one = map(second, FILE_MAP_READ, 0, 0);
    report("file-then-less-of-it", made, one ? view_text(one) : "no view");
    unmap_if(one);
    close_if(second);
    close_if(first);
    close_if(file);
    close_if(other);
    DeleteFileA("one");
    DeleteFileA("other");
}

int main(void) {
    begin();
    protections_of_both();
    sizes();
    wrong_arguments();
    contents();
    return 0;
}
