/* Waiting: for one object of any kind, for several, and for bytes of memory. */
#define AREA "waits"
#include "waiting.h"

#ifdef _WIN32
static HANDLE process_of(struct child *child, DWORD access) {
    return OpenProcess(access, FALSE, GetProcessId(child->process));
}
#else
static HANDLE process_of(struct child *child, DWORD access) {
    return OpenProcess(access, FALSE, (DWORD)(uintptr_t)child->process);
}
#endif

/* Objects that are no mutex, no event and no semaphore. */
static void others(void) {
    HANDLE mapping = create_memory(PAGE_READWRITE, PAGE, NULL), file = file_new("waits", 1), twin;
    report_wait("null", NULL, 0);
    report_wait("this-process", GetCurrentProcess(), 0);
    report_wait("this-process-for-a-time", GetCurrentProcess(), 10);
    report_wait("this-thread", GetCurrentThread(), 0);
    report_wait("no-handle", (HANDLE)(ULONG_PTR)0xABC0, 0);
    report_wait("mapping", mapping, 0);
    report_wait("mapping-for-a-time", mapping, 10);
    report_wait("file", file, 0);
    report_wait("file-for-a-time", file, 10);
    twin = limited(file, GENERIC_READ);
    report_wait("file-without-the-right", twin, 0);
    close_if(twin);
    HANDLE event = CreateEventA(NULL, FALSE, TRUE, NULL);
    close_if(event);
    report_wait("closed-event", event, 0);
    HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, GetCurrentProcessId());
    report_wait("this-process-opened", process, 0);
    close_if(process);
    struct outcome outcome = ATTEMPT("OpenProcess", process = OpenProcess(SYNCHRONIZE, FALSE, 0));
    report("process-0", outcome, "");
    close_if(process);
    outcome = ATTEMPT("OpenProcess", process = OpenProcess(SYNCHRONIZE, FALSE, 0x7FFFFFF0));
    report("process-that-is-none", outcome, "");
    close_if(process);
    struct child child = child_start();
    outcome = ATTEMPT("OpenProcess", process = process_of(&child, SYNCHRONIZE));
    report("process-of-a-child", outcome, look(process));
    HANDLE other = process_of(&child, PROCESS_DUP_HANDLE);
    report_wait("process-without-the-right", other, 0);
    close_if(other);
    other = process_of(&child, PROCESS_ALL_ACCESS);
    report_wait("process-for-all", other, 0);
    event = CreateEventA(NULL, TRUE, FALSE, NULL);
    HANDLE both[] = {event, process}, twice[] = {process, other};
    outcome = AWAIT("WaitForMultipleObjects", WaitForMultipleObjects(2, both, FALSE, 10));
    report("event-or-process", outcome, waited_text(waited));
    outcome = AWAIT("WaitForMultipleObjects", WaitForMultipleObjects(2, both, TRUE, 10));
    report("event-and-process", outcome, waited_text(waited));
    outcome = AWAIT("WaitForMultipleObjects", WaitForMultipleObjects(2, twice, TRUE, 10));
    report("process-twice", outcome, waited_text(waited));
    child_end(&child, 1);
    report_wait("ended-process", process, LONG_TIME);
    report_wait("ended-process-again", other, 0);
    outcome = AWAIT("WaitForMultipleObjects", WaitForMultipleObjects(2, both, FALSE, INFINITE));
    report("event-or-ended-process", outcome, waited_text(waited));
    outcome = AWAIT("WaitForMultipleObjects", WaitForMultipleObjects(2, both, TRUE, 10));
    report("event-and-ended-process", outcome, waited_text(waited));
    SetEvent(event);
    outcome = AWAIT("WaitForMultipleObjects", WaitForMultipleObjects(2, both, FALSE, INFINITE));
    report("set-event-or-ended-process", outcome, waited_text(waited));
    outcome = AWAIT("WaitForMultipleObjects", WaitForMultipleObjects(2, both, TRUE, INFINITE));
    report("set-event-and-ended-process", outcome, waited_text(waited));
    close_if(other);
    close_if(process);
    ResetEvent(event);
    HANDLE with_file[] = {event, file}, with_mapping[] = {file, mapping};
    outcome = AWAIT("WaitForMultipleObjects", WaitForMultipleObjects(2, with_file, FALSE, 10));
    report("event-or-file", outcome, waited_text(waited));
    outcome = AWAIT("WaitForMultipleObjects", WaitForMultipleObjects(2, with_file, TRUE, 10));
    report("event-and-file", outcome, waited_text(waited));
    SetEvent(event);
    outcome = AWAIT("WaitForMultipleObjects", WaitForMultipleObjects(2, with_file, FALSE, 10));
    report("set-event-or-file", outcome, waited_text(waited));
    outcome = AWAIT("WaitForMultipleObjects", WaitForMultipleObjects(2, with_file, TRUE, 10));
    report("set-event-and-file", outcome, waited_text(waited));
    outcome = AWAIT("WaitForMultipleObjects", WaitForMultipleObjects(2, with_mapping, FALSE, 10));
    report("file-or-mapping", outcome, waited_text(waited));
    close_if(event);
    close_if(file);
    close_if(mapping);
    DeleteFileA("waits");
}

