/* kernel32's file mapping functions, and some of this library's own, for Linux.
 *
 * Generated from the library's sources by `cargo xtask header`: change those. */

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
typedef int16_t SHORT;
typedef uint16_t USHORT;
typedef unsigned char UCHAR;
typedef BYTE BOOLEAN;
typedef int8_t INT8;
typedef uint8_t UINT8;
typedef int16_t INT16;
typedef uint16_t UINT16;
typedef int32_t INT32, LONG32;
typedef uint32_t UINT32, ULONG32, DWORD32;
typedef long long INT64, LONG64;
typedef unsigned long long UINT64, ULONG64, DWORDLONG;
typedef float FLOAT;
typedef intptr_t INT_PTR, SSIZE_T;
typedef uintptr_t UINT_PTR;
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
typedef volatile void *PVOLATILE_VOID;
typedef BOOL *LPBOOL, *PBOOL;
typedef BYTE *LPBYTE, *PBYTE;
typedef WORD *LPWORD, *PWORD;
typedef DWORD *LPDWORD, *PDWORD;
typedef INT *LPINT, *PINT;
typedef UINT *PUINT;
typedef LONG *LPLONG, *PLONG;
typedef ULONG *PULONG;
typedef SHORT *PSHORT;
typedef USHORT *PUSHORT;
typedef UCHAR *PUCHAR;
typedef CHAR *PCHAR;
typedef WCHAR *PWCHAR;
typedef LONGLONG *PLONGLONG;
typedef ULONGLONG *PULONGLONG;
typedef SIZE_T *PSIZE_T;
typedef HANDLE *LPHANDLE, *PHANDLE;
typedef CHAR *LPSTR, *PSTR;
typedef const CHAR *LPCSTR, *PCSTR;
typedef WCHAR *LPWSTR, *PWSTR;
typedef const WCHAR *LPCWSTR, *PCWSTR;
typedef HANDLE HLOCAL;
typedef HANDLE HMODULE;
typedef HMODULE HINSTANCE;
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

typedef PVOID PSID, PACL, PSECURITY_DESCRIPTOR;

typedef struct _SECURITY_DESCRIPTOR {
    BYTE Revision;
    BYTE Sbz1;
    WORD Control;
    PSID Owner;
    PSID Group;
    PACL Sacl;
    PACL Dacl;
} SECURITY_DESCRIPTOR;

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

