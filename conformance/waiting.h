/* What cases about waiting have in common: results of waits, and threads beside the first one. */
#ifndef CONFORMANCE_WAITING_H
#define CONFORMANCE_WAITING_H

#include "child.h"

/* The result of the last wait. */
static DWORD waited __attribute__((unused));

/* Makes a call that returns WAIT_FAILED on failure, and keeps its outcome. */
#define AWAIT(call, expression)                                                                    \
    (SetLastError(UNTOUCHED), waited = (expression), judged(call, waited != WAIT_FAILED))

static inline const char *waited_text(DWORD result) {
    switch (result) {
    case WAIT_TIMEOUT: return "timeout";
    case WAIT_FAILED: return "failed";
    default:
        if (result >= WAIT_ABANDONED_0) return text("abandoned-%lu", (unsigned long)(result - 0x80));
        return text("object-%lu", (unsigned long)result);
    }
}

/* Waits for an object, and reports that. */
static inline void report_wait(const char *name, HANDLE object, DWORD time) {
    struct outcome outcome = AWAIT("WaitForSingleObject", WaitForSingleObject(object, time));
    report(name, outcome, waited_text(waited));
}

/* Returns what a look at an object comes to. */
static inline const char *look(HANDLE object) {
    DWORD result = WaitForSingleObject(object, 0);
    return result == WAIT_FAILED ? text("failed %lu", (unsigned long)GetLastError())
                                 : waited_text(result);
}

/* Returns what two looks at an object come to. */
static inline const char *looks(HANDLE object) {
    const char *first = look(object), *second = look(object);
    return text("%s, %s", first, second);
}

/* Much longer than anything here takes. */
#define LONG_TIME 60000

typedef DWORD (*work)(void *);

struct worker {
    work work;
    void *argument;
    DWORD result;
#ifdef _WIN32
    HANDLE thread;
#else
    unsigned long thread;
#endif
};

#ifdef _WIN32
static DWORD WINAPI worker_run(void *given) {
    struct worker *worker = given;
    return worker->result = worker->work(worker->argument);
}

static inline void worker_start(struct worker *worker, work work, void *argument) {
    worker->work = work;
    worker->argument = argument;
    worker->thread = CreateThread(NULL, 0, worker_run, worker, 0, NULL);
}

static inline DWORD worker_end(struct worker *worker) {
    WaitForSingleObject(worker->thread, INFINITE);
    CloseHandle(worker->thread);
    return worker->result;
}
#else
#include <pthread.h>

static void *worker_run(void *given) {
    struct worker *worker = given;
    worker->result = worker->work(worker->argument);
    return NULL;
}

static inline void worker_start(struct worker *worker, work work, void *argument) {
    worker->work = work;
    worker->argument = argument;
    pthread_create(&worker->thread, NULL, worker_run, worker);
}

static inline DWORD worker_end(struct worker *worker) {
    pthread_join(worker->thread, NULL);
    return worker->result;
}
#endif

/* Runs something in a thread of its own, to its end. */
static inline DWORD elsewhere(work work, void *argument) {
    struct worker worker;
    worker_start(&worker, work, argument);
    return worker_end(&worker);
}

static inline DWORD work_wait(void *object) {
    return WaitForSingleObject(object, LONG_TIME);
}

static inline DWORD work_look(void *object) {
    return WaitForSingleObject(object, 0);
}

/* Gives a mutex back; returns the code if that fails. */
static inline DWORD work_release(void *mutex) {
    return ReleaseMutex(mutex) ? 0 : GetLastError();
}

/* Another handle to an object, with these rights. */
static inline HANDLE limited(HANDLE object, DWORD access) {
    HANDLE twin = NULL;
    HANDLE here = GetCurrentProcess();
    DuplicateHandle(here, object, here, &twin, access, FALSE, 0);
    return twin;
}

#endif
