// The types of windows.h.
// not: linux
#include <windows.h>
#include <tchar.h>

typedef struct _SHARED {
    DWORD signature;
    BYTE bytes[3];
    WORD word;
    BOOL yes;
    BOOLEAN small;
    LONG number;
    ULONGLONG wide;
    LARGE_INTEGER counter;
    ULARGE_INTEGER free;
    FILETIME written;
    SYSTEMTIME when;
    GUID guid;
    HANDLE handle;
    HWND window;
    LPVOID pointer;
    SIZE_T size;
    DWORD_PTR both;
    CHAR path[MAX_PATH];
    WCHAR wide_path[MAX_PATH];
    TCHAR text[16];
    FLOAT part;
    RECT area;
    POINT point;
    LPCSTR name;
    UINT8 eight;
    INT64 sixty_four;
    UINT numbers[4];
    COLORREF colour;
} SHARED, *PSHARED;
