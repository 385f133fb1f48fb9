/* Cases, for all programs of this folder: a case is a call, and becomes a line.
 *
 *     area/case:  call  result  last error  observation          (with tabs in between)
 *
 * A program defines AREA before it includes this. A line must not contain anything that differs
 * from run to run: no address, no handle, no number of a process. */
#ifndef CONFORMANCE_CASE_H
#define CONFORMANCE_CASE_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

/* The last error before each call, and after it if the call leaves it unchanged. */
#define UNTOUCHED 0xBADu

struct outcome {
    const char *call;
    int good;
    DWORD error;
};

static inline struct outcome judged(const char *call, int good) {
    struct outcome outcome = {call, good, GetLastError()};
    return outcome;
}

/* Makes a call that returns 0 or NULL on failure, and keeps its outcome. */
#define ATTEMPT(call, expression) (SetLastError(UNTOUCHED), judged(call, (expression) != 0))

/* Formats a text in one of several static buffers, which are reused in turn. */
__attribute__((format(printf, 1, 2))) static inline const char *text(const char *format, ...) {
    static char texts[32][512];
    static unsigned next;
    char *here = texts[next++ % 32];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(here, sizeof texts[0], format, arguments);
    va_end(arguments);
    return here;
}

static inline const char *error_text(DWORD error) {
    return error == UNTOUCHED ? "-" : text("%lu", (unsigned long)error);
}

/* Returns the outcome of a call in words, for an observation. */
static inline const char *outcome_text(struct outcome outcome) {
    if (!outcome.good && outcome.error == ERROR_CALL_NOT_IMPLEMENTED) return "unsupported";
    return outcome.good ? "ok" : error_text(outcome.error);
}

/* Prints the line of a case. */
static inline void report(const char *name, struct outcome outcome, const char *observation) {
    if (!outcome.good && outcome.error == ERROR_CALL_NOT_IMPLEMENTED) {
        printf(AREA "/%s:\t%s\tunsupported\t-\t-\n", name, outcome.call);
    } else {
        printf(AREA "/%s:\t%s\t%s\t%s\t%s\n", name, outcome.call, outcome.good ? "ok" : "fails",
               error_text(outcome.error), outcome.good ? observation : "-");
    }
    fflush(stdout);
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#endif
