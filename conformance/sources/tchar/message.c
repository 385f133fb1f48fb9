/* Named shared memory, as the documentation of Windows shows it, in either width. */
#include <windows.h>
#include <stdio.h>
#include <tchar.h>

#define BUF_SIZE 256
TCHAR szName[] = TEXT("Local\\MyFileMappingObject of a first source");
TCHAR szMsg[] = _T("Message from first process.");

static int First(HANDLE *phMapFile)
{
    LPCTSTR pBuf;

    *phMapFile = CreateFileMapping(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0,
                                   BUF_SIZE * sizeof(TCHAR), szName);
    if (*phMapFile == NULL) {
        _tprintf(TEXT("Could not create file mapping object (%d).\n"), GetLastError());
        return 1;
    }
    pBuf = (LPTSTR)MapViewOfFile(*phMapFile, FILE_MAP_ALL_ACCESS, 0, 0, BUF_SIZE * sizeof(TCHAR));
    if (pBuf == NULL) {
        _tprintf(TEXT("Could not map view of file (%d).\n"), GetLastError());
        CloseHandle(*phMapFile);
        return 1;
    }
    CopyMemory((PVOID)pBuf, szMsg, (_tcslen(szMsg) + 1) * sizeof(TCHAR));
    UnmapViewOfFile(pBuf);
    return 0;
}

static int Second(void)
{
    HANDLE hMapFile;
    LPTSTR pBuf;
    TCHAR szCopy[BUF_SIZE];
    size_t cch;

    hMapFile = OpenFileMapping(FILE_MAP_ALL_ACCESS, FALSE, szName);
    if (hMapFile == NULL) {
        _tprintf(TEXT("Could not open file mapping object (%d).\n"), GetLastError());
        return 1;
    }
    pBuf = (LPTSTR)MapViewOfFile(hMapFile, FILE_MAP_ALL_ACCESS, 0, 0, BUF_SIZE * sizeof(TCHAR));
    if (pBuf == NULL) {
        _tprintf(TEXT("Could not map view of file (%d).\n"), GetLastError());
        CloseHandle(hMapFile);
        return 1;
    }
    _tcscpy_s(szCopy, BUF_SIZE, pBuf);
    _tcscat_s(szCopy, BUF_SIZE, _T(" And back."));
    cch = _tcslen(szCopy);
    _tprintf(TEXT("%s|%d characters|%5d|%-5d|%05x|%c|%10s|%.3s\n"), szCopy, (int)cch, 42, 42, 0xbeef,
             szCopy[0], _T("right"), _T("cut off"));
    _tprintf(_T("same %d, found %d, number %d\n"), _tcscmp(pBuf, szMsg) == 0,
             (int)(_tcsstr(szCopy, _T("first")) - szCopy), _ttoi(_T("1815")));
    UnmapViewOfFile(pBuf);
    CloseHandle(hMapFile);
    return 0;
}

int _tmain(int argc, TCHAR *argv[])
{
    HANDLE hMapFile;
    int nFailed = First(&hMapFile);

    if (!nFailed)
        nFailed = Second();
    CloseHandle(hMapFile);
    _tprintf(_T("%d argument, and its name has %s\n"), argc,
             _tcslen(argv[0]) > 0 ? _T("characters") : _T("none"));
    return nFailed || OpenFileMapping(FILE_MAP_READ, FALSE, szName) != NULL ||
           GetLastError() != ERROR_FILE_NOT_FOUND;
}