typedef union _ULARGE_INTEGER {
    __extension__ struct {
        DWORD LowPart;
        DWORD HighPart;
    };
    struct {
        DWORD LowPart;
        DWORD HighPart;
    } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

typedef struct _MEMORYSTATUSEX {
    DWORD dwLength;
    DWORD dwMemoryLoad;
    DWORDLONG ullTotalPhys;
    DWORDLONG ullAvailPhys;
    DWORDLONG ullTotalPageFile;
    DWORDLONG ullAvailPageFile;
    DWORDLONG ullTotalVirtual;
    DWORDLONG ullAvailVirtual;
    DWORDLONG ullAvailExtendedVirtual;
} MEMORYSTATUSEX, *LPMEMORYSTATUSEX;

/* In C it takes any arguments, as on Windows, until C23. */
typedef INT_PTR (*FARPROC)();

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

#define FILEMAP_ON_LOSS_DIE 0u
#define FILEMAP_ON_LOSS_ZEROS 1u

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
#define ACCESS_SYSTEM_SECURITY 0x01000000u
#define MAXIMUM_ALLOWED 0x02000000u
#define GENERIC_ALL 0x10000000u
#define GENERIC_EXECUTE 0x20000000u
#define GENERIC_WRITE 0x40000000u
#define GENERIC_READ 0x80000000u

#define MUTEX_MODIFY_STATE 0x0001u
#define MUTEX_ALL_ACCESS 0x001F0001u
#define EVENT_MODIFY_STATE 0x0002u
#define EVENT_ALL_ACCESS 0x001F0003u
#define SEMAPHORE_MODIFY_STATE 0x0002u
#define SEMAPHORE_ALL_ACCESS 0x001F0003u
#define CREATE_MUTEX_INITIAL_OWNER 0x00000001u
#define CREATE_EVENT_MANUAL_RESET 0x00000001u
#define CREATE_EVENT_INITIAL_SET 0x00000002u
#define PROCESS_DUP_HANDLE 0x0040u
#define PROCESS_QUERY_INFORMATION 0x0400u
#define PROCESS_QUERY_LIMITED_INFORMATION 0x1000u
#define PROCESS_ALL_ACCESS 0x001FFFFFu

#define FILE_READ_DATA 0x0001u
#define FILE_WRITE_DATA 0x0002u
#define FILE_APPEND_DATA 0x0004u
#define FILE_EXECUTE 0x0020u
#define FILE_READ_ATTRIBUTES 0x0080u
#define FILE_SHARE_READ 0x00000001u
#define FILE_SHARE_WRITE 0x00000002u
#define FILE_SHARE_DELETE 0x00000004u
#define FILE_ATTRIBUTE_READONLY 0x00000001u
#define FILE_ATTRIBUTE_HIDDEN 0x00000002u
#define FILE_ATTRIBUTE_ARCHIVE 0x00000020u
#define FILE_ATTRIBUTE_NORMAL 0x00000080u
#define FILE_ATTRIBUTE_TEMPORARY 0x00000100u
#define FILE_FLAG_WRITE_THROUGH 0x80000000u
#define FILE_FLAG_OVERLAPPED 0x40000000u
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

#define SECURITY_DESCRIPTOR_REVISION 1
#define SECURITY_DESCRIPTOR_MIN_LENGTH (sizeof(SECURITY_DESCRIPTOR))
#define SDDL_REVISION_1 1

#define INVALID_FILE_SIZE 0xFFFFFFFFu
#define INVALID_SET_FILE_POINTER 0xFFFFFFFFu
#define INVALID_FILE_ATTRIBUTES 0xFFFFFFFFu
#define FILE_TYPE_UNKNOWN 0x0000u
#define FILE_TYPE_DISK 0x0001u
#define FILE_TYPE_CHAR 0x0002u
#define FILE_TYPE_PIPE 0x0003u
#define LOCKFILE_FAIL_IMMEDIATELY 0x00000001u
#define LOCKFILE_EXCLUSIVE_LOCK 0x00000002u

#define INFINITE 0xFFFFFFFFu
#define WAIT_OBJECT_0 0x00000000u
#define WAIT_ABANDONED 0x00000080u
#define WAIT_ABANDONED_0 0x00000080u
#define WAIT_IO_COMPLETION 0x000000C0u
#define WAIT_TIMEOUT 258u
#define WAIT_FAILED 0xFFFFFFFFu
#define MAXIMUM_WAIT_OBJECTS 64
#define MAXDWORD 0xFFFFFFFFu

#define CP_ACP 0
#define CP_OEMCP 1
#define CP_THREAD_ACP 3
#define CP_UTF8 65001
#define MB_PRECOMPOSED 0x00000001u
#define MB_ERR_INVALID_CHARS 0x00000008u
#define WC_NO_BEST_FIT_CHARS 0x00000400u
#define WC_ERR_INVALID_CHARS 0x00000080u

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
#define ERROR_MOD_NOT_FOUND 126u
#define ERROR_PROC_NOT_FOUND 127u
#define ERROR_NEGATIVE_SEEK 131u
#define ERROR_DIR_NOT_EMPTY 145u
#define ERROR_NOT_LOCKED 158u
#define ERROR_BAD_PATHNAME 161u
#define ERROR_ALREADY_EXISTS 183u
#define ERROR_BAD_EXE_FORMAT 193u
#define ERROR_FILENAME_EXCED_RANGE 206u
#define ERROR_FILE_TOO_LARGE 223u
#define ERROR_NOT_OWNER 288u
#define ERROR_TOO_MANY_POSTS 298u
#define ERROR_INVALID_LOCK_RANGE 307u
#define ERROR_MR_MID_NOT_FOUND 317u
#define ERROR_INVALID_ADDRESS 487u
#define ERROR_NOACCESS 998u
#define ERROR_SWAPERROR 999u
#define ERROR_INVALID_FLAGS 1004u
#define ERROR_FILE_INVALID 1006u
#define ERROR_NO_UNICODE_TRANSLATION 1113u
#define ERROR_IO_DEVICE 1117u
#define ERROR_MAPPED_ALIGNMENT 1132u
#define ERROR_USER_MAPPED_FILE 1224u
#define ERROR_UNKNOWN_REVISION 1305u
#define ERROR_PRIVILEGE_NOT_HELD 1314u
#define ERROR_INVALID_ACL 1336u
#define ERROR_INVALID_SID 1337u
#define ERROR_INVALID_SECURITY_DESCR 1338u
#define ERROR_INTERNAL_ERROR 1359u
#define ERROR_FILE_CORRUPT 1392u
#define ERROR_NO_SYSTEM_RESOURCES 1450u
#define ERROR_WORKING_SET_QUOTA 1453u
#define ERROR_COMMITMENT_LIMIT 1455u
#define ERROR_TIMEOUT 1460u
#define ERROR_INVALID_USER_BUFFER 1784u
#define ERROR_RESOURCE_LANG_NOT_FOUND 1815u


/*
 A view that is held: its bytes stay mapped until it is let go, whoever unmaps it meanwhile.

 For C it is a type without content: its address is all that leaves this library.
 */
typedef struct filemap_pin filemap_pin;

/*
 A range of a view that reads, or has read, as zeros because it was lost.
 */
typedef struct filemap_lost_range {
    /*
     The address of its first byte.
     */
    LPVOID address;
    /*
     How many bytes it has.
     */
    SIZE_T size;
    /*
     When the first of its pages was lost, in nanoseconds since 1970; 0 of a range that was restored.
     */
    uint64_t since;
} filemap_lost_range;

/*
 An entry of the registry.
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
     The size in bytes; 0 if it follows the length of its file.
     */
    uint64_t size;
    /*
     The time of its creation, in nanoseconds since 1970.
     */
    uint64_t created;
    /*
     Its protection, a `PAGE_` word.
     */
    DWORD protection;
    /*
     Its attributes, `SEC_` words.
     */
    DWORD attributes;
    /*
     The number of the process that created it, which may have ended.
     */
    DWORD creator;
    /*
     Whether any process has a handle open; without one the name is dead.
     */
    BOOL live;
} filemap_name;

/*
 The function that `filemap_list` calls for each name. It returns FALSE to end the list. The
 structure and its texts are valid until it returns.
 */
typedef BOOL (*filemap_each)(const struct filemap_name *name,
                             void *context);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 Creates a file mapping, or opens the one that has the name.

 `hFile` is a handle of `CreateFile`, a descriptor above 0, or `INVALID_HANDLE_VALUE` (or NULL)
 for memory. `flProtect` is one `PAGE_` word with `SEC_` words. `lpName` is UTF-8. A security
 descriptor tells whether others than this user may open the name, to read or to write: it is what
 it allows to everybody, or to all users.

 Returns NULL on failure. `GetLastError` is 0 for a new mapping and `ERROR_ALREADY_EXISTS` for an
 existing one.
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
 `CreateFileMappingA`; the preferred node is a hint, which is ignored.
 */
HANDLE CreateFileMappingNumaA(HANDLE hFile,
                              const SECURITY_ATTRIBUTES *lpFileMappingAttributes,
                              DWORD flProtect,
                              DWORD dwMaximumSizeHigh,
                              DWORD dwMaximumSizeLow,
                              LPCSTR lpName,
                              DWORD nndPreferred);

