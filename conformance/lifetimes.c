/* Names, memory and handles across processes. */
#define AREA "lifetimes"
#include "child.h"

static HANDLE opened(const char *name) {
    return OpenFileMappingA(FILE_MAP_READ, FALSE, name);
}

/* For each protection and access: what a child can open and map. */
static void matrix(void) {
    static const struct {
        const char *word;
        DWORD access;
    } accesses[] = {
        {"read", FILE_MAP_READ},      {"write", FILE_MAP_WRITE},
        {"copy", FILE_MAP_COPY},      {"read-write", FILE_MAP_READ | FILE_MAP_WRITE},
        {"all", FILE_MAP_ALL_ACCESS},
    };
    struct child child = child_start();
    char name[64];
    strcpy(name, name_of("matrix"));
    for (size_t one = 0; one < COUNT(protections); one++) {
        for (int over = 0; over < 2; over++) {
            HANDLE file = over ? file_new("matrix", 8192) : NULL;
            HANDLE mapping = create_over(file, protections[one].flags, 8192, name);
            close_if(file);
            for (size_t two = 0; two < COUNT(accesses); two++) {
                const char *answer =
                    ask(&child, "open %lx %s", (unsigned long)accesses[two].access, name);
                struct outcome asked = {"OpenFileMapping", 1, UNTOUCHED};
                report(text("child-opens-%s-%s-for-%s", over ? "file" : "memory",
                            protections[one].word, accesses[two].word),
                       asked, text("%s, %s", answer, ask(&child, "views")));
                ask(&child, "close");
            }
            close_if(mapping);
        }
    }
    child_end(&child, 0);
    DeleteFileA("matrix");
}

/* Stores of one process, and their visibility in the other. */
static void coherence(void) {
    static const struct {
        const char *word;
        DWORD access;
    } ways[] = {{"view", FILE_MAP_WRITE}, {"copy", FILE_MAP_COPY}, {"file", 0}};
    char name[64];
    strcpy(name, name_of("coherence"));
    HANDLE file = file_new("coherence", 8192), mapping = create_over(file, PAGE_READWRITE, 0, name);
    struct child child = child_start();
    int byte = 10;
    for (size_t one = 0; one < COUNT(ways); one++) {
        for (size_t two = 0; two < COUNT(ways); two++) {
            for (int from_child = 0; from_child < 2; from_child++) {
                DWORD ours = from_child ? ways[two].access : ways[one].access;
                DWORD theirs = from_child ? ways[one].access : ways[two].access;
                BYTE *view = ours ? map(mapping, ours, 0, 0) : NULL;
                if (theirs) {
                    ask(&child, "open %x %s", (unsigned)(FILE_MAP_READ | FILE_MAP_WRITE), name);
                    ask(&child, "map %lx", (unsigned long)theirs);
                }
                byte++;
                struct outcome stored = {"store", 1, UNTOUCHED};
                const char *seen;
                if (from_child) {
                    if (theirs)
                        ask(&child, "poke 4096 %d", byte);
                    else
                        ask(&child, "store 4096 %d coherence", byte);
                    seen = view ? peek_text(peek(view + 4096)) : text("%d", file_byte(file, 4096));
                } else {
                    if (view)
                        poke(view + 4096, byte);
                    else
                        file_store(file, 4096, byte);
                    seen = theirs ? ask(&child, "peek 4096") : ask(&child, "load 4096 coherence");
                }
                report(text("%s-%s-to-%s", from_child ? "child" : "parent", ways[one].word,
                            ways[two].word),
                       stored, text("%s", seen));
                unmap_if(view);
                if (theirs) {
                    ask(&child, "unmap");
                    ask(&child, "close");
                }
            }
        }
    }
    child_end(&child, 0);
    close_if(mapping);
    close_if(file);
    DeleteFileA("coherence");
}

