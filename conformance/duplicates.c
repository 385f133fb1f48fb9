/* Duplicates of handles: their rights, and the objects that they keep. */
#define AREA "duplicates"
#include "subject.h"

static HANDLE twin(HANDLE source, DWORD access, DWORD options) {
    HANDLE target = NULL;
    return DuplicateHandle(GetCurrentProcess(), source, GetCurrentProcess(), &target, access, FALSE,
                           options)
               ? target
               : NULL;
}

static void matrix(const char *word, HANDLE mapping) {
    static const struct {
        const char *word;
        DWORD access;
        DWORD options;
    } wanted[] = {
        {"the-same", 0, DUPLICATE_SAME_ACCESS},
        {"nothing", 0, 0},
        {"query", 0x1, 0},
        {"read", FILE_MAP_READ, 0},
        {"write", FILE_MAP_WRITE, 0},
        {"read-write", FILE_MAP_READ | FILE_MAP_WRITE, 0},
        {"section-execute-read", 0x8 | FILE_MAP_READ, 0},
        {"all", FILE_MAP_ALL_ACCESS, 0},
        {"generic-read", GENERIC_READ, 0},
        {"generic-write", GENERIC_WRITE, 0},
        {"generic-execute", GENERIC_EXECUTE, 0},
        {"generic-all", GENERIC_ALL, 0},
        {"read-control", READ_CONTROL, 0},
    };
    for (size_t index = 0; index < COUNT(wanted); index++) {
        HANDLE other;
        struct outcome made = ATTEMPT(
            "DuplicateHandle", other = twin(mapping, wanted[index].access, wanted[index].options));
        report(text("%s-for-%s", word, wanted[index].word), made, other ? views_of(other) : "");
        close_if(other);
    }
}

static void lives(void) {
    char kept[64];
    strcpy(kept, name_of("lives"));
    HANDLE mapping = filled_memory(PAGE_READWRITE, PAGE, kept), found;
    HANDLE other = twin(mapping, FILE_MAP_READ, 0);
    CloseHandle(mapping);
    struct outcome opened =
        ATTEMPT("OpenFileMapping", found = OpenFileMappingA(FILE_MAP_WRITE, FALSE, kept));
    report("a-reading-duplicate-keeps-the-name", opened, "");
    close_if(found);
    BYTE *view;
    struct outcome mapped = ATTEMPT("MapViewOfFile", view = map(other, FILE_MAP_READ, 0, 0));
    report("a-duplicate-works-after-its-source", mapped, peek_text(peek(view)));
    unmap_if(view);
    CloseHandle(other);
    opened = ATTEMPT("OpenFileMapping", found = OpenFileMappingA(FILE_MAP_READ, FALSE, kept));
    report("the-last-duplicate-frees-the-name", opened, "");

    mapping = create_memory(PAGE_READWRITE, PAGE, kept);
    other = twin(mapping, 0, 0);
    CloseHandle(mapping);
    opened = ATTEMPT("OpenFileMapping", found = OpenFileMappingA(FILE_MAP_READ, FALSE, kept));
    report("a-duplicate-for-nothing-keeps-the-name", opened, "");
    close_if(found);
    CloseHandle(other);

    mapping = create_memory(PAGE_READWRITE, PAGE, kept);
    struct outcome made =
        ATTEMPT("DuplicateHandle",
                other = twin(mapping, 0, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE));
    report("source-closed", made, other ? views_of(other) : "");
    opened = ATTEMPT("OpenFileMapping", found = OpenFileMappingA(FILE_MAP_READ, FALSE, kept));
    report("source-closed-and-name-kept", opened, "");
    close_if(found);
    CloseHandle(other);
    opened = ATTEMPT("OpenFileMapping", found = OpenFileMappingA(FILE_MAP_READ, FALSE, kept));
    report("source-closed-so-the-name-is-free", opened, "");

    /* A duplicate of a reader's handle. */
    mapping = create_memory(PAGE_READWRITE, PAGE, NULL);
    HANDLE reader = twin(mapping, FILE_MAP_READ, 0);
    matrix("reader", reader);
    HANDLE nothing = twin(mapping, 0, 0);
    matrix("nothing", nothing);
    close_if(reader);
    close_if(nothing);
    close_if(mapping);
}

static void wrong(void) {
    HANDLE mapping = create_memory(PAGE_READWRITE, PAGE, NULL), other;
    struct outcome made =
        ATTEMPT("DuplicateHandle", other = twin((HANDLE)0x7ffc, 0, DUPLICATE_SAME_ACCESS));
    report("of-a-made-up-handle", made, "");
    made = ATTEMPT("DuplicateHandle", other = twin(NULL, 0, DUPLICATE_SAME_ACCESS));
    report("of-null", made, "");
    CloseHandle(mapping);
    made = ATTEMPT("DuplicateHandle", other = twin(mapping, 0, DUPLICATE_SAME_ACCESS));
    report("of-a-closed-handle", made, "");
    HANDLE file = file_new("twin", 5000);
    made = ATTEMPT("DuplicateHandle", other = twin(file, 0, DUPLICATE_SAME_ACCESS));
    CloseHandle(file);
    HANDLE over = create_over(other, PAGE_READWRITE, 0, NULL);
    report("of-a-file", made, over ? views_of(over) : "no mapping");
    close_if(over);
    close_if(other);
    DeleteFileA("twin");
}

