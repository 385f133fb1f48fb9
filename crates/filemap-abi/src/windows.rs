//! Windows' types, structures and constants, under Windows' own names.
//!
//! `src/preamble.h` declares the same for C. Values are those of the Windows headers.

#![expect(clippy::upper_case_acronyms, reason = "these are Windows' names")]
#![expect(non_camel_case_types, reason = "these are Windows' names")]

use std::ffi::{c_char, c_int, c_void};

pub(crate) type HANDLE = *mut c_void;
pub(crate) type BOOL = c_int;
pub(crate) type BYTE = u8;
pub(crate) type WORD = u16;
pub(crate) type DWORD = u32;
pub(crate) type UINT = u32;
pub(crate) type LONG = i32;
pub(crate) type ULONGLONG = u64;
pub(crate) type SIZE_T = usize;
pub(crate) type DWORD_PTR = usize;
pub(crate) type LPVOID = *mut c_void;
pub(crate) type LPCVOID = *const c_void;
/// For C it points to what threads change at any time.
pub(crate) type PVOLATILE_VOID = *mut c_void;
pub(crate) type LPCSTR = *const c_char;
pub(crate) type LPCWSTR = *const u16;
pub(crate) type LPSTR = *mut c_char;
pub(crate) type LPWSTR = *mut u16;
pub(crate) type HLOCAL = *mut c_void;
pub(crate) type HMODULE = *mut c_void;
/// A function of whatever kind, which the caller casts.
pub(crate) type FARPROC = Option<unsafe extern "C" fn() -> isize>;
/// A `va_list` of C, which Rust cannot read, or an array of arguments.
pub(crate) type PVA_LIST = *const usize;

pub(crate) const TRUE: BOOL = 1;
pub(crate) const FALSE: BOOL = 0;

/// `INVALID_HANDLE_VALUE`, which also stands for this process.
pub(crate) const INVALID_HANDLE_VALUE: HANDLE = std::ptr::without_provenance_mut(usize::MAX);

/// What stands for the calling thread.
pub(crate) const THIS_THREAD: HANDLE = std::ptr::without_provenance_mut(usize::MAX - 1);

pub(crate) const PAGE_NOACCESS: DWORD = 0x01;
pub(crate) const PAGE_READONLY: DWORD = 0x02;
pub(crate) const PAGE_READWRITE: DWORD = 0x04;
pub(crate) const PAGE_WRITECOPY: DWORD = 0x08;
pub(crate) const PAGE_EXECUTE: DWORD = 0x10;
pub(crate) const PAGE_EXECUTE_READ: DWORD = 0x20;
pub(crate) const PAGE_EXECUTE_READWRITE: DWORD = 0x40;
pub(crate) const PAGE_EXECUTE_WRITECOPY: DWORD = 0x80;
pub(crate) const PAGE_GUARD: DWORD = 0x100;
pub(crate) const PAGE_NOCACHE: DWORD = 0x200;

pub(crate) const SEC_IMAGE: DWORD = 0x0100_0000;
pub(crate) const SEC_RESERVE: DWORD = 0x0400_0000;
pub(crate) const SEC_COMMIT: DWORD = 0x0800_0000;
pub(crate) const SEC_NOCACHE: DWORD = 0x1000_0000;
pub(crate) const SEC_WRITECOMBINE: DWORD = 0x4000_0000;
pub(crate) const SEC_LARGE_PAGES: DWORD = 0x8000_0000;

pub(crate) const FILEMAP_ON_LOSS_DIE: DWORD = 0;
pub(crate) const FILEMAP_ON_LOSS_ZEROS: DWORD = 1;

pub(crate) const FILE_MAP_COPY: DWORD = 0x01;
pub(crate) const FILE_MAP_WRITE: DWORD = 0x02;
pub(crate) const FILE_MAP_READ: DWORD = 0x04;
pub(crate) const FILE_MAP_EXECUTE: DWORD = 0x20;
pub(crate) const SECTION_MAP_EXECUTE: DWORD = 0x08;
pub(crate) const SECTION_ALL_ACCESS: DWORD = 0x000F_001F;

