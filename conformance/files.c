/* Changes to a file while it is mapped. */
#define AREA "files"
#include "subject.h"

/* The protections that differ in the changes that they allow. */
#define TRIED 3

/* What is left of the mapping. */
static const char *const held[] = {"handle", "view", "both", "nothing"};

static void lengths(void) {
    static const struct {
        const char *word;
        unsigned long long length;
    } lengths[] = {
        {"0", 0},
        {"1", 1},
        {"one-less", 9999},
        {"the-same", 10000},
        {"one-more", 10001},
        {"less-than-mapped", 3000},
        {"more-than-mapped", 7000},
        {"much-more", 1 << 20},
    };
    for (size_t each = 0; each < TRIED; each++) {
        for (size_t what = 0; what < COUNT(held); what++) {
            for (size_t index = 0; index < COUNT(lengths); index++) {
                HANDLE file = file_new("lengths", 10000);
                HANDLE mapping = create_over(file, protections[each].flags, 5000, NULL);
                BYTE *view = map(mapping, FILE_MAP_READ, 0, 0);
                if (what == 0 || what == 3) {
                    unmap_if(view);
                    view = NULL;
                }
                if (what == 1 || what == 3) {
                    close_if(mapping);
                    mapping = NULL;
                }
                file_seek(file, lengths[index].length);
                struct outcome set = ATTEMPT("SetEndOfFile", SetEndOfFile(file));
                report(text("length-%s-of-%s-with-%s", lengths[index].word, protections[each].word,
                            held[what]),
                       set,
                       text("file of %lld, mapped byte %s", file_length(file),
                            view ? peek_text(peek(view + 4999)) : "none"));
                unmap_if(view);
                close_if(mapping);
                close_if(file);
            }
        }
    }
    DeleteFileA("lengths");
}

static void opened_again(void) {
    static const struct {
        const char *word;
        DWORD how;
    } hows[] = {{"create-always", CREATE_ALWAYS},
                {"truncate", TRUNCATE_EXISTING},
                {"open", OPEN_EXISTING},
                {"open-always", OPEN_ALWAYS},
                {"create-new", CREATE_NEW}};
    static const struct {
        const char *word;
        DWORD access;
    } accesses[] = {
        {"nothing", 0}, {"reading", GENERIC_READ}, {"writing", GENERIC_READ | GENERIC_WRITE}};
    static const struct {
        const char *word;
        DWORD share;
    } shares[] = {{"nothing", 0},
                  {"reading", FILE_SHARE_READ},
                  {"writing", FILE_SHARE_WRITE},
                  {"all", SHARE_ALL}};
    for (size_t each = 0; each < TRIED; each++) {
        for (size_t how = 0; how < COUNT(hows); how++) {
            /* Access and sharing matter only when the file is opened without cutting it. */
            int plain = hows[how].how == OPEN_EXISTING;
            for (size_t access = 0; access < COUNT(accesses); access++) {
                for (size_t share = 0; share < COUNT(shares); share++) {
                    if (!plain && (access != 2 || share != 3)) continue;
                    HANDLE file = file_new("again", 5000), again;
                    HANDLE mapping = create_over(file, protections[each].flags, 0, NULL);
                    close_if(file);
                    struct outcome opened =
                        ATTEMPT("CreateFile",
                                again = file_open_sharing("again", accesses[access].access,
                                                          shares[share].share, hows[how].how));
                    /* ERROR_ALREADY_EXISTS is tested elsewhere. */
                    if (opened.good) opened.error = UNTOUCHED;
                    long long length = again ? file_length(again) : -1;
                    close_if(again);
                    report(text("%s-mapped-%s-for-%s-sharing-%s", protections[each].word,
                                hows[how].word, accesses[access].word, shares[share].word),
                           opened, text("file of %lld", length));
                    close_if(mapping);
                    DeleteFileA("again");
                }
            }
        }
    }
}

