/* kernel32's file mapping functions, and some of this library's own, for Linux.
 *
 * This file is made of the library's sources by `cargo xtask header`: change those. */

#ifndef FILEMAP_H
#define FILEMAP_H

/* Types, structures and constants, with Windows' names and values. `filemap.h` begins with them.
 *
 * `DWORD` and `LONG` have 32 bits, as on Windows, where `long` has: printing them takes `%u` and
 * `%d` here. `WCHAR` has 16 bits: `wchar_t` with `-fshort-wchar`, and `char16_t` without it, whose
 * literals are `u"..."` and which `TEXT("...")` makes of any literal. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#if !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#include <uchar.h>
#endif

typedef int BOOL;
typedef unsigned char BYTE;
typedef uint16_t WORD;
typedef uint32_t DWORD;
typedef int32_t LONG;
typedef uint32_t ULONG;
typedef int INT;
typedef unsigned int UINT;
typedef long long LONGLONG;
typedef unsigned long long ULONGLONG;
typedef unsigned long long DWORD64;
typedef size_t SIZE_T;
typedef uintptr_t ULONG_PTR;
typedef intptr_t LONG_PTR;
typedef uintptr_t DWORD_PTR;
typedef char CHAR;
#if defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2
typedef wchar_t WCHAR;
#elif defined(__cplusplus) || (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L)
typedef char16_t WCHAR;
#else
typedef uint16_t WCHAR;
#endif
typedef void *HANDLE;
typedef void *PVOID;
typedef void *LPVOID;
typedef const void *LPCVOID;
typedef BOOL *LPBOOL;
typedef BYTE *LPBYTE;
typedef WORD *LPWORD;
typedef DWORD *LPDWORD, *PDWORD;
typedef HANDLE *LPHANDLE, *PHANDLE;
typedef CHAR *LPSTR, *PSTR;
typedef const CHAR *LPCSTR, *PCSTR;
typedef WCHAR *LPWSTR, *PWSTR;
typedef const WCHAR *LPCWSTR, *PCWSTR;
typedef HANDLE HLOCAL;
typedef va_list *PVA_LIST;

#ifndef VOID
#define VOID void
#endif
#ifndef CONST
#define CONST const
#endif
#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif
#define WINAPI
#define WINBASEAPI
#define APIENTRY
#define CALLBACK

typedef union _LARGE_INTEGER {
    __extension__ struct {
        DWORD LowPart;
        LONG HighPart;
    };
    struct {
        DWORD LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef struct _SECURITY_ATTRIBUTES {
    DWORD nLength;
    LPVOID lpSecurityDescriptor;
    BOOL bInheritHandle;
} SECURITY_ATTRIBUTES, *PSECURITY_ATTRIBUTES, *LPSECURITY_ATTRIBUTES;

typedef struct _OVERLAPPED {
    ULONG_PTR Internal;
    ULONG_PTR InternalHigh;
    __extension__ union {
        __extension__ struct {
            DWORD Offset;
            DWORD OffsetHigh;
        };
        PVOID Pointer;
    };
    HANDLE hEvent;
} OVERLAPPED, *LPOVERLAPPED;

typedef struct _SYSTEM_INFO {
    __extension__ union {
        DWORD dwOemId;
        __extension__ struct {
            WORD wProcessorArchitecture;
            WORD wReserved;
        };
    };
    DWORD dwPageSize;
    LPVOID lpMinimumApplicationAddress;
    LPVOID lpMaximumApplicationAddress;
    DWORD_PTR dwActiveProcessorMask;
    DWORD dwNumberOfProcessors;
    DWORD dwProcessorType;
    DWORD dwAllocationGranularity;
    WORD wProcessorLevel;
    WORD wProcessorRevision;
} SYSTEM_INFO, *LPSYSTEM_INFO;

typedef struct _MEMORY_BASIC_INFORMATION {
    PVOID BaseAddress;
    PVOID AllocationBase;
    DWORD AllocationProtect;
    WORD PartitionId;
    SIZE_T RegionSize;
    DWORD State;
    DWORD Protect;
    DWORD Type;
} MEMORY_BASIC_INFORMATION, *PMEMORY_BASIC_INFORMATION;

typedef struct _WIN32_MEMORY_RANGE_ENTRY {
    PVOID VirtualAddress;
    SIZE_T NumberOfBytes;
} WIN32_MEMORY_RANGE_ENTRY, *PWIN32_MEMORY_RANGE_ENTRY;

#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)

#define PAGE_NOACCESS 0x01u
#define PAGE_READONLY 0x02u
#define PAGE_READWRITE 0x04u
#define PAGE_WRITECOPY 0x08u
#define PAGE_EXECUTE 0x10u
#define PAGE_EXECUTE_READ 0x20u
#define PAGE_EXECUTE_READWRITE 0x40u
#define PAGE_EXECUTE_WRITECOPY 0x80u
#define PAGE_GUARD 0x100u
#define PAGE_NOCACHE 0x200u
#define PAGE_WRITECOMBINE 0x400u

#define SEC_FILE 0x00800000u
#define SEC_IMAGE 0x01000000u
#define SEC_PROTECTED_IMAGE 0x02000000u
#define SEC_RESERVE 0x04000000u
#define SEC_COMMIT 0x08000000u
#define SEC_NOCACHE 0x10000000u
#define SEC_WRITECOMBINE 0x40000000u
#define SEC_LARGE_PAGES 0x80000000u
#define SEC_IMAGE_NO_EXECUTE (SEC_IMAGE | SEC_NOCACHE)

#define SECTION_QUERY 0x0001u
#define SECTION_MAP_WRITE 0x0002u
#define SECTION_MAP_READ 0x0004u
#define SECTION_MAP_EXECUTE 0x0008u
#define SECTION_EXTEND_SIZE 0x0010u
#define SECTION_MAP_EXECUTE_EXPLICIT 0x0020u
#define SECTION_ALL_ACCESS 0x000F001Fu

#define FILE_MAP_COPY 0x00000001u
#define FILE_MAP_WRITE 0x00000002u
#define FILE_MAP_READ 0x00000004u
#define FILE_MAP_EXECUTE 0x00000020u
#define FILE_MAP_ALL_ACCESS 0x000F001Fu
#define FILE_MAP_LARGE_PAGES 0x20000000u
#define FILE_MAP_TARGETS_INVALID 0x40000000u
#define FILE_MAP_RESERVE 0x80000000u

#define DELETE 0x00010000u
#define READ_CONTROL 0x00020000u
#define WRITE_DAC 0x00040000u
#define WRITE_OWNER 0x00080000u
#define SYNCHRONIZE 0x00100000u
#define STANDARD_RIGHTS_REQUIRED 0x000F0000u
#define MAXIMUM_ALLOWED 0x02000000u
#define GENERIC_ALL 0x10000000u
#define GENERIC_EXECUTE 0x20000000u
#define GENERIC_WRITE 0x40000000u
#define GENERIC_READ 0x80000000u

#define FILE_READ_DATA 0x0001u
#define FILE_WRITE_DATA 0x0002u
#define FILE_APPEND_DATA 0x0004u
#define FILE_SHARE_READ 0x00000001u
#define FILE_SHARE_WRITE 0x00000002u
#define FILE_SHARE_DELETE 0x00000004u
#define FILE_ATTRIBUTE_NORMAL 0x00000080u
#define FILE_ATTRIBUTE_TEMPORARY 0x00000100u
#define FILE_FLAG_WRITE_THROUGH 0x80000000u
#define FILE_FLAG_NO_BUFFERING 0x20000000u
#define FILE_FLAG_RANDOM_ACCESS 0x10000000u
#define FILE_FLAG_SEQUENTIAL_SCAN 0x08000000u
#define FILE_FLAG_DELETE_ON_CLOSE 0x04000000u
#define FILE_FLAG_BACKUP_SEMANTICS 0x02000000u
#define FILE_BEGIN 0
#define FILE_CURRENT 1
#define FILE_END 2

#define CREATE_NEW 1
#define CREATE_ALWAYS 2
#define OPEN_EXISTING 3
#define OPEN_ALWAYS 4
#define TRUNCATE_EXISTING 5

#define MOVEFILE_REPLACE_EXISTING 0x00000001u

#define DUPLICATE_CLOSE_SOURCE 0x00000001u
#define DUPLICATE_SAME_ACCESS 0x00000002u
#define HANDLE_FLAG_INHERIT 0x00000001u
#define HANDLE_FLAG_PROTECT_FROM_CLOSE 0x00000002u

#define MEM_COMMIT 0x00001000u
#define MEM_RESERVE 0x00002000u
#define MEM_DECOMMIT 0x00004000u
#define MEM_RELEASE 0x00008000u
#define MEM_FREE 0x00010000u
#define MEM_PRIVATE 0x00020000u
#define MEM_MAPPED 0x00040000u
#define MEM_RESET 0x00080000u
#define MEM_TOP_DOWN 0x00100000u
#define MEM_RESET_UNDO 0x01000000u
#define MEM_IMAGE 0x01000000u
#define MEM_LARGE_PAGES 0x20000000u
#define MEM_UNMAP_WITH_TRANSIENT_BOOST 0x00000001u
#define MEM_PRESERVE_PLACEHOLDER 0x00000002u

#define NUMA_NO_PREFERRED_NODE 0xFFFFFFFFu

#define PROCESSOR_ARCHITECTURE_INTEL 0
#define PROCESSOR_ARCHITECTURE_ARM 5
#define PROCESSOR_ARCHITECTURE_AMD64 9
#define PROCESSOR_ARCHITECTURE_ARM64 12
#define PROCESSOR_ARCHITECTURE_UNKNOWN 0xFFFF

#define FORMAT_MESSAGE_ALLOCATE_BUFFER 0x00000100u
#define FORMAT_MESSAGE_IGNORE_INSERTS 0x00000200u
#define FORMAT_MESSAGE_FROM_STRING 0x00000400u
#define FORMAT_MESSAGE_FROM_HMODULE 0x00000800u
#define FORMAT_MESSAGE_FROM_SYSTEM 0x00001000u
#define FORMAT_MESSAGE_ARGUMENT_ARRAY 0x00002000u
#define FORMAT_MESSAGE_MAX_WIDTH_MASK 0x000000FFu

#define LANG_NEUTRAL 0x00
#define LANG_ENGLISH 0x09
#define SUBLANG_NEUTRAL 0x00
#define SUBLANG_DEFAULT 0x01
#define SUBLANG_ENGLISH_US 0x01
#define MAKELANGID(language, sublanguage) \
    ((WORD)(((WORD)(sublanguage) << 10) | (WORD)(language)))

#define MAX_PATH 260

#define NO_ERROR 0u
#define ERROR_SUCCESS 0u
#define ERROR_INVALID_FUNCTION 1u
#define ERROR_FILE_NOT_FOUND 2u
#define ERROR_PATH_NOT_FOUND 3u
#define ERROR_TOO_MANY_OPEN_FILES 4u
#define ERROR_ACCESS_DENIED 5u
#define ERROR_INVALID_HANDLE 6u
#define ERROR_NOT_ENOUGH_MEMORY 8u
#define ERROR_INVALID_DATA 13u
#define ERROR_WRITE_PROTECT 19u
#define ERROR_BAD_LENGTH 24u
#define ERROR_GEN_FAILURE 31u
#define ERROR_SHARING_VIOLATION 32u
#define ERROR_LOCK_VIOLATION 33u
#define ERROR_HANDLE_EOF 38u
#define ERROR_NOT_SUPPORTED 50u
#define ERROR_FILE_EXISTS 80u
#define ERROR_INVALID_PARAMETER 87u
#define ERROR_DISK_FULL 112u
#define ERROR_CALL_NOT_IMPLEMENTED 120u
#define ERROR_INSUFFICIENT_BUFFER 122u
#define ERROR_INVALID_NAME 123u
#define ERROR_NEGATIVE_SEEK 131u
#define ERROR_DIR_NOT_EMPTY 145u
#define ERROR_NOT_LOCKED 158u
#define ERROR_BAD_PATHNAME 161u
#define ERROR_ALREADY_EXISTS 183u
#define ERROR_BAD_EXE_FORMAT 193u
#define ERROR_FILENAME_EXCED_RANGE 206u
#define ERROR_FILE_TOO_LARGE 223u
#define ERROR_MR_MID_NOT_FOUND 317u
#define ERROR_INVALID_ADDRESS 487u
#define ERROR_NOACCESS 998u
#define ERROR_SWAPERROR 999u
#define ERROR_FILE_INVALID 1006u
#define ERROR_NO_UNICODE_TRANSLATION 1113u
#define ERROR_IO_DEVICE 1117u
#define ERROR_MAPPED_ALIGNMENT 1132u
#define ERROR_USER_MAPPED_FILE 1224u
#define ERROR_PRIVILEGE_NOT_HELD 1314u
#define ERROR_INTERNAL_ERROR 1359u
#define ERROR_FILE_CORRUPT 1392u
#define ERROR_NO_SYSTEM_RESOURCES 1450u
#define ERROR_WORKING_SET_QUOTA 1453u
#define ERROR_COMMITMENT_LIMIT 1455u
#define ERROR_TIMEOUT 1460u
#define ERROR_RESOURCE_LANG_NOT_FOUND 1815u


/*
 What the registry tells about a name.
 */