/*
 `CreateFileMappingW`; the preferred node is a hint, which is ignored.
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

 Returns NULL on failure: `ERROR_FILE_NOT_FOUND` if no process has a handle to such a mapping,
 `ERROR_ACCESS_DENIED` for an access of 0, one that its maker does not give, and one that mappings
 do not have, such as `SYNCHRONIZE`.
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
 `UnmapViewOfFile`; the flags are a hint (`MEM_UNMAP_WITH_TRANSIENT_BOOST`), or about placeholders,
 which are not supported (`ERROR_INVALID_PARAMETER`).
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
 Stores the state and protection of an address, and how many pages from there on have the same.

 Returns the number of bytes stored, and 0 on failure.
 */
SIZE_T VirtualQuery(LPCVOID lpAddress,
                    MEMORY_BASIC_INFORMATION *lpBuffer,
                    SIZE_T dwLength);

/*
 Changes the protection of pages of a view, within the one that the view was mapped with.

 Returns FALSE on failure, and then changes nothing: `ERROR_INVALID_PARAMETER` for a protection
 that the view does not allow and for a range that ends past its pages, `ERROR_INVALID_ADDRESS`
 for pages that are only reserved and for addresses that are in no view.
 */
BOOL VirtualProtect(LPVOID lpAddress,
                    SIZE_T dwSize,
                    DWORD flNewProtect,
                    DWORD *lpflOldProtect);

/*
 Commits pages of a view (`MEM_COMMIT`), or declares their bytes unneeded (`MEM_RESET`).

 Memory that belongs to no mapping is not supported (`ERROR_CALL_NOT_IMPLEMENTED`).

 Returns the address of the first page, and NULL on failure.
 */
LPVOID VirtualAlloc(LPVOID lpAddress,
                    SIZE_T dwSize,
                    DWORD flAllocationType,
                    DWORD flProtect);

/*
 Fails: pages of a view are released by `UnmapViewOfFile` alone (`ERROR_INVALID_PARAMETER`), and
 other addresses do not belong to this library (`ERROR_INVALID_ADDRESS`).
 */
BOOL VirtualFree(LPVOID lpAddress,
                 SIZE_T _dwSize,
                 DWORD dwFreeType);

/*
 Locks a range of a view in memory.

 Returns FALSE on failure: `ERROR_WORKING_SET_QUOTA` if the process may not lock so much,
 `ERROR_NOACCESS` if the range is not in one view.
 */
BOOL VirtualLock(LPVOID lpAddress,
                 SIZE_T dwSize);

/*
 Unlocks a range of a view, which may then leave memory.

 Returns FALSE on failure: `ERROR_NOACCESS` if the range is not in one view.
 */
BOOL VirtualUnlock(LPVOID lpAddress,
                   SIZE_T dwSize);

/*
 Reads ranges of views into memory, so that their first access does not wait; other addresses are
 ignored.
 */
BOOL PrefetchVirtualMemory(HANDLE hProcess,
                           size_t NumberOfEntries,
                           const WIN32_MEMORY_RANGE_ENTRY *VirtualAddresses,
                           DWORD Flags);

/*
 Closes a handle.

 A descriptor is no handle, and is closed by `close`.

 Returns FALSE on failure: `ERROR_INVALID_HANDLE` if it is no open handle.
 */
BOOL CloseHandle(HANDLE hObject);

/*
 Opens another handle to the same object, in this process.
 */
BOOL DuplicateHandle(HANDLE hSourceProcessHandle,
                     HANDLE hSourceHandle,
                     HANDLE hTargetProcessHandle,
                     HANDLE *lpTargetHandle,
                     DWORD dwDesiredAccess,
                     BOOL bInheritHandle,
                     DWORD dwOptions);

/*
 Stores the flags of a handle: whether child processes inherit it (`HANDLE_FLAG_INHERIT`), and
 whether closing it is refused (`HANDLE_FLAG_PROTECT_FROM_CLOSE`).
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
 Writes the text of an error, in UTF-8 and with a line break, or another text with its inserts.

 Texts are this library's own, in English. Inserts are formed as by `printf`, without numbers that
 have a fraction. They take their arguments from an array
 (`FORMAT_MESSAGE_ARGUMENT_ARRAY`); a `va_list` is not supported (`ERROR_CALL_NOT_IMPLEMENTED`).

 Returns the length in bytes without the end, and 0 on failure, with NULL instead of an allocated
 buffer: `ERROR_INSUFFICIENT_BUFFER` if the buffer is too small, `ERROR_MR_MID_NOT_FOUND` for a
 code without a text.
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
 Frees what `FormatMessage` or `ConvertStringSecurityDescriptorToSecurityDescriptor` has
 allocated.

 Returns NULL, and on failure the address: `ERROR_INVALID_HANDLE` if it is no such memory.
 */
HLOCAL LocalFree(HLOCAL hMem);

/*
 Makes a security descriptor that says nothing. `dwRevision` is `SECURITY_DESCRIPTOR_REVISION`
 (`ERROR_UNKNOWN_REVISION`).
 */
BOOL InitializeSecurityDescriptor(LPVOID pSecurityDescriptor,
                                  DWORD dwRevision);

/*
 Puts a list of who may do what into a security descriptor; NULL stands for everybody and
 everything. Without `bDaclPresent` the descriptor says nothing of it.
 */
BOOL SetSecurityDescriptorDacl(LPVOID pSecurityDescriptor,
                               BOOL bDaclPresent,
                               LPVOID pDacl,
                               BOOL bDaclDefaulted);

/*
 Makes a security descriptor of a text such as `D:(A;;GA;;;WD)`, which gives everybody everything.
 The program frees it by `LocalFree`.

 Returns FALSE on failure: `ERROR_INVALID_PARAMETER` for what is no such text, `ERROR_INVALID_ACL`
 for a wrong entry, `ERROR_INVALID_SID` for a user or a group that is not known by two letters.
 */
BOOL ConvertStringSecurityDescriptorToSecurityDescriptorA(LPCSTR StringSecurityDescriptor,
                                                          DWORD StringSDRevision,
                                                          LPVOID *SecurityDescriptor,
                                                          DWORD *SecurityDescriptorSize);

/*
 `ConvertStringSecurityDescriptorToSecurityDescriptorA` with a text in UTF-16.
 */
