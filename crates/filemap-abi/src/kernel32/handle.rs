//! What is done with handles, whatever they refer to.

use std::fs::File;
use std::sync::Arc;

use filemap::Rights;

use crate::boundary::{Code, Result, quiet};
use crate::handles::{self, Held, Object};
use crate::kernel32::create;
use crate::windows::{
    BOOL, DUPLICATE_CLOSE_SOURCE, DUPLICATE_SAME_ACCESS, DWORD, ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER, ERROR_NOACCESS, ERROR_NOT_SUPPORTED, FALSE, HANDLE,
    HANDLE_FLAG_INHERIT, HANDLE_FLAG_PROTECT_FROM_CLOSE, INVALID_HANDLE_VALUE, TRUE,
};

fn close(handle: HANDLE) -> Result<BOOL> {
    match handles::take(handle)? {
        // Another thread that is in a call with it closes it when that is done.
        Object::Mapping(held) => {
            if let Some(Held { mapping, .. }) = Arc::into_inner(held) {
                mapping.close()?;
            }
        }
        Object::File(file) => drop(file),
    }
    Ok(TRUE)
}

fn is_inheritable(object: &Object) -> Result<bool> {
    // SAFETY: the descriptor is open while the object is borrowed, and the call only looks.
    let flags = unsafe { libc::fcntl(object.number(), libc::F_GETFD) };
    if flags == -1 {
        return Err(Code(ERROR_INVALID_HANDLE));
    }
    Ok(flags & libc::FD_CLOEXEC == 0)
}

fn duplicate(source: HANDLE, access: DWORD, inherit: bool, same: bool) -> Result<HANDLE> {
    let object = match handles::find(source)? {
        Object::Mapping(held) => {
            let mapping = &held.mapping;
            let rights = if same { Some(mapping.rights()) } else { create::rights(access) };
            let twin = mapping.duplicate(rights.unwrap_or(Rights::all()))?;
            if inherit {
                twin.set_inheritable(true)?;
            }
            Object::Mapping(Arc::new(Held { mapping: twin, kept: held.kept.clone() }))
        }
        Object::File(file) if same => {
            let twin: File = file.try_clone()?;
            if inherit {
                handles::set_inheritable(&twin, true)?;
            }
            Object::File(Arc::new(twin))
        }
        // A file that is open can be opened with other rights by its name alone.
        Object::File(_) => return Err(Code(ERROR_NOT_SUPPORTED)),
    };
    handles::insert(object)
}

/// Closes a handle.
///
/// A descriptor is no handle, and whoever opened it closes it.
///
/// Returns FALSE on failure: `ERROR_INVALID_HANDLE` if it is none, or not any more.
#[unsafe(no_mangle)]
pub extern "C" fn CloseHandle(hObject: HANDLE) -> BOOL {
    quiet(FALSE, || close(hObject))
}

/// Makes another handle to the same object, in this process.
///
/// # Safety
///
/// `lpTargetHandle` is null or has room for a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DuplicateHandle(
    hSourceProcessHandle: HANDLE,
    hSourceHandle: HANDLE,
    hTargetProcessHandle: HANDLE,
    lpTargetHandle: *mut HANDLE,
    dwDesiredAccess: DWORD,
    bInheritHandle: BOOL,
    dwOptions: DWORD,
) -> BOOL {
    quiet(FALSE, || {
        let here = INVALID_HANDLE_VALUE;
        if hSourceProcessHandle != here || hTargetProcessHandle != here {
            // There are no handles to other processes.
            return Err(Code(ERROR_INVALID_HANDLE));
        }
        if dwOptions & !(DUPLICATE_CLOSE_SOURCE | DUPLICATE_SAME_ACCESS) != 0 {
            return Err(Code(ERROR_INVALID_PARAMETER));
        }
        let same = dwOptions & DUPLICATE_SAME_ACCESS != 0;
        let done = duplicate(hSourceHandle, dwDesiredAccess, bInheritHandle != 0, same);
        if dwOptions & DUPLICATE_CLOSE_SOURCE != 0 {
            // It is closed whether or not there is a duplicate.
            let _closed = close(hSourceHandle);
        }
        let handle = done?;
        if lpTargetHandle.is_null() {
            // Nobody will ever know it.
            close(handle)?;
        } else {
            // SAFETY: it is not null, so the caller vouches for it.
            unsafe { lpTargetHandle.write_unaligned(handle) };
        }
        Ok(TRUE)
    })
}

/// Tells whether child processes inherit a handle (`HANDLE_FLAG_INHERIT`), and whether closing it
/// is refused (`HANDLE_FLAG_PROTECT_FROM_CLOSE`).
///
/// # Safety
///
/// `lpdwFlags` is null or has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetHandleInformation(hObject: HANDLE, lpdwFlags: *mut DWORD) -> BOOL {
    quiet(FALSE, || {
        let object = handles::find(hObject)?;
        let inherit = if is_inheritable(&object)? { HANDLE_FLAG_INHERIT } else { 0 };
        let kept = if handles::is_kept(hObject)? { HANDLE_FLAG_PROTECT_FROM_CLOSE } else { 0 };
        if lpdwFlags.is_null() {
            return Err(Code(ERROR_NOACCESS));
        }
        // SAFETY: it is not null, so the caller vouches for it.
        unsafe { lpdwFlags.write_unaligned(inherit | kept) };
        Ok(TRUE)
    })
}

/// Sets those flags of a handle that are in `dwMask`.
#[unsafe(no_mangle)]
pub extern "C" fn SetHandleInformation(hObject: HANDLE, dwMask: DWORD, dwFlags: DWORD) -> BOOL {
    quiet(FALSE, || {
        if (dwMask | dwFlags) & !(HANDLE_FLAG_INHERIT | HANDLE_FLAG_PROTECT_FROM_CLOSE) != 0 {
            return Err(Code(ERROR_INVALID_PARAMETER));
        }
        let object = handles::find(hObject)?;
        if dwMask & HANDLE_FLAG_INHERIT != 0 {
            let inheritable = dwFlags & HANDLE_FLAG_INHERIT != 0;
            match &object {
                Object::Mapping(held) => held.mapping.set_inheritable(inheritable)?,
                Object::File(file) => handles::set_inheritable(file, inheritable)?,
            }
        }
        if dwMask & HANDLE_FLAG_PROTECT_FROM_CLOSE != 0 {
            handles::keep(hObject, dwFlags & HANDLE_FLAG_PROTECT_FROM_CLOSE != 0)?;
        }
        Ok(TRUE)
    })
}