typedef struct filemap_name {
    /*
     The name with its scope, in UTF-8.
     */
    const char *name;
    /*
     The file behind it when it was named, or NULL for memory.
     */
    const char *path;
    /*
     Bytes; 0 if it is as long as its file.
     */
    uint64_t size;
    /*
     When it was created, in nanoseconds since 1970.
     */
    uint64_t created;
    /*
     What it allows its views, a `PAGE_` word.
     */
    DWORD protection;
    /*
     How its pages are provided, `SEC_` words.
     */
    DWORD attributes;
    /*
     The number of the process that created it, which may be gone.
     */
    DWORD creator;
    /*
     Whether a handle is open anywhere; without one the name is nobody's.
     */
    BOOL live;
} filemap_name;

/*
 What `filemap_list` calls for each name: it returns FALSE to see no more. The structure and its
 texts are there until it returns.
 */
typedef BOOL (*filemap_each)(const struct filemap_name *name,
                             void *context);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 Creates a file mapping, or opens the one that has the name.

 `hFile` is a handle of `CreateFile`, a descriptor above 0, or `INVALID_HANDLE_VALUE` (or NULL)
 for memory. `flProtect` is one `PAGE_` word with `SEC_` words. `lpName` is UTF-8.

 Returns NULL on failure. `GetLastError` is 0 for a new mapping and `ERROR_ALREADY_EXISTS` for
 one that was there.
 */