static void removed(void) {
    for (size_t each = 0; each < TRIED; each++) {
        for (size_t what = 0; what < COUNT(held); what++) {
            HANDLE file = file_new("removed", 5000), other = file_new("other", 100);
            HANDLE mapping = create_over(file, protections[each].flags, 0, NULL);
            BYTE *view = map(mapping, FILE_MAP_READ, 0, 0);
            close_if(file);
            close_if(other);
            if (what == 0 || what == 3) {
                unmap_if(view);
                view = NULL;
            }
            if (what == 1 || what == 3) {
                close_if(mapping);
                mapping = NULL;
            }
            struct outcome done =
                ATTEMPT("MoveFileEx", MoveFileExA("other", "removed", MOVEFILE_REPLACE_EXISTING));
            report(text("replaced-%s-with-%s", protections[each].word, held[what]), done,
                   text("byte %s", view ? peek_text(peek(view + 4999)) : "none"));
            done = ATTEMPT("MoveFileEx", MoveFileExA("removed", "renamed", 0));
            report(text("renamed-%s-with-%s", protections[each].word, held[what]), done,
                   text("byte %s", view ? peek_text(peek(view + 4999)) : "none"));
            MoveFileExA("renamed", "removed", 0);
            done = ATTEMPT("DeleteFile", DeleteFileA("removed"));
            report(text("removed-%s-with-%s", protections[each].word, held[what]), done,
                   text("byte %s", view ? peek_text(peek(view + 4999)) : "none"));
            unmap_if(view);
            close_if(mapping);
            file = file_open("removed", GENERIC_READ);
            struct outcome looked = {"CreateFile", 1, UNTOUCHED};
            report(text("left-of-removed-%s-with-%s", protections[each].word, held[what]), looked,
                   file ? "there" : "gone");
            close_if(file);
            DeleteFileA("removed");
            DeleteFileA("other");
        }
    }
}

static void grown(void) {
    for (size_t each = 0; each < TRIED; each++) {
        HANDLE file = file_new("grown", 5000);
        HANDLE mapping = create_over(file, protections[each].flags, 0, NULL), wider;
        BYTE *view = map(mapping, FILE_MAP_READ, 0, 0);
        struct outcome done = ATTEMPT("WriteFile", file_store(file, 9999, 5));
        done.error = UNTOUCHED;
        report(text("written-past-the-end-of-%s", protections[each].word), done,
               text("file of %lld, view %s, byte %s", file_length(file), view_text(view),
                    peek_text(peek(view + 4999))));
        done = ATTEMPT("CreateFileMapping", wider = create_over(file, PAGE_READWRITE, 20000, NULL));
        report(text("grown-by-a-mapping-beside-%s", protections[each].word), done,
               text("file of %lld, view %s", file_length(file), view_text(view)));
        close_if(wider);
        done = ATTEMPT("CreateFileMapping", wider = create_over(file, PAGE_READWRITE, 100, NULL));
        report(text("a-shorter-mapping-beside-%s", protections[each].word), done,
               text("file of %lld", file_length(file)));
        close_if(wider);
        unmap_if(view);
        close_if(mapping);
        close_if(file);
    }
    DeleteFileA("grown");
}

static void handles_closed(void) {
    HANDLE file = file_new("closed", 10000), mapping = create_over(file, PAGE_READWRITE, 0, NULL);
    CloseHandle(file);
    BYTE *view;
    struct outcome mapped = ATTEMPT("MapViewOfFile", view = map(mapping, FILE_MAP_WRITE, 0, 0));
    report("mapped-after-the-file-was-closed", mapped, view_text(view));
    poke(view, 3);
    unmap_if(view);
    CloseHandle(mapping);
    file = file_open("closed", GENERIC_READ);
    struct outcome read = {"ReadFile", 1, UNTOUCHED};
    report("stored-after-the-file-was-closed", read, text("%d", file_byte(file, 0)));
    close_if(file);

    /* A mapping by name, of a file that is not open any more. */
    char kept[64];
    strcpy(kept, name_of("files"));
    file = file_new("closed", 10000);
    mapping = create_over(file, PAGE_READWRITE, 0, kept);
    close_if(file);
    HANDLE found;
    struct outcome opened =
        ATTEMPT("OpenFileMapping", found = OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, kept));
    CloseHandle(mapping);
    view = map(found, FILE_MAP_WRITE, 0, 0);
    poke(view + 1, 4);
    report("opened-by-name-after-the-file-was-closed", opened, view_text(view));
    unmap_if(view);
    close_if(found);
    file = file_open("closed", GENERIC_READ);
    report("stored-by-name", read, text("%d", file_byte(file, 1)));
    close_if(file);
    DeleteFileA("closed");
}

int main(void) {
    begin();
    lengths();
    opened_again();
    removed();
    grown();
    handles_closed();
    return 0;
}