BOOL ConvertStringSecurityDescriptorToSecurityDescriptorW(LPCWSTR StringSecurityDescriptor,
                                                          DWORD StringSDRevision,
                                                          LPVOID *SecurityDescriptor,
                                                          DWORD *SecurityDescriptorSize);

/*
 Stores facts about the machine, among them `dwPageSize`, and `dwAllocationGranularity`, which is
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
 Returns the number of this thread, which no other thread of the machine has.
 */
DWORD GetCurrentThreadId(void);

/*
 Stores how much memory there is and how much of it is left, in bytes.

 `dwLength` must be the size of the structure (`ERROR_INVALID_PARAMETER`).
 */
BOOL GlobalMemoryStatusEx(MEMORYSTATUSEX *lpBuffer);

/*
 Waits for a number of milliseconds: 0 lets other threads run, `INFINITE` never returns.
 */
void Sleep(DWORD dwMilliseconds);

/*
 Returns the milliseconds since the machine was started, which begin again at 0 every 49.7 days.
 */
DWORD GetTickCount(void);

/*
 Returns the milliseconds since the machine was started.
 */
ULONGLONG GetTickCount64(void);

/*
 Stores the time since the machine was started, in units of which `QueryPerformanceFrequency`
 tells the number in a second. All processes have the same.
 */
BOOL QueryPerformanceCounter(LARGE_INTEGER *lpPerformanceCount);

/*
 Stores the number of `QueryPerformanceCounter`'s units in a second, 10,000,000.
 */
BOOL QueryPerformanceFrequency(LARGE_INTEGER *lpFrequency);

/*
 Translates UTF-8 to UTF-16. The length -1 stands for a text that ends with a NUL, which is
 translated as well.

 `CP_ACP`, `CP_OEMCP` and `CP_THREAD_ACP` are UTF-8 as well; there are no other pages
 (`ERROR_INVALID_PARAMETER`). What is not UTF-8 becomes U+FFFD, or an error
 (`ERROR_NO_UNICODE_TRANSLATION`) with `MB_ERR_INVALID_CHARS`.

 Returns the number of units, and stores them unless there is no room (`cchWideChar` 0); returns 0
 on failure: `ERROR_INSUFFICIENT_BUFFER` if there is too little.
 */
int MultiByteToWideChar(UINT CodePage,
                        DWORD dwFlags,
                        LPCSTR lpMultiByteStr,
                        int cbMultiByte,
                        LPWSTR lpWideCharStr,
                        int cchWideChar);

/*
 Translates UTF-16 to UTF-8. The length -1 stands for a text that ends with a zero, which is
 translated as well.

 Pages and results are those of `MultiByteToWideChar`. Unpaired surrogates become U+FFFD, or an
 error (`ERROR_NO_UNICODE_TRANSLATION`) with `WC_ERR_INVALID_CHARS`. No default character is ever
 used; with `CP_UTF8` none may be given (`ERROR_INVALID_PARAMETER`).
 */
int WideCharToMultiByte(UINT CodePage,
                        DWORD dwFlags,
                        LPCWSTR lpWideCharStr,
                        int cchWideChar,
                        LPSTR lpMultiByteStr,
                        int cbMultiByte,
                        LPCSTR lpDefaultChar,
                        BOOL *lpUsedDefaultChar);

/*
 Returns the module of this library, for `kernel32` and `kernelbase` with or without `.dll`, and
 that of the program for NULL.

 Returns NULL on failure: `ERROR_MOD_NOT_FOUND` for any other name.
 */
HMODULE GetModuleHandleA(LPCSTR lpModuleName);

/*
 `GetModuleHandleA` with a name in UTF-16.
 */
HMODULE GetModuleHandleW(LPCWSTR lpModuleName);

/*
 Returns the address of a function of this library.

 Returns NULL on failure: `ERROR_PROC_NOT_FOUND` if it has no such function, and for the module of
 the program, `ERROR_MOD_NOT_FOUND` if there is no such module.
 */
FARPROC GetProcAddress(HMODULE hModule,
                       LPCSTR lpProcName);

/*
 Opens or creates a file; the path is UTF-8, or any bytes.

 With `FILE_FLAG_DELETE_ON_CLOSE` the file is removed with the last of its handle and that one's
 duplicates, or when the process exits; one that is killed leaves it. Without
 `FILE_FLAG_BACKUP_SEMANTICS` no folder is opened. Sharing modes are accepted and ignored, and so
 are the template and all other flags.

 Returns `INVALID_HANDLE_VALUE` on failure: `ERROR_SHARING_VIOLATION` if it is to be written and
 this process has it mapped as a program. `GetLastError` is `ERROR_ALREADY_EXISTS` if
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
 Waits until everything written to the file is on the disk.

 Returns FALSE on failure: `ERROR_ACCESS_DENIED` if the file is not open for writing.
 */
BOOL FlushFileBuffers(HANDLE hFile);

/*
 Returns what kind of file a handle is of: `FILE_TYPE_DISK`, `FILE_TYPE_CHAR` for terminals and other
 devices, `FILE_TYPE_PIPE` for pipes and sockets, and `FILE_TYPE_UNKNOWN` for others and on failure.
 */
DWORD GetFileType(HANDLE hFile);

/*
 Removes a file. Processes that have it open or mapped can still use it.
 */
BOOL DeleteFileA(LPCSTR lpFileName);

/*
 `DeleteFileA` with a path in UTF-16.
 */
BOOL DeleteFileW(LPCWSTR lpFileName);

/*
 Renames a file, and replaces another one only with `MOVEFILE_REPLACE_EXISTING`.
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
 Reads at the file's position, or at the offset in `lpOverlapped`, and returns when that is done.
 The position is then behind what was read.

 At the end of the file nothing is read, which is a success without `lpOverlapped`, and
 `ERROR_HANDLE_EOF` with it. A buffer that cannot be written to is `ERROR_NOACCESS`, and then
 nothing is read.
 */
