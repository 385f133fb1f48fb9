//! Modules, as far as programs look for this library's functions in them.

use std::mem;
use std::ptr::{null_mut, without_provenance_mut};

use crate::boundary::{Code, Result, quiet};
use crate::extra;
use crate::kernel32::{
    address, allocated, copy, create, encoding, error, event, file, handle, lock, memory, message,
    mutex, position, process, security, semaphore, system, time, transfer, view, wait,
};
use crate::pin;
use crate::strings;
use crate::windows::{
    ERROR_MOD_NOT_FOUND, ERROR_PROC_NOT_FOUND, FARPROC, HMODULE, LPCSTR, LPCWSTR,
};

/// The module of this library's functions; no file of Linux is one.
const LIBRARY: usize = 0x1_0000;
/// The module of the program.
const PROGRAM: usize = 0x2_0000;

/// The modules of Windows that have the functions of this library.
const NAMES: [&str; 2] = ["kernel32", "kernelbase"];

fn find(name: Option<String>) -> Result<HMODULE> {
    let Some(name) = name else { return Ok(without_provenance_mut(PROGRAM)) };
    let lower = name.to_ascii_lowercase();
    let base = lower.strip_suffix(".dll").unwrap_or(&lower);
    if NAMES.contains(&base) {
        return Ok(without_provenance_mut(LIBRARY));
    }
    Err(Code(ERROR_MOD_NOT_FOUND))
}

/// Returns the module of this library, for `kernel32` and `kernelbase` with or without `.dll`, and
/// that of the program for NULL.
///
/// Returns NULL on failure: `ERROR_MOD_NOT_FOUND` for any other name.
///
/// # Safety
///
/// `lpModuleName` is null or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleHandleA(lpModuleName: LPCSTR) -> HMODULE {
    // SAFETY: the caller vouches for its pointer.
    quiet(null_mut(), || find(unsafe { strings::narrow_text(lpModuleName) }))
}

/// `GetModuleHandleA` with a name in UTF-16.
///
/// # Safety
///
/// `lpModuleName` is null or ends with a zero unit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleHandleW(lpModuleName: LPCWSTR) -> HMODULE {
    // SAFETY: the caller vouches for its pointer.
    quiet(null_mut(), || find(unsafe { strings::wide_text(lpModuleName) }))
}

/// Returns the address of a function of this library.
///
/// Returns NULL on failure: `ERROR_PROC_NOT_FOUND` if it has no such function, and for the module of
/// the program, `ERROR_MOD_NOT_FOUND` if there is no such module.
///
/// # Safety
///
/// `lpProcName` is a number below 65536, or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetProcAddress(hModule: HMODULE, lpProcName: LPCSTR) -> FARPROC {
    /// Below, a name is the number of a function in its module.
    const NUMBERS: usize = 0x1_0000;
    quiet(None, || {
        match hModule.addr() {
            LIBRARY => {}
            PROGRAM => return Err(Code(ERROR_PROC_NOT_FOUND)),
            _ => return Err(Code(ERROR_MOD_NOT_FOUND)),
        }
        if lpProcName.addr() < NUMBERS {
            return Err(Code(ERROR_PROC_NOT_FOUND));
        }
        // SAFETY: the caller vouches for a text that ends.
        let name = unsafe { strings::narrow_text(lpProcName) }.unwrap_or_default();
        address(&name).map(Some).ok_or(Code(ERROR_PROC_NOT_FOUND))
    })
}

/// Lists functions, by their names.
macro_rules! functions {
    ($($module:ident::$name:ident,)*) => {
        [$((stringify!($name), $module::$name as *const ())),*]
    };
}

