/* The types of Windows that structs in shared memory are made of. */
#ifndef FILEMAP_WINDOWS
#define FILEMAP_WINDOWS
#include "stdint.h"
#include "time.h"

/* `long` has four bytes on Windows alone. */
#ifdef _WIN32
#define FILEMAP_LONG long
#else
#define FILEMAP_LONG int
#endif

typedef unsigned char BYTE, UCHAR, BOOLEAN, UINT8, *PBYTE, *LPBYTE, *PUCHAR;
typedef signed char INT8;
typedef char CHAR, CCHAR, *PCHAR, *LPSTR, *PSTR;
typedef const char *LPCSTR, *PCSTR;
typedef short SHORT, INT16;
typedef unsigned short WORD, USHORT, UINT16, ATOM, LANGID, *PWORD, *LPWORD, *PUSHORT;
typedef int INT, BOOL, INT32, LONG32, *PINT, *LPINT, *PBOOL, *LPBOOL;
typedef unsigned int UINT, UINT32, ULONG32, DWORD32, *PUINT;
typedef FILEMAP_LONG LONG, HRESULT, NTSTATUS, *PLONG, *LPLONG;
typedef unsigned FILEMAP_LONG DWORD, ULONG, COLORREF, LCID, *PDWORD, *LPDWORD, *PULONG;
typedef long long LONGLONG, INT64, LONG64, *PLONGLONG, *PINT64;
typedef unsigned long long ULONGLONG, DWORDLONG, UINT64, ULONG64, DWORD64, *PULONGLONG, *PUINT64;
typedef float FLOAT, *PFLOAT;
typedef double DOUBLE, DATE;
typedef __INTPTR_TYPE__ INT_PTR, LONG_PTR, SSIZE_T, LPARAM, LRESULT;
typedef __UINTPTR_TYPE__ UINT_PTR, ULONG_PTR, DWORD_PTR, SIZE_T, WPARAM, *PSIZE_T;
typedef short VARIANT_BOOL;
#if defined(_WIN32) || defined(__cplusplus)
typedef wchar_t WCHAR, OLECHAR, *PWCHAR, *LPWSTR, *PWSTR;
typedef const wchar_t *LPCWSTR, *PCWSTR;
#else
typedef wchar_t WCHAR, OLECHAR, *PWCHAR, *LPWSTR, *PWSTR;
typedef const wchar_t *LPCWSTR, *PCWSTR;
#endif
#ifdef UNICODE
typedef WCHAR TCHAR, _TCHAR;
#define TEXT(text) L##text
#else
typedef char TCHAR, _TCHAR;
#define TEXT(text) text
#endif
#define _T(text) TEXT(text)
typedef TCHAR *LPTSTR, *PTSTR;
typedef const TCHAR *LPCTSTR, *PCTSTR;

typedef void VOID, *PVOID, *LPVOID, *HANDLE, *PHANDLE;
typedef const void *LPCVOID;
#define DECLARE_HANDLE(name) typedef struct name##__ *name
DECLARE_HANDLE(HWND);
DECLARE_HANDLE(HINSTANCE);
DECLARE_HANDLE(HDC);
DECLARE_HANDLE(HBITMAP);
DECLARE_HANDLE(HICON);
DECLARE_HANDLE(HMENU);
DECLARE_HANDLE(HMONITOR);
DECLARE_HANDLE(HKEY);
typedef HINSTANCE HMODULE;
typedef HANDLE HGLOBAL, HLOCAL, HFILE_MAPPING;

typedef union _LARGE_INTEGER {
    struct { DWORD LowPart; LONG HighPart; };
    struct { DWORD LowPart; LONG HighPart; } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;
typedef union _ULARGE_INTEGER {
    struct { DWORD LowPart; DWORD HighPart; };
    struct { DWORD LowPart; DWORD HighPart; } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;
typedef struct _GUID {
    unsigned FILEMAP_LONG Data1;
    unsigned short Data2, Data3;
    unsigned char Data4[8];
} GUID, UUID, IID, CLSID;
typedef struct _FILETIME { DWORD dwLowDateTime, dwHighDateTime; } FILETIME, *PFILETIME;
typedef struct _SYSTEMTIME {
    WORD wYear, wMonth, wDayOfWeek, wDay, wHour, wMinute, wSecond, wMilliseconds;
} SYSTEMTIME, *PSYSTEMTIME;
typedef struct _LUID { DWORD LowPart; LONG HighPart; } LUID, *PLUID;
typedef struct tagPOINT { LONG x, y; } POINT, *PPOINT;
typedef struct _POINTL { LONG x, y; } POINTL;
typedef struct tagSIZE { LONG cx, cy; } SIZE;
typedef struct tagRECT { LONG left, top, right, bottom; } RECT, *PRECT, *LPRECT;
typedef struct _COORD { SHORT X, Y; } COORD;

#define MAX_PATH 260
#define _MAX_PATH 260
#define MAX_COMPUTERNAME_LENGTH 15
#define MAXDWORD 0xffffffff
#define ANYSIZE_ARRAY 1
#define TRUE 1
#define FALSE 0
#define INFINITE 0xffffffff
#define CONST const
#define FAR
#define NEAR
#define IN
#define OUT
#define OPTIONAL
#define WINAPI
#define APIENTRY
#define CALLBACK
#define UNALIGNED
#define FIELD_OFFSET(type, field) __builtin_offsetof(type, field)
#define UNREFERENCED_PARAMETER(name) (name)
#define MAKEWORD(low, high) ((WORD)((BYTE)(low) | ((WORD)(BYTE)(high) << 8)))
#define MAKELONG(low, high) ((LONG)((WORD)(low) | ((DWORD)(WORD)(high) << 16)))
#define MAKEFOURCC(a, b, c, d) \
    ((DWORD)(BYTE)(a) | (DWORD)(BYTE)(b) << 8 | (DWORD)(BYTE)(c) << 16 | (DWORD)(BYTE)(d) << 24)

/* What inline functions of such headers call. */
#define ERROR_SUCCESS 0L
#define PAGE_READONLY 0x02
#define PAGE_READWRITE 0x04
#define FILE_MAP_WRITE 0x0002
#define FILE_MAP_READ 0x0004
#define FILE_MAP_ALL_ACCESS 0xf001f
#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)
#undef FILEMAP_LONG
#endif
