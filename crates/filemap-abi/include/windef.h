/* The words of Windows' compilers and headers that sources for Windows are written with. */
#ifndef FILEMAP_WINDEF_H
#define FILEMAP_WINDEF_H

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
#if !defined(NOMINMAX) && !defined(__cplusplus)
#ifndef max
#define max(one, other) ((one) > (other) ? (one) : (other))
#endif
#ifndef min
#define min(one, other) ((one) < (other) ? (one) : (other))
#endif
#endif

#endif