/* Files: what a duplicate with other rights may do, and where it reads. */
static void files(void) {
    static const struct {
        const char *word;
        DWORD access, options;
    } wanted[] = {
        {"the-same", 0, DUPLICATE_SAME_ACCESS},
        {"nothing", 0, 0},
        {"read", FILE_READ_DATA, 0},
        {"write", FILE_WRITE_DATA, 0},
        {"generic-read", GENERIC_READ, 0},
        {"generic-write", GENERIC_WRITE, 0},
        {"both", GENERIC_READ | GENERIC_WRITE, 0},
        {"maximum", MAXIMUM_ALLOWED, 0},
    };
    static const struct {
        const char *word;
        DWORD access;
    } sources[] = {
        {"reader", GENERIC_READ}, {"writer", GENERIC_WRITE}, {"owner", GENERIC_READ | GENERIC_WRITE}};
    close_if(file_new("twins", 5000));
    for (size_t source = 0; source < COUNT(sources); source++) {
        HANDLE file = file_open("twins", sources[source].access);
        for (size_t index = 0; index < COUNT(wanted); index++) {
            HANDLE other;
            struct outcome made = ATTEMPT(
                "DuplicateHandle", other = twin(file, wanted[index].access, wanted[index].options));
            char *told = "";
            if (other) {
                LARGE_INTEGER to, at;
                BYTE byte = 0;
                DWORD count;
                to.QuadPart = 100;
                at.QuadPart = -1;
                SetFilePointerEx(file, to, NULL, FILE_BEGIN);
                struct outcome read = ATTEMPT("", ReadFile(other, &byte, 1, &count, NULL));
                struct outcome wrote = ATTEMPT("", WriteFile(other, "x", 1, &count, NULL));
                to.QuadPart = 0;
                SetFilePointerEx(file, to, &at, FILE_CURRENT);
                told = (char *)text("read %s, write %s, source at %lld",
                                    read.good ? "ok" : error_text(read.error),
                                    wrote.good ? "ok" : error_text(wrote.error),
                                    (long long)at.QuadPart);
            }
            report(text("file-of-a-%s-for-%s", sources[source].word, wanted[index].word), made, told);
            close_if(other);
        }
        close_if(file);
    }
    DeleteFileA("twins");
}

/* This process, and attributes that are the source's. */
static void others(void) {
    HANDLE here = GetCurrentProcess(), process, other = NULL;
    struct outcome made =
        ATTEMPT("DuplicateHandle", process = twin(here, 0, DUPLICATE_SAME_ACCESS));
    report("of-this-process", made, "");
    HANDLE mapping = create_memory(PAGE_READWRITE, PAGE, NULL);
    made = ATTEMPT("DuplicateHandle", DuplicateHandle(process, mapping, process, &other, 0, FALSE,
                                                      DUPLICATE_SAME_ACCESS));
    report("by-a-handle-of-this-process", made, other ? views_of(other) : "");
    close_if(other);
    close_if(process);
    SetHandleInformation(mapping, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    DWORD flags = 0;
    made = ATTEMPT("DuplicateHandle", other = twin(mapping, 0, DUPLICATE_SAME_ACCESS | 4));
    report("with-the-attributes-of-its-source", made,
           GetHandleInformation(other, &flags) ? text("%lx", (unsigned long)flags) : "none");
    close_if(other);
    made = ATTEMPT("DuplicateHandle", other = twin(mapping, 0, DUPLICATE_SAME_ACCESS | 8));
    report("with-an-option-that-is-none", made, "");
    close_if(other);
    close_if(mapping);
}

int main(void) {
    begin();
    for (size_t index = 0; index < COUNT(protections); index++) {
        HANDLE mapping = create_memory(protections[index].flags, PAGE, NULL);
        matrix(protections[index].word, mapping);
        close_if(mapping);
    }
    HANDLE file = file_new("duplicates", 5000);
    close_if(file);
    file = file_open("duplicates", GENERIC_READ);
    HANDLE mapping = create_over(file, PAGE_READONLY, 0, NULL);
    matrix("file-readonly", mapping);
    close_if(mapping);
    close_if(file);
    file = file_open("duplicates", GENERIC_READ | GENERIC_WRITE);
    mapping = create_over(file, PAGE_READWRITE, 0, NULL);
    matrix("file-readwrite", mapping);
    close_if(mapping);
    close_if(file);
    DeleteFileA("duplicates");
    lives();
    wrong();
    files();
    others();
    return 0;
}
