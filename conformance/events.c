/* Events and semaphores: who is released, and what is left. */
#define AREA "events"
#include "waiting.h"

static void states(void) {
    for (int manual = 0; manual < 2; manual++) {
        for (int set = 0; set < 2; set++) {
            HANDLE event = CreateEventA(NULL, manual, set, NULL);
            const char *word = text("%s-%s", manual ? "manual" : "auto", set ? "set" : "unset");
            report_wait(text("%s-first", word), event, 0);
            report_wait(text("%s-second", word), event, 0);
            report_wait(text("%s-after-a-time", word), event, 20);
            struct outcome outcome = ATTEMPT("SetEvent", SetEvent(event));
            report(text("%s-then-set", word), outcome, "");
            outcome = ATTEMPT("SetEvent", SetEvent(event));
            report(text("%s-set-twice", word), outcome,
                   looks(event));
            SetEvent(event);
            outcome = ATTEMPT("ResetEvent", ResetEvent(event));
            report(text("%s-reset", word), outcome, look(event));
            outcome = ATTEMPT("ResetEvent", ResetEvent(event));
            report(text("%s-reset-twice", word), outcome, look(event));
            SetEvent(event);
            outcome = ATTEMPT("PulseEvent", PulseEvent(event));
            report(text("%s-pulsed", word), outcome, look(event));
            close_if(event);
        }
    }
    char name[80];
    strcpy(name, name_of("states"));
    HANDLE first = CreateEventA(NULL, TRUE, FALSE, name), second;
    struct outcome outcome = ATTEMPT("CreateEvent", second = CreateEventA(NULL, FALSE, TRUE, name));
    report("existing-keeps-its-state", outcome, look(first));
    SetEvent(second);
    report("existing-keeps-its-kind", outcome, looks(first));
    close_if(first);
    report("set-outlives-the-other-handle", outcome, look(second));
    close_if(second);
    static const struct {
        const char *word;
        BOOL(WINAPI *change)(HANDLE);
    } changes[] = {{"set", SetEvent}, {"reset", ResetEvent}, {"pulse", PulseEvent}};
    HANDLE mutex = CreateMutexA(NULL, FALSE, NULL), mapping = create_memory(PAGE_READWRITE, 1, NULL);
    HANDLE file = file_new("events", 1);
    for (size_t one = 0; one < COUNT(changes); one++) {
        outcome = ATTEMPT("change", changes[one].change(mutex));
        report(text("%s-of-a-mutex", changes[one].word), outcome, "");
        outcome = ATTEMPT("change", changes[one].change(mapping));
        report(text("%s-of-a-mapping", changes[one].word), outcome, "");
        outcome = ATTEMPT("change", changes[one].change(file));
        report(text("%s-of-a-file", changes[one].word), outcome, "");
        outcome = ATTEMPT("change", changes[one].change(NULL));
        report(text("%s-of-null", changes[one].word), outcome, "");
        outcome = ATTEMPT("change", changes[one].change(INVALID_HANDLE_VALUE));
        report(text("%s-of-this-process", changes[one].word), outcome, "");
    }
    close_if(file);
    DeleteFileA("events");
    close_if(mapping);
    close_if(mutex);
}

/* Threads that wait. */
static void released(void) {
    struct worker all[3];
    struct outcome outcome = {"SetEvent", 1, UNTOUCHED};
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    for (size_t index = 0; index < COUNT(all); index++) worker_start(&all[index], work_wait, event);
    Sleep(20);
    for (size_t index = 0; index < COUNT(all); index++) SetEvent(event);
    for (size_t index = 0; index < COUNT(all); index++)
        report(text("auto-releases-one-each-time-%u", (unsigned)index), outcome,
               waited_text(worker_end(&all[index])));
    report_wait("auto-is-unset-after-that", event, 0);
    all[0].result = 99;
    worker_start(&all[0], work_wait, event);
    /* A thread that is about to wait is not released: so until it is. */
    for (int pulses = 0; all[0].result == 99 && pulses < 10000; pulses++) {
        PulseEvent(event);
        Sleep(1);
    }
    report("auto-pulse-releases", outcome, waited_text(worker_end(&all[0])));
    report_wait("auto-is-unset-after-a-pulse", event, 0);
    close_if(event);
    event = CreateEventA(NULL, TRUE, FALSE, NULL);
    for (size_t index = 0; index < COUNT(all); index++) worker_start(&all[index], work_wait, event);
    SetEvent(event);
    for (size_t index = 0; index < COUNT(all); index++)
        report(text("manual-releases-all-%u", (unsigned)index), outcome,
               waited_text(worker_end(&all[index])));
    report_wait("manual-stays-set", event, 0);
    ResetEvent(event);
    for (size_t index = 0; index < COUNT(all); index++) {
        all[index].result = 99;
        worker_start(&all[index], work_wait, event);
    }
    for (int times = 0; times < 10000; times++) {
        int left = 0;
        SetEvent(event);
        ResetEvent(event);
        for (size_t index = 0; index < COUNT(all); index++) left += all[index].result == 99;
        if (!left) break;
        Sleep(1);
    }
    for (size_t index = 0; index < COUNT(all); index++)
        report(text("manual-set-and-reset-releases-%u", (unsigned)index), outcome,
               waited_text(worker_end(&all[index])));
    report_wait("manual-is-unset-after-that", event, 0);
    close_if(event);
}

