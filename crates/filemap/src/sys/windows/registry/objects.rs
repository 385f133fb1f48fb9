//! The kernel's folders of names, and the names of objects.

#![expect(unsafe_code, reason = "calls of the native interface, which the rest leaves out")]

use std::mem::MaybeUninit;
use std::os::windows::io::{AsRawHandle as _, BorrowedHandle, FromRawHandle as _};
use std::os::windows::io::{OwnedHandle, RawHandle};
use std::sync::OnceLock;

use windows_sys::Wdk::Foundation::{
    NtQueryObject, OBJECT_ATTRIBUTES, OBJECT_INFORMATION_CLASS, ObjectTypeInformation,
};
use windows_sys::Wdk::Storage::FileSystem::{NtOpenDirectoryObject, NtQueryDirectoryObject};
use windows_sys::Win32::Foundation::{NTSTATUS, UNICODE_STRING};
use windows_sys::Win32::System::Memory::OpenFileMappingW;
use windows_sys::Win32::System::RemoteDesktop::ProcessIdToSessionId;
use windows_sys::Win32::System::Threading::{OpenEventW, OpenMutexW, OpenSemaphoreW};

use crate::sys::platform::error::{from_status, last};
use crate::types::{Error, ErrorKind, ObjectKind, Operation, Result, Scope};

/// The information class of an object's name.
const NAME: OBJECT_INFORMATION_CLASS = 1;
/// The right to ask for the state of an object, whatever its kind.
pub(in crate::sys::platform) const QUERY: u32 = 1;
/// The right to list a folder of names.
const DIRECTORY_QUERY: u32 = 1;
const NO_MORE_ENTRIES: NTSTATUS = 0x8000_001a_u32.cast_signed();

/// Returns the folder with the names of a scope; in the first session both are the same.
pub(super) fn folder(scope: Scope) -> &'static str {
    static LOCAL: OnceLock<String> = OnceLock::new();
    const GLOBAL: &str = "\\BaseNamedObjects";
    match scope {
        Scope::Global => GLOBAL,
        Scope::Local => LOCAL.get_or_init(|| {
            let mut session = 0;
            // SAFETY: there is room for the number.
            let known = unsafe { ProcessIdToSessionId(std::process::id(), &raw mut session) };
            match session {
                1.. if known != 0 => format!("\\Sessions\\{session}{GLOBAL}"),
                _ => GLOBAL.to_owned(),
            }
        }),
    }
}

