//! `CreateMutex`, `OpenMutex` and `ReleaseMutex`.

use std::ptr::null_mut;

use filemap::Mutex;

use crate::boundary::{Last, Result, call, quiet};
use crate::handles;
use crate::kernel32::waitable::{self, Wanted};
use crate::strings;
use crate::windows::{
    BOOL, CREATE_MUTEX_INITIAL_OWNER, DWORD, FALSE, HANDLE, LPCSTR, LPCWSTR, MUTEX_ALL_ACCESS,
    SECURITY_ATTRIBUTES, TRUE,
};

fn create(wanted: Wanted, flags: DWORD) -> Result<(HANDLE, Last)> {
    waitable::check_flags(flags, CREATE_MUTEX_INITIAL_OWNER)?;
    let mut options = Mutex::options();
    if flags & CREATE_MUTEX_INITIAL_OWNER != 0 {
        options = options.owned();
    }
    wanted.create(options)
}

fn flags(initial_owner: BOOL) -> DWORD {
    if initial_owner == FALSE { 0 } else { CREATE_MUTEX_INITIAL_OWNER }
}

/// Creates a mutex, or opens the one that has the name. `lpName` is UTF-8, or NULL for a mutex
/// without a name.
///
/// With `bInitialOwner` the calling thread owns a new mutex before anybody else can open it; one that
/// exists stays as it is.
///
/// Returns NULL on failure: `ERROR_INVALID_HANDLE` if the name is that of another kind of object.
/// `GetLastError` is 0 for a new mutex and `ERROR_ALREADY_EXISTS` for an existing one.
///
/// # Safety
///
/// `lpMutexAttributes` is null or points to its structure; `lpName` is null or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateMutexA(
    lpMutexAttributes: *const SECURITY_ATTRIBUTES,
    bInitialOwner: BOOL,
    lpName: LPCSTR,
) -> HANDLE {
    // SAFETY: the caller vouches for its pointers.
    unsafe { CreateMutexExA(lpMutexAttributes, lpName, flags(bInitialOwner), MUTEX_ALL_ACCESS) }
}

/// `CreateMutexA` with a name in UTF-16.
///
/// # Safety
///
/// Those of `CreateMutexA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateMutexW(
    lpMutexAttributes: *const SECURITY_ATTRIBUTES,
    bInitialOwner: BOOL,
    lpName: LPCWSTR,
) -> HANDLE {
    // SAFETY: the caller vouches for its pointers.
    unsafe { CreateMutexExW(lpMutexAttributes, lpName, flags(bInitialOwner), MUTEX_ALL_ACCESS) }
}

/// `CreateMutexA` whose handle has the rights of `dwDesiredAccess`. `dwFlags` is 0 or
/// `CREATE_MUTEX_INITIAL_OWNER`.
///
/// # Safety
///
/// Those of `CreateMutexA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateMutexExA(
    lpMutexAttributes: *const SECURITY_ATTRIBUTES,
    lpName: LPCSTR,
    dwFlags: DWORD,
    dwDesiredAccess: DWORD,
) -> HANDLE {
    call(null_mut(), || {
        // SAFETY: the caller vouches for its pointers.
        let name = unsafe { strings::narrow_name(lpName) };
        // SAFETY: as above.
        let wanted = unsafe { Wanted::new::<Mutex>(lpMutexAttributes, dwDesiredAccess, name) };
        create(wanted, dwFlags)
    })
}

/// `CreateMutexExA` with a name in UTF-16.
///
/// # Safety
///
/// Those of `CreateMutexA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateMutexExW(
    lpMutexAttributes: *const SECURITY_ATTRIBUTES,
    lpName: LPCWSTR,
    dwFlags: DWORD,
    dwDesiredAccess: DWORD,
) -> HANDLE {
    call(null_mut(), || {
        // SAFETY: the caller vouches for its pointers.
        let name = unsafe { strings::wide_name(lpName) };
        // SAFETY: as above.
        let wanted = unsafe { Wanted::new::<Mutex>(lpMutexAttributes, dwDesiredAccess, name) };
        create(wanted, dwFlags)
    })
}

/// Opens the mutex that has the name, in UTF-8.
///
/// Returns NULL on failure: `ERROR_FILE_NOT_FOUND` if no process has a handle to it,
/// `ERROR_INVALID_HANDLE` if the name is that of another kind of object, `ERROR_ACCESS_DENIED` for an
/// access of 0 and for one that mutexes do not have.
///
/// # Safety
///
/// `lpName` is null or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenMutexA(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpName: LPCSTR,
) -> HANDLE {
    quiet(null_mut(), || {
        // SAFETY: the caller vouches for its pointer.
        let name = unsafe { strings::narrow_name(lpName) };
        waitable::open::<Mutex>(dwDesiredAccess, bInheritHandle != FALSE, name)
    })
}

/// `OpenMutexA` with a name in UTF-16.
///
/// # Safety
///
/// `lpName` is null or ends with a zero unit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenMutexW(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpName: LPCWSTR,
) -> HANDLE {
    quiet(null_mut(), || {
        // SAFETY: the caller vouches for its pointer.
        let name = unsafe { strings::wide_name(lpName) };
        waitable::open::<Mutex>(dwDesiredAccess, bInheritHandle != FALSE, name)
    })
}

/// Gives a mutex back once. The thread that has taken it several times gives it back as often.
///
/// Returns FALSE on failure: `ERROR_NOT_OWNER` if the calling thread does not own it.
#[unsafe(no_mangle)]
pub extern "C" fn ReleaseMutex(hMutex: HANDLE) -> BOOL {
    quiet(FALSE, || {
        // Whoever owns it had the right to wait; to give it back needs none.
        handles::waitable(hMutex)?.as_kind::<Mutex>(0)?.unlock()?;
        Ok(TRUE)
    })
}