/* The end of a child's handles and views: by closing, by its exit, by a kill. */
static void ends(void) {
    static const char *const words[] = {"closing", "ending", "being-killed"};
    for (int how = 0; how < 3; how++) {
        for (int over = 0; over < 2; over++) {
            char name[64];
            strcpy(name, name_of("ends"));
            const char *what = over ? "file" : "memory";
            HANDLE file = over ? file_new("ends", 8192) : NULL;
            HANDLE mapping = create_over(file, PAGE_READWRITE, 8192, name), found;
            close_if(file);
            struct child child = child_start();
            ask(&child, "open %x %s", (unsigned)(FILE_MAP_READ | FILE_MAP_WRITE), name);
            ask(&child, "map %x", (unsigned)FILE_MAP_WRITE);
            ask(&child, "poke 5 42");
            CloseHandle(mapping);
            struct outcome outcome = ATTEMPT("OpenFileMapping", found = opened(name));
            BYTE *view = found ? map(found, FILE_MAP_READ, 0, 0) : NULL;
            report(text("%s-kept-by-child-before-%s", what, words[how]), outcome,
                   view ? peek_text(peek(view + 5)) : "no view");
            unmap_if(view);
            close_if(found);
            if (how == 0) {
                ask(&child, "close");
                outcome = ATTEMPT("OpenFileMapping", found = opened(name));
                report(text("%s-kept-by-view-of-child", what), outcome, "");
                close_if(found);
                outcome =
                    ATTEMPT("CreateFileMapping", found = create_memory(PAGE_READWRITE, 4096, name));
                view = found ? map(found, FILE_MAP_READ, 0, 0) : NULL;
                report(
                    text("%s-made-anew-beside-view-of-child", what), outcome,
                    text("new %s, child's %s", peek_text(peek(view + 5)), ask(&child, "peek 5")));
                unmap_if(view);
                close_if(found);
                child_end(&child, 0);
            } else {
                child_end(&child, how == 2);
            }
            outcome = ATTEMPT("OpenFileMapping", found = opened(name));
            report(text("%s-after-%s", what, words[how]), outcome, "");
            close_if(found);
            outcome =
                ATTEMPT("CreateFileMapping", found = create_memory(PAGE_READWRITE, 4096, name));
            view = found ? map(found, FILE_MAP_READ, 0, 0) : NULL;
            report(text("%s-made-anew-after-%s", what, words[how]), outcome,
                   view ? peek_text(peek(view + 5)) : "no view");
            unmap_if(view);
            close_if(found);
            if (over) {
                file = file_open("ends", GENERIC_READ);
                struct outcome stored = {"store", 1, UNTOUCHED};
                report(text("stored-without-flush-before-%s", words[how]), stored,
                       text("%d", file_byte(file, 5)));
                close_if(file);
                DeleteFileA("ends");
            }
        }
    }
}

/* A parent that closes its own while a child goes on, and the reverse. */
static void survivors(void) {
    char name[64];
    strcpy(name, name_of("survivors"));
    struct child child = child_start();
    struct outcome asked = {"CreateFileMapping", 1, UNTOUCHED};
    const char *answer = ask(&child, "create 10000 %s", name);
    report("child-creates", asked, answer);
    ask(&child, "map %x", (unsigned)FILE_MAP_WRITE);
    ask(&child, "poke 9999 17");
    HANDLE found;
    struct outcome outcome = ATTEMPT("OpenFileMapping", found = opened(name));
    BYTE *view = found ? map(found, FILE_MAP_READ, 0, 0) : NULL;
    report("parent-opens-what-a-child-made", outcome,
           text("%s, %s", view_text(view), peek_text(peek(view + 9999))));
    HANDLE second;
    outcome = ATTEMPT("CreateFileMapping", second = create_memory(PAGE_READWRITE, 1, name));
    report("parent-creates-what-a-child-made", outcome, second ? views_of(second) : "");
    close_if(second);
    child_end(&child, 1);
    report("bytes-after-the-maker-was-killed", asked, peek_text(peek(view + 9999)));
    outcome = ATTEMPT("OpenFileMapping", second = opened(name));
    report("name-after-the-maker-was-killed", outcome, "");
    close_if(second);
    child = child_start();
    report("another-child-opens-it", asked,
           text("%s, %s", ask(&child, "create 1 %s", name), ask(&child, "views")));
    close_if(found);
    report("view-after-the-handle", asked, peek_text(peek(view + 9999)));
    child_end(&child, 1);
    outcome = ATTEMPT("OpenFileMapping", second = opened(name));
    report("name-with-a-view-left", outcome, "");
    close_if(second);
    report("view-after-the-name", asked, peek_text(peek(view + 9999)));
    unmap_if(view);
}

