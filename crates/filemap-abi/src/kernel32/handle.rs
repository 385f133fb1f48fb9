//! Handles: functions that apply to those of mappings and of files.

use filemap::Rights;

use crate::boundary::{Code, Result, quiet};
use crate::handles;
use crate::kernel32::create;
use crate::marks;
use crate::numbered::{Descriptor as _, Numbered};
use crate::objects::{self, Held, Object, OpenFile};
use crate::processes::Process;
use crate::windows::{
    BOOL, DUPLICATE_CLOSE_SOURCE, DUPLICATE_SAME_ACCESS, DUPLICATE_SAME_ATTRIBUTES, DWORD,
    ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NOACCESS, FALSE, HANDLE,
    HANDLE_FLAG_INHERIT, HANDLE_FLAG_PROTECT_FROM_CLOSE, MAXIMUM_ALLOWED, TRUE,
};

fn close(handle: HANDLE) -> Result<BOOL> {
    handles::close(handle)?;
    Ok(TRUE)
}

/// What a duplicate is to be; without an access mask it may be used for what its source may be.
#[derive(Debug, Clone, Copy)]
struct Twin {
    access: Option<DWORD>,
    inherit: bool,
}

impl Twin {
    fn of(self, source: HANDLE) -> Result<HANDLE> {
        handles::begin();
        if handles::is_invalid(source) {
            return handles::insert_process(Process::this()?, self.inherit);
        }
        match handles::find(source) {
            Ok(Object::Mapping(held)) => self.of_mapping(&held),
            // A duplicate of the program's descriptor has no mark, and gives none to its own.
            Ok(Object::File(file)) => self.of_file(&file, marks::value(file.number()) == 0),
            Ok(Object::Process(process)) => {
                handles::insert_process(process.duplicate(self.access)?, self.inherit)
            }
            Ok(Object::Waitable(waitable)) => {
                handles::insert_waitable(waitable.duplicate(self.access)?, self.inherit)
            }
            // A descriptor of the program's, or nothing.
            Err(_) => self.of_file(&*handles::file(source)?, true),
        }
    }

    fn of_mapping(self, held: &Numbered<Held>) -> Result<HANDLE> {
        let rights = match self.access {
            None => held.rights(),
            Some(access) => create::rights(access).unwrap_or(Rights::all()),
        };
        let twin = Held::with_lock(held.duplicate(rights)?, held.kept.clone());
        // A file that could not be opened again for its mapping is the program's own description.
        let is_shared = twin.is_the_file() && marks::value(held.number()) == 0;
        handles::insert_mapping(twin, self.inherit, is_shared)
    }

    fn of_file(self, file: &OpenFile, is_shared: bool) -> Result<HANDLE> {
        let wanted = self.access.filter(|access| access & MAXIMUM_ALLOWED == 0);
        let access = wanted.map_or(file.access(), objects::file_access);
        handles::insert_file(file.duplicate(access, self.inherit)?, self.inherit, is_shared)
    }
}

/// Closes a handle.
///
/// A descriptor is no handle, and is closed by `close`.
///
/// Returns FALSE on failure: `ERROR_INVALID_HANDLE` if it is no open handle.
#[unsafe(no_mangle)]
pub extern "C" fn CloseHandle(hObject: HANDLE) -> BOOL {
    quiet(FALSE, || close(hObject))
}

/// Opens another handle to the same object, in this process.
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
        if ![hSourceProcessHandle, hTargetProcessHandle].into_iter().all(handles::is_this_process) {
            // Handles of other processes cannot be reached.
            return Err(Code(ERROR_INVALID_HANDLE));
        }
        const KNOWN: DWORD =
            DUPLICATE_CLOSE_SOURCE | DUPLICATE_SAME_ACCESS | DUPLICATE_SAME_ATTRIBUTES;
        if dwOptions & !KNOWN != 0 {
            return Err(Code(ERROR_INVALID_PARAMETER));
        }
        let alike = dwOptions & DUPLICATE_SAME_ATTRIBUTES != 0;
        let inherit = match handles::find(hSourceHandle) {
            Ok(source) if alike => handles::is_inheritable(source.number())?,
            _ => bInheritHandle != 0,
        };
        let is_kept = handles::is_kept(hSourceHandle).unwrap_or(false);
        let is_same = dwOptions & DUPLICATE_SAME_ACCESS != 0;
        let access = (!is_same).then_some(dwDesiredAccess);
        let done = Twin { access, inherit }.of(hSourceHandle);
        if dwOptions & DUPLICATE_CLOSE_SOURCE != 0 {
            // Closed even if there is no duplicate.
            let _closed = close(hSourceHandle);
        }
        let handle = done?;
        if alike && is_kept {
            handles::keep(handle, true)?;
        }
        if lpTargetHandle.is_null() {
            // The caller has no place for it, so it would never be closed.
            close(handle)?;
        } else {
            // SAFETY: it is not null, so the caller vouches for it.
            unsafe { lpTargetHandle.write_unaligned(handle) };
        }
        Ok(TRUE)
    })
}

/// Stores the flags of a handle: whether child processes inherit it (`HANDLE_FLAG_INHERIT`), and
/// whether closing it is refused (`HANDLE_FLAG_PROTECT_FROM_CLOSE`).
///
/// # Safety
///
/// `lpdwFlags` is null or has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetHandleInformation(hObject: HANDLE, lpdwFlags: *mut DWORD) -> BOOL {
    quiet(FALSE, || {
        let object = handles::find(hObject)?;
        let inherits = handles::is_inheritable(object.number())?;
        let inherit = if inherits { HANDLE_FLAG_INHERIT } else { 0 };
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
            handles::set_inheritable(&object, dwFlags & HANDLE_FLAG_INHERIT != 0)?;
        }
        if dwMask & HANDLE_FLAG_PROTECT_FROM_CLOSE != 0 {
            handles::keep(hObject, dwFlags & HANDLE_FLAG_PROTECT_FROM_CLOSE != 0)?;
        }
        Ok(TRUE)
    })
}
