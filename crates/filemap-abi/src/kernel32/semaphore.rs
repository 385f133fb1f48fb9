//! `CreateSemaphore`, `OpenSemaphore` and `ReleaseSemaphore`.

use std::ptr::null_mut;

use filemap::Semaphore;

use crate::boundary::{Code, Last, Result, call, quiet};
use crate::handles;
use crate::kernel32::waitable::{self, Wanted};
use crate::strings;
use crate::windows::{
    BOOL, DWORD, ERROR_INVALID_PARAMETER, FALSE, HANDLE, LONG, LPCSTR, LPCWSTR,
    SECURITY_ATTRIBUTES, SEMAPHORE_ALL_ACCESS, SEMAPHORE_MODIFY_STATE, TRUE,
};

fn create(wanted: Wanted, initial: LONG, maximum: LONG, flags: DWORD) -> Result<(HANDLE, Last)> {
    waitable::check_flags(flags, 0)?;
    let count = |count: LONG| u32::try_from(count).map_err(|_| Code(ERROR_INVALID_PARAMETER));
    wanted.create(Semaphore::options(count(maximum)?).count(count(initial)?))
}

/// Creates a semaphore, or opens the one that has the name. `lpName` is UTF-8, or NULL for a
/// semaphore without a name.
///
/// A new one has the count `lInitialCount`, and at most `lMaximumCount`, which is at least 1
/// (`ERROR_INVALID_PARAMETER`); one that exists keeps its own.
///
/// Returns NULL on failure: `ERROR_INVALID_HANDLE` if the name is that of another kind of object.
/// `GetLastError` is 0 for a new semaphore and `ERROR_ALREADY_EXISTS` for an existing one.
///
/// # Safety
///
/// `lpSemaphoreAttributes` is null or points to its structure; `lpName` is null or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateSemaphoreA(
    lpSemaphoreAttributes: *const SECURITY_ATTRIBUTES,
    lInitialCount: LONG,
    lMaximumCount: LONG,
    lpName: LPCSTR,
) -> HANDLE {
    let (counts, security) = ((lInitialCount, lMaximumCount), lpSemaphoreAttributes);
    // SAFETY: the caller vouches for its pointers.
    unsafe { CreateSemaphoreExA(security, counts.0, counts.1, lpName, 0, SEMAPHORE_ALL_ACCESS) }
}

/// `CreateSemaphoreA` with a name in UTF-16.
///
/// # Safety
///
/// Those of `CreateSemaphoreA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateSemaphoreW(
    lpSemaphoreAttributes: *const SECURITY_ATTRIBUTES,
    lInitialCount: LONG,
    lMaximumCount: LONG,
    lpName: LPCWSTR,
) -> HANDLE {
    let (counts, security) = ((lInitialCount, lMaximumCount), lpSemaphoreAttributes);
    // SAFETY: the caller vouches for its pointers.
    unsafe { CreateSemaphoreExW(security, counts.0, counts.1, lpName, 0, SEMAPHORE_ALL_ACCESS) }
}

/// `CreateSemaphoreA` whose handle has the rights of `dwDesiredAccess`. `dwFlags` is 0
/// (`ERROR_INVALID_PARAMETER`).
///
/// # Safety
///
/// Those of `CreateSemaphoreA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateSemaphoreExA(
    lpSemaphoreAttributes: *const SECURITY_ATTRIBUTES,
    lInitialCount: LONG,
    lMaximumCount: LONG,
    lpName: LPCSTR,
    dwFlags: DWORD,
    dwDesiredAccess: DWORD,
) -> HANDLE {
    call(null_mut(), || {
        // SAFETY: the caller vouches for its pointers.
        let name = unsafe { strings::narrow_name(lpName) };
        // SAFETY: as above.
        let wanted =
            unsafe { Wanted::new::<Semaphore>(lpSemaphoreAttributes, dwDesiredAccess, name) };
        create(wanted, lInitialCount, lMaximumCount, dwFlags)
    })
}

/// `CreateSemaphoreExA` with a name in UTF-16.
///
/// # Safety
///
/// Those of `CreateSemaphoreA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateSemaphoreExW(
    lpSemaphoreAttributes: *const SECURITY_ATTRIBUTES,
    lInitialCount: LONG,
    lMaximumCount: LONG,
    lpName: LPCWSTR,
    dwFlags: DWORD,
    dwDesiredAccess: DWORD,
) -> HANDLE {
    call(null_mut(), || {
        // SAFETY: the caller vouches for its pointers.
        let name = unsafe { strings::wide_name(lpName) };
        // SAFETY: as above.
        let wanted =
            unsafe { Wanted::new::<Semaphore>(lpSemaphoreAttributes, dwDesiredAccess, name) };
        create(wanted, lInitialCount, lMaximumCount, dwFlags)
    })
}

/// Opens the semaphore that has the name, in UTF-8.
///
/// Returns NULL on failure: `ERROR_FILE_NOT_FOUND` if no process has a handle to it,
/// `ERROR_INVALID_HANDLE` if the name is that of another kind of object, `ERROR_ACCESS_DENIED` for an
/// access of 0 and for one that semaphores do not have.
///
/// # Safety
///
/// `lpName` is null or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenSemaphoreA(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpName: LPCSTR,
) -> HANDLE {
    quiet(null_mut(), || {
        // SAFETY: the caller vouches for its pointer.
        let name = unsafe { strings::narrow_name(lpName) };
        waitable::open::<Semaphore>(dwDesiredAccess, bInheritHandle != FALSE, name)
    })
}

/// `OpenSemaphoreA` with a name in UTF-16.
///
/// # Safety
///
/// `lpName` is null or ends with a zero unit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenSemaphoreW(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpName: LPCWSTR,
) -> HANDLE {
    quiet(null_mut(), || {
        // SAFETY: the caller vouches for its pointer.
        let name = unsafe { strings::wide_name(lpName) };
        waitable::open::<Semaphore>(dwDesiredAccess, bInheritHandle != FALSE, name)
    })
}

/// Adds to a semaphore's count, and returns the one before.
pub(super) fn release(handle: HANDLE, count: LONG) -> Result<LONG> {
    let held = handles::waitable(handle)?;
    let semaphore: &Semaphore = held.as_kind(SEMAPHORE_MODIFY_STATE)?;
    let count = u32::try_from(count).map_err(|_| Code(ERROR_INVALID_PARAMETER))?;
    Ok(semaphore.release(count)?.cast_signed())
}

/// Adds to a semaphore's count, and stores the one before in `lpPreviousCount`, unless it is NULL.
///
/// Returns FALSE on failure: `ERROR_TOO_MANY_POSTS` if the count would be more than its maximum, and
/// then nothing is changed; `ERROR_INVALID_PARAMETER` for a count that is not above 0;
/// `ERROR_ACCESS_DENIED` without `SEMAPHORE_MODIFY_STATE`.
///
/// # Safety
///
/// `lpPreviousCount` is null or has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReleaseSemaphore(
    hSemaphore: HANDLE,
    lReleaseCount: LONG,
    lpPreviousCount: *mut LONG,
) -> BOOL {
    quiet(FALSE, || {
        let before = release(hSemaphore, lReleaseCount)?;
        if !lpPreviousCount.is_null() {
            // SAFETY: it is not null, so the caller vouches for it.
            unsafe { lpPreviousCount.write_unaligned(before) };
        }
        Ok(TRUE)
    })
}
