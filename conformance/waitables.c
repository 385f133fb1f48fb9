/* Mutexes, events and semaphores: creating, opening, their names and their rights. */
#define AREA "waitables"
#include "waiting.h"

static HANDLE make_mutex(const char *name) {
    return CreateMutexA(NULL, FALSE, name);
}

static HANDLE make_auto(const char *name) {
    return CreateEventA(NULL, FALSE, TRUE, name);
}

static HANDLE make_manual(const char *name) {
    return CreateEventA(NULL, TRUE, TRUE, name);
}

static HANDLE make_semaphore(const char *name) {
    return CreateSemaphoreA(NULL, 3, 9, name);
}

static HANDLE make_mapping(const char *name) {
    return create_memory(PAGE_READWRITE, PAGE, name);
}

static HANDLE open_mutex(DWORD access, const char *name) {
    return OpenMutexA(access, FALSE, name);
}

static HANDLE open_event(DWORD access, const char *name) {
    return OpenEventA(access, FALSE, name);
}

static HANDLE open_semaphore(DWORD access, const char *name) {
    return OpenSemaphoreA(access, FALSE, name);
}

static HANDLE open_mapping(DWORD access, const char *name) {
    return OpenFileMappingA(access & SYNCHRONIZE ? FILE_MAP_READ : access, FALSE, name);
}

/* The kinds of objects under names; the first four can be waited for. */
static const struct kind {
    const char *word;
    HANDLE (*make)(const char *name);
    HANDLE (*open)(DWORD access, const char *name);
    DWORD all;
} kinds[] = {
    {"mutex", make_mutex, open_mutex, MUTEX_ALL_ACCESS},
    {"auto-event", make_auto, open_event, EVENT_ALL_ACCESS},
    {"manual-event", make_manual, open_event, EVENT_ALL_ACCESS},
    {"semaphore", make_semaphore, open_semaphore, SEMAPHORE_ALL_ACCESS},
    {"mapping", make_mapping, open_mapping, FILE_MAP_READ},
};
#define WAITABLES 4

/* For each kind under a name: what creating and opening that name as each kind does. */
static void names(void) {
    char name[80], other[80];
    for (size_t one = 0; one < COUNT(kinds); one++) {
        strcpy(name, name_of("one-name"));
        HANDLE made, found;
        struct outcome outcome = ATTEMPT("Create", made = kinds[one].make(name));
        report(text("new-%s", kinds[one].word), outcome, "");
        for (size_t two = 0; two < COUNT(kinds); two++) {
            outcome = ATTEMPT("Create", found = kinds[two].make(name));
            report(text("name-of-%s-created-as-%s", kinds[one].word, kinds[two].word), outcome, "");
            close_if(found);
            outcome = ATTEMPT("Open", found = kinds[two].open(SYNCHRONIZE, name));
            report(text("name-of-%s-opened-as-%s", kinds[one].word, kinds[two].word), outcome, "");
            close_if(found);
        }
        strcpy(other, name);
        other[0] = 'C';
        outcome = ATTEMPT("Create", found = kinds[one].make(other));
        report(text("%s-in-another-case", kinds[one].word), outcome, "");
        close_if(found);
        close_if(made);
        outcome = ATTEMPT("Open", found = kinds[one].open(SYNCHRONIZE, name));
        report(text("%s-after-its-last-handle", kinds[one].word), outcome, "");
        close_if(found);
    }
    for (size_t one = 0; one < WAITABLES; one++) {
        static const struct {
            const char *word, *name;
        } odd[] = {
            {"null", NULL},         {"empty", ""},           {"of-a-scope", "Local\\"},
            {"only-scope", "Local"}, {"with-folder", "a\\b"}, {"with-backslash", "\\a"},
        };
        for (size_t two = 0; two < COUNT(odd); two++) {
            HANDLE found;
            struct outcome outcome = ATTEMPT("Create", found = kinds[one].make(odd[two].name));
            report(text("%s-created-with-name-%s", kinds[one].word, odd[two].word), outcome, "");
            close_if(found);
            outcome = ATTEMPT("Open", found = kinds[one].open(SYNCHRONIZE, odd[two].name));
            report(text("%s-opened-with-name-%s", kinds[one].word, odd[two].word), outcome, "");
            close_if(found);
        }
        strcpy(name, text("Local\\%s", name_of("scope")));
        HANDLE made = kinds[one].make(name), found;
        struct outcome outcome =
            ATTEMPT("Open", found = kinds[one].open(SYNCHRONIZE, name_of("scope")));
        report(text("%s-local-is-plain", kinds[one].word), outcome, "");
        close_if(found);
        close_if(made);
    }
}

