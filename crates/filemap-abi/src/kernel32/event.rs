//! `CreateEvent`, `OpenEvent`, `SetEvent`, `ResetEvent` and `PulseEvent`.

use std::ptr::null_mut;

use filemap::Event;

use crate::boundary::{Last, Result, call, quiet};
use crate::handles;
use crate::kernel32::waitable::{self, Wanted};
use crate::strings;
use crate::windows::{
    BOOL, CREATE_EVENT_INITIAL_SET, CREATE_EVENT_MANUAL_RESET, DWORD, EVENT_ALL_ACCESS,
    EVENT_MODIFY_STATE, FALSE, HANDLE, LPCSTR, LPCWSTR, SECURITY_ATTRIBUTES, TRUE,
};

fn create(wanted: Wanted, flags: DWORD) -> Result<(HANDLE, Last)> {
    waitable::check_flags(flags, CREATE_EVENT_MANUAL_RESET | CREATE_EVENT_INITIAL_SET)?;
    let mut options = Event::options();
    if flags & CREATE_EVENT_MANUAL_RESET != 0 {
        options = options.manual_reset();
    }
    if flags & CREATE_EVENT_INITIAL_SET != 0 {
        options = options.set();
    }
    wanted.create(options)
}

fn flags(manual_reset: BOOL, initial_state: BOOL) -> DWORD {
    let manual = if manual_reset == FALSE { 0 } else { CREATE_EVENT_MANUAL_RESET };
    let set = if initial_state == FALSE { 0 } else { CREATE_EVENT_INITIAL_SET };
    manual | set
}

/// Creates an event, or opens the one that has the name. `lpName` is UTF-8, or NULL for an event
/// without a name.
///
/// With `bManualReset` a new event releases all threads that wait, and stays set until `ResetEvent`;
/// without, it releases one thread each time that it is set. With `bInitialState` it is set from the
/// start. One that exists stays as it is.
///
/// Returns NULL on failure: `ERROR_INVALID_HANDLE` if the name is that of another kind of object.
/// `GetLastError` is 0 for a new event and `ERROR_ALREADY_EXISTS` for an existing one.
///
/// # Safety
///
/// `lpEventAttributes` is null or points to its structure; `lpName` is null or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateEventA(
    lpEventAttributes: *const SECURITY_ATTRIBUTES,
    bManualReset: BOOL,
    bInitialState: BOOL,
    lpName: LPCSTR,
) -> HANDLE {
    let flags = flags(bManualReset, bInitialState);
    // SAFETY: the caller vouches for its pointers.
    unsafe { CreateEventExA(lpEventAttributes, lpName, flags, EVENT_ALL_ACCESS) }
}

/// `CreateEventA` with a name in UTF-16.
///
/// # Safety
///
/// Those of `CreateEventA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateEventW(
    lpEventAttributes: *const SECURITY_ATTRIBUTES,
    bManualReset: BOOL,
    bInitialState: BOOL,
    lpName: LPCWSTR,
) -> HANDLE {
    let flags = flags(bManualReset, bInitialState);
    // SAFETY: the caller vouches for its pointers.
    unsafe { CreateEventExW(lpEventAttributes, lpName, flags, EVENT_ALL_ACCESS) }
}

/// `CreateEventA` whose handle has the rights of `dwDesiredAccess`. `dwFlags` has
/// `CREATE_EVENT_MANUAL_RESET` and `CREATE_EVENT_INITIAL_SET` for the other arguments.
///
/// # Safety
///
/// Those of `CreateEventA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateEventExA(
    lpEventAttributes: *const SECURITY_ATTRIBUTES,
    lpName: LPCSTR,
    dwFlags: DWORD,
    dwDesiredAccess: DWORD,
) -> HANDLE {
    call(null_mut(), || {
        // SAFETY: the caller vouches for its pointers.
        let name = unsafe { strings::narrow_name(lpName) };
        // SAFETY: as above.
        let wanted = unsafe { Wanted::new::<Event>(lpEventAttributes, dwDesiredAccess, name) };
        create(wanted, dwFlags)
    })
}

/// `CreateEventExA` with a name in UTF-16.
///
/// # Safety
///
/// Those of `CreateEventA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateEventExW(
    lpEventAttributes: *const SECURITY_ATTRIBUTES,
    lpName: LPCWSTR,
    dwFlags: DWORD,
    dwDesiredAccess: DWORD,
) -> HANDLE {
    call(null_mut(), || {
        // SAFETY: the caller vouches for its pointers.
        let name = unsafe { strings::wide_name(lpName) };
        // SAFETY: as above.
        let wanted = unsafe { Wanted::new::<Event>(lpEventAttributes, dwDesiredAccess, name) };
        create(wanted, dwFlags)
    })
}

/// Opens the event that has the name, in UTF-8.
///
/// Returns NULL on failure: `ERROR_FILE_NOT_FOUND` if no process has a handle to it,
/// `ERROR_INVALID_HANDLE` if the name is that of another kind of object, `ERROR_ACCESS_DENIED` for an
/// access of 0 and for one that events do not have.
///
/// # Safety
///
/// `lpName` is null or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenEventA(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpName: LPCSTR,
) -> HANDLE {
    quiet(null_mut(), || {
        // SAFETY: the caller vouches for its pointer.
        let name = unsafe { strings::narrow_name(lpName) };
        waitable::open::<Event>(dwDesiredAccess, bInheritHandle != FALSE, name)
    })
}

/// `OpenEventA` with a name in UTF-16.
///
/// # Safety
///
/// `lpName` is null or ends with a zero unit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenEventW(
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    lpName: LPCWSTR,
) -> HANDLE {
    quiet(null_mut(), || {
        // SAFETY: the caller vouches for its pointer.
        let name = unsafe { strings::wide_name(lpName) };
        waitable::open::<Event>(dwDesiredAccess, bInheritHandle != FALSE, name)
    })
}

/// Changes the event of a handle that has the right to.
fn change(handle: HANDLE, change: impl FnOnce(&Event) -> filemap::Result<()>) -> Result<BOOL> {
    change(handles::waitable(handle)?.as_kind(EVENT_MODIFY_STATE)?)?;
    Ok(TRUE)
}

/// Sets an event: releases one thread that waits for it, or all with manual reset. Without any, it
/// stays set.
///
/// Returns FALSE on failure: `ERROR_ACCESS_DENIED` without `EVENT_MODIFY_STATE`.
#[unsafe(no_mangle)]
pub extern "C" fn SetEvent(hEvent: HANDLE) -> BOOL {
    quiet(FALSE, || change(hEvent, Event::set))
}

/// Resets an event.
///
/// Returns FALSE on failure, as `SetEvent` does.
#[unsafe(no_mangle)]
pub extern "C" fn ResetEvent(hEvent: HANDLE) -> BOOL {
    quiet(FALSE, || change(hEvent, Event::reset))
}

/// Releases one of the threads that wait at this moment for this event alone, or all with manual
/// reset, and resets it. A thread that waits for several objects is not released.
///
/// Returns FALSE on failure, as `SetEvent` does.
#[unsafe(no_mangle)]
pub extern "C" fn PulseEvent(hEvent: HANDLE) -> BOOL {
    quiet(FALSE, || change(hEvent, Event::pulse))
}