BOOL ReadFile(HANDLE hFile,
              LPVOID lpBuffer,
              DWORD nNumberOfBytesToRead,
              DWORD *lpNumberOfBytesRead,
              OVERLAPPED *lpOverlapped);

/*
 Writes all of the bytes at the file's position, or at the offset in `lpOverlapped`, and returns
 when that is done. The position is then behind what was written.

 A buffer that cannot be read is `ERROR_INVALID_USER_BUFFER`, and then nothing is written.
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
 Sets the length of a file to its position. New bytes are zero.

 Returns FALSE on failure: `ERROR_USER_MAPPED_FILE` if the file would become shorter and a process
 of this user has a mapping or a view of it by this library, `ERROR_ACCESS_DENIED` if it is not open
 for writing.
 */
BOOL SetEndOfFile(HANDLE hFile);

/*
 Stores the length of a file in bytes.
 */
BOOL GetFileSizeEx(HANDLE hFile,
                   LARGE_INTEGER *lpFileSize);

/*
 Moves the file's position by 32 bits, or by 64 if there are upper ones, and returns its lower 32.

 Returns `INVALID_SET_FILE_POINTER` on failure, and for a position that has these bits, for which
 the last error is 0: `ERROR_NEGATIVE_SEEK` for one before the start, and
 `ERROR_INVALID_PARAMETER` for one that has more than 32 bits without a place for the upper ones.
 The position is then where it was.
 */
DWORD SetFilePointer(HANDLE hFile,
                     LONG lDistanceToMove,
                     LONG *lpDistanceToMoveHigh,
                     DWORD dwMoveMethod);

/*
 Returns the lower 32 bits of a file's length in bytes, and stores the upper ones.

 Returns `INVALID_FILE_SIZE` on failure, and for a length that has these bits, for which the last
 error is 0.
 */
DWORD GetFileSize(HANDLE hFile,
                  DWORD *lpFileSizeHigh);

/*
 Locks a range of a file for this handle alone, or fails at once: `ERROR_LOCK_VIOLATION` if
 anybody has a part of it, this handle included.

 Locks keep out other locks, of all processes, and not reading and writing. The handle must allow
 writing (`ERROR_ACCESS_DENIED`). Closing it gives its locks back.
 */
BOOL LockFile(HANDLE hFile,
              DWORD dwFileOffsetLow,
              DWORD dwFileOffsetHigh,
              DWORD nNumberOfBytesToLockLow,
              DWORD nNumberOfBytesToLockHigh);

/*
 Locks a range of a file, for this handle alone with `LOCKFILE_EXCLUSIVE_LOCK`, and waits for it,
 unless `LOCKFILE_FAIL_IMMEDIATELY` is set (`ERROR_LOCK_VIOLATION`).

 A lock that others may have too needs a handle that allows reading, an exclusive one writing
 (`ERROR_ACCESS_DENIED`).
 */
BOOL LockFileEx(HANDLE hFile,
                DWORD dwFlags,
                DWORD dwReserved,
                DWORD nNumberOfBytesToLockLow,
                DWORD nNumberOfBytesToLockHigh,
                OVERLAPPED *lpOverlapped);

/*
 Gives a range back that `LockFile` or `LockFileEx` has locked for this handle.

 Returns FALSE on failure: `ERROR_NOT_LOCKED` if it is not exactly such a range.
 */
BOOL UnlockFile(HANDLE hFile,
                DWORD dwFileOffsetLow,
                DWORD dwFileOffsetHigh,
                DWORD nNumberOfBytesToUnlockLow,
                DWORD nNumberOfBytesToUnlockHigh);

/*
 `UnlockFile` with the offset in `lpOverlapped`.
 */
BOOL UnlockFileEx(HANDLE hFile,
                  DWORD dwReserved,
                  DWORD nNumberOfBytesToUnlockLow,
                  DWORD nNumberOfBytesToUnlockHigh,
                  OVERLAPPED *lpOverlapped);

/*
 Copies bytes; the ranges may overlap.
 */
void RtlMoveMemory(LPVOID Destination,
                   LPCVOID Source,
                   SIZE_T Length);

/*
 `RtlMoveMemory`: the `CopyMemory` of Windows' headers tolerates overlapping ranges as well.
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
 Creates a mutex, or opens the one that has the name. `lpName` is UTF-8, or NULL for a mutex
 without a name.

 With `bInitialOwner` the calling thread owns a new mutex before anybody else can open it; one that
 exists stays as it is.

 Returns NULL on failure: `ERROR_INVALID_HANDLE` if the name is that of another kind of object.
 `GetLastError` is 0 for a new mutex and `ERROR_ALREADY_EXISTS` for an existing one.
 */
HANDLE CreateMutexA(const SECURITY_ATTRIBUTES *lpMutexAttributes,
                    BOOL bInitialOwner,
                    LPCSTR lpName);

/*
 `CreateMutexA` with a name in UTF-16.
 */
HANDLE CreateMutexW(const SECURITY_ATTRIBUTES *lpMutexAttributes,
                    BOOL bInitialOwner,
                    LPCWSTR lpName);

/*
 `CreateMutexA` whose handle has the rights of `dwDesiredAccess`. `dwFlags` is 0 or
 `CREATE_MUTEX_INITIAL_OWNER`.
 */
HANDLE CreateMutexExA(const SECURITY_ATTRIBUTES *lpMutexAttributes,
                      LPCSTR lpName,
                      DWORD dwFlags,
                      DWORD dwDesiredAccess);

/*
 `CreateMutexExA` with a name in UTF-16.
 */
HANDLE CreateMutexExW(const SECURITY_ATTRIBUTES *lpMutexAttributes,
                      LPCWSTR lpName,
                      DWORD dwFlags,
                      DWORD dwDesiredAccess);

/*
 Opens the mutex that has the name, in UTF-8.

 Returns NULL on failure: `ERROR_FILE_NOT_FOUND` if no process has a handle to it,
 `ERROR_INVALID_HANDLE` if the name is that of another kind of object, `ERROR_ACCESS_DENIED` for an
 access of 0 and for one that mutexes do not have.
 */
