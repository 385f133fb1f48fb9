/* The words of Windows' compilers and headers that sources for Windows are written with. */
#ifndef FILEMAP_WINDEF_H
#define FILEMAP_WINDEF_H

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "filemap.h"

#ifndef __cdecl
#define __cdecl
#endif
#ifndef __stdcall
#define __stdcall
#endif
#ifndef __fastcall
#define __fastcall
#endif
#ifndef __forceinline
#define __forceinline static __inline__ __attribute__((always_inline))
#endif
#ifndef __int64
#define __int8 char
#define __int16 short
#define __int32 int
#define __int64 long long
#endif
#ifndef __declspec
#define __declspec(word) FILEMAP_DECLSPEC_##word
#define FILEMAP_DECLSPEC_align(bytes) __attribute__((aligned(bytes)))
#define FILEMAP_DECLSPEC_deprecated __attribute__((deprecated))
#define FILEMAP_DECLSPEC_dllexport __attribute__((visibility("default")))
#define FILEMAP_DECLSPEC_dllimport
#define FILEMAP_DECLSPEC_noinline __attribute__((noinline))
#define FILEMAP_DECLSPEC_noreturn __attribute__((noreturn))
#define FILEMAP_DECLSPEC_nothrow __attribute__((nothrow))
#define FILEMAP_DECLSPEC_restrict
#define FILEMAP_DECLSPEC_selectany __attribute__((weak))
#if defined(__cplusplus)
#define FILEMAP_DECLSPEC_thread thread_local
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define FILEMAP_DECLSPEC_thread _Thread_local
#else
#define FILEMAP_DECLSPEC_thread __thread
#endif
#endif
#define DECLSPEC_ALIGN(bytes) __attribute__((aligned(bytes)))
#define DECLSPEC_CACHEALIGN DECLSPEC_ALIGN(64)
#define DECLSPEC_IMPORT
#define DECLSPEC_NOINLINE __attribute__((noinline))
#define DECLSPEC_NORETURN __attribute__((noreturn))
#define FORCEINLINE __forceinline

#define FAR
#define NEAR
#define PASCAL
#define CDECL
#ifndef IN
#define IN
#endif
#ifndef OUT
#define OUT
#endif
#ifndef OPTIONAL
#define OPTIONAL
#endif

#define LOBYTE(word) ((BYTE)((DWORD_PTR)(word) & 0xFF))
#define HIBYTE(word) ((BYTE)((DWORD_PTR)(word) >> 8 & 0xFF))
#define LOWORD(dword) ((WORD)((DWORD_PTR)(dword) & 0xFFFF))
#define HIWORD(dword) ((WORD)((DWORD_PTR)(dword) >> 16 & 0xFFFF))
#define MAKEWORD(low, high) ((WORD)((BYTE)(low) | (WORD)(BYTE)(high) << 8))
#define MAKELONG(low, high) ((LONG)((WORD)(low) | (DWORD)(WORD)(high) << 16))
#define UNREFERENCED_PARAMETER(parameter) ((void)(parameter))
#define ARRAYSIZE(array) (sizeof(array) / sizeof((array)[0]))
#define _countof(array) ARRAYSIZE(array)
#define C_ASSERT(claim) extern char filemap_asserted[(claim) ? 1 : -1]
#if !defined(NOMINMAX) && !defined(__cplusplus)
#ifndef max
#define max(one, other) ((one) > (other) ? (one) : (other))
#endif
#ifndef min
#define min(one, other) ((one) < (other) ? (one) : (other))
#endif
#endif

/* Texts, by the names of Windows' C library. */
#define _stricmp strcasecmp
#define _strnicmp strncasecmp
#define _strdup strdup
#define _snprintf snprintf
#define _vsnprintf vsnprintf
#define printf_s printf
#define fprintf_s fprintf
#define sprintf_s snprintf
#define strtok_s strtok_r

typedef int errno_t;
#define _TRUNCATE ((size_t)-1)

/* The checked copies: 0, or 34 if the text does not fit, and then an empty one. With _TRUNCATE as the
 * count, what does not fit is left out, and the result is 80. */
#define FILEMAP_COPIED(name, Unit)                                                                \
    static __inline__ __attribute__((unused)) errno_t name(Unit *target, size_t room, size_t at,  \
                                                           const Unit *source, size_t count) {    \
        size_t length = 0, left = at < room ? room - at : 0;                                      \
        int is_all = count != _TRUNCATE;                                                          \
        while (length < count && source[length] && length < left) length++;                       \
        if (length < left) left = length + 1;                                                     \
        else if (is_all || !left) {                                                               \
            if (room) target[0] = 0;                                                              \
            return 34;                                                                            \
        }                                                                                         \
        memmove(target + at, source, (left - 1) * sizeof *source);                                \
        target[at + left - 1] = 0;                                                                \
        return length < left ? 0 : 80;                                                            \
    }

FILEMAP_COPIED(filemap_copied_narrow, char)
FILEMAP_COPIED(filemap_copied_wide, WCHAR)

/* Without a count, all of the text must fit. */
#define FILEMAP_ALL ((size_t)-2)
#define strcpy_s(target, room, source) filemap_copied_narrow(target, room, 0, source, FILEMAP_ALL)
#define strcat_s(target, room, source)                                                            \
    filemap_copied_narrow(target, room, strnlen(target, room), source, FILEMAP_ALL)
#define strncpy_s(target, room, source, count)                                                    \
    filemap_copied_narrow(target, room, 0, source, count)

#endif