static HANDLE wide_mutex(const WCHAR *name) {
    return CreateMutexW(NULL, FALSE, name);
}

static HANDLE wide_event(const WCHAR *name) {
    return CreateEventW(NULL, FALSE, TRUE, name);
}

static HANDLE wide_semaphore(const WCHAR *name) {
    return CreateSemaphoreW(NULL, 3, 9, name);
}

/* Both encodings have one set of names. */
static void encodings(void) {
    char name[80];
    WCHAR wide[80];
    strcpy(name, name_of("encodings"));
    for (size_t at = 0; at <= strlen(name); at++) wide[at] = (WCHAR)name[at];
    HANDLE made, found;
    made = make_mutex(name);
    struct outcome outcome = ATTEMPT("CreateMutexW", found = wide_mutex(wide));
    report("wide-mutex", outcome, "");
    close_if(found);
    outcome = ATTEMPT("OpenMutexW", found = OpenMutexW(SYNCHRONIZE, FALSE, wide));
    report("wide-mutex-opened", outcome, "");
    close_if(found);
    close_if(made);
    made = make_auto(name);
    outcome = ATTEMPT("CreateEventW", found = wide_event(wide));
    report("wide-event", outcome, "");
    close_if(found);
    outcome = ATTEMPT("OpenEventW", found = OpenEventW(SYNCHRONIZE, FALSE, wide));
    report("wide-event-opened", outcome, "");
    close_if(found);
    close_if(made);
    made = make_semaphore(name);
    outcome = ATTEMPT("CreateSemaphoreW", found = wide_semaphore(wide));
    report("wide-semaphore", outcome, "");
    close_if(found);
    outcome = ATTEMPT("OpenSemaphoreW", found = OpenSemaphoreW(SYNCHRONIZE, FALSE, wide));
    report("wide-semaphore-opened", outcome, "");
    close_if(found);
    close_if(made);
}

/* What a handle allows: to wait, and what changes the object. */
static const char *uses(HANDLE object) {
    LONG before;
    struct outcome waits = AWAIT("", WaitForSingleObject(object, 0));
    struct outcome frees = ATTEMPT("", ReleaseMutex(object));
    struct outcome sets = ATTEMPT("", SetEvent(object));
    struct outcome resets = ATTEMPT("", ResetEvent(object));
    struct outcome pulses = ATTEMPT("", PulseEvent(object));
    struct outcome releases = ATTEMPT("", ReleaseSemaphore(object, 1, &before));
    SetEvent(object);
    return text("wait=%s free=%s set=%s reset=%s pulse=%s release=%s", outcome_text(waits),
                outcome_text(frees), outcome_text(sets), outcome_text(resets),
                outcome_text(pulses), outcome_text(releases));
}