#define ANY(name, count, list, time)                                                              \
    do {                                                                                          \
        struct outcome any = AWAIT("WaitForMultipleObjects",                                      \
                                   WaitForMultipleObjects(count, list, FALSE, time));             \
        report(name, any, waited_text(waited));                                                   \
    } while (0)

#define ALL(name, count, list, time)                                                              \
    do {                                                                                          \
        struct outcome all = AWAIT("WaitForMultipleObjects",                                      \
                                   WaitForMultipleObjects(count, list, TRUE, time));              \
        report(name, all, waited_text(waited));                                                   \
    } while (0)

static DWORD take(void *mutex) {
    return WaitForSingleObject(mutex, INFINITE);
}

static void several(void) {
    HANDLE list[70], twin;
    for (size_t index = 0; index < COUNT(list); index++)
        list[index] = CreateEventA(NULL, FALSE, FALSE, NULL);
    struct outcome untouched = {"WaitForMultipleObjects", 1, UNTOUCHED};
    ANY("any-of-0", 0, list, 0);
    ANY("any-of-64", 64, list, 0);
    ANY("any-of-65", 65, list, 0);
    ALL("all-of-0", 0, list, 0);
    ALL("all-of-64", 64, list, 0);
    ALL("all-of-65", 65, list, 0);
    ANY("any-of-1", 1, list, 0);
    SetEvent(list[63]);
    SetEvent(list[7]);
    ANY("any-the-lowest", 64, list, INFINITE);
    report("any-others-stay-set", untouched, text("%s, %s", look(list[7]), look(list[63])));
    SetEvent(list[63]);
    ANY("any-the-last", 64, list, INFINITE);
    ANY("any-none", 64, list, 10);
    for (int index = 0; index < 64; index++) SetEvent(list[index]);
    ALL("all-64", 64, list, INFINITE);
    report("all-are-taken", untouched, text("%s, %s", look(list[0]), look(list[63])));
    for (int index = 0; index < 63; index++) SetEvent(list[index]);
    ALL("all-but-one", 64, list, 10);
    report("all-but-one-leaves-them", untouched, text("%s, %s", look(list[0]), look(list[62])));
    /* What is wrong, and consumes nothing. */
    HANDLE saved = list[3];
    SetEvent(list[0]);
    list[3] = NULL;
    ANY("any-with-null", 5, list, 0);
    ALL("all-with-null", 5, list, 0);
    list[3] = limited(saved, EVENT_MODIFY_STATE);
    ANY("any-without-the-right", 5, list, 0);
    ALL("all-without-the-right", 5, list, 0);
    report("wrong-ones-consume-nothing", untouched, look(list[0]));
    close_if(list[3]);
    list[3] = saved;
    /* One twice. */
    SetEvent(list[0]);
    HANDLE same[] = {list[0], list[0], list[1]};
    ANY("any-with-one-twice", 3, same, 0);
    SetEvent(list[0]);
    ALL("all-with-one-twice", 2, same, 0);
    SetEvent(list[0]);
    twin = limited(list[0], EVENT_ALL_ACCESS);
    HANDLE twins[] = {list[0], twin};
    ALL("all-with-one-by-two-handles", 2, twins, 0);
    SetEvent(list[0]);
    ANY("any-with-one-by-two-handles", 2, twins, 0);
    close_if(twin);
    /* Kinds together. */
    HANDLE mutex = CreateMutexA(NULL, FALSE, NULL), semaphore = CreateSemaphoreA(NULL, 1, 9, NULL);
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
    HANDLE mixed[] = {event, semaphore, mutex};
    ANY("any-mixed-semaphore", 3, mixed, INFINITE);
    ANY("any-mixed-mutex", 3, mixed, INFINITE);
    ANY("any-mixed-mutex-again", 3, mixed, INFINITE);
    SetEvent(event);
    ANY("any-mixed-event", 3, mixed, INFINITE);
    ALL("all-mixed-without-semaphore", 3, mixed, 10);
    ReleaseSemaphore(semaphore, 1, NULL);
    ALL("all-mixed", 3, mixed, INFINITE);
    int owned = 0;
    while (ReleaseMutex(mutex)) owned++;
    report("all-mixed-recursion", untouched,
           text("%d, semaphore %s, event %s", owned, look(semaphore), look(event)));
    elsewhere(take, mutex);
    ANY("any-abandoned", 1, &mixed[2], 0);
    ReleaseMutex(mutex);
    ResetEvent(event);
    elsewhere(take, mutex);
    ANY("any-abandoned-third", 3, mixed, 0);
    ReleaseMutex(mutex);
    ANY("any-abandoned-once", 3, mixed, 0);
    ReleaseMutex(mutex);
    elsewhere(take, mutex);
    ReleaseSemaphore(semaphore, 1, NULL);
    ALL("all-abandoned-but-event-unset", 3, mixed, 10);
    SetEvent(event);
    ALL("all-abandoned", 3, mixed, 0);
    ReleaseMutex(mutex);
    ReleaseSemaphore(semaphore, 1, NULL);
    ALL("all-abandoned-once", 3, mixed, 0);
    ReleaseMutex(mutex);
    /* The other names of the calls. */
    struct outcome outcome =
        AWAIT("WaitForSingleObjectEx", WaitForSingleObjectEx(event, INFINITE, FALSE));
    report("single-ex", outcome, waited_text(waited));
    outcome = AWAIT("WaitForSingleObjectEx", WaitForSingleObjectEx(semaphore, 10, TRUE));
    report("single-ex-alertable", outcome, waited_text(waited));
    outcome =
        AWAIT("WaitForMultipleObjectsEx", WaitForMultipleObjectsEx(3, mixed, FALSE, 10, TRUE));
    report("several-ex", outcome, waited_text(waited));
    outcome =
        AWAIT("WaitForMultipleObjectsEx", WaitForMultipleObjectsEx(3, mixed, TRUE, 10, FALSE));
    report("several-ex-all", outcome, waited_text(waited));
    close_if(event);
    close_if(semaphore);
    close_if(mutex);
    for (size_t index = 0; index < COUNT(list); index++) close_if(list[index]);
}

