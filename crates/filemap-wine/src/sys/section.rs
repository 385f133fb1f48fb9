//! Sections, which Windows' headers call file mappings.

use core::ptr;

use super::functions::{
    CreateFileMappingW, NtQueryObject, NtQuerySection, OpenFileMappingW, RtlNtStatusToDosError,
    SetLastError,
};
use super::handle::{Handle, last_error};

/// Rights: to ask for its size, to map it for writing and for reading.
pub(crate) const QUERY: u32 = 1;
pub(crate) const MAP_WRITE: u32 = 2;
pub(crate) const MAP_READ: u32 = 4;

/// The attribute of a section over a file (`SEC_FILE`).
pub(crate) const OF_FILE: u32 = 0x80_0000;

/// `PAGE_READONLY`, `PAGE_READWRITE`.
const READ_ONLY: u32 = 2;
const READ_WRITE: u32 = 4;

/// `ERROR_ALREADY_EXISTS`.
const EXISTS: u32 = 183;

/// `SectionBasicInformation`.
#[repr(C)]
#[derive(Default)]
struct Basic {
    address: usize,
    attributes: u32,
    size: u64,
}

/// `PUBLIC_OBJECT_BASIC_INFORMATION`.
#[repr(C)]
#[derive(Default)]
struct Object {
    attributes: u32,
    access: u32,
    handles: u32,
    pointers: u32,
    reserved: [u32; 10],
}

/// Creates a section of a file under a name, which ends with a zero; returns also whether one had the
/// name, which was opened then.
pub(crate) fn create(
    file: &Handle,
    name: &[u16],
    size: u64,
    read_only: bool,
) -> Result<(Handle, bool), u32> {
    assert_eq!(name.last(), Some(&0));
    let protection = if read_only { READ_ONLY } else { READ_WRITE };
    let (high, low) = ((size >> 32) as u32, size as u32);
    // SAFETY: it has no preconditions.
    unsafe { SetLastError(0) };
    // SAFETY: the handle is open, the name ends with a zero, and there is no security.
    let raw = unsafe {
        CreateFileMappingW(file.raw(), ptr::null(), protection, high, low, name.as_ptr())
    };
    let existed = last_error() == EXISTS;
    Handle::new(raw).map(|handle| (handle, existed))
}

/// Opens the section of a name, which ends with a zero.
pub(crate) fn open(name: &[u16], access: u32) -> Result<Handle, u32> {
    assert_eq!(name.last(), Some(&0));
    // SAFETY: the name ends with a zero.
    Handle::new(unsafe { OpenFileMappingW(access, 0, name.as_ptr()) })
}

/// Returns the size and the attributes.
pub(crate) fn query(section: &Handle) -> Result<(u64, u32), u32> {
    let mut basic = Basic::default();
    let (place, len) = (&raw mut basic, size_of::<Basic>());
    // SAFETY: the place has that many bytes, and the handle is open.
    let status = unsafe { NtQuerySection(section.raw(), 0, place.cast(), len, ptr::null_mut()) };
    if status < 0 {
        return Err(code(status));
    }
    Ok((basic.size, basic.attributes))
}

/// Returns how many handles of the section there are, in all processes; 0 if that is not told.
pub(crate) fn handles(section: &Handle) -> u32 {
    let mut object = Object::default();
    let (place, len) = (&raw mut object, size_of::<Object>() as u32);
    // SAFETY: the place has that many bytes, and the handle is open.
    unsafe { NtQueryObject(section.raw(), 0, place.cast(), len, ptr::null_mut()) };
    object.handles
}

/// Returns the last error that belongs to a status.
pub(super) fn code(status: i32) -> u32 {
    // SAFETY: it has no preconditions.
    unsafe { RtlNtStatusToDosError(status) }
}