HANDLE CreateFileMappingA(HANDLE hFile,
                          const SECURITY_ATTRIBUTES *lpFileMappingAttributes,
                          DWORD flProtect,
                          DWORD dwMaximumSizeHigh,
                          DWORD dwMaximumSizeLow,
                          LPCSTR lpName);

/*
 `CreateFileMappingA` with a name in UTF-16.
 */
HANDLE CreateFileMappingW(HANDLE hFile,
                          const SECURITY_ATTRIBUTES *lpFileMappingAttributes,
                          DWORD flProtect,
                          DWORD dwMaximumSizeHigh,
                          DWORD dwMaximumSizeLow,
                          LPCWSTR lpName);

/*
 `CreateFileMappingA`; the preferred node is a hint, which is not followed.
 */
HANDLE CreateFileMappingNumaA(HANDLE hFile,
                              const SECURITY_ATTRIBUTES *lpFileMappingAttributes,
                              DWORD flProtect,
                              DWORD dwMaximumSizeHigh,
                              DWORD dwMaximumSizeLow,
                              LPCSTR lpName,
                              DWORD nndPreferred);

/*
 `CreateFileMappingW`; the preferred node is a hint, which is not followed.
 */
HANDLE CreateFileMappingNumaW(HANDLE hFile,
                              const SECURITY_ATTRIBUTES *lpFileMappingAttributes,
                              DWORD flProtect,
                              DWORD dwMaximumSizeHigh,
                              DWORD dwMaximumSizeLow,
                              LPCWSTR lpName,
                              DWORD nndPreferred);