struct many {
    HANDLE list[3];
    BOOL all;
};

static DWORD wait_many(void *given) {
    struct many *many = given;
    return WaitForMultipleObjects(3, many->list, many->all, LONG_TIME);
}

/* Threads that sleep for several. */
static void sleepers(void) {
    struct many many;
    struct worker worker;
    struct outcome untouched = {"WaitForMultipleObjects", 1, UNTOUCHED};
    for (int all = 0; all < 2; all++) {
        many.all = all;
        many.list[0] = CreateMutexA(NULL, TRUE, NULL);
        many.list[1] = CreateSemaphoreA(NULL, 0, 9, NULL);
        many.list[2] = CreateEventA(NULL, FALSE, FALSE, NULL);
        for (int one = 0; one < 3; one++) {
            if (all && one) break;
            worker_start(&worker, wait_many, &many);
            Sleep(20);
            if (one == 0) ReleaseMutex(many.list[0]);
            if (all || one == 1) ReleaseSemaphore(many.list[1], 1, NULL);
            if (all || one == 2) SetEvent(many.list[2]);
            report(text("sleeper-for-%s-%d", all ? "all" : "any", one), untouched,
                   waited_text(worker_end(&worker)));
            /* A mutex that the thread took is abandoned by its end. */
            if (one == 0) report_wait(text("mutex-of-sleeper-for-%d", all), many.list[0], 0);
        }
        if (all) {
            /* A pulse of one is nothing to those who wait for all. */
            ReleaseMutex(many.list[0]);
            worker_start(&worker, wait_many, &many);
            for (int pulses = 0; pulses < 20; pulses++) PulseEvent(many.list[2]), Sleep(1);
            ReleaseSemaphore(many.list[1], 1, NULL);
            report("pulsed-for-all", untouched, look(many.list[2]));
            SetEvent(many.list[2]);
            report("set-for-all", untouched, waited_text(worker_end(&worker)));
        }
        report(text("left-by-sleepers-for-%d", all), untouched,
               text("%s, %s", look(many.list[1]), look(many.list[2])));
        for (int one = 0; one < 3; one++) close_if(many.list[one]);
    }
}

#define SIGNAL(name, first, second, time)                                                         \
    do {                                                                                          \
        struct outcome done =                                                                     \
            AWAIT("SignalObjectAndWait", SignalObjectAndWait(first, second, time, FALSE));        \
        report(name, done, waited_text(waited));                                                  \
    } while (0)