pub(crate) const READ_CONTROL: DWORD = 0x0002_0000;
pub(crate) const SYNCHRONIZE: DWORD = 0x0010_0000;
pub(crate) const ACCESS_SYSTEM_SECURITY: DWORD = 0x0100_0000;
pub(crate) const MAXIMUM_ALLOWED: DWORD = 0x0200_0000;
pub(crate) const GENERIC_ALL: DWORD = 0x1000_0000;
pub(crate) const GENERIC_EXECUTE: DWORD = 0x2000_0000;
pub(crate) const GENERIC_WRITE: DWORD = 0x4000_0000;
pub(crate) const GENERIC_READ: DWORD = 0x8000_0000;

pub(crate) const FILE_READ_DATA: DWORD = 0x0001;
pub(crate) const FILE_WRITE_DATA: DWORD = 0x0002;
pub(crate) const FILE_APPEND_DATA: DWORD = 0x0004;

pub(crate) const FILE_EXECUTE: DWORD = 0x0020;

pub(crate) const FILE_FLAG_DELETE_ON_CLOSE: DWORD = 0x0400_0000;
pub(crate) const FILE_FLAG_BACKUP_SEMANTICS: DWORD = 0x0200_0000;

pub(crate) const CREATE_NEW: DWORD = 1;
pub(crate) const CREATE_ALWAYS: DWORD = 2;
pub(crate) const OPEN_EXISTING: DWORD = 3;
pub(crate) const OPEN_ALWAYS: DWORD = 4;
pub(crate) const TRUNCATE_EXISTING: DWORD = 5;

pub(crate) const FILE_BEGIN: DWORD = 0;
pub(crate) const FILE_CURRENT: DWORD = 1;
pub(crate) const FILE_END: DWORD = 2;

pub(crate) const INVALID_SET_FILE_POINTER: DWORD = DWORD::MAX;
pub(crate) const INVALID_FILE_SIZE: DWORD = DWORD::MAX;

pub(crate) const FILE_TYPE_UNKNOWN: DWORD = 0;
pub(crate) const FILE_TYPE_DISK: DWORD = 1;
pub(crate) const FILE_TYPE_CHAR: DWORD = 2;
pub(crate) const FILE_TYPE_PIPE: DWORD = 3;

pub(crate) const LOCKFILE_FAIL_IMMEDIATELY: DWORD = 0x1;
pub(crate) const LOCKFILE_EXCLUSIVE_LOCK: DWORD = 0x2;

pub(crate) const INFINITE: DWORD = DWORD::MAX;

pub(crate) const MUTEX_MODIFY_STATE: DWORD = 0x1;
pub(crate) const MUTEX_ALL_ACCESS: DWORD = 0x001F_0001;
pub(crate) const EVENT_MODIFY_STATE: DWORD = 0x2;
pub(crate) const EVENT_ALL_ACCESS: DWORD = 0x001F_0003;
pub(crate) const SEMAPHORE_MODIFY_STATE: DWORD = 0x2;
pub(crate) const SEMAPHORE_ALL_ACCESS: DWORD = 0x001F_0003;
pub(crate) const CREATE_MUTEX_INITIAL_OWNER: DWORD = 0x1;
pub(crate) const CREATE_EVENT_MANUAL_RESET: DWORD = 0x1;
pub(crate) const CREATE_EVENT_INITIAL_SET: DWORD = 0x2;

pub(crate) const WAIT_OBJECT_0: DWORD = 0;
pub(crate) const WAIT_ABANDONED_0: DWORD = 0x80;
pub(crate) const WAIT_TIMEOUT: DWORD = 258;
pub(crate) const WAIT_FAILED: DWORD = DWORD::MAX;
pub(crate) const MAXIMUM_WAIT_OBJECTS: usize = 64;

pub(crate) const CP_ACP: UINT = 0;
pub(crate) const CP_OEMCP: UINT = 1;
pub(crate) const CP_THREAD_ACP: UINT = 3;
pub(crate) const CP_UTF8: UINT = 65001;

pub(crate) const MOVEFILE_REPLACE_EXISTING: DWORD = 0x1;

pub(crate) const DUPLICATE_CLOSE_SOURCE: DWORD = 0x1;
pub(crate) const DUPLICATE_SAME_ACCESS: DWORD = 0x2;
pub(crate) const DUPLICATE_SAME_ATTRIBUTES: DWORD = 0x4;

pub(crate) const HANDLE_FLAG_INHERIT: DWORD = 0x1;
pub(crate) const HANDLE_FLAG_PROTECT_FROM_CLOSE: DWORD = 0x2;