/* Each right of each kind. */
static void rights(void) {
    char name[80];
    for (size_t one = 0; one < WAITABLES; one++) {
        strcpy(name, name_of("rights"));
        HANDLE made = kinds[one].make(name), found;
        struct outcome outcome = {"Create", 1, UNTOUCHED};
        report(text("%s-made-may", kinds[one].word), outcome, uses(made));
        for (int bit = -1; bit < 32; bit++) {
            DWORD access = bit < 0 ? 0 : 1u << bit;
            outcome = ATTEMPT("Open", found = kinds[one].open(access, name));
            report(text("%s-opened-for-bit-%d", kinds[one].word, bit), outcome, "");
            close_if(found);
        }
        static const struct {
            const char *word;
            DWORD access;
        } masks[] = {
            {"synchronize", SYNCHRONIZE},
            {"read-control", READ_CONTROL},
            {"first", 1},
            {"second", 2},
            {"synchronize-and-first", SYNCHRONIZE | 1},
            {"generic-read", GENERIC_READ},
            {"generic-write", GENERIC_WRITE},
            {"generic-execute", GENERIC_EXECUTE},
            {"generic-all", GENERIC_ALL},
            {"maximum", MAXIMUM_ALLOWED},
        };
        for (size_t two = 0; two < COUNT(masks); two++) {
            if (masks[two].access == 2 && kinds[one].all == MUTEX_ALL_ACCESS) continue;
            outcome = ATTEMPT("Open", found = kinds[one].open(masks[two].access, name));
            report(text("%s-opened-for-%s-may", kinds[one].word, masks[two].word), outcome,
                   found ? uses(found) : "");
            close_if(found);
            HANDLE twin = NULL, here = GetCurrentProcess();
            outcome = ATTEMPT("DuplicateHandle", DuplicateHandle(here, made, here, &twin,
                                                                 masks[two].access, FALSE, 0));
            report(text("%s-duplicate-for-%s-may", kinds[one].word, masks[two].word), outcome,
                   twin ? uses(twin) : "");
            if (twin && masks[two].access == SYNCHRONIZE) {
                HANDLE same = NULL, more = NULL;
                outcome = ATTEMPT("DuplicateHandle", DuplicateHandle(here, twin, here, &same, 0,
                                                                     FALSE, DUPLICATE_SAME_ACCESS));
                report(text("%s-duplicate-of-less-may", kinds[one].word), outcome, uses(same));
                outcome = ATTEMPT("DuplicateHandle",
                                  more = limited(twin, kinds[one].all));
                report(text("%s-duplicate-of-less-for-all-may", kinds[one].word), outcome,
                       uses(more));
                close_if(same);
                close_if(more);
            }
            close_if(twin);
        }
        close_if(made);
    }
}

/* The other way to create. */
static void extended(void) {
    char name[80];
    strcpy(name, name_of("extended"));
    HANDLE made;
    for (DWORD flags = 0; flags < 8; flags++) {
        struct outcome outcome =
            ATTEMPT("CreateMutexEx", made = CreateMutexExA(NULL, NULL, flags, MUTEX_ALL_ACCESS));
        report(text("mutex-with-flags-%lu", (unsigned long)flags), outcome,
               made ? text("in another thread %s", waited_text(elsewhere(work_look, made))) : "");
        close_if(made);
        outcome =
            ATTEMPT("CreateEventEx", made = CreateEventExA(NULL, NULL, flags, EVENT_ALL_ACCESS));
        report(text("event-with-flags-%lu", (unsigned long)flags), outcome,
               made ? looks(made) : "");
        close_if(made);
        outcome = ATTEMPT("CreateSemaphoreEx", made = CreateSemaphoreExA(NULL, 1, 2, NULL, flags,
                                                                         SEMAPHORE_ALL_ACCESS));
        report(text("semaphore-with-flags-%lu", (unsigned long)flags), outcome,
               made ? looks(made) : "");
        close_if(made);
    }
    struct outcome outcome =
        ATTEMPT("CreateMutexEx", made = CreateMutexExA(NULL, name, 0, SYNCHRONIZE));
    report("mutex-made-to-wait", outcome, made ? uses(made) : "");
    close_if(made);
    outcome = ATTEMPT("CreateEventEx", made = CreateEventExA(NULL, name, 3, SYNCHRONIZE));
    report("event-made-to-wait", outcome, made ? uses(made) : "");
    close_if(made);
    outcome = ATTEMPT("CreateEventEx", made = CreateEventExA(NULL, name, 3, EVENT_MODIFY_STATE));
    report("event-made-to-modify", outcome, made ? uses(made) : "");
    close_if(made);
    outcome = ATTEMPT("CreateSemaphoreEx",
                      made = CreateSemaphoreExA(NULL, 1, 9, name, 0, SEMAPHORE_MODIFY_STATE));
    report("semaphore-made-to-modify", outcome, made ? uses(made) : "");
    close_if(made);
}

