/* Files without a mapping: opening, reading, writing, moving. */
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
                /* It is not documented whether opening alone clears the last error. */
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

/* The position after an input or output, and what its structure has. */
static void state(const char *word, HANDLE file, const OVERLAPPED *apart, int is_apart) {
    struct outcome told = ATTEMPT("SetFilePointerEx", file);
    report(text("%s-leaves", word), told,
           is_apart ? text("at %llu, status %llx, %llu bytes", file_position(file),
                           (unsigned long long)apart->Internal & 0xFFFFFFFF,
                           (unsigned long long)apart->InternalHigh)
                    : text("at %llu", file_position(file)));
}

/* Buffers of which a page is closed: nothing is moved. */
static void closed_buffers(void) {
    static const struct {
        const char *word;
        SIZE_T from;
        DWORD size;
    } buffers[] = {
        {"before", 0, 4096},          {"across", 4000, 200},  {"up-to", 4086, 10},
        {"inside", 4096, 10},         {"behind", 8192, 4096}, {"over", 0, 12288},
        {"across-the-end-of", 8000, 300},
    };
    static const DWORD words[] = {PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE};
    HANDLE mapping = create_memory(PAGE_READWRITE, 3 * PAGE, NULL);
    BYTE *view = map(mapping, FILE_MAP_WRITE, 0, 0);
    DWORD old;
    for (size_t word = 0; word < COUNT(words); word++) {
        for (size_t index = 0; index < COUNT(buffers); index++) {
            for (int apart = 0; apart < 2; apart++) {
                HANDLE file = file_new("closed", 20000);
                const char *name = text("%s-a-page-of-%s%s", buffers[index].word,
                                        protection_text(words[word]), apart ? "-apart" : "");
                OVERLAPPED place;
                DWORD count = 77;
                memset(&place, 0, sizeof place);
                place.Offset = 5000;
                file_seek(file, 3);
                memset(view, 200, 3 * PAGE);
                VirtualProtect(view + PAGE, PAGE, words[word], &old);
                struct outcome read = ATTEMPT(
                    "ReadFile", ReadFile(file, view + buffers[index].from, buffers[index].size,
                                         &count, apart ? &place : NULL));
                unsigned long long at = file_position(file);
                VirtualProtect(view + PAGE, PAGE, PAGE_READWRITE, &old);
                int moved = memchr(view, 1, 3 * PAGE) || memchr(view, 2, 3 * PAGE);
                struct outcome left = ATTEMPT("", 1);
                report(text("read-%s", name), read, text("%lu bytes", (unsigned long)count));
                report(text("read-%s-leaves", name), left,
                       text("at %llu, bytes %s", at, moved ? "moved" : "where they were"));
                VirtualProtect(view + PAGE, PAGE, words[word], &old);
                file_seek(file, 3);
                struct outcome wrote = ATTEMPT(
                    "WriteFile", WriteFile(file, view + buffers[index].from, buffers[index].size,
                                           &count, apart ? &place : NULL));
                at = file_position(file);
                VirtualProtect(view + PAGE, PAGE, PAGE_READWRITE, &old);
                report(text("wrote-%s", name), wrote, text("%lu bytes", (unsigned long)count));
                report(text("wrote-%s-leaves", name), left,
                       text("at %llu, bytes %d and %d", at, file_byte(file, 3),
                            file_byte(file, 5000)));
                close_if(file);
            }
        }
    }
    HANDLE file = file_new("closed", 10);
    DWORD count = 77;
    struct outcome tried = ATTEMPT("ReadFile", ReadFile(file, NULL, 5, &count, NULL));
    report("read-to-nowhere", tried, "");
    tried = ATTEMPT("WriteFile", WriteFile(file, NULL, 5, &count, NULL));
    report("wrote-from-nowhere", tried, "");
    VirtualProtect(view + PAGE, PAGE, PAGE_NOACCESS, &old);
    tried = ATTEMPT("ReadFile", ReadFile(file, view, 8192, &count, NULL));
    report("read-less-than-is-closed", tried, text("%lu bytes", (unsigned long)count));
    close_if(file);
    unmap_if(view);
    close_if(mapping);
    DeleteFileA("closed");
}

/* What needs the right to write, and what needs none. */
static void rights(void) {
    static const struct {
        const char *word;
        DWORD access;
    } accesses[] = {{"nothing", 0},
                    {"reading", GENERIC_READ},
                    {"writing", GENERIC_WRITE},
                    {"appending", FILE_APPEND_DATA}};
    for (size_t index = 0; index < COUNT(accesses); index++) {
        close_if(file_new("rights", 10));
        HANDLE file = file_open("rights", accesses[index].access);
        struct outcome done = ATTEMPT("FlushFileBuffers", FlushFileBuffers(file));
        report(text("flushed-for-%s", accesses[index].word), done, "");
        done = ATTEMPT("SetEndOfFile", SetEndOfFile(file));
        report(text("ended-for-%s", accesses[index].word), done, "");
        close_if(file);
    }
    DeleteFileA("rights");
    struct outcome done = ATTEMPT(
        "VirtualAlloc", VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_WRITECOPY));
    report("memory-to-copy-on-write", done, "");
    done = ATTEMPT("VirtualAlloc",
                   VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_WRITECOPY));
    report("memory-to-execute-and-copy-on-write", done, "");
}

