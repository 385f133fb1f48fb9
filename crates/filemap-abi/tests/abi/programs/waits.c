/* Mutexes, events and semaphores between processes: by name, by inheritance, and after a kill. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define TURNS 500
#define LONG_TIME 60000

static const char *number(HANDLE handle) {
    static char words[4][32];
    static unsigned next;
    char *word = words[next++ % 4];
    snprintf(word, sizeof words[0], "%llu", (unsigned long long)(ULONG_PTR)handle);
    return word;
}

static HANDLE handle_of(const char *word) {
    return (HANDLE)(ULONG_PTR)strtoull(word, NULL, 10);
}

/* Starts this program once more, with these words. */
static pid_t start(const char *role, const char *word) {
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "waits", role, word, (char *)NULL);
        _exit(99);
    }
    CHECK(child > 0);
    return child;
}

static int end_of(pid_t child) {
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

static int child(const char *role, const char *word) {
    if (!strcmp(role, "takes turns")) {
        HANDLE theirs = OpenEventA(SYNCHRONIZE, FALSE, "waits: there");
        HANDLE ours = OpenEventA(EVENT_MODIFY_STATE, FALSE, "waits: back");
        CHECK(theirs && ours);
        for (int turn = 0; turn < TURNS; turn++) {
            CHECK(WaitForSingleObject(theirs, LONG_TIME) == WAIT_OBJECT_0);
            GRANTED(SetEvent(ours));
        }
        /* The handles have no other rights. */
        REFUSED(SetEvent(theirs), ERROR_ACCESS_DENIED);
        REFUSED(WaitForSingleObject(ours, 0) != WAIT_FAILED, ERROR_ACCESS_DENIED);
        return 0;
    }
    if (!strcmp(role, "owns and is killed")) {
        HANDLE mutex = CreateMutexA(NULL, TRUE, "waits: mutex");
        CHECK(mutex && GetLastError() == ERROR_ALREADY_EXISTS);
        CHECK(WaitForSingleObject(mutex, LONG_TIME) == WAIT_OBJECT_0);
        SetEvent(handle_of(word));
        for (;;) pause();
    }
    HANDLE handle = handle_of(word);
    DWORD flags = 0;
    if (!strcmp(role, "has not")) {
        REFUSED(WaitForSingleObject(handle, 0) != WAIT_FAILED, ERROR_INVALID_HANDLE);
        return 0;
    }
    CHECK(GetHandleInformation(handle, &flags) && flags == HANDLE_FLAG_INHERIT);
    if (!strcmp(role, "has a mutex")) {
        CHECK(WaitForSingleObject(handle, 0) == WAIT_TIMEOUT);
        REFUSED(ReleaseMutex(handle), ERROR_NOT_OWNER);
        REFUSED(SetEvent(handle), ERROR_INVALID_HANDLE);
    } else if (!strcmp(role, "has an event")) {
        GRANTED(SetEvent(handle));
    } else if (!strcmp(role, "has an event to wait for")) {
        CHECK(WaitForSingleObject(handle, 0) == WAIT_OBJECT_0);
        REFUSED(SetEvent(handle), ERROR_ACCESS_DENIED);
    } else if (!strcmp(role, "has an event to set")) {
        REFUSED(WaitForSingleObject(handle, 0) != WAIT_FAILED, ERROR_ACCESS_DENIED);
        GRANTED(SetEvent(handle));
    } else {
        LONG before = -1;
        GRANTED(ReleaseSemaphore(handle, 2, &before));
        CHECK(before == 1);
    }
    REFUSED(MapViewOfFile(handle, FILE_MAP_READ, 0, 0, 0), ERROR_INVALID_HANDLE);
    GRANTED(CloseHandle(handle));
    REFUSED(WaitForSingleObject(handle, 0) != WAIT_FAILED, ERROR_INVALID_HANDLE);
    return 0;
}

static void turns(void) {
    HANDLE ours = CreateEventA(NULL, FALSE, FALSE, "waits: there");
    HANDLE theirs = CreateEventA(NULL, FALSE, FALSE, "waits: back");
    CHECK(ours && theirs && GetLastError() == 0);
    pid_t other = start("takes turns", "");
    HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, (DWORD)other);
    HANDLE both[] = {theirs, process};
    CHECK(process);
    for (int turn = 0; turn < TURNS; turn++) {
        CHECK(SetEvent(ours));
        /* At the last one it may have ended by now. */
        CHECK(WaitForMultipleObjects(2, both, FALSE, LONG_TIME) == WAIT_OBJECT_0);
    }
    /* It ends, and is signalled as long as there is a handle. */
    CHECK(WaitForMultipleObjects(2, both, FALSE, LONG_TIME) == WAIT_OBJECT_0 + 1);
    CHECK(end_of(other) == 0 && WaitForSingleObject(process, 0) == WAIT_OBJECT_0);
    REFUSED(OpenProcess(SYNCHRONIZE, FALSE, (DWORD)other), ERROR_INVALID_PARAMETER);
    CHECK(SetEvent(theirs) && WaitForMultipleObjects(2, both, TRUE, 0) == WAIT_OBJECT_0);
    CHECK(WaitForSingleObject(theirs, 0) == WAIT_TIMEOUT);
    CHECK(CloseHandle(process) && CloseHandle(ours) && CloseHandle(theirs));
}