HANDLE OpenMutexA(DWORD dwDesiredAccess,
                  BOOL bInheritHandle,
                  LPCSTR lpName);

/*
 `OpenMutexA` with a name in UTF-16.
 */
HANDLE OpenMutexW(DWORD dwDesiredAccess,
                  BOOL bInheritHandle,
                  LPCWSTR lpName);

/*
 Gives a mutex back once. The thread that has taken it several times gives it back as often.

 Returns FALSE on failure: `ERROR_NOT_OWNER` if the calling thread does not own it.
 */
BOOL ReleaseMutex(HANDLE hMutex);

/*
 Creates an event, or opens the one that has the name. `lpName` is UTF-8, or NULL for an event
 without a name.

 With `bManualReset` a new event releases all threads that wait, and stays set until `ResetEvent`;
 without, it releases one thread each time that it is set. With `bInitialState` it is set from the
 start. One that exists stays as it is.

 Returns NULL on failure: `ERROR_INVALID_HANDLE` if the name is that of another kind of object.
 `GetLastError` is 0 for a new event and `ERROR_ALREADY_EXISTS` for an existing one.
 */
HANDLE CreateEventA(const SECURITY_ATTRIBUTES *lpEventAttributes,
                    BOOL bManualReset,
                    BOOL bInitialState,
                    LPCSTR lpName);

/*
 `CreateEventA` with a name in UTF-16.
 */
HANDLE CreateEventW(const SECURITY_ATTRIBUTES *lpEventAttributes,
                    BOOL bManualReset,
                    BOOL bInitialState,
                    LPCWSTR lpName);

/*
 `CreateEventA` whose handle has the rights of `dwDesiredAccess`. `dwFlags` has
 `CREATE_EVENT_MANUAL_RESET` and `CREATE_EVENT_INITIAL_SET` for the other arguments.
 */
HANDLE CreateEventExA(const SECURITY_ATTRIBUTES *lpEventAttributes,
                      LPCSTR lpName,
                      DWORD dwFlags,
                      DWORD dwDesiredAccess);

/*
 `CreateEventExA` with a name in UTF-16.
 */
HANDLE CreateEventExW(const SECURITY_ATTRIBUTES *lpEventAttributes,
                      LPCWSTR lpName,
                      DWORD dwFlags,
                      DWORD dwDesiredAccess);

/*
 Opens the event that has the name, in UTF-8.

 Returns NULL on failure: `ERROR_FILE_NOT_FOUND` if no process has a handle to it,
 `ERROR_INVALID_HANDLE` if the name is that of another kind of object, `ERROR_ACCESS_DENIED` for an
 access of 0 and for one that events do not have.
 */
HANDLE OpenEventA(DWORD dwDesiredAccess,
                  BOOL bInheritHandle,
                  LPCSTR lpName);

/*
 `OpenEventA` with a name in UTF-16.
 */
HANDLE OpenEventW(DWORD dwDesiredAccess,
                  BOOL bInheritHandle,
                  LPCWSTR lpName);

/*
 Sets an event: releases one thread that waits for it, or all with manual reset. Without any, it
 stays set.

 Returns FALSE on failure: `ERROR_ACCESS_DENIED` without `EVENT_MODIFY_STATE`.
 */
BOOL SetEvent(HANDLE hEvent);

/*
 Resets an event.

 Returns FALSE on failure, as `SetEvent` does.
 */
BOOL ResetEvent(HANDLE hEvent);

/*
 Releases one of the threads that wait at this moment for this event alone, or all with manual
 reset, and resets it. A thread that waits for several objects is not released.

 Returns FALSE on failure, as `SetEvent` does.
 */
BOOL PulseEvent(HANDLE hEvent);

/*
 Creates a semaphore, or opens the one that has the name. `lpName` is UTF-8, or NULL for a
 semaphore without a name.

 A new one has the count `lInitialCount`, and at most `lMaximumCount`, which is at least 1
 (`ERROR_INVALID_PARAMETER`); one that exists keeps its own.

 Returns NULL on failure: `ERROR_INVALID_HANDLE` if the name is that of another kind of object.
 `GetLastError` is 0 for a new semaphore and `ERROR_ALREADY_EXISTS` for an existing one.
 */
HANDLE CreateSemaphoreA(const SECURITY_ATTRIBUTES *lpSemaphoreAttributes,
                        LONG lInitialCount,
                        LONG lMaximumCount,
                        LPCSTR lpName);

/*
 `CreateSemaphoreA` with a name in UTF-16.
 */
HANDLE CreateSemaphoreW(const SECURITY_ATTRIBUTES *lpSemaphoreAttributes,
                        LONG lInitialCount,
                        LONG lMaximumCount,
                        LPCWSTR lpName);

/*
 `CreateSemaphoreA` whose handle has the rights of `dwDesiredAccess`. `dwFlags` is 0
 (`ERROR_INVALID_PARAMETER`).
 */
HANDLE CreateSemaphoreExA(const SECURITY_ATTRIBUTES *lpSemaphoreAttributes,
                          LONG lInitialCount,
                          LONG lMaximumCount,
                          LPCSTR lpName,
                          DWORD dwFlags,
                          DWORD dwDesiredAccess);

/*
 `CreateSemaphoreExA` with a name in UTF-16.
 */
HANDLE CreateSemaphoreExW(const SECURITY_ATTRIBUTES *lpSemaphoreAttributes,
                          LONG lInitialCount,
                          LONG lMaximumCount,
                          LPCWSTR lpName,
                          DWORD dwFlags,
                          DWORD dwDesiredAccess);

/*
 Opens the semaphore that has the name, in UTF-8.

 Returns NULL on failure: `ERROR_FILE_NOT_FOUND` if no process has a handle to it,
 `ERROR_INVALID_HANDLE` if the name is that of another kind of object, `ERROR_ACCESS_DENIED` for an
 access of 0 and for one that semaphores do not have.
 */