/*
 Opens the file mapping that has the name, in UTF-8.

 Returns NULL on failure: `ERROR_FILE_NOT_FOUND` if no handle to such a mapping is open
 anywhere.
 */
HANDLE OpenFileMappingA(DWORD dwDesiredAccess,
                        BOOL bInheritHandle,
                        LPCSTR lpName);

/*
 Opens the file mapping that has the name, in UTF-16.
 */
HANDLE OpenFileMappingW(DWORD dwDesiredAccess,
                        BOOL bInheritHandle,
                        LPCWSTR lpName);

/*
 Maps a view of a file mapping at an address that the system chooses.

 The offset must be a multiple of 65536 (`ERROR_MAPPED_ALIGNMENT`); a length of 0 reaches to the
 end of the mapping.

 Returns NULL on failure.
 */
LPVOID MapViewOfFile(HANDLE hFileMappingObject,
                     DWORD dwDesiredAccess,
                     DWORD dwFileOffsetHigh,
                     DWORD dwFileOffsetLow,
                     SIZE_T dwNumberOfBytesToMap);

/*
 Maps a view of a file mapping at this address and nowhere else, or anywhere if it is NULL.

 Returns NULL on failure: `ERROR_INVALID_ADDRESS` if the address is taken.
 */
LPVOID MapViewOfFileEx(HANDLE hFileMappingObject,
                       DWORD dwDesiredAccess,
                       DWORD dwFileOffsetHigh,
                       DWORD dwFileOffsetLow,
                       SIZE_T dwNumberOfBytesToMap,
                       LPVOID lpBaseAddress);

