/* Opening by name: the rights for each access, over each protection. */
#define AREA "opening"
#include "subject.h"

static const struct {
    const char *word;
    DWORD access;
} accesses[] = {
    {"nothing", 0},
    {"copy", FILE_MAP_COPY},
    {"write", FILE_MAP_WRITE},
    {"write-copy", FILE_MAP_WRITE | FILE_MAP_COPY},
    {"read", FILE_MAP_READ},
    {"read-copy", FILE_MAP_READ | FILE_MAP_COPY},
    {"read-write", FILE_MAP_READ | FILE_MAP_WRITE},
    {"read-write-copy", FILE_MAP_READ | FILE_MAP_WRITE | FILE_MAP_COPY},
    {"section-execute", 0x8},
    {"section-execute-read", 0x8 | FILE_MAP_READ},
    {"section-execute-write", 0x8 | FILE_MAP_WRITE},
    {"extend", 0x10},
    {"execute", FILE_MAP_EXECUTE},
    {"execute-read", FILE_MAP_EXECUTE | FILE_MAP_READ},
    {"execute-write", FILE_MAP_EXECUTE | FILE_MAP_WRITE},
    {"execute-read-write", FILE_MAP_EXECUTE | FILE_MAP_READ | FILE_MAP_WRITE},
    {"all", FILE_MAP_ALL_ACCESS},
    {"all-execute", FILE_MAP_ALL_ACCESS | FILE_MAP_EXECUTE},
    {"generic-read", GENERIC_READ},
    {"generic-write", GENERIC_WRITE},
    {"generic-execute", GENERIC_EXECUTE},
    {"generic-all", GENERIC_ALL},
    {"generic-read-write", GENERIC_READ | GENERIC_WRITE},
    {"maximum", MAXIMUM_ALLOWED},
    {"read-control", READ_CONTROL},
    {"delete", DELETE},
    {"synchronize", SYNCHRONIZE},
    {"read-synchronize", FILE_MAP_READ | SYNCHRONIZE},
    {"system-security", ACCESS_SYSTEM_SECURITY},
    {"read-system-security", FILE_MAP_READ | ACCESS_SYSTEM_SECURITY},
    {"maximum-system-security", MAXIMUM_ALLOWED | ACCESS_SYSTEM_SECURITY},
    {"unknown-40", 0x40},
    {"unknown-8000", FILE_MAP_READ | 0x8000},
    {"unknown-200000", 0x00200000},
    {"unknown-400000", FILE_MAP_READ | 0x00400000},
    {"unknown-800000", 0x00800000},
    {"unknown-4000000", 0x04000000},
    {"unknown-8000000", MAXIMUM_ALLOWED | 0x08000000},
};

static void over(const char *word, DWORD protection, HANDLE file) {
    char kept[64];
    strcpy(kept, name_of("opening"));
    HANDLE mapping = create_over(file, protection, 8192, kept), found;
    for (size_t index = 0; index < COUNT(accesses); index++) {
        struct outcome opened = ATTEMPT(
            "OpenFileMapping", found = OpenFileMappingA(accesses[index].access, FALSE, kept));
        report(text("%s-for-%s", word, accesses[index].word), opened, found ? views_of(found) : "");
        close_if(found);
    }
    close_if(mapping);
}

int main(void) {
    begin();
    for (size_t index = 0; index < COUNT(protections); index++)
        over(protections[index].word, protections[index].flags, INVALID_HANDLE_VALUE);

    HANDLE file = file_new("opening", 8192);
    over("file-readonly", PAGE_READONLY, file);
    over("file-readwrite", PAGE_READWRITE, file);
    close_if(file);

    /* With the file closed, only the name leads to its bytes. */
    char kept[64];
    strcpy(kept, name_of("file"));
    file = file_new("opening", 5000);
    HANDLE mapping = create_over(file, PAGE_READWRITE, 0, kept), found;
    close_if(file);
    struct outcome opened =
        ATTEMPT("OpenFileMapping", found = OpenFileMappingA(FILE_MAP_READ, FALSE, kept));
    BYTE *view = map(found, FILE_MAP_READ, 0, 0);
    report("file-by-name-alone", opened,
           text("%s, %s and %s", view_text(view), peek_text(peek(view)),
                peek_text(peek(view + 4999))));
    unmap_if(view);
    CloseHandle(mapping);
    opened = ATTEMPT("OpenFileMapping", mapping = OpenFileMappingA(FILE_MAP_READ, TRUE, kept));
    report("an-opener-keeps-the-name", opened, "");
    close_if(mapping);
    close_if(found);
    opened = ATTEMPT("OpenFileMapping", found = OpenFileMappingA(FILE_MAP_READ, FALSE, kept));
    report("the-last-close-frees-the-name", opened, "");
    DeleteFileA("opening");
    return 0;
}