/// Opens an object by a name that ends with a NUL; `None` if there is no such name.
///
/// # Errors
///
/// [`ErrorKind::WrongObject`] if it is of another kind, which the error tells.
pub(super) fn open(
    kind: ObjectKind,
    name: &[u16],
    access: u32,
    operation: Operation,
) -> Result<Option<OwnedHandle>> {
    match try_open(kind, name, access, operation) {
        Ok(object) => Ok(Some(object)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(explained(error, name)),
    }
}

/// Opens a section by a name, as [`open`] does.
pub(super) fn section(
    name: &[u16],
    access: u32,
    operation: Operation,
) -> Result<Option<OwnedHandle>> {
    open(ObjectKind::Mapping, name, access, operation)
}

fn try_open(
    kind: ObjectKind,
    name: &[u16],
    access: u32,
    operation: Operation,
) -> Result<OwnedHandle> {
    debug_assert!(name.ends_with(&[0]), "the end of the name");
    let open = match kind {
        ObjectKind::Mapping => OpenFileMappingW,
        ObjectKind::Mutex => OpenMutexW,
        ObjectKind::Event => OpenEventW,
        ObjectKind::Semaphore => OpenSemaphoreW,
    };
    // SAFETY: the name ends with a NUL.
    let object = unsafe { open(access, 0, name.as_ptr()) };
    if object.is_null() {
        return Err(last(operation));
    }
    // SAFETY: the call made it, and nobody else knows of it.
    Ok(unsafe { OwnedHandle::from_raw_handle(object) })
}

/// Adds to the refusal of a name that ends with a NUL which kind of object it belongs to, if that is
/// the reason.
pub(super) fn explained(error: Error, name: &[u16]) -> Error {
    if error.kind() != ErrorKind::WrongObject {
        return error;
    }
    let found = kind_named(name).map_or("an object of another kind", ObjectKind::with_article);
    error.because(format!("the name is that of {found}"))
}

/// Returns the kind of the object with a name that ends with a NUL; `None` if there is none, or one of
/// no known kind.
pub(super) fn kind_named(name: &[u16]) -> Option<ObjectKind> {
    // The kernel looks at the kind first, and then at rights.
    ObjectKind::ALL.into_iter().find(|kind| {
        let opened = try_open(*kind, name, QUERY, Operation::UseRegistry);
        opened.map_or_else(|error| error.kind() == ErrorKind::AccessDenied, |_| true)
    })
}

/// Returns the names in a folder of objects of known kinds.
pub(super) fn names(folder: &str) -> Result<Vec<(String, ObjectKind)>> {
    /// Room for the longest name, and that of its type.
    const ROOM: u32 = 2 * 65536 + 256;
    let operation = Operation::UseRegistry;
    let directory = open_folder(folder)?;
    let mut room = vec![0_u64; ROOM as usize / 8];
    let (mut names, mut context) = (Vec::new(), 0);
    loop {
        let place = room.as_mut_ptr().cast();
        let (handle, none) = (directory.as_raw_handle(), std::ptr::null_mut());
        let restart = context == 0;
        // One entry at a time: older versions of Wine support nothing else.
        // SAFETY: the folder is open, and the place has the length that is told.
        let status = unsafe {
            NtQueryDirectoryObject(handle, place, ROOM, true, restart, &raw mut context, none)
        };
        match status {
            NO_MORE_ENTRIES => return Ok(names),
            status if status < 0 => return Err(from_status(status, operation)),
            _ => {}
        }
        // SAFETY: the call has written an entry, which begins with these two strings, and the room
        // is aligned for them.
        let entry = unsafe { &*room.as_ptr().cast::<[UNICODE_STRING; 2]>() };
        // SAFETY: the call has written both behind them.
        let name = unsafe { text(&entry[0]) };
        // SAFETY: as above.
        let kind = unsafe { text(&entry[1]) };
        // A name that is not well-formed text cannot be opened by this library.
        if let (Some(name), Some(kind)) = (name, kind.as_deref().and_then(kind_of_type)) {
            names.push((name, kind));
        }
    }
}

fn open_folder(folder: &str) -> Result<OwnedHandle> {
    let mut path: Vec<u16> = folder.encode_utf16().collect();
    let bytes = u16::try_from(2 * path.len()).unwrap_or(u16::MAX);
    let name = UNICODE_STRING { Length: bytes, MaximumLength: bytes, Buffer: path.as_mut_ptr() };
    let attributes = OBJECT_ATTRIBUTES {
        Length: u32::try_from(size_of::<OBJECT_ATTRIBUTES>()).unwrap_or(0),
        ObjectName: &raw const name,
        ..Default::default()
    };
    let mut directory: RawHandle = std::ptr::null_mut();
    let place = &raw mut directory;
    // SAFETY: the structure and what it refers to live until the call returns.
    let status = unsafe { NtOpenDirectoryObject(place, DIRECTORY_QUERY, &raw const attributes) };
    if status < 0 {
        return Err(from_status(status, Operation::UseRegistry));
    }
    // SAFETY: the call made it, and nobody else knows of it.
    Ok(unsafe { OwnedHandle::from_raw_handle(directory) })
}

/// Returns the kind of object that the kernel calls so.
fn kind_of_type(name: &str) -> Option<ObjectKind> {
    Some(match name {
        "Section" => ObjectKind::Mapping,
        "Mutant" => ObjectKind::Mutex,
        "Event" => ObjectKind::Event,
        "Semaphore" => ObjectKind::Semaphore,
        _ => return None,
    })
}

/// Returns the kind of the object behind a handle; `None` if it is of no known kind.
pub(in crate::sys::platform) fn kind_of(handle: BorrowedHandle<'_>) -> Option<ObjectKind> {
    string_of(handle, ObjectTypeInformation, 1024).and_then(|name| kind_of_type(&name))
}

/// Returns the whole name of the object behind a handle; `None` if it has none.
pub(super) fn name_of(handle: BorrowedHandle<'_>) -> Option<String> {
    // Room for the longest name.
    string_of(handle, NAME, 65536 + 64).filter(|name| !name.is_empty())
}

/// Returns the string with which information on an object begins, which takes at most so many bytes.
fn string_of(
    handle: BorrowedHandle<'_>,
    class: OBJECT_INFORMATION_CLASS,
    most: u32,
) -> Option<String> {
    let mut room = vec![MaybeUninit::<u64>::zeroed(); most as usize / 8];
    let (place, none) = (room.as_mut_ptr().cast(), std::ptr::null_mut());
    // SAFETY: the handle is open while it is borrowed, and the place has the length told.
    if unsafe { NtQueryObject(handle.as_raw_handle(), class, place, most, none) } < 0 {
        return None;
    }
    // SAFETY: the call has written the string's structure, and the room is aligned for it.
    let string = unsafe { &*room.as_ptr().cast::<UNICODE_STRING>() };
    // SAFETY: the call has written the string behind it.
    unsafe { text(string) }
}

/// Returns the text of a counted string; `None` if it is not well-formed.
///
/// # Safety
///
/// The string refers to valid memory of its length.
unsafe fn text(string: &UNICODE_STRING) -> Option<String> {
    if string.Buffer.is_null() {
        return Some(String::new());
    }
    // SAFETY: the caller promises it.
    let units = unsafe { std::slice::from_raw_parts(string.Buffer, string.Length as usize / 2) };
    String::from_utf16(units).ok()
}