/*
 Unmaps the whole view that has the address in it.

 Returns FALSE on failure: `ERROR_INVALID_ADDRESS` if there is no such view.
 */
BOOL UnmapViewOfFile(LPCVOID lpBaseAddress);

/*
 `UnmapViewOfFile`; the flags are hints (`MEM_UNMAP_WITH_TRANSIENT_BOOST`), or about
 placeholders, which there are none of (`ERROR_INVALID_PARAMETER`).
 */
BOOL UnmapViewOfFileEx(LPVOID BaseAddress,
                       DWORD UnmapFlags);

/*
 Writes the dirty pages of a range of a view to its file; a length of 0 reaches to the end of
 the view.

 Returns FALSE on failure.
 */
BOOL FlushViewOfFile(LPCVOID lpBaseAddress,
                     SIZE_T dwNumberOfBytesToFlush);

/*
 Tells what is known of the pages from an address on that are alike.

 Returns how many bytes of the structure were filled in, and 0 on failure.
 */
SIZE_T VirtualQuery(LPCVOID lpAddress,
                    MEMORY_BASIC_INFORMATION *lpBuffer,
                    SIZE_T dwLength);

/*
 Gives pages of a view another protection, within the one that the view was mapped with.

 Returns FALSE on failure, and then changes nothing: `ERROR_INVALID_PARAMETER` for a protection
 that the view does not allow and for a range that ends past its pages, `ERROR_INVALID_ADDRESS`
 for pages that are only reserved and for addresses that are in no view.
 */