static void kills(SECURITY_ATTRIBUTES *inheritable) {
    HANDLE mutex = CreateMutexA(NULL, FALSE, "waits: mutex");
    HANDLE owned = CreateEventA(inheritable, FALSE, FALSE, NULL);
    CHECK(mutex && owned);
    pid_t owner = start("owns and is killed", number(owned));
    CHECK(WaitForSingleObject(owned, LONG_TIME) == WAIT_OBJECT_0);
    CHECK(WaitForSingleObject(mutex, 0) == WAIT_TIMEOUT);
    CHECK(kill(owner, SIGKILL) == 0);
    GRANTED(WaitForSingleObject(mutex, LONG_TIME) == WAIT_ABANDONED);
    CHECK(end_of(owner) == 100);
    GRANTED(ReleaseMutex(mutex));
    CHECK(WaitForSingleObject(mutex, 0) == WAIT_OBJECT_0 && ReleaseMutex(mutex));
    CHECK(CloseHandle(mutex) && CloseHandle(owned));
}

static void inheritance(SECURITY_ATTRIBUTES *inheritable, int named) {
    HANDLE here = GetCurrentProcess(), twin;
    HANDLE mutex = CreateMutexA(inheritable, TRUE, named ? "waits: one" : NULL);
    HANDLE event = CreateEventA(inheritable, FALSE, FALSE, named ? "waits: two" : NULL);
    HANDLE semaphore = CreateSemaphoreA(inheritable, 1, 9, named ? "waits: three" : NULL);
    LONG before = -1;
    CHECK(mutex && event && semaphore);
    CHECK(end_of(start("has a mutex", number(mutex))) == 0 && ReleaseMutex(mutex));
    CHECK(end_of(start("has an event", number(event))) == 0);
    CHECK(WaitForSingleObject(event, 0) == WAIT_OBJECT_0);
    CHECK(end_of(start("has a semaphore", number(semaphore))) == 0);
    CHECK(ReleaseSemaphore(semaphore, 1, &before) && before == 3);
    /* Rights are inherited as well. */
    GRANTED(DuplicateHandle(here, event, here, &twin, SYNCHRONIZE, TRUE, 0));
    CHECK(SetEvent(event) && end_of(start("has an event to wait for", number(twin))) == 0);
    CHECK(WaitForSingleObject(event, 0) == WAIT_TIMEOUT && CloseHandle(twin));
    GRANTED(DuplicateHandle(here, event, here, &twin, EVENT_MODIFY_STATE, TRUE, 0));
    CHECK(end_of(start("has an event to set", number(twin))) == 0 && CloseHandle(twin));
    CHECK(WaitForSingleObject(event, 0) == WAIT_OBJECT_0);
    GRANTED(DuplicateHandle(here, event, here, &twin, 0, FALSE, DUPLICATE_SAME_ACCESS));
    CHECK(end_of(start("has not", number(twin))) == 0 && CloseHandle(twin));
    /* `close` closes a handle, name and all. */
    CHECK(close((int)(LONG_PTR)mutex) == 0);
    REFUSED(ReleaseMutex(mutex), ERROR_INVALID_HANDLE);
    if (named) REFUSED(OpenMutexA(SYNCHRONIZE, FALSE, "waits: one"), ERROR_FILE_NOT_FOUND);
    CHECK(CloseHandle(event) && CloseHandle(semaphore));
    if (named) REFUSED(OpenEventA(SYNCHRONIZE, FALSE, "waits: two"), ERROR_FILE_NOT_FOUND);
}

