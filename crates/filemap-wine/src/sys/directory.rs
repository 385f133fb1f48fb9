//! The kernel's directories of named objects.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ptr;

use super::functions::{
    GetCurrentProcessId, NtOpenDirectoryObject, NtQueryDirectoryObject, ObjectAttributes,
    ProcessIdToSessionId, UnicodeString,
};
use super::handle::Handle;
use super::section::code;

/// `DIRECTORY_QUERY`.
const QUERY: u32 = 1;

/// `STATUS_NO_MORE_ENTRIES`.
const NO_MORE: i32 = 0x8000_001a_u32 as i32;

/// The room for an entry, in units of eight bytes: names have 32767 units of UTF-16 at most, and the
/// kernel's own words for kinds are short.
const ROOM: usize = 10_000;

/// `OBJECT_DIRECTORY_INFORMATION`.
#[repr(C)]
struct Entry {
    name: UnicodeString,
    kind: UnicodeString,
}

/// The directory of the names of this session.
pub(crate) fn local() -> String {
    // SAFETY: it has no preconditions.
    let process = unsafe { GetCurrentProcessId() };
    let mut session = 1;
    // SAFETY: the place is a number of its own.
    unsafe { ProcessIdToSessionId(process, &mut session) };
    format!("\\Sessions\\{session}\\BaseNamedObjects")
}

/// The directory of the names of all sessions.
pub(crate) fn global() -> String {
    String::from("\\BaseNamedObjects")
}

/// Returns the names of the sections in a directory.
pub(crate) fn sections(path: &str) -> Result<Vec<String>, u32> {
    let mut units: Vec<u16> = path.encode_utf16().collect();
    let len = (units.len() * 2) as u16;
    let mut name = UnicodeString { len, room: len, units: units.as_mut_ptr() };
    let attributes = ObjectAttributes {
        size: size_of::<ObjectAttributes>() as u32,
        root: ptr::null_mut(),
        name: &mut name,
        attributes: 0,
        security: ptr::null_mut(),
        quality: ptr::null_mut(),
    };
    let mut raw = ptr::null_mut();
    // SAFETY: the name and its units live until the end of the function.
    let status = unsafe { NtOpenDirectoryObject(&mut raw, QUERY, &attributes) };
    if status < 0 {
        return Err(code(status));
    }
    let directory = Handle::new(raw)?;
    let (mut context, mut found) = (0, Vec::new());
    let mut buffer: Vec<u64> = alloc::vec![0; ROOM];
    loop {
        let (place, len) = (buffer.as_mut_ptr(), (ROOM * 8) as u32);
        // One entry at a time, as Wine 8 knows it no other way.
        // SAFETY: the place has that many bytes, and the handle is open.
        let status = unsafe {
            NtQueryDirectoryObject(
                directory.raw(),
                place.cast(),
                len,
                1,
                0,
                &mut context,
                ptr::null_mut(),
            )
        };
        if status == NO_MORE {
            return Ok(found);
        }
        if status < 0 {
            return Err(code(status));
        }
        // SAFETY: the call has written an entry there, whose texts are in the buffer as well.
        let entry = unsafe { &*place.cast::<Entry>() };
        if text(&entry.kind) == "Section" {
            found.push(text(&entry.name));
        }
    }
}

/// Returns the text that a string of an entry has.
fn text(string: &UnicodeString) -> String {
    if string.units.is_null() {
        return String::new();
    }
    // SAFETY: the system has written as many bytes there, which nobody changes meanwhile.
    let units = unsafe { core::slice::from_raw_parts(string.units, usize::from(string.len) / 2) };
    String::from_utf16_lossy(units)
}