BOOL VirtualProtect(LPVOID lpAddress,
                    SIZE_T dwSize,
                    DWORD flNewProtect,
                    DWORD *lpflOldProtect);

/*
 Commits pages of a view (`MEM_COMMIT`), or says that their bytes are not needed (`MEM_RESET`).

 Memory that belongs to no mapping is not offered (`ERROR_CALL_NOT_IMPLEMENTED`).

 Returns the address of the first page, and NULL on failure.
 */
LPVOID VirtualAlloc(LPVOID lpAddress,
                    SIZE_T dwSize,
                    DWORD flAllocationType,
                    DWORD flProtect);

/*
 Fails: what a view has is given back by `UnmapViewOfFile` alone (`ERROR_INVALID_PARAMETER`), and
 other addresses are not this library's (`ERROR_INVALID_ADDRESS`).
 */
BOOL VirtualFree(LPVOID lpAddress,
                 SIZE_T _dwSize,
                 DWORD dwFreeType);

/*
 Keeps a range of a view in memory.

 Returns FALSE on failure: `ERROR_WORKING_SET_QUOTA` if the process may not lock so much,
 `ERROR_NOACCESS` if the range is not in one view.
 */
BOOL VirtualLock(LPVOID lpAddress,
                 SIZE_T dwSize);

/*
 Lets a range of a view leave memory again.

 Returns FALSE on failure: `ERROR_NOACCESS` if the range is not in one view.
 */
BOOL VirtualUnlock(LPVOID lpAddress,
                   SIZE_T dwSize);

/*
 Reads ranges of views into memory, so that their first touch does not wait; of other addresses
 nothing is read.
 */
BOOL PrefetchVirtualMemory(HANDLE hProcess,
                           size_t NumberOfEntries,
                           const WIN32_MEMORY_RANGE_ENTRY *VirtualAddresses,
                           DWORD Flags);

/*
 Closes a handle.

 A descriptor is no handle, and whoever opened it closes it.

 Returns FALSE on failure: `ERROR_INVALID_HANDLE` if it is none, or not any more.
 */
BOOL CloseHandle(HANDLE hObject);

/*
 Makes another handle to the same object, in this process.
 */
BOOL DuplicateHandle(HANDLE hSourceProcessHandle,
                     HANDLE hSourceHandle,
                     HANDLE hTargetProcessHandle,
                     HANDLE *lpTargetHandle,
                     DWORD dwDesiredAccess,
                     BOOL bInheritHandle,
                     DWORD dwOptions);

/*
 Tells whether child processes inherit a handle (`HANDLE_FLAG_INHERIT`), and whether closing it
 is refused (`HANDLE_FLAG_PROTECT_FROM_CLOSE`).
 */
BOOL GetHandleInformation(HANDLE hObject,
                          DWORD *lpdwFlags);

/*
 Sets those flags of a handle that are in `dwMask`.
 */
BOOL SetHandleInformation(HANDLE hObject,
                          DWORD dwMask,
                          DWORD dwFlags);

/*
 Returns the last error of this thread.

 A function that fails sets it, and `CreateFileMapping` and `CreateFile` also when they succeed;
 other successes leave it as it was. `errno` is the code of the last call, and 0 if that
 succeeded.
 */
DWORD GetLastError(void);

/*
 Sets the last error of this thread, and `errno`.
 */
void SetLastError(DWORD dwErrCode);

/*
 Writes the text of an error, in UTF-8 and with a line end, or another text with what is
 inserted.

 Texts are this library's own, in English. Inserts take their arguments from an array
 (`FORMAT_MESSAGE_ARGUMENT_ARRAY`); a `va_list` is not offered (`ERROR_CALL_NOT_IMPLEMENTED`).

 Returns the length in bytes without the end, and 0 on failure: `ERROR_INSUFFICIENT_BUFFER` if
 the buffer is too small, `ERROR_MR_MID_NOT_FOUND` for a code without a text.
 */
