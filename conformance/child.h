/* A second process: this program again, which executes commands, one a line.
*
* Its `main` calls `child_serve` if its first argument is "child". */
#ifndef CONFORMANCE_CHILD_H
#define CONFORMANCE_CHILD_H

#include <stdlib.h>

#include "subject.h"

struct child {
    FILE *to, *from;
    HANDLE process;
};

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>

static struct child child_start(void) {
    struct child child = {NULL, NULL, NULL};
    SECURITY_ATTRIBUTES inheritable = {sizeof inheritable, NULL, TRUE};
    HANDLE in[2], out[2];
    if (!CreatePipe(&in[0], &in[1], &inheritable, 0) ||
        !CreatePipe(&out[0], &out[1], &inheritable, 0))
        return child;
    /* The child must not inherit the parent's ends. */
    SetHandleInformation(in[1], HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(out[0], HANDLE_FLAG_INHERIT, 0);
    char path[MAX_PATH], line[MAX_PATH + 16];
    GetModuleFileNameA(NULL, path, sizeof path);
    snprintf(line, sizeof line, "\"%s\" child", path);
    STARTUPINFOA start;
    PROCESS_INFORMATION started;
    memset(&start, 0, sizeof start);
    start.cb = sizeof start;
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdInput = in[0];
    start.hStdOutput = out[1];
    start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &started))
        return child;
    CloseHandle(started.hThread);
    CloseHandle(in[0]);
    CloseHandle(out[1]);
    child.process = started.hProcess;
    child.to = _fdopen(_open_osfhandle((intptr_t)in[1], 0), "wb");
    child.from = _fdopen(_open_osfhandle((intptr_t)out[0], _O_RDONLY), "rb");
    return child;
}

static void child_wait(struct child *child, int kill) {
    if (kill) TerminateProcess(child->process, 9);
    WaitForSingleObject(child->process, INFINITE);
    CloseHandle(child->process);
}
#else
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct child child_start(void) {
    struct child child = {NULL, NULL, NULL};
    int in[2], out[2];
    if (pipe(in) || pipe(out)) return child;
    pid_t process = fork();
    if (process == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[0]);
        close(in[1]);
        close(out[0]);
        close(out[1]);
        execl("/proc/self/exe", "child-of-conformance", "child", (char *)NULL);
        _exit(98);
    }
    close(in[0]);
    close(out[1]);
    child.process = (HANDLE)(intptr_t)process;
    child.to = fdopen(in[1], "w");
    child.from = fdopen(out[0], "r");
    return child;
}

static void child_wait(struct child *child, int sharply) {
    pid_t process = (pid_t)(intptr_t)child->process;
    int status;
    if (sharply) kill(process, SIGKILL);
    waitpid(process, &status, 0);
}
#endif

/* Lets the child end by itself, or kills it, and waits for its end. */
static void child_end(struct child *child, int sharply) {
    if (!child->to || !child->from) return;
    if (sharply) child_wait(child, 1);
    fclose(child->to);
    if (!sharply) child_wait(child, 0);
    fclose(child->from);
}

/* Sends the child a command, and returns its answer. */
__attribute__((unused, format(printf, 2, 3))) static const char *ask(struct child *child,
                                                             const char *format, ...) {
    static char answers[16][512];
    static unsigned next;
    char *answer = answers[next++ % 16];
    va_list arguments;
    if (!child->to || !child->from) return "no child";
    va_start(arguments, format);
    vfprintf(child->to, format, arguments);
    va_end(arguments);
    fputc('\n', child->to);
    fflush(child->to);
    if (!fgets(answer, sizeof answers[0], child->from)) return "no answer";
    answer[strcspn(answer, "\r\n")] = 0;
    return answer;
}