static unsigned long long number(HANDLE handle) {
    return (unsigned long long)(uintptr_t)handle;
}

/* Handles that a child inherits. */
static void inherited(void) {
    char name[64];
    strcpy(name, name_of("inherited"));
    SECURITY_ATTRIBUTES inheritable = {sizeof inheritable, NULL, TRUE};
    struct outcome asked = {"CreateProcess", 1, UNTOUCHED};
    HANDLE found;

    for (int named = 0; named < 2; named++) {
        const char *what = named ? "named" : "unnamed";
        HANDLE mapping = CreateFileMappingA(INVALID_HANDLE_VALUE, &inheritable, PAGE_READWRITE, 0,
                                            8192, named ? name : NULL);
        BYTE *view = map(mapping, FILE_MAP_WRITE, 0, 0);
        poke(view + 5000, 61);
        struct child child = child_start();
        ask(&child, "take %llu", number(mapping));
        report(text("%s-created-inheritable", what), asked,
               text("%s, byte %s", ask(&child, "map %x", (unsigned)FILE_MAP_READ),
                    ask(&child, "peek 5000")));
        report(text("%s-views-of-an-inherited-handle", what), asked, ask(&child, "views"));
        ask(&child, "unmap");
        unmap_if(view);
        CloseHandle(mapping);
        if (named) {
            struct outcome outcome = ATTEMPT("OpenFileMapping", found = opened(name));
            report("name-kept-by-an-heir", outcome, "");
            close_if(found);
        }
        report(text("%s-heir-closes", what), asked, ask(&child, "close"));
        if (named) {
            struct outcome outcome = ATTEMPT("OpenFileMapping", found = opened(name));
            report("name-after-the-heir-closed", outcome, "");
            close_if(found);
        }
        child_end(&child, 0);

        mapping = create_memory(PAGE_READWRITE, 8192, named ? name : NULL);
        child = child_start();
        ask(&child, "take %llu", number(mapping));
        report(text("%s-not-inheritable", what), asked,
               ask(&child, "map %x", (unsigned)FILE_MAP_READ));
        child_end(&child, 0);

        static const struct {
            const char *word;
            DWORD access;
        } accesses[] = {{"read", FILE_MAP_READ}, {"read-write", FILE_MAP_READ | FILE_MAP_WRITE}};
        for (size_t index = 0; index < COUNT(accesses); index++) {
            HANDLE twin = NULL;
            DuplicateHandle(GetCurrentProcess(), mapping, GetCurrentProcess(), &twin,
                            accesses[index].access, TRUE, 0);
            child = child_start();
            ask(&child, "take %llu", number(twin));
            report(text("%s-inherited-duplicate-for-%s", what, accesses[index].word), asked,
                   ask(&child, "views"));
            child_end(&child, 0);
            close_if(twin);
            if (!named) continue;
            twin = OpenFileMappingA(accesses[index].access, TRUE, name);
            child = child_start();
            ask(&child, "take %llu", number(twin));
            report(text("inherited-open-for-%s", accesses[index].word), asked,
                   ask(&child, "views"));
            child_end(&child, 1);
            close_if(twin);
        }
        close_if(mapping);
    }
    struct outcome outcome = ATTEMPT("OpenFileMapping", found = opened(name));
    report("name-after-all-heirs", outcome, "");
    close_if(found);
}

int main(int count, char **arguments) {
    if (count > 1 && !strcmp(arguments[1], "child")) return child_serve();
    begin();
    matrix();
    coherence();
    ends();
    survivors();
    inherited();
    return 0;
}
