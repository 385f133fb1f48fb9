/* Names without a letter are macros, as on Windows. The library does not export them: one symbol
 * cannot have both encodings. */
#ifdef UNICODE
#define ConvertStringSecurityDescriptorToSecurityDescriptor \
    ConvertStringSecurityDescriptorToSecurityDescriptorW
#define CreateEvent CreateEventW
#define CreateEventEx CreateEventExW
#define CreateFile CreateFileW
#define CreateFileMapping CreateFileMappingW
#define CreateFileMappingNuma CreateFileMappingNumaW
#define CreateMutex CreateMutexW
#define CreateMutexEx CreateMutexExW
#define CreateSemaphore CreateSemaphoreW
#define CreateSemaphoreEx CreateSemaphoreExW
#define DeleteFile DeleteFileW
#define FormatMessage FormatMessageW
#define GetModuleHandle GetModuleHandleW
#define MoveFileEx MoveFileExW
#define OpenEvent OpenEventW
#define OpenFileMapping OpenFileMappingW
#define OpenMutex OpenMutexW
#define OpenSemaphore OpenSemaphoreW
typedef WCHAR TCHAR;
#if defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2
#define FILEMAP_TEXT(literal) L##literal
#else
#define FILEMAP_TEXT(literal) u##literal
#endif
#else
#define ConvertStringSecurityDescriptorToSecurityDescriptor \
    ConvertStringSecurityDescriptorToSecurityDescriptorA
#define CreateEvent CreateEventA
#define CreateEventEx CreateEventExA
#define CreateFile CreateFileA
#define CreateFileMapping CreateFileMappingA
#define CreateFileMappingNuma CreateFileMappingNumaA
#define CreateMutex CreateMutexA
#define CreateMutexEx CreateMutexExA
#define CreateSemaphore CreateSemaphoreA
#define CreateSemaphoreEx CreateSemaphoreExA
#define DeleteFile DeleteFileA
#define FormatMessage FormatMessageA
#define GetModuleHandle GetModuleHandleA
#define MoveFileEx MoveFileExA
#define OpenEvent OpenEventA
#define OpenFileMapping OpenFileMappingA
#define OpenMutex OpenMutexA
#define OpenSemaphore OpenSemaphoreA
typedef CHAR TCHAR;
#define FILEMAP_TEXT(literal) literal
#endif
typedef TCHAR *LPTSTR;
typedef const TCHAR *LPCTSTR;
#ifndef TEXT
#define TEXT(literal) FILEMAP_TEXT(literal)
#endif