HANDLE OpenSemaphoreA(DWORD dwDesiredAccess,
                      BOOL bInheritHandle,
                      LPCSTR lpName);

/*
 `OpenSemaphoreA` with a name in UTF-16.
 */
HANDLE OpenSemaphoreW(DWORD dwDesiredAccess,
                      BOOL bInheritHandle,
                      LPCWSTR lpName);

/*
 Adds to a semaphore's count, and stores the one before in `lpPreviousCount`, unless it is NULL.

 Returns FALSE on failure: `ERROR_TOO_MANY_POSTS` if the count would be more than its maximum, and
 then nothing is changed; `ERROR_INVALID_PARAMETER` for a count that is not above 0;
 `ERROR_ACCESS_DENIED` without `SEMAPHORE_MODIFY_STATE`.
 */
BOOL ReleaseSemaphore(HANDLE hSemaphore,
                      LONG lReleaseCount,
                      LONG *lpPreviousCount);

/*
 Waits until an object is signalled, and takes it: a mutex that no other thread owns, an event that
 is set, a semaphore whose count is not 0, a process that has ended. A file is signalled.

 Returns `WAIT_OBJECT_0`; `WAIT_ABANDONED_0` for a mutex whose last owner ended without giving it
 back, which is owned as well; `WAIT_TIMEOUT` if the time is over; `WAIT_FAILED` on failure, and
 only then sets the last error: `ERROR_ACCESS_DENIED` without `SYNCHRONIZE`, which mappings never
 have.
 */
DWORD WaitForSingleObject(HANDLE hHandle,
                          DWORD dwMilliseconds);

/*
 `WaitForSingleObject`; there are no calls that could interrupt the wait.
 */
DWORD WaitForSingleObjectEx(HANDLE hHandle,
                            DWORD dwMilliseconds,
                            BOOL bAlertable);

/*
 Waits until one of several objects is signalled, or with `bWaitAll` until all are at once.

 Of several that are signalled the first one is taken, and no other is changed. Returns its number,
 from `WAIT_OBJECT_0` on, or from `WAIT_ABANDONED_0` on; with `bWaitAll` one of these two. Otherwise
 like `WaitForSingleObject`; there are 1 to 64 objects (`ERROR_INVALID_PARAMETER`), and with
 `bWaitAll` none is there twice.
 */
DWORD WaitForMultipleObjects(DWORD nCount,
                             const HANDLE *lpHandles,
                             BOOL bWaitAll,
                             DWORD dwMilliseconds);

/*
 `WaitForMultipleObjects`; there are no calls that could interrupt the wait.
 */
DWORD WaitForMultipleObjectsEx(DWORD nCount,
                               const HANDLE *lpHandles,
                               BOOL bWaitAll,
                               DWORD dwMilliseconds,
                               BOOL bAlertable);

/*
 Signals one object, and waits for another: sets an event, adds 1 to a semaphore, or gives a mutex
 back. Others may run in between.

 Returns what `WaitForSingleObject` does; if the first object cannot be signalled, or the second
 not be waited for, `WAIT_FAILED`, and neither is changed.
 */
DWORD SignalObjectAndWait(HANDLE hObjectToSignal,
                          HANDLE hObjectToWaitOn,
                          DWORD dwMilliseconds,
                          BOOL bAlertable);

/*
 Waits while the bytes at an address are those at another one, until a thread of this process
 wakes this one. It may return sooner.

 `AddressSize` is 1, 2, 4 or 8 (`ERROR_INVALID_PARAMETER`). Returns FALSE if the time is over:
 `ERROR_TIMEOUT`.
 */
BOOL WaitOnAddress(PVOLATILE_VOID Address,
                   LPVOID CompareAddress,
                   SIZE_T AddressSize,
                   DWORD dwMilliseconds);

/*
 Wakes one thread that waits for an address, if any does.
 */
void WakeByAddressSingle(LPVOID Address);

/*
 Wakes all threads that wait for an address.
 */
void WakeByAddressAll(LPVOID Address);

/*
 Opens a process by its number, to wait for its end.

 Any access may be asked for; to wait needs `SYNCHRONIZE`, and no other right has a use here.

 Returns NULL on failure: `ERROR_INVALID_PARAMETER` if there is no such process.
 */
HANDLE OpenProcess(DWORD dwDesiredAccess,
                   BOOL bInheritHandle,
                   DWORD dwProcessId);

/*
 Returns what stands for the calling thread: waiting for it never ends. It has no handle, and so no
 duplicate.
 */
HANDLE GetCurrentThread(void);

/*
 Copies bytes out of a view. A page that the file has lost is an error and no signal.

 `address` is any address in a view. If `done` is not NULL, it receives the number of bytes that
 were copied; they are valid after a failure, too.

 Returns FALSE on failure: `ERROR_SWAPERROR` if the file has become shorter, `ERROR_IO_DEVICE` or
 `ERROR_DISK_FULL` if the disk is the cause; `ERROR_INVALID_ADDRESS` if the address is in no view,
 `ERROR_INVALID_PARAMETER` if the view ends first, `ERROR_ACCESS_DENIED` if it cannot be read.
 */
BOOL filemap_read(LPCVOID address,
                  LPVOID buffer,
                  SIZE_T len,
                  SIZE_T *done);

/*
 Copies bytes into a view. A page that the file has lost is an error and no signal.

 Like `filemap_read`. After a failure, bytes after the first `*done` may have been written, too.
 */
BOOL filemap_write(LPVOID address,
                   LPCVOID buffer,
                   SIZE_T len,
                   SIZE_T *done);

/*
 Sets bytes of a view to one value. A page that the file has lost is an error and no signal.

 Like `filemap_write`.
 */
BOOL filemap_fill(LPVOID address,
                  SIZE_T len,
                  BYTE byte,
                  SIZE_T *done);

