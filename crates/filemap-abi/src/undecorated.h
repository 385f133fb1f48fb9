/* Names without a letter are macros, as on Windows. The library has none of them: one symbol could
 * not be of both encodings. */
#ifdef UNICODE
#define CreateFile CreateFileW
#define CreateFileMapping CreateFileMappingW
#define CreateFileMappingNuma CreateFileMappingNumaW
#define DeleteFile DeleteFileW
#define FormatMessage FormatMessageW
#define MoveFileEx MoveFileExW
#define OpenFileMapping OpenFileMappingW
typedef WCHAR TCHAR;
#if defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2
#define FILEMAP_TEXT(literal) L##literal
#else
#define FILEMAP_TEXT(literal) u##literal
#endif
#else
#define CreateFile CreateFileA
#define CreateFileMapping CreateFileMappingA
#define CreateFileMappingNuma CreateFileMappingNumaA
#define DeleteFile DeleteFileA
#define FormatMessage FormatMessageA
#define MoveFileEx MoveFileExA
#define OpenFileMapping OpenFileMappingA
typedef CHAR TCHAR;
#define FILEMAP_TEXT(literal) literal
#endif
typedef TCHAR *LPTSTR;
typedef const TCHAR *LPCTSTR;
#ifndef TEXT
#define TEXT(literal) FILEMAP_TEXT(literal)
#endif