/* The commands of the child, which has one handle and one view at a time. */
static const char *child_do(char *line) {
    static HANDLE handle;
    static BYTE *view;
    char name[256] = "";
    unsigned long long one = 0, two = 0;
    if (sscanf(line, "open %llx %255s", &one, name) == 2) {
        struct outcome opened = ATTEMPT("", handle = OpenFileMappingA((DWORD)one, FALSE, name));
        return outcome_text(opened);
    }
    if (sscanf(line, "create %llu %255s", &one, name) == 2) {
        struct outcome made = ATTEMPT("", handle = create_memory(PAGE_READWRITE, one, name));
        return text("%s %s", outcome_text(made), error_text(made.error));
    }
    if (sscanf(line, "take %llu", &one) == 1) {
        handle = (HANDLE)(uintptr_t)one;
        return "taken";
    }
    if (sscanf(line, "map %llx", &one) == 1) {
        struct outcome mapped = ATTEMPT("", view = map(handle, (DWORD)one, 0, 0));
        return outcome_text(mapped);
    }
    if (sscanf(line, "peek %llu", &one) == 1) return peek_text(peek(view + one));
    if (sscanf(line, "poke %llu %llu", &one, &two) == 2)
        return poke_text(poke(view + one, (int)two));
    if (sscanf(line, "store %llu %llu %255s", &one, &two, name) == 3) {
        HANDLE file = file_open(name, GENERIC_WRITE);
        int stored = file && file_store(file, one, (int)two);
        close_if(file);
        return stored ? "stored" : "not stored";
    }
    if (sscanf(line, "load %llu %255s", &one, name) == 2) {
        HANDLE file = file_open(name, GENERIC_READ);
        int byte = file ? file_byte(file, one) : -2;
        close_if(file);
        return text("%d", byte);
    }
    if (sscanf(line, "hold %255s", name) == 1) {
        struct outcome made = ATTEMPT("", handle = CreateMutexA(NULL, TRUE, name));
        DWORD owned = handle ? WaitForSingleObject(handle, 0) : WAIT_FAILED;
        return text("%s %s, wait %lu", outcome_text(made), error_text(made.error),
                    (unsigned long)owned);
    }
    if (sscanf(line, "mutex %255s", name) == 1) {
        struct outcome made = ATTEMPT("", handle = OpenMutexA(MUTEX_ALL_ACCESS, FALSE, name));
        return outcome_text(made);
    }
    if (sscanf(line, "event %255s", name) == 1) {
        struct outcome made = ATTEMPT("", handle = OpenEventA(EVENT_ALL_ACCESS, FALSE, name));
        return outcome_text(made);
    }
    if (sscanf(line, "semaphore %255s", name) == 1) {
        struct outcome made =
            ATTEMPT("", handle = OpenSemaphoreA(SEMAPHORE_ALL_ACCESS, FALSE, name));
        return outcome_text(made);
    }
    if (sscanf(line, "wait %llu", &one) == 1) {
        SetLastError(UNTOUCHED);
        DWORD result = WaitForSingleObject(handle, (DWORD)one);
        return text("%lx %s", (unsigned long)result, error_text(GetLastError()));
    }
    if (!strcmp(line, "set")) {
        struct outcome done = ATTEMPT("", SetEvent(handle));
        return outcome_text(done);
    }
    if (!strcmp(line, "free")) {
        struct outcome done = ATTEMPT("", ReleaseMutex(handle));
        return outcome_text(done);
    }
    if (sscanf(line, "release %llu", &one) == 1) {
        LONG before = -1;
        struct outcome done = ATTEMPT("", ReleaseSemaphore(handle, (LONG)one, &before));
        return text("%s from %ld", outcome_text(done), (long)before);
    }
    if (!strcmp(line, "views")) return views_of(handle);
    if (!strcmp(line, "describe")) return view_text(view);
    if (!strcmp(line, "close")) {
        struct outcome closed = ATTEMPT("", CloseHandle(handle));
        return outcome_text(closed);
    }
    if (!strcmp(line, "unmap")) {
        struct outcome unmapped = ATTEMPT("", UnmapViewOfFile(view));
        return outcome_text(unmapped);
    }
    return "not understood";
}

static int child_serve(void) {
    char line[512];
    begin();
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = 0;
        printf("%s\n", child_do(line));
        fflush(stdout);
    }
    return 0;
}

#endif
