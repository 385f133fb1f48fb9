/* For sources that include <winbase.h>: kernel32's functions are in filemap.h. */
#ifndef FILEMAP_WINBASE_H
#define FILEMAP_WINBASE_H

#include <sched.h>

#include "winnt.h"

#define HasOverlappedIoCompleted(overlapped) ((overlapped)->Internal != 0x103)

static __inline__ __attribute__((unused)) BOOL SwitchToThread(void) { return sched_yield() == 0; }

/* Zeros that no compiler leaves out. */
static __inline__ __attribute__((unused)) PVOID SecureZeroMemory(PVOID target, SIZE_T length) {
    memset(target, 0, length);
    __asm__ __volatile__("" : : "r"(target) : "memory");
    return target;
}

static __inline__ __attribute__((unused)) int lstrlenA(LPCSTR text) {
    return text ? (int)strlen(text) : 0;
}

static __inline__ __attribute__((unused)) int lstrlenW(LPCWSTR text) {
    int length = 0;
    while (text && text[length]) length++;
    return length;
}

/* Copies as much as there is room for, with the zero at the end. */
static __inline__ __attribute__((unused)) LPSTR lstrcpynA(LPSTR target, LPCSTR source, int room) {
    if (room > 0) filemap_copied_narrow(target, (size_t)room, 0, source, _TRUNCATE);
    return target;
}

static __inline__ __attribute__((unused)) LPWSTR lstrcpynW(LPWSTR target, LPCWSTR source, int room) {
    if (room > 0) filemap_copied_wide(target, (size_t)room, 0, source, _TRUNCATE);
    return target;
}

#ifdef UNICODE
#define lstrlen lstrlenW
#define lstrcpyn lstrcpynW
#else
#define lstrlen lstrlenA
#define lstrcpyn lstrcpynA
#endif

#endif
