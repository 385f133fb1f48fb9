/* As it would be written for Windows: nothing in this file knows of Linux. */
#define UNICODE
#include <windows.h>

static TCHAR szName[] = TEXT("Local\\MyFileMappingObject");

static DWORD Describe(DWORD dwError)
{
    LPTSTR lpMessage = NULL;
    DWORD cch = FormatMessage(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM |
                                  FORMAT_MESSAGE_IGNORE_INSERTS,
                              NULL, dwError, MAKELANGID(LANG_NEUTRAL, SUBLANG_DEFAULT),
                              (LPTSTR)&lpMessage, 0, NULL);
    if (cch != 0)
        LocalFree(lpMessage);
    return cch;
}

int main(void)
{
    HANDLE hMapFile, hSecond;
    LPBYTE pBuf;
    SYSTEM_INFO sysInfo;
    LARGE_INTEGER liOffset;
    BYTE bytes[16];

    GetSystemInfo(&sysInfo);
    liOffset.QuadPart = (LONGLONG)sysInfo.dwAllocationGranularity * 3;
    hMapFile = CreateFileMapping(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0,
                                 sysInfo.dwAllocationGranularity * 4, szName);
    if (hMapFile == NULL)
        return (int)Describe(GetLastError());
    hSecond = OpenFileMapping(FILE_MAP_ALL_ACCESS, FALSE, szName);
    if (hSecond == NULL)
        return 2;
    pBuf = (LPBYTE)MapViewOfFile(hSecond, FILE_MAP_ALL_ACCESS, (DWORD)liOffset.HighPart,
                                 liOffset.LowPart, sizeof(bytes));
    if (pBuf == NULL)
        return 3;
    FillMemory(bytes, sizeof(bytes), 7);
    CopyMemory(pBuf, bytes, sizeof(bytes));
    ZeroMemory(bytes, sizeof(bytes));
    MoveMemory(bytes, pBuf, sizeof(bytes));
    if (bytes[15] != 7 || Describe(ERROR_ACCESS_DENIED) == 0)
        return 4;
    FlushViewOfFile(pBuf, 0);
    UnmapViewOfFile(pBuf);
    CloseHandle(hSecond);
    CloseHandle(hMapFile);
    return 0;
}