/*
 Chooses what becomes of a thread that touches a lost page of a view, which is not a copy by one of
 these functions: for all views that are mapped from now on.

 `FILEMAP_ON_LOSS_ZEROS`, which is the default: zeroed memory of this process takes the place of the
 page, and the thread goes on. What it reads there is not the file's, what it stores there is never
 in the file, and it is told nothing at that moment: `filemap_lost` tells, and `FlushViewOfFile`
 fails. The first such view of a file installs a handler of `SIGBUS`.
 `FILEMAP_ON_LOSS_DIE`: the signal `SIGBUS`, which ends the process.

 The variable `FILEMAP_ON_LOSS` of the environment, `zeros` or `die`, chooses for a program that does
 not call this. Returns FALSE for another number (`ERROR_INVALID_PARAMETER`).
 */
BOOL filemap_on_loss(DWORD choice);

/*
 `MapViewOfFile` with a choice of its own, as for `filemap_on_loss`.

 If somebody has made the file longer since the mapping was made, the range may reach to there:
 `filemap_grown_length`. A length of 0 reaches to the end of the mapping.

 Returns NULL on failure: `ERROR_NOT_SUPPORTED` if zeros cannot be had.
 */
LPVOID filemap_map_view(HANDLE mapping,
                        DWORD access,
                        ULONGLONG offset,
                        SIZE_T len,
                        DWORD choice);

/*
 Stores the ranges of a view that read as zeros because they were lost, in their order: as many as
 there is room for.

 `address` is any address in the view. `*count` receives how many there are; `ranges` may be NULL if
 there is no room. A page that is gone, and that nobody has touched yet, is not among them.

 Returns FALSE on failure: `ERROR_INVALID_ADDRESS` if the address is in no view.
 */
BOOL filemap_lost(LPCVOID address,
                  struct filemap_lost_range *ranges,
                  SIZE_T room,
                  SIZE_T *count);

/*
 Maps the file back over ranges that read as zeros, as far as it reaches again, and stores the ranges
 that it has replaced, as many as there is room for.

 Like `filemap_lost`. What was stored to the zeros is gone. On failure some may have been restored.
 */
BOOL filemap_restore(LPCVOID address,
                     struct filemap_lost_range *ranges,
                     SIZE_T room,
                     SIZE_T *count);

/*
 Takes the name from a file mapping, so that it is free at once. Who has a handle or a view keeps
 the mapping.

 The handle must allow writing (`ERROR_ACCESS_DENIED`). Returns FALSE on failure.
 */
BOOL filemap_withdraw(HANDLE mapping);

/*
 Calls a function for each name of the machine that this user may read, sorted by name.

 Returns FALSE on failure.
 */
BOOL filemap_list(filemap_each each,
                  void *context);

/*
 Holds the view that has the address in its pages.

 The result is no address in the view, and is given to the functions below, from any threads; one that was
 started with `SIGBUS` blocked holds a view itself, which unblocks it.
 `filemap_unpin` lets the view go. Returns NULL on failure: `ERROR_INVALID_ADDRESS` if the address
 is in no view.
 */
const struct filemap_pin *filemap_pin_view(LPCVOID address);

/*
 Lets a view go. Unmaps it if it was unmapped meanwhile. NULL is ignored.
 */
void filemap_unpin(const struct filemap_pin *pin);

/*
 Copies bytes out of a held view, from an offset in it. A page that the file has lost is a code and no
 signal.

 One, two, four or eight bytes whose address is a multiple of their number are read in one piece.

 Returns 0, or the code of the failure, which are those of `filemap_read`; `errno` and the last error
 stay as they are. After a failure some bytes may have been copied.
 */
DWORD filemap_get(const struct filemap_pin *pin,
                  SIZE_T offset,
                  LPVOID buffer,
                  SIZE_T len);

/*
 Copies bytes into a held view, to an offset in it. Otherwise like `filemap_get`.
 */
DWORD filemap_put(const struct filemap_pin *pin,
                  SIZE_T offset,
                  LPCVOID buffer,
                  SIZE_T len);

/*
 Writes a range of a held view to its file, as far as `strength` says: 0 starts it, 1 waits until the
 file has the bytes, 2 until they survive a loss of power.

 Returns 0, or the code of the failure, and leaves `errno` and the last error alone.
 */
DWORD filemap_flush(const struct filemap_pin *pin,
                    SIZE_T offset,
                    SIZE_T len,
                    DWORD strength);

/*
 Returns how many bytes a held view has, exactly.
 */
SIZE_T filemap_pinned_length(const struct filemap_pin *pin);

/*
 Stores in `length` how many bytes a mapping was made with, exactly: views reach to the end of the
 last one's page.

 Returns FALSE on failure.
 */
BOOL filemap_length(HANDLE mapping,
                    ULONGLONG *length);

/*
 Stores in `length` what `filemap_length` does, or how long the file is by now if somebody has made
 it longer: as much as `filemap_map_view` can reach.

 Returns FALSE on failure.
 */
BOOL filemap_grown_length(HANDLE mapping,
                          ULONGLONG *length);

/*
 Stores in `mode` who may open the name of a mapping, as the mode of a file: 0600, 0644, 0666.

 Returns FALSE on failure: `ERROR_INVALID_PARAMETER` if it has no name, or its name is gone.
 */
BOOL filemap_permissions(HANDLE mapping,
                         DWORD *mode);

/*
 Finds the processes that have a handle to a mapping's name, or a view of its bytes.

 Stores their numbers in `processes`, as many as `room` says, and how many there are in `count`.
 Without a name only views are found. Returns FALSE on failure: `ERROR_NOT_SUPPORTED` if the system
 does not show its processes.
 */
BOOL filemap_holders(HANDLE mapping,
                     DWORD *processes,
                     SIZE_T room,
                     SIZE_T *count);

/*
 Orders memory among all threads of this process: what each of them stored before it was interrupted
 for this is seen by this thread, and what this thread stored before by them.

 So one side of an agreement between threads needs no fence of its own, if the other side, which is
 rare, calls this. Returns FALSE if the system cannot do it
 ([membarrier(2)](https://man7.org/linux/man-pages/man2/membarrier.2.html)): then it never does.
 */
BOOL filemap_fence_threads(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* FILEMAP_H */

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