pub(crate) const MEM_COMMIT: DWORD = 0x1000;
pub(crate) const MEM_RESERVE: DWORD = 0x2000;
pub(crate) const MEM_DECOMMIT: DWORD = 0x4000;
pub(crate) const MEM_RELEASE: DWORD = 0x8000;
pub(crate) const MEM_FREE: DWORD = 0x0001_0000;
pub(crate) const MEM_PRIVATE: DWORD = 0x0002_0000;
pub(crate) const MEM_MAPPED: DWORD = 0x0004_0000;
pub(crate) const MEM_RESET: DWORD = 0x0008_0000;
pub(crate) const MEM_IMAGE: DWORD = 0x0100_0000;

pub(crate) const FORMAT_MESSAGE_ALLOCATE_BUFFER: DWORD = 0x100;
pub(crate) const FORMAT_MESSAGE_IGNORE_INSERTS: DWORD = 0x200;
pub(crate) const FORMAT_MESSAGE_FROM_STRING: DWORD = 0x400;
pub(crate) const FORMAT_MESSAGE_FROM_HMODULE: DWORD = 0x800;
pub(crate) const FORMAT_MESSAGE_FROM_SYSTEM: DWORD = 0x1000;
pub(crate) const FORMAT_MESSAGE_ARGUMENT_ARRAY: DWORD = 0x2000;
pub(crate) const FORMAT_MESSAGE_MAX_WIDTH_MASK: DWORD = 0xFF;

pub(crate) const ERROR_SUCCESS: DWORD = 0;
pub(crate) const ERROR_FILE_NOT_FOUND: DWORD = 2;
pub(crate) const ERROR_PATH_NOT_FOUND: DWORD = 3;
pub(crate) const ERROR_TOO_MANY_OPEN_FILES: DWORD = 4;
pub(crate) const ERROR_ACCESS_DENIED: DWORD = 5;
pub(crate) const ERROR_INVALID_HANDLE: DWORD = 6;
pub(crate) const ERROR_NOT_ENOUGH_MEMORY: DWORD = 8;
pub(crate) const ERROR_WRITE_PROTECT: DWORD = 19;
pub(crate) const ERROR_BAD_LENGTH: DWORD = 24;
pub(crate) const ERROR_GEN_FAILURE: DWORD = 31;
pub(crate) const ERROR_SHARING_VIOLATION: DWORD = 32;
pub(crate) const ERROR_LOCK_VIOLATION: DWORD = 33;
pub(crate) const ERROR_HANDLE_EOF: DWORD = 38;
pub(crate) const ERROR_NOT_SUPPORTED: DWORD = 50;
pub(crate) const ERROR_FILE_EXISTS: DWORD = 80;
pub(crate) const ERROR_INVALID_PARAMETER: DWORD = 87;
pub(crate) const ERROR_DISK_FULL: DWORD = 112;
pub(crate) const ERROR_CALL_NOT_IMPLEMENTED: DWORD = 120;
pub(crate) const ERROR_INSUFFICIENT_BUFFER: DWORD = 122;
pub(crate) const ERROR_MOD_NOT_FOUND: DWORD = 126;
pub(crate) const ERROR_PROC_NOT_FOUND: DWORD = 127;
pub(crate) const ERROR_NEGATIVE_SEEK: DWORD = 131;
pub(crate) const ERROR_DIR_NOT_EMPTY: DWORD = 145;
pub(crate) const ERROR_NOT_LOCKED: DWORD = 158;
pub(crate) const ERROR_ALREADY_EXISTS: DWORD = 183;
pub(crate) const ERROR_FILENAME_EXCED_RANGE: DWORD = 206;
pub(crate) const ERROR_FILE_TOO_LARGE: DWORD = 223;
pub(crate) const ERROR_INVALID_LOCK_RANGE: DWORD = 307;
pub(crate) const ERROR_MR_MID_NOT_FOUND: DWORD = 317;
pub(crate) const ERROR_INVALID_ADDRESS: DWORD = 487;
pub(crate) const ERROR_NOACCESS: DWORD = 998;
pub(crate) const ERROR_INVALID_FLAGS: DWORD = 1004;
pub(crate) const ERROR_NO_UNICODE_TRANSLATION: DWORD = 1113;
pub(crate) const ERROR_IO_DEVICE: DWORD = 1117;
pub(crate) const ERROR_UNKNOWN_REVISION: DWORD = 1305;
pub(crate) const ERROR_PRIVILEGE_NOT_HELD: DWORD = 1314;
pub(crate) const ERROR_INVALID_ACL: DWORD = 1336;
pub(crate) const ERROR_INVALID_SID: DWORD = 1337;
pub(crate) const ERROR_INVALID_SECURITY_DESCR: DWORD = 1338;
pub(crate) const ERROR_INTERNAL_ERROR: DWORD = 1359;
pub(crate) const ERROR_TIMEOUT: DWORD = 1460;
pub(crate) const ERROR_INVALID_USER_BUFFER: DWORD = 1784;
pub(crate) const ERROR_RESOURCE_LANG_NOT_FOUND: DWORD = 1815;