static void signals(void) {
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL), other = CreateEventA(NULL, 0, 0, NULL);
    HANDLE semaphore = CreateSemaphoreA(NULL, 0, 1, NULL), mutex = CreateMutexA(NULL, TRUE, NULL);
    HANDLE file = file_new("signals", 1), mapping = create_memory(PAGE_READWRITE, 1, NULL);
    struct outcome untouched = {"SignalObjectAndWait", 1, UNTOUCHED};
    SIGNAL("event-then-itself", event, event, 0);
    SIGNAL("event-then-another", event, other, 10);
    report("event-was-set", untouched, look(event));
    SIGNAL("semaphore-then-itself", semaphore, semaphore, INFINITE);
    SIGNAL("semaphore-then-event", semaphore, other, 0);
    SIGNAL("full-semaphore", semaphore, other, 0);
    SIGNAL("mutex-then-event", mutex, other, 0);
    SIGNAL("unowned-mutex", mutex, other, 0);
    WaitForSingleObject(mutex, 0);
    SIGNAL("mutex-then-itself", mutex, mutex, 0);
    SIGNAL("file-first", file, other, 0);
    SIGNAL("mapping-first", mapping, other, 0);
    SIGNAL("null-first", NULL, other, 0);
    SIGNAL("null-second", event, NULL, 0);
    report("event-with-null-second", untouched, look(event));
    SIGNAL("mapping-second", event, mapping, 0);
    report("event-with-mapping-second", untouched, look(event));
    SIGNAL("file-second", event, file, 0);
    report("event-with-file-second", untouched, look(event));
    HANDLE less = limited(event, SYNCHRONIZE);
    SIGNAL("event-without-the-right", less, other, 0);
    close_if(less);
    less = limited(other, EVENT_MODIFY_STATE);
    SIGNAL("second-without-the-right", event, less, 0);
    report("event-with-second-without-the-right", untouched, look(event));
    close_if(less);
    close_if(mapping);
    close_if(file);
    DeleteFileA("signals");
    close_if(mutex);
    close_if(semaphore);
    close_if(other);
    close_if(event);
}

/* On Windows these are in no library that a program links to by default. */
typedef BOOL(WINAPI *wait_on)(volatile void *, void *, SIZE_T, DWORD);
typedef void(WINAPI *wake_by)(void *);

static wait_on wait_on_address;
static wake_by wake_single, wake_all;

static struct bytes {
    volatile long long place;
    int size;
} bytes;

static DWORD wait_bytes(void *given) {
    struct bytes *here = given;
    long long zero = 0;
    while (!memcmp((void *)&here->place, &zero, (size_t)here->size))
        if (!wait_on_address(&here->place, &zero, (SIZE_T)here->size, LONG_TIME))
            return GetLastError();
    return 0;
}

static void addresses(void) {
    static const SIZE_T sizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 16};
    HMODULE module = GetModuleHandleA("kernelbase");
    wait_on_address = (wait_on)(void *)GetProcAddress(module, "WaitOnAddress");
    wake_single = (wake_by)(void *)GetProcAddress(module, "WakeByAddressSingle");
    wake_all = (wake_by)(void *)GetProcAddress(module, "WakeByAddressAll");
    long long zero = 0, other = 0x0101010101010101;
    struct outcome outcome;
    for (size_t one = 0; one < COUNT(sizes); one++) {
        bytes.place = 0;
        outcome = ATTEMPT("WaitOnAddress", wait_on_address(&bytes.place, &other, sizes[one], 0));
        report(text("other-%u-bytes", (unsigned)sizes[one]), outcome, "");
        outcome = ATTEMPT("WaitOnAddress", wait_on_address(&bytes.place, &zero, sizes[one], 0));
        report(text("equal-%u-bytes-now", (unsigned)sizes[one]), outcome, "");
        outcome = ATTEMPT("WaitOnAddress", wait_on_address(&bytes.place, &zero, sizes[one], 10));
        report(text("equal-%u-bytes-for-a-time", (unsigned)sizes[one]), outcome, "");
    }
    struct worker all[3];
    outcome.call = "WakeByAddress", outcome.good = 1, outcome.error = UNTOUCHED;
    for (int size = 1; size <= 8; size *= 2) {
        bytes.size = size;
        for (int every = 0; every < 2; every++) {
            bytes.place = 0;
            for (size_t index = 0; index < COUNT(all); index++)
                worker_start(&all[index], wait_bytes, &bytes);
            Sleep(10);
            bytes.place = other;
            if (every) {
                wake_all((void *)&bytes.place);
            } else {
                for (size_t index = 0; index < COUNT(all); index++)
                    wake_single((void *)&bytes.place);
            }
            for (size_t index = 0; index < COUNT(all); index++)
                report(text("woken-%d-bytes-%s-%u", size, every ? "all" : "single",
                            (unsigned)index),
                       outcome, text("%lu", (unsigned long)worker_end(&all[index])));
        }
    }
}

int main(int count, char **arguments) {
    if (count > 1 && !strcmp(arguments[1], "child")) return child_serve();
    begin();
    others();
    several();
    sleepers();
    signals();
    addresses();
    return 0;
}
