/* Files without a mapping: opening, reading, writing, moving, as far as those who map them do. */
#define AREA "access"
#include "subject.h"

static const struct {
    const char *word;
    DWORD how;
} hows[] = {
    {"create-new", CREATE_NEW},       {"create-always", CREATE_ALWAYS},
    {"open-existing", OPEN_EXISTING}, {"open-always", OPEN_ALWAYS},
    {"truncate", TRUNCATE_EXISTING},  {"no-way", 9},
};

static void opened(void) {
    static const struct {
        const char *word;
        DWORD access;
    } accesses[] = {{"nothing", 0},
                    {"reading", GENERIC_READ},
                    {"writing", GENERIC_WRITE},
                    {"both", GENERIC_READ | GENERIC_WRITE},
                    {"all", GENERIC_ALL},
                    {"appending", FILE_APPEND_DATA | FILE_READ_DATA}};
    for (size_t how = 0; how < COUNT(hows); how++) {
        for (size_t index = 0; index < COUNT(accesses); index++) {
            for (int there = 0; there < 2; there++) {
                DeleteFileA("opened");
                if (there) close_if(file_new("opened", 10));
                HANDLE file;
                BYTE bytes[4] = {1, 2, 3, 4};
                DWORD count = 0;
                struct outcome done =
                    ATTEMPT("CreateFile", file = file_open_sharing("opened", accesses[index].access,
                                                                   SHARE_ALL, hows[how].how));
                /* Whether merely opening clears the last error is not promised. */
                if (done.good && done.error == 0) done.error = UNTOUCHED;
                long long length = file ? file_length(file) : -1;
                struct outcome read = ATTEMPT("", file && ReadFile(file, bytes, 4, &count, NULL));
                struct outcome wrote = ATTEMPT("", file && WriteFile(file, bytes, 4, &count, NULL));
                report(text("%s-%s-for-%s", there ? "old" : "new", hows[how].word,
                            accesses[index].word),
                       done,
                       text("length %lld, read %s, write %s", length, outcome_text(read),
                            outcome_text(wrote)));
                close_if(file);
            }
        }
    }
    DeleteFileA("opened");
    static const char *const paths[] = {"", "no-such-folder/file", "no-such-file", "."};
    for (size_t index = 0; index < COUNT(paths); index++) {
        HANDLE file;
        struct outcome done = ATTEMPT("CreateFile", file = file_open(paths[index], GENERIC_READ));
        report(text("path-%s-opened", paths[index]), done, "");
        close_if(file);
        done = ATTEMPT("DeleteFile", DeleteFileA(paths[index]));
        report(text("path-%s-removed", paths[index]), done, "");
    }
}

static void positions(void) {
    static const struct {
        const char *word;
        long long by;
        DWORD from;
    } moves[] = {
        {"to-the-start", 0, FILE_BEGIN},   {"ahead", 4, FILE_BEGIN},
        {"on", 3, FILE_CURRENT},           {"back", -2, FILE_CURRENT},
        {"before-the-start", -1, FILE_BEGIN}, {"back-too-far", -100, FILE_CURRENT},
        {"to-the-end", 0, FILE_END},       {"past-the-end", 1000, FILE_END},
        {"before-the-end", -3, FILE_END},  {"nowhere", 0, 7},
        {"far", 1LL << 40, FILE_BEGIN},
    };
    HANDLE file = file_new("positions", 10);
    for (size_t index = 0; index < COUNT(moves); index++) {
        LARGE_INTEGER by, at;
        by.QuadPart = moves[index].by;
        at.QuadPart = -7;
        struct outcome moved = ATTEMPT("SetFilePointerEx",
                                       SetFilePointerEx(file, by, &at, moves[index].from));
        report(text("moved-%s", moves[index].word), moved, text("at %lld", at.QuadPart));
    }
    struct outcome told = ATTEMPT("SetFilePointerEx", file);
    report("moved-where-it-was", told, text("at %llu", file_position(file)));
    close_if(file);
    DeleteFileA("positions");
}

static void transfers(void) {
    HANDLE file = file_new("transfers", 100);
    BYTE bytes[200];
    static const struct {
        const char *word;
        unsigned long long from;
        DWORD size;
        int apart;
    } reads[] = {
        {"whole", 0, 100, 0},       {"more-than-there-is", 0, 200, 0},
        {"at-the-end", 100, 5, 0},  {"past-the-end", 500, 5, 0},
        {"nothing", 0, 0, 0},       {"apart", 50, 10, 1},
        {"apart-across-the-end", 95, 10, 1}, {"apart-at-the-end", 100, 5, 1},
    };
    for (size_t index = 0; index < COUNT(reads); index++) {
        DWORD count = 77;
        OVERLAPPED apart;
        memset(&apart, 0, sizeof apart);
        apart.Offset = (DWORD)reads[index].from;
        file_seek(file, reads[index].apart ? 3 : reads[index].from);
        struct outcome read = ATTEMPT("ReadFile", ReadFile(file, bytes, reads[index].size, &count,
                                                           reads[index].apart ? &apart : NULL));
        report(text("read-%s", reads[index].word), read,
               text("%lu bytes", (unsigned long)count));
        count = 77;
        file_seek(file, reads[index].apart ? 3 : reads[index].from);
        struct outcome wrote =
            ATTEMPT("WriteFile", WriteFile(file, bytes, reads[index].size, &count,
                                           reads[index].apart ? &apart : NULL));
        report(text("wrote-%s", reads[index].word), wrote,
               text("%lu bytes, length %lld", (unsigned long)count, file_length(file)));
        file_cut(file, 100);
    }
    static const unsigned long long lengths[] = {0, 1, 100, 101, 70000, 1ULL << 33};
    for (size_t index = 0; index < COUNT(lengths); index++) {
        file_seek(file, lengths[index]);
        struct outcome set = ATTEMPT("SetEndOfFile", SetEndOfFile(file));
        report(text("ended-at-%llu", lengths[index]), set, text("%lld", file_length(file)));
    }
    close_if(file);
    DeleteFileA("transfers");
}

static void moved(void) {
    close_if(file_new("one", 1));
    close_if(file_new("two", 2));
    struct outcome done = ATTEMPT("MoveFileEx", MoveFileExA("one", "two", 0));
    report("moved-onto-another", done, "");
    done = ATTEMPT("MoveFileEx", MoveFileExA("one", "two", MOVEFILE_REPLACE_EXISTING));
    HANDLE file = file_open("two", GENERIC_READ);
    report("moved-in-place-of-another", done, text("length %lld", file ? file_length(file) : -1));
    close_if(file);
    done = ATTEMPT("MoveFileEx", MoveFileExA("one", "three", 0));
    report("moved-from-nowhere", done, "");
    done = ATTEMPT("DeleteFile", DeleteFileA("two"));
    report("removed", done, "");
    done = ATTEMPT("DeleteFile", DeleteFileA("two"));
    report("removed-again", done, "");
}

int main(void) {
    begin();
    opened();
    positions();
    transfers();
    moved();
    return 0;
}