/// The statuses in an `OVERLAPPED`.
pub(crate) const STATUS_SUCCESS: usize = 0;
pub(crate) const STATUS_PENDING: usize = 0x103;
pub(crate) const STATUS_END_OF_FILE: usize = 0xC000_0011;

/// Whether a handle is inherited, and who may open the name.
#[repr(C)]
pub(crate) struct SECURITY_ATTRIBUTES {
    pub(crate) nLength: DWORD,
    pub(crate) lpSecurityDescriptor: LPVOID,
    pub(crate) bInheritHandle: BOOL,
}

/// Who may do what with an object, in the form that programs fill in.
#[repr(C)]
pub(crate) struct SECURITY_DESCRIPTOR {
    pub(crate) Revision: BYTE,
    pub(crate) Sbz1: BYTE,
    pub(crate) Control: WORD,
    pub(crate) Owner: LPVOID,
    pub(crate) Group: LPVOID,
    pub(crate) Sacl: LPVOID,
    pub(crate) Dacl: LPVOID,
}

/// A number of 64 bits; for C it is a union with its halves, which is passed in the same way.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct LARGE_INTEGER {
    pub(crate) QuadPart: i64,
}

/// Facts about the machine.
#[repr(C)]
pub(crate) struct SYSTEM_INFO {
    pub(crate) wProcessorArchitecture: WORD,
    pub(crate) wReserved: WORD,
    pub(crate) dwPageSize: DWORD,
    pub(crate) lpMinimumApplicationAddress: LPVOID,
    pub(crate) lpMaximumApplicationAddress: LPVOID,
    pub(crate) dwActiveProcessorMask: DWORD_PTR,
    pub(crate) dwNumberOfProcessors: DWORD,
    pub(crate) dwProcessorType: DWORD,
    pub(crate) dwAllocationGranularity: DWORD,
    pub(crate) wProcessorLevel: WORD,
    pub(crate) wProcessorRevision: WORD,
}

/// The state and protection of a range of addresses.
#[repr(C)]
pub(crate) struct MEMORY_BASIC_INFORMATION {
    pub(crate) BaseAddress: LPVOID,
    pub(crate) AllocationBase: LPVOID,
    pub(crate) AllocationProtect: DWORD,
    pub(crate) PartitionId: WORD,
    pub(crate) RegionSize: SIZE_T,
    pub(crate) State: DWORD,
    pub(crate) Protect: DWORD,
    pub(crate) Type: DWORD,
}

/// The offset of an input or output that does not begin at the file's position.
#[repr(C)]
pub(crate) struct OVERLAPPED {
    pub(crate) Internal: usize,
    pub(crate) InternalHigh: usize,
    pub(crate) Offset: DWORD,
    pub(crate) OffsetHigh: DWORD,
    pub(crate) hEvent: HANDLE,
}

/// How much memory there is.
#[repr(C)]
pub(crate) struct MEMORYSTATUSEX {
    pub(crate) dwLength: DWORD,
    pub(crate) dwMemoryLoad: DWORD,
    pub(crate) ullTotalPhys: ULONGLONG,
    pub(crate) ullAvailPhys: ULONGLONG,
    pub(crate) ullTotalPageFile: ULONGLONG,
    pub(crate) ullAvailPageFile: ULONGLONG,
    pub(crate) ullTotalVirtual: ULONGLONG,
    pub(crate) ullAvailVirtual: ULONGLONG,
    pub(crate) ullAvailExtendedVirtual: ULONGLONG,
}

/// A range of addresses.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct WIN32_MEMORY_RANGE_ENTRY {
    pub(crate) VirtualAddress: LPVOID,
    pub(crate) NumberOfBytes: SIZE_T,
}
