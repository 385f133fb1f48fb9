/* Access to a byte that may be missing: a fault becomes a value. */
#ifndef CONFORMANCE_TOUCH_H
#define CONFORMANCE_TOUCH_H

#include "case.h"

/* The page does not allow this access. */
#define VIOLATION (-1)
/* The file could not supply the page. */
#define LOST (-2)

static volatile int touching, touch_result;

#ifdef _WIN32
/* Where a refused access continues. `longjmp` would unwind, which fails in a handler here. */
static volatile DWORD64 touch_landing;

static LONG WINAPI touch_handler(EXCEPTION_POINTERS *pointers) {
    DWORD code = pointers->ExceptionRecord->ExceptionCode;
    if (!touching || (code != EXCEPTION_ACCESS_VIOLATION && code != EXCEPTION_IN_PAGE_ERROR))
        return EXCEPTION_CONTINUE_SEARCH;
    touch_result = code == EXCEPTION_IN_PAGE_ERROR ? LOST : VIOLATION;
    pointers->ContextRecord->Rip = touch_landing;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static inline void touch_prepare(void) {
    AddVectoredExceptionHandler(1, touch_handler);
}

/* Reads a byte. */
static __attribute__((noinline, unused)) int peek(const volatile void *address) {
    int value = 0;
    touch_result = 0;
    touching = 1;
    __asm__ volatile("leaq 1f(%%rip), %%rcx\n\tmovq %%rcx, %1\n\tmovzbl (%2), %0\n1:"
                     : "+a"(value), "=m"(touch_landing)
                     : "d"(address)
                     : "rcx", "memory");
    touching = 0;
    return touch_result ? touch_result : value;
}

/* Stores a byte, and returns 0. */
static __attribute__((noinline, unused)) int poke(volatile void *address, int byte) {
    touch_result = 0;
    touching = 1;
    __asm__ volatile("leaq 1f(%%rip), %%rcx\n\tmovq %%rcx, %0\n\tmovb %b1, (%2)\n1:"
                     : "=m"(touch_landing)
                     : "a"(byte), "d"(address)
                     : "rcx", "memory");
    touching = 0;
    return touch_result;
}
#else
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

static sigjmp_buf touch_landing;

static void touch_handler(int signal) {
    if (!touching) _Exit(99);
    touch_result = signal == SIGBUS ? LOST : VIOLATION;
    siglongjmp(touch_landing, 1);
}

/* Before the first view is mapped, so that the library's handler runs first and passes faults on. */
static inline void touch_prepare(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = touch_handler;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

/* Reads a byte. */
static __attribute__((noinline, unused)) int peek(const volatile void *address) {
    touching = 1;
    if (sigsetjmp(touch_landing, 1) == 0) touch_result = *(const volatile unsigned char *)address;
    touching = 0;
    return touch_result;
}

/* Stores a byte, and returns 0. */
static __attribute__((noinline, unused)) int poke(volatile void *address, int byte) {
    touching = 1;
    if (sigsetjmp(touch_landing, 1) == 0) {
        *(volatile unsigned char *)address = (unsigned char)byte;
        touch_result = 0;
    }
    touching = 0;
    return touch_result;
}
#endif

/* Words for what `peek` returned. */
static inline const char *peek_text(int result) {
    return result == VIOLATION ? "violation" : result == LOST ? "lost" : text("%d", result);
}

/* Words for what `poke` returned. */
static inline const char *poke_text(int result) {
    return result == VIOLATION ? "violation" : result == LOST ? "lost" : "stored";
}

#endif