/// Returns the address of a function of this library.
#[expect(clippy::fn_to_numeric_cast_any, reason = "an address is what the caller asks for")]
fn address(name: &str) -> Option<unsafe extern "C" fn() -> isize> {
    let all = functions![
        create::CreateFileMappingA,
        create::CreateFileMappingW,
        create::CreateFileMappingNumaA,
        create::CreateFileMappingNumaW,
        create::OpenFileMappingA,
        create::OpenFileMappingW,
        view::MapViewOfFile,
        view::MapViewOfFileEx,
        view::UnmapViewOfFile,
        view::UnmapViewOfFileEx,
        view::FlushViewOfFile,
        memory::VirtualQuery,
        memory::VirtualProtect,
        memory::VirtualAlloc,
        memory::VirtualFree,
        memory::VirtualLock,
        memory::VirtualUnlock,
        memory::PrefetchVirtualMemory,
        handle::CloseHandle,
        handle::DuplicateHandle,
        handle::GetHandleInformation,
        handle::SetHandleInformation,
        error::GetLastError,
        error::SetLastError,
        message::FormatMessageA,
        message::FormatMessageW,
        allocated::LocalFree,
        security::InitializeSecurityDescriptor,
        security::SetSecurityDescriptorDacl,
        security::ConvertStringSecurityDescriptorToSecurityDescriptorA,
        security::ConvertStringSecurityDescriptorToSecurityDescriptorW,
        system::GetSystemInfo,
        system::GetCurrentProcess,
        system::GetCurrentProcessId,
        system::GetLargePageMinimum,
        system::GetCurrentThreadId,
        system::GlobalMemoryStatusEx,
        time::Sleep,
        time::GetTickCount,
        time::GetTickCount64,
        time::QueryPerformanceCounter,
        time::QueryPerformanceFrequency,
        encoding::MultiByteToWideChar,
        encoding::WideCharToMultiByte,
        file::CreateFileA,
        file::CreateFileW,
        file::FlushFileBuffers,
        file::GetFileType,
        file::DeleteFileA,
        file::DeleteFileW,
        file::MoveFileExA,
        file::MoveFileExW,
        transfer::ReadFile,
        transfer::WriteFile,
        position::SetFilePointerEx,
        position::SetEndOfFile,
        position::GetFileSizeEx,
        position::SetFilePointer,
        position::GetFileSize,
        lock::LockFile,
        lock::LockFileEx,
        lock::UnlockFile,
        lock::UnlockFileEx,
        copy::RtlMoveMemory,
        copy::RtlCopyMemory,
        copy::RtlFillMemory,
        copy::RtlZeroMemory,
        copy::CopyMemory,
        copy::MoveMemory,
        copy::FillMemory,
        copy::ZeroMemory,
        mutex::CreateMutexA,
        mutex::CreateMutexW,
        mutex::CreateMutexExA,
        mutex::CreateMutexExW,
        mutex::OpenMutexA,
        mutex::OpenMutexW,
        mutex::ReleaseMutex,
        event::CreateEventA,
        event::CreateEventW,
        event::CreateEventExA,
        event::CreateEventExW,
        event::OpenEventA,
        event::OpenEventW,
        event::SetEvent,
        event::ResetEvent,
        event::PulseEvent,
        semaphore::CreateSemaphoreA,
        semaphore::CreateSemaphoreW,
        semaphore::CreateSemaphoreExA,
        semaphore::CreateSemaphoreExW,
        semaphore::OpenSemaphoreA,
        semaphore::OpenSemaphoreW,
        semaphore::ReleaseSemaphore,
        wait::WaitForSingleObject,
        wait::WaitForSingleObjectEx,
        wait::WaitForMultipleObjects,
        wait::WaitForMultipleObjectsEx,
        wait::SignalObjectAndWait,
        address::WaitOnAddress,
        address::WakeByAddressSingle,
        address::WakeByAddressAll,
        process::OpenProcess,
        process::GetCurrentThread,
        extra::filemap_read,
        extra::filemap_write,
        extra::filemap_fill,
        extra::filemap_on_loss,
        extra::filemap_map_view,
        extra::filemap_lost,
        extra::filemap_restore,
        extra::filemap_withdraw,
        extra::filemap_list,
        pin::filemap_pin_view,
        pin::filemap_unpin,
        pin::filemap_get,
        pin::filemap_put,
        pin::filemap_flush,
        pin::filemap_pinned_length,
        pin::filemap_length,
        pin::filemap_grown_length,
        pin::filemap_permissions,
        pin::filemap_holders,
        pin::filemap_fence_threads,
        self::GetModuleHandleA,
        self::GetModuleHandleW,
        self::GetProcAddress,
    ];
    let (_, address) = all.iter().find(|(known, _)| *known == name)?;
    // SAFETY: it is the address of a function. Whoever calls it casts it to the type that it has.
    Some(unsafe { mem::transmute::<*const (), unsafe extern "C" fn() -> isize>(*address) })
}
