//! The functions of kernel32 and ntdll that the helper calls, as Microsoft declares them.

use core::ffi::c_void;

pub(super) type Raw = *mut c_void;

#[repr(C)]
pub(super) struct StartupInfo {
    pub(super) size: u32,
    pub(super) reserved: *mut u16,
    pub(super) desktop: *mut u16,
    pub(super) title: *mut u16,
    pub(super) place: [u32; 7],
    pub(super) flags: u32,
    pub(super) show_window: u16,
    pub(super) reserved_len: u16,
    pub(super) reserved_bytes: *mut u8,
    pub(super) input: Raw,
    pub(super) output: Raw,
    pub(super) error: Raw,
}

#[repr(C)]
pub(super) struct ProcessInformation {
    pub(super) process: Raw,
    pub(super) thread: Raw,
    pub(super) process_id: u32,
    pub(super) thread_id: u32,
}

#[repr(C)]
pub(super) struct UnicodeString {
    /// In bytes.
    pub(super) len: u16,
    pub(super) room: u16,
    pub(super) units: *mut u16,
}

#[repr(C)]
pub(super) struct ObjectAttributes {
    pub(super) size: u32,
    pub(super) root: Raw,
    pub(super) name: *mut UnicodeString,
    pub(super) attributes: u32,
    pub(super) security: *mut c_void,
    pub(super) quality: *mut c_void,
}

/// The beginning of `PEB`.
#[repr(C)]
pub(super) struct Environment {
    flags: [usize; 4],
    pub(super) parameters: *mut Parameters,
}

/// The beginning of `RTL_USER_PROCESS_PARAMETERS`.
#[repr(C)]
pub(super) struct Parameters {
    sizes: [u32; 4],
    pub(super) console: Raw,
}

#[link(name = "kernel32", kind = "raw-dylib")]
unsafe extern "system" {
    pub(super) fn AssignProcessToJobObject(job: Raw, process: Raw) -> i32;
    pub(super) fn CloseHandle(handle: Raw) -> i32;
    pub(super) fn CreateFileMappingW(
        file: Raw,
        security: *const c_void,
        protection: u32,
        high: u32,
        low: u32,
        name: *const u16,
    ) -> Raw;
    pub(super) fn CreateFileW(
        name: *const u16,
        access: u32,
        share: u32,
        security: *const c_void,
        disposition: u32,
        flags: u32,
        template: Raw,
    ) -> Raw;
    pub(super) fn CreateJobObjectW(security: *const c_void, name: *const u16) -> Raw;
    pub(super) fn CreateProcessW(
        application: *const u16,
        line: *mut u16,
        process_security: *const c_void,
        thread_security: *const c_void,
        inherit: i32,
        flags: u32,
        environment: *const c_void,
        directory: *const u16,
        startup: *const StartupInfo,
        information: *mut ProcessInformation,
    ) -> i32;
    pub(super) fn DuplicateHandle(
        source: Raw,
        handle: Raw,
        target: Raw,
        duplicate: *mut Raw,
        access: u32,
        inherit: i32,
        options: u32,
    ) -> i32;
    pub(super) fn ExitProcess(code: u32) -> !;
    pub(super) fn GetCommandLineW() -> *const u16;
    pub(super) fn GetCurrentProcess() -> Raw;
    pub(super) fn GetCurrentProcessId() -> u32;
    pub(super) fn GetExitCodeProcess(process: Raw, code: *mut u32) -> i32;
    pub(super) fn GetLastError() -> u32;
    pub(super) fn GetModuleHandleW(name: *const u16) -> Raw;
    pub(super) fn GetProcAddress(module: Raw, name: *const u8) -> *mut c_void;
    pub(super) fn GetProcessHeap() -> Raw;
    pub(super) fn GetStdHandle(which: u32) -> Raw;
    pub(super) fn HeapAlloc(heap: Raw, flags: u32, len: usize) -> *mut c_void;
    pub(super) fn HeapFree(heap: Raw, flags: u32, memory: *mut c_void) -> i32;
    pub(super) fn OpenFileMappingW(access: u32, inherit: i32, name: *const u16) -> Raw;
    pub(super) fn ProcessIdToSessionId(process: u32, session: *mut u32) -> i32;
    pub(super) fn QueryInformationJobObject(
        job: Raw,
        class: u32,
        information: *mut c_void,
        len: u32,
        returned: *mut u32,
    ) -> i32;
    pub(super) fn ReadFile(
        file: Raw,
        bytes: *mut u8,
        len: u32,
        read: *mut u32,
        overlapped: *mut c_void,
    ) -> i32;
    pub(super) fn SetLastError(code: u32);
    pub(super) fn Sleep(milliseconds: u32);
    pub(super) fn WaitForSingleObject(handle: Raw, milliseconds: u32) -> u32;
    pub(super) fn WriteFile(
        file: Raw,
        bytes: *const u8,
        len: u32,
        written: *mut u32,
        overlapped: *mut c_void,
    ) -> i32;
}

#[link(name = "ntdll", kind = "raw-dylib")]
unsafe extern "system" {
    pub(super) fn NtOpenDirectoryObject(
        handle: *mut Raw,
        access: u32,
        attributes: *const ObjectAttributes,
    ) -> i32;
    pub(super) fn NtQueryDirectoryObject(
        directory: Raw,
        buffer: *mut c_void,
        len: u32,
        single: u8,
        restart: u8,
        context: *mut u32,
        returned: *mut u32,
    ) -> i32;
    pub(super) fn NtQueryObject(
        handle: Raw,
        class: u32,
        information: *mut c_void,
        len: u32,
        returned: *mut u32,
    ) -> i32;
    pub(super) fn NtQuerySection(
        section: Raw,
        class: u32,
        information: *mut c_void,
        len: usize,
        returned: *mut usize,
    ) -> i32;
    pub(super) fn RtlGetCurrentPeb() -> *mut Environment;
    pub(super) fn RtlNtStatusToDosError(status: i32) -> u32;
}
