/* Texts that are taken apart, compared, and copied with a check of the room. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <tchar.h>

#define NAME_SIZE 16

typedef struct {
    DWORD dwVersion;
    TCHAR szName[NAME_SIZE];
} BLOCK;
C_ASSERT(sizeof(BLOCK) == sizeof(DWORD) + NAME_SIZE * sizeof(TCHAR));

int _tmain(int argc, TCHAR *argv[])
{
    BLOCK block;
    TCHAR szWords[] = _T("one,two;;three"), *pRest = NULL, *pWord;
    errno_t nError;
    int nWords = 0;

    SecureZeroMemory(&block, sizeof(block));
    nError = _tcscpy_s(block.szName, _countof(block.szName), _T("first"));
    _tprintf(_T("%d, %d characters of %d\n"), nError, lstrlen(block.szName),
             (int)ARRAYSIZE(block.szName));
    nError = _tcscat_s(block.szName, _countof(block.szName), _T(" second"));
    _tprintf(_T("%d, same %d\n"), nError, _tcscmp(block.szName, _T("first second")) == 0);
    nError = _tcsncpy_s(block.szName, _countof(block.szName), _T("more than there is room for"),
                        _TRUNCATE);
    _tprintf(_T("%d, same %d\n"), nError, _tcscmp(block.szName, _T("more than there")) == 0);
    nError = _tcsncpy_s(block.szName, _countof(block.szName), _T("a part"), 3);
    _tprintf(_T("%d, same %d\n"), nError, _tcscmp(block.szName, _T("a p")) == 0);
    lstrcpyn(block.szName, _T("abcdefgh"), 4);
    _tprintf(_T("%d characters\n"), lstrlen(block.szName));

    for (pWord = _tcstok_s(szWords, _T(",;"), &pRest); pWord != NULL;
         pWord = _tcstok_s(NULL, _T(",;"), &pRest)) {
        nWords++;
        _putts(pWord);
    }
    _tprintf(_T("%d words\n"), nWords);
    _tprintf(_T("%d %d %d\n"), _tcsnicmp(_T("ABCx"), _T("abcy"), 3), _tcsicmp(_T("ABC"), _T("abc")),
             _tcsnicmp(_T("b"), _T("A"), 1) > 0);
    _tprintf(_T("%d %d\n"), _ttoi64(_T("8589934593")) == 8589934593LL, (int)_ttol(_T("-12x")));
    _tprintf(_T("%d %d %d %d\n"), _istalpha(_T('x')) != 0, _istdigit(_T('x')) != 0,
             _istupper(_T('X')) != 0, _istalnum(_T('_')) != 0);
    return argc < 1 || argv[0] == NULL;
}