DWORD FormatMessageA(DWORD dwFlags,
                     LPCVOID lpSource,
                     DWORD dwMessageId,
                     DWORD dwLanguageId,
                     LPSTR lpBuffer,
                     DWORD nSize,
                     PVA_LIST Arguments);

/*
 `FormatMessageA` in UTF-16.
 */
DWORD FormatMessageW(DWORD dwFlags,
                     LPCVOID lpSource,
                     DWORD dwMessageId,
                     DWORD dwLanguageId,
                     LPWSTR lpBuffer,
                     DWORD nSize,
                     PVA_LIST Arguments);

/*
 Gives a buffer of `FormatMessage` back.

 Returns NULL, and on failure the address: `ERROR_INVALID_HANDLE` if it is not such a buffer.
 */
HLOCAL LocalFree(HLOCAL hMem);

/*
 Tells what the machine is: above all `dwPageSize`, and `dwAllocationGranularity`, which is
 65536.
 */
void GetSystemInfo(SYSTEM_INFO *lpSystemInfo);

/*
 Returns the handle that stands for this process in `DuplicateHandle`.
 */
HANDLE GetCurrentProcess(void);

/*
 Returns the number of this process.
 */
DWORD GetCurrentProcessId(void);

/*
 Returns the size of a large page in bytes, and 0 if the machine has none.
 */
SIZE_T GetLargePageMinimum(void);

/*
 Opens or creates a file; the path is UTF-8, or whatever bytes it has.

 Sharing modes are accepted and mean nothing on Linux, and so do the template and all flags but
 `FILE_FLAG_BACKUP_SEMANTICS`, without which no folder is opened.

 Returns `INVALID_HANDLE_VALUE` on failure. `GetLastError` is `ERROR_ALREADY_EXISTS` if
 `CREATE_ALWAYS` or `OPEN_ALWAYS` found a file, and 0 if not.
 */
HANDLE CreateFileA(LPCSTR lpFileName,
                   DWORD dwDesiredAccess,
                   DWORD dwShareMode,
                   const SECURITY_ATTRIBUTES *lpSecurityAttributes,
                   DWORD dwCreationDisposition,
                   DWORD dwFlagsAndAttributes,
                   HANDLE hTemplateFile);

/*
 `CreateFileA` with a path in UTF-16.
 */
HANDLE CreateFileW(LPCWSTR lpFileName,
                   DWORD dwDesiredAccess,
                   DWORD dwShareMode,
                   const SECURITY_ATTRIBUTES *lpSecurityAttributes,
                   DWORD dwCreationDisposition,
                   DWORD dwFlagsAndAttributes,
                   HANDLE hTemplateFile);

/*
 Reads from where the file's position is, or from where `lpOverlapped` says; returns when that is
 done.

 At the end of the file nothing is read, which is a success without `lpOverlapped`, and
 `ERROR_HANDLE_EOF` with it.
 */
BOOL ReadFile(HANDLE hFile,
              LPVOID lpBuffer,
              DWORD nNumberOfBytesToRead,
              DWORD *lpNumberOfBytesRead,
              OVERLAPPED *lpOverlapped);

/*
 Writes all of the bytes where the file's position is, or where `lpOverlapped` says; returns when
 that is done.
 */
BOOL WriteFile(HANDLE hFile,
               LPCVOID lpBuffer,
               DWORD nNumberOfBytesToWrite,
               DWORD *lpNumberOfBytesWritten,
               OVERLAPPED *lpOverlapped);

/*
 Moves the file's position, which may lie past the end.
 */
BOOL SetFilePointerEx(HANDLE hFile,
                      LARGE_INTEGER liDistanceToMove,
                      LARGE_INTEGER *lpNewFilePointer,
                      DWORD dwMoveMethod);

/*
 Makes the file end where its position is: longer with zeros, or shorter.

 Returns FALSE on failure: `ERROR_USER_MAPPED_FILE` if the file would become shorter and a process
 of this user has a mapping or a view of it by this library.
 */