static void semaphores(void) {
    static const struct {
        LONG initial, maximum;
    } counts[] = {{0, 1},  {1, 1},  {2, 1},  {0, 0},          {-1, 1},
                  {1, -1}, {-1, -1}, {5, 9}, {0x7FFFFFFF, 0x7FFFFFFF}, {(LONG)0x80000000, 1}};
    char name[80];
    strcpy(name, name_of("counts"));
    HANDLE semaphore, other;
    struct outcome outcome;
    for (size_t one = 0; one < COUNT(counts); one++) {
        LONG initial = counts[one].initial, maximum = counts[one].maximum;
        outcome = ATTEMPT("CreateSemaphore",
                          semaphore = CreateSemaphoreA(NULL, initial, maximum, NULL));
        report(text("semaphore-%ld-of-%ld", (long)initial, (long)maximum), outcome,
               semaphore ? look(semaphore) : "");
        close_if(semaphore);
    }
    /* A name that exists, and one of another kind. */
    semaphore = CreateSemaphoreA(NULL, 1, 2, name);
    outcome = ATTEMPT("CreateSemaphore", other = CreateSemaphoreA(NULL, 7, 8, name));
    report("existing-keeps-its-counts", outcome,
           looks(semaphore));
    close_if(other);
    outcome = ATTEMPT("CreateSemaphore", other = CreateSemaphoreA(NULL, 7, 3, name));
    report("existing-with-wrong-counts", outcome, "");
    close_if(other);
    static const LONG steps[] = {1, 1, 1, 0, -1, 5, 2, 0x7FFFFFFF};
    for (size_t one = 0; one < COUNT(steps); one++) {
        LONG before = -77;
        outcome = ATTEMPT("ReleaseSemaphore", ReleaseSemaphore(semaphore, steps[one], &before));
        report(text("release-%u-of-%ld", (unsigned)one, (long)steps[one]), outcome,
               text("%ld", (long)before));
        struct outcome stored = {"ReleaseSemaphore", 1, UNTOUCHED};
        report(text("release-%u-stores", (unsigned)one), stored, text("%ld", (long)before));
    }
    report_wait("one-of-two", semaphore, 0);
    report_wait("two-of-two", semaphore, 0);
    report_wait("three-of-two", semaphore, 0);
    outcome = ATTEMPT("ReleaseSemaphore", ReleaseSemaphore(semaphore, 2, NULL));
    report("release-without-a-place", outcome, text("%s", look(semaphore)));
    close_if(semaphore);
    LONG before = -77;
    HANDLE mutex = CreateMutexA(NULL, FALSE, NULL);
    outcome = ATTEMPT("ReleaseSemaphore", ReleaseSemaphore(mutex, 1, &before));
    report("release-of-a-mutex", outcome, "");
    close_if(mutex);
    outcome = ATTEMPT("ReleaseSemaphore", ReleaseSemaphore(NULL, 1, &before));
    report("release-of-null", outcome, "");
    /* Threads that wait. */
    struct worker all[3];
    semaphore = CreateSemaphoreA(NULL, 0, 9, NULL);
    for (size_t index = 0; index < COUNT(all); index++)
        worker_start(&all[index], work_wait, semaphore);
    Sleep(20);
    ReleaseSemaphore(semaphore, 3, NULL);
    outcome.good = 1, outcome.error = UNTOUCHED;
    for (size_t index = 0; index < COUNT(all); index++)
        report(text("semaphore-waiter-%u", (unsigned)index), outcome,
               waited_text(worker_end(&all[index])));
    report_wait("semaphore-after-its-waiters", semaphore, 0);
    close_if(semaphore);
    /* What a process took is not given back. */
    semaphore = CreateSemaphoreA(NULL, 2, 2, name);
    struct child child = child_start();
    ask(&child, "semaphore %s", name);
    ask(&child, "wait 0");
    child_end(&child, 1);
    report("semaphore-after-a-killed-child", outcome,
           looks(semaphore));
    close_if(semaphore);
}

int main(int count, char **arguments) {
    if (count > 1 && !strcmp(arguments[1], "child")) return child_serve();
    begin();
    states();
    released();
    semaphores();
    return 0;
}