static unsigned long long number(HANDLE handle) {
    return (unsigned long long)(uintptr_t)handle;
}

/* Handles that a child inherits, and names that it opens. */
static void family(void) {
    static const char *const opens[] = {"mutex", "event", "event", "semaphore"};
    SECURITY_ATTRIBUTES inheritable = {sizeof inheritable, NULL, TRUE};
    struct outcome asked = {"CreateProcess", 1, UNTOUCHED};
    char name[80];
    strcpy(name, name_of("family"));
    for (size_t one = 0; one < WAITABLES; one++) {
        HANDLE made = kinds[one].make(name);
        struct child child = child_start();
        const char *opened = ask(&child, "%s %s", opens[one], name);
        const char *taken = ask(&child, "wait 0");
        report(text("%s-opened-by-a-child", kinds[one].word), asked,
               text("%s, waits %s", opened, taken));
        ask(&child, one == 0 ? "free" : one == 3 ? "release 1" : "set");
        report(text("%s-given-back-by-a-child", kinds[one].word), asked, look(made));
        if (one == 0) ReleaseMutex(made);
        close_if(made);
        HANDLE found;
        struct outcome outcome = ATTEMPT("Open", found = kinds[one].open(SYNCHRONIZE, name));
        report(text("%s-kept-by-a-child", kinds[one].word), outcome, "");
        close_if(found);
        child_end(&child, 1);
        outcome = ATTEMPT("Open", found = kinds[one].open(SYNCHRONIZE, name));
        report(text("%s-after-a-killed-child", kinds[one].word), outcome, "");
        close_if(found);
    }
    for (int named = 0; named < 2; named++) {
        const char *what = named ? "named" : "nameless", *given = named ? name : NULL;
        for (size_t one = 0; one < WAITABLES; one++) {
            HANDLE made = one == 0   ? CreateMutexA(&inheritable, FALSE, given)
                          : one == 3 ? CreateSemaphoreA(&inheritable, 1, 9, given)
                                     : CreateEventA(&inheritable, one == 2, TRUE, given);
            struct child child = child_start();
            ask(&child, "take %llu", number(made));
            const char *first = ask(&child, "wait 0"), *second = ask(&child, "wait 0");
            const char *freed = ask(&child, "free"), *set = ask(&child, "set");
            const char *released = ask(&child, "release 1");
            report(text("%s-%s-inherited", what, kinds[one].word), asked,
                   text("%s, %s, free %s, set %s, release %s", first, second, freed, set,
                        released));
            const char *closed = ask(&child, "close"), *then = ask(&child, "wait 0");
            report(text("%s-%s-closed-by-its-heir", what, kinds[one].word), asked,
                   text("%s, then %s", closed, then));
            child_end(&child, 0);
            HANDLE less = NULL, here = GetCurrentProcess();
            DuplicateHandle(here, made, here, &less, SYNCHRONIZE, TRUE, 0);
            child = child_start();
            ask(&child, "take %llu", number(less));
            first = ask(&child, "wait 0"), set = ask(&child, "set");
            released = ask(&child, "release 1");
            report(text("%s-%s-inherited-to-wait", what, kinds[one].word), asked,
                   text("%s, set %s, release %s", first, set, released));
            child_end(&child, 0);
            close_if(less);
            close_if(made);
        }
    }
}

int main(int count, char **arguments) {
    if (count > 1 && !strcmp(arguments[1], "child")) return child_serve();
    begin();
    names();
    encodings();
    rights();
    extended();
    family();
    return 0;
}
