/* Mutexes: who owns them, how often, and what is told when an owner ends. */
#define AREA "mutexes"
#include "waiting.h"

static void recursion(void) {
    HANDLE mutex;
    struct outcome outcome = ATTEMPT("CreateMutex", mutex = CreateMutexA(NULL, TRUE, NULL));
    report("owned-from-the-start", outcome, waited_text(elsewhere(work_look, mutex)));
    report_wait("owned-is-taken-again-at-once", mutex, 0);
    report_wait("owned-is-taken-a-third-time", mutex, INFINITE);
    for (int times = 1; times <= 4; times++) {
        outcome = ATTEMPT("ReleaseMutex", ReleaseMutex(mutex));
        report(text("given-back-%d-times", times), outcome,
               times < 3 ? waited_text(elsewhere(work_look, mutex)) : "");
    }
    report_wait("free-is-taken", mutex, 0);
    outcome.good = 1, outcome.error = UNTOUCHED, outcome.call = "ReleaseMutex";
    report("owned-by-another-thread", outcome, waited_text(elsewhere(work_look, mutex)));
    report("given-back-by-another-thread", outcome,
           text("%lu", (unsigned long)elsewhere(work_release, mutex)));
    ReleaseMutex(mutex);
    outcome = ATTEMPT("ReleaseMutex", ReleaseMutex(mutex));
    report("given-back-unowned", outcome, "");
    close_if(mutex);
    outcome = ATTEMPT("ReleaseMutex", ReleaseMutex(mutex));
    report("given-back-closed", outcome, "");
    outcome = ATTEMPT("ReleaseMutex", ReleaseMutex(NULL));
    report("given-back-null", outcome, "");
    HANDLE other = CreateEventA(NULL, FALSE, FALSE, NULL);
    outcome = ATTEMPT("ReleaseMutex", ReleaseMutex(other));
    report("given-back-event", outcome, "");
    close_if(other);
    other = create_memory(PAGE_READWRITE, PAGE, NULL);
    outcome = ATTEMPT("ReleaseMutex", ReleaseMutex(other));
    report("given-back-mapping", outcome, "");
    close_if(other);
}

/* Initial ownership of a name that exists. */
static void existing(void) {
    char name[80];
    strcpy(name, name_of("existing"));
    HANDLE mutex = CreateMutexA(NULL, FALSE, name), second;
    struct outcome outcome = ATTEMPT("CreateMutex", second = CreateMutexA(NULL, TRUE, name));
    report("existing-is-not-owned", outcome, waited_text(elsewhere(work_look, mutex)));
    /* That thread has ended as its owner. */
    report_wait("after-that-thread", second, 0);
    outcome = ATTEMPT("ReleaseMutex", ReleaseMutex(mutex));
    report("given-back-by-another-handle", outcome, "");
    WaitForSingleObject(second, 0);
    close_if(second);
    report("owned-after-its-handle", outcome, waited_text(elsewhere(work_look, mutex)));
    outcome = ATTEMPT("ReleaseMutex", ReleaseMutex(mutex));
    report("given-back-after-its-handle", outcome, waited_text(elsewhere(work_look, mutex)));
    close_if(mutex);
    mutex = CreateMutexA(NULL, TRUE, name);
    close_if(mutex);
    outcome = ATTEMPT("OpenMutex", mutex = OpenMutexA(SYNCHRONIZE, FALSE, name));
    report("owned-without-a-handle", outcome, "");
    close_if(mutex);
    outcome = ATTEMPT("CreateMutex", mutex = CreateMutexA(NULL, FALSE, name));
    report("made-anew-after-that", outcome, waited_text(elsewhere(work_look, mutex)));
    close_if(mutex);
}

static DWORD take_twice(void *mutex) {
    WaitForSingleObject(mutex, INFINITE);
    return WaitForSingleObject(mutex, INFINITE);
}

/* Owners that end. */
static void abandoned(void) {
    char name[80];
    strcpy(name, name_of("abandoned"));
    HANDLE mutex = CreateMutexA(NULL, FALSE, name);
    struct outcome asked = {"CreateProcess", 1, UNTOUCHED};
    elsewhere(take_twice, mutex);
    report_wait("by-a-thread", mutex, 0);
    report("by-a-thread-is-owned-then", asked, waited_text(elsewhere(work_look, mutex)));
    struct outcome outcome = ATTEMPT("ReleaseMutex", ReleaseMutex(mutex));
    report("by-a-thread-given-back", outcome, "");
    outcome = ATTEMPT("ReleaseMutex", ReleaseMutex(mutex));
    report("by-a-thread-given-back-again", outcome, "");
    report_wait("by-a-thread-told-once", mutex, 0);
    ReleaseMutex(mutex);
    static const char *const ways[] = {"exits", "is-killed"};
    for (int way = 0; way < 2; way++) {
        struct child child = child_start();
        const char *answer = ask(&child, "hold %s", name);
        report(text("by-a-child-that-%s-existed", ways[way]), asked, answer);
        report_wait(text("before-a-child-%s", ways[way]), mutex, 0);
        child_end(&child, way);
        report_wait(text("by-a-child-that-%s", ways[way]), mutex, LONG_TIME);
        ReleaseMutex(mutex);
        report_wait(text("after-a-child-that-%s", ways[way]), mutex, 0);
        ReleaseMutex(mutex);
    }
    /* While somebody waits for it. */
    struct child child = child_start();
    ask(&child, "mutex %s", name);
    ask(&child, "wait 1000");
    struct worker waiter;
    worker_start(&waiter, work_wait, mutex);
    child_end(&child, 1);
    report("told-to-a-waiter", asked, waited_text(worker_end(&waiter)));
    report_wait("told-when-the-waiter-ends-as-well", mutex, 0);
    ReleaseMutex(mutex);
    /* The child owns it, and it is the last one. */
    child = child_start();
    ask(&child, "hold %s", name);
    close_if(mutex);
    outcome = ATTEMPT("OpenMutex", mutex = OpenMutexA(SYNCHRONIZE, FALSE, name));
    report("kept-by-its-owner", outcome, mutex ? look(mutex) : "");
    close_if(mutex);
    child_end(&child, 1);
    outcome = ATTEMPT("OpenMutex", mutex = OpenMutexA(SYNCHRONIZE, FALSE, name));
    report("with-its-last-handle", outcome, "");
    close_if(mutex);
}

/* Several that wait: one goes on at each release. */
static DWORD take_and_give(void *mutex) {
    DWORD result = WaitForSingleObject(mutex, LONG_TIME);
    if (result == WAIT_OBJECT_0) ReleaseMutex(mutex);
    return result;
}

static void waiters(void) {
    HANDLE mutex = CreateMutexA(NULL, TRUE, NULL);
    struct worker all[4];
    struct outcome outcome = {"WaitForSingleObject", 1, UNTOUCHED};
    for (size_t index = 0; index < COUNT(all); index++)
        worker_start(&all[index], take_and_give, mutex);
    Sleep(20);
    ReleaseMutex(mutex);
    for (size_t index = 0; index < COUNT(all); index++)
        report(text("waiter-%u", (unsigned)index), outcome, waited_text(worker_end(&all[index])));
    report_wait("after-the-waiters", mutex, 0);
    close_if(mutex);
}

int main(int count, char **arguments) {
    if (count > 1 && !strcmp(arguments[1], "child")) return child_serve();
    begin();
    recursion();
    existing();
    abandoned();
    waiters();
    return 0;
}