/* A handle without access has a position, and nothing else. */
static void without_access(void) {
    static const struct {
        const char *word;
        long long by;
        DWORD from;
    } moves[] = {
        {"ahead", 4, FILE_BEGIN},       {"on", 3, FILE_CURRENT},      {"to-the-end", 0, FILE_END},
        {"before-the-end", -3, FILE_END}, {"before-the-start", -100, FILE_CURRENT},
        {"past-the-end", 1000, FILE_END}, {"nowhere", 0, 7},
    };
    close_if(file_new("without", 10));
    HANDLE file = file_open("without", 0), here = GetCurrentProcess(), twin = NULL;
    for (size_t index = 0; index < COUNT(moves); index++) {
        LARGE_INTEGER by, at;
        by.QuadPart = moves[index].by;
        at.QuadPart = -7;
        struct outcome moved = ATTEMPT("SetFilePointerEx",
                                       SetFilePointerEx(file, by, &at, moves[index].from));
        report(text("moved-without-access-%s", moves[index].word), moved,
               text("at %lld", at.QuadPart));
    }
    DuplicateHandle(here, file, here, &twin, 0, FALSE, DUPLICATE_SAME_ACCESS);
    file_seek(file, 5);
    struct outcome told = ATTEMPT("SetFilePointerEx", twin);
    report("moved-without-access-with-its-duplicate", told, text("at %llu", file_position(twin)));
    told = ATTEMPT("SetEndOfFile", SetEndOfFile(file));
    report("ended-without-access", told, "");
    told = ATTEMPT("GetFileSizeEx", file_length(file) == 10);
    report("length-without-access", told, "");
    close_if(twin);
    close_if(file);
    DeleteFileA("without");
}

static const char *there(const char *path) {
    HANDLE file = file_open(path, 0);
    const char *word = file ? "there" : "gone";
    close_if(file);
    return word;
}

static HANDLE temporary(DWORD access, DWORD how) {
    HANDLE file = CreateFileA("temporary", access, SHARE_ALL, NULL, how, FILE_FLAG_DELETE_ON_CLOSE,
                              NULL);
    return file == INVALID_HANDLE_VALUE ? NULL : file;
}

static void temporaries(void) {
    HANDLE here = GetCurrentProcess(), file, twin = NULL;
    struct outcome done = ATTEMPT("CreateFile", file = temporary(GENERIC_WRITE, CREATE_ALWAYS));
    report("temporary", done, there("temporary"));
    DuplicateHandle(here, file, here, &twin, 0, FALSE, DUPLICATE_SAME_ACCESS);
    done = ATTEMPT("CloseHandle", CloseHandle(file));
    report("temporary-closed-but-for-a-duplicate", done, there("temporary"));
    done = ATTEMPT("CloseHandle", CloseHandle(twin));
    report("temporary-closed", done, there("temporary"));
    close_if(file_new("temporary", 100));
    done = ATTEMPT("CreateFile", file = temporary(GENERIC_READ, OPEN_EXISTING));
    HANDLE mapping = create_over(file, PAGE_READONLY, 0, NULL);
    BYTE *view = map(mapping, FILE_MAP_READ, 0, 0);
    report("temporary-mapped", done, there("temporary"));
    close_if(mapping);
    done = ATTEMPT("CloseHandle", CloseHandle(file));
    report("temporary-mapped-closed", done, peek_text(peek(view)));
    unmap_if(view);
    report("temporary-unmapped", done, there("temporary"));
    done = ATTEMPT("CreateFile", file = temporary(GENERIC_READ, OPEN_EXISTING));
    report("temporary-that-is-not-there", done, "");
    close_if(file_new("temporary", 1));
    file = temporary(0, OPEN_EXISTING);
    done = ATTEMPT("MoveFileEx", MoveFileExA("temporary", "moved", 0));
    report("temporary-moved", done, text("%s, %s", there("temporary"), there("moved")));
    done = ATTEMPT("CloseHandle", CloseHandle(file));
    report("temporary-moved-closed", done, text("%s, %s", there("temporary"), there("moved")));
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
        state(text("read-%s", reads[index].word), file, &apart, reads[index].apart);
        count = 77;
        file_seek(file, reads[index].apart ? 3 : reads[index].from);
        struct outcome wrote =
            ATTEMPT("WriteFile", WriteFile(file, bytes, reads[index].size, &count,
                                           reads[index].apart ? &apart : NULL));
        report(text("wrote-%s", reads[index].word), wrote,
               text("%lu bytes, length %lld", (unsigned long)count, file_length(file)));
        state(text("wrote-%s", reads[index].word), file, &apart, reads[index].apart);
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
    closed_buffers();
    rights();
    without_access();
    temporaries();
    moved();
    return 0;
}