BOOL SetEndOfFile(HANDLE hFile);

/*
 Tells how long the file is, in bytes.
 */
BOOL GetFileSizeEx(HANDLE hFile,
                   LARGE_INTEGER *lpFileSize);

/*
 Waits until everything that was written to the file is on the disk.
 */
BOOL FlushFileBuffers(HANDLE hFile);

/*
 Removes a file; who has it open or mapped keeps it.
 */
BOOL DeleteFileA(LPCSTR lpFileName);

/*
 `DeleteFileA` with a path in UTF-16.
 */
BOOL DeleteFileW(LPCWSTR lpFileName);

/*
 Renames a file, over another one if `MOVEFILE_REPLACE_EXISTING` says so.
 */
BOOL MoveFileExA(LPCSTR lpExistingFileName,
                 LPCSTR lpNewFileName,
                 DWORD dwFlags);

/*
 `MoveFileExA` with paths in UTF-16.
 */
BOOL MoveFileExW(LPCWSTR lpExistingFileName,
                 LPCWSTR lpNewFileName,
                 DWORD dwFlags);

/*
 Copies bytes; the ranges may overlap.
 */
void RtlMoveMemory(LPVOID Destination,
                   LPCVOID Source,
                   SIZE_T Length);

/*
 `RtlMoveMemory`: what Windows' headers call `CopyMemory` tolerates overlapping ranges as well.
 */
void RtlCopyMemory(LPVOID Destination,
                   LPCVOID Source,
                   SIZE_T Length);

/*
 Sets bytes to one value.
 */
void RtlFillMemory(LPVOID Destination,
                   SIZE_T Length,
                   uint8_t Fill);

/*
 Sets bytes to 0.
 */
void RtlZeroMemory(LPVOID Destination,
                   SIZE_T Length);

/*
 `RtlMoveMemory`.
 */
void CopyMemory(LPVOID Destination,
                LPCVOID Source,
                SIZE_T Length);

/*
 `RtlMoveMemory`.
 */
void MoveMemory(LPVOID Destination,
                LPCVOID Source,
                SIZE_T Length);

/*
 `RtlFillMemory`.
 */
void FillMemory(LPVOID Destination,
                SIZE_T Length,
                uint8_t Fill);

/*
 `RtlZeroMemory`.
 */
void ZeroMemory(LPVOID Destination,
                SIZE_T Length);

/*
 Copies bytes out of a view; a page that the file has lost is an error and no signal.

 `address` is any address in a view, and `done`, if it is not NULL, gets the number of bytes that
 were copied, which are good also after a failure.

 Returns FALSE on failure: `ERROR_SWAPERROR` if the file has become shorter, `ERROR_IO_DEVICE` or
 `ERROR_DISK_FULL` if the disk is the cause; `ERROR_INVALID_ADDRESS` if the address is in no view,
 `ERROR_INVALID_PARAMETER` if the view ends first, `ERROR_ACCESS_DENIED` if it cannot be read.
 */
BOOL filemap_read(LPCVOID address,
                  LPVOID buffer,
                  SIZE_T len,
                  SIZE_T *done);

/*
 Copies bytes into a view; a page that the file has lost is an error and no signal.

 As `filemap_read`. After a failure bytes behind the first `*done` may have been written, too.
 */
BOOL filemap_write(LPVOID address,
                   LPCVOID buffer,
                   SIZE_T len,
                   SIZE_T *done);

/*
 Sets bytes of a view to one value; a page that the file has lost is an error and no signal.

 As `filemap_write`.
 */
BOOL filemap_fill(LPVOID address,
                  SIZE_T len,
                  BYTE byte,
                  SIZE_T *done);

/*
 Calls a function for each name of the machine that this user may read, in their order.

 Returns FALSE on failure.
 */
BOOL filemap_list(filemap_each each,
                  void *context);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* FILEMAP_H */

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