/* A forked child shares handles, and owns nothing. */
static void forks(void) {
    HANDLE mutex = CreateMutexA(NULL, TRUE, "waits: forked"), event = CreateEventA(NULL, 0, 0, NULL);
    CHECK(mutex && event);
    pid_t forked = fork();
    if (forked == 0) {
        CHECK(WaitForSingleObject(mutex, 0) == WAIT_TIMEOUT);
        REFUSED(ReleaseMutex(mutex), ERROR_NOT_OWNER);
        GRANTED(SetEvent(event));
        CHECK(CloseHandle(mutex));
        _exit(0);
    }
    CHECK(WaitForSingleObject(event, LONG_TIME) == WAIT_OBJECT_0 && end_of(forked) == 0);
    GRANTED(ReleaseMutex(mutex));
    CHECK(CloseHandle(mutex) && CloseHandle(event));
}

static volatile LONG word;

static void *until_changed(void *count) {
    LONG zero = 0;
    while (!word) CHECK(WaitOnAddress(&word, &zero, sizeof word, INFINITE));
    __atomic_add_fetch((LONG *)count, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

/* Threads that wait for a word; a forked child has none of them. */
static void addresses(void) {
    pthread_t threads[3];
    LONG zero = 0, count = 0;
    for (int index = 0; index < 3; index++)
        CHECK(pthread_create(&threads[index], NULL, until_changed, &count) == 0);
    pid_t forked = fork();
    if (forked == 0) {
        REFUSED(WaitOnAddress(&word, &zero, sizeof word, 1), ERROR_TIMEOUT);
        WakeByAddressSingle((LONG *)&word);
        WakeByAddressAll((LONG *)&word);
        _exit(0);
    }
    CHECK(end_of(forked) == 0);
    word = 1;
    WakeByAddressAll((LONG *)&word);
    for (int index = 0; index < 3; index++) CHECK(pthread_join(threads[index], NULL) == 0);
    CHECK(count == 3);
    GRANTED(WaitOnAddress(&word, &zero, sizeof word, INFINITE));
    REFUSED(WaitOnAddress(&word, &zero, 3, 0), ERROR_INVALID_PARAMETER);
    REFUSED(WaitOnAddress(NULL, &zero, 4, 0), ERROR_INVALID_PARAMETER);
}

static void codes(void) {
    HANDLE first = CreateSemaphoreA(NULL, 0, 1, "waits: codes"), second, list[65] = {0};
    CHECK(first && GetLastError() == 0 && errno == 0);
    second = CreateSemaphoreW(NULL, 0, 1, u"waits: codes");
    CHECK(second && GetLastError() == ERROR_ALREADY_EXISTS && errno == ERROR_ALREADY_EXISTS);
    GRANTED(WaitForSingleObject(second, 0) == WAIT_TIMEOUT);
    GRANTED(ReleaseSemaphore(first, 1, NULL));
    REFUSED(ReleaseSemaphore(second, 1, NULL), ERROR_TOO_MANY_POSTS);
    REFUSED(CreateMutexA(NULL, FALSE, "waits: codes"), ERROR_INVALID_HANDLE);
    REFUSED(OpenFileMappingA(FILE_MAP_READ, FALSE, "waits: codes"), ERROR_INVALID_HANDLE);
    REFUSED(OpenSemaphoreA(0, FALSE, "waits: codes"), ERROR_ACCESS_DENIED);
    REFUSED(OpenMutexA(SYNCHRONIZE, FALSE, NULL), ERROR_INVALID_PARAMETER);
    REFUSED(WaitForMultipleObjects(1, NULL, FALSE, 0) != WAIT_FAILED, ERROR_NOACCESS);
    REFUSED(WaitForMultipleObjects(65, list, FALSE, 0) != WAIT_FAILED, ERROR_INVALID_PARAMETER);
    REFUSED(GetFileType(first) != FILE_TYPE_UNKNOWN, ERROR_INVALID_HANDLE);
    GRANTED(WaitForSingleObject(GetCurrentThread(), 0) == WAIT_TIMEOUT);
    CHECK(CloseHandle(first) && CloseHandle(second));
    REFUSED(CloseHandle(second), ERROR_INVALID_HANDLE);
}

int main(int count, char **words) {
    if (count == 3) return child(words[1], words[2]);
    SECURITY_ATTRIBUTES inheritable = {sizeof inheritable, NULL, TRUE};
    codes();
    turns();
    kills(&inheritable);
    inheritance(&inheritable, 0);
    inheritance(&inheritable, 1);
    forks();
    addresses();
    return 0;
}
