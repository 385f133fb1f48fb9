//! Where views are mapped: anywhere, or at an address.

#![expect(unsafe_code, reason = "mapping and unmapping ranges of addresses")]

use std::io;
use std::mem::MaybeUninit;
use std::os::windows::io::{AsRawHandle as _, BorrowedHandle};
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{ERROR_ACCESS_DENIED, ERROR_INVALID_PARAMETER};
use windows_sys::Win32::System::Memory::{
    FILE_MAP, FILE_MAP_COPY, FILE_MAP_EXECUTE, FILE_MAP_LARGE_PAGES, FILE_MAP_READ, FILE_MAP_WRITE,
    MEMORY_BASIC_INFORMATION, MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFileEx, UnmapViewOfFile,
    VirtualQuery,
};
use windows_sys::Win32::System::SystemInformation::{GetSystemInfo, SYSTEM_INFO};

use crate::sys::platform::error::{code, from_io};
use crate::types::{Access, Error, ErrorKind, Operation, Result};

/// What `MapViewOfFile` is told for each access.
fn flags(access: Access) -> FILE_MAP {
    match access {
        Access::NoAccess => 0,
        Access::Read => FILE_MAP_READ,
        Access::Write => FILE_MAP_WRITE,
        Access::Copy => FILE_MAP_COPY,
        Access::ReadExecute => FILE_MAP_READ | FILE_MAP_EXECUTE,
        Access::WriteExecute => FILE_MAP_WRITE | FILE_MAP_EXECUTE,
        Access::CopyExecute => FILE_MAP_COPY | FILE_MAP_EXECUTE,
    }
}

/// Maps `len` bytes from `offset`, a multiple of the granularity; at `address` if there is one, and
/// nowhere else.
pub(super) fn map(
    section: BorrowedHandle<'_>,
    access: Access,
    offset: u64,
    len: usize,
    address: Option<usize>,
    large: bool,
) -> Result<NonNull<u8>> {
    let flags = flags(access) | if large { FILE_MAP_LARGE_PAGES } else { 0 };
    let hint = address.map_or(ptr::null(), ptr::without_provenance);
    let (high, low) = halves(offset);
    // SAFETY: the handle is open while it is borrowed, and the system replaces no range in use.
    let view = unsafe { MapViewOfFileEx(section.as_raw_handle(), flags, high, low, len, hint) };
    NonNull::new(view.Value.cast()).ok_or_else(|| {
        let error = io::Error::last_os_error();
        let kind = match code(&error) {
            // The model has seen that the view is not too large, which gives the same code.
            Some(ERROR_ACCESS_DENIED) => ErrorKind::AccessDenied,
            // An address that no view can have, and a protection that does not allow the view.
            Some(ERROR_INVALID_PARAMETER) if address.is_some() => ErrorKind::AddressTaken,
            Some(ERROR_INVALID_PARAMETER) => ErrorKind::ProtectionExceeded,
            _ => return from_io(Operation::MapView)(error),
        };
        Error::new(kind, Operation::MapView).caused_by(error)
    })
}

/// Unmaps the view that begins at `pages`.
///
/// # Safety
///
/// Mapped by [`map`], not unmapped yet, and used by nobody.
pub(super) unsafe fn unmap(pages: NonNull<u8>) -> io::Result<()> {
    let view = MEMORY_MAPPED_VIEW_ADDRESS { Value: pages.as_ptr().cast() };
    // SAFETY: the caller promises that the view is there and not in use.
    if unsafe { UnmapViewOfFile(view) } == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// How many bytes the run of equal pages at `pages` has: a whole view, if it was just mapped.
pub(super) fn extent(pages: NonNull<u8>) -> usize {
    state(pages.as_ptr()).RegionSize
}

/// What the system tells of an address; nothing at all, if it does not.
pub(super) fn state(address: *const u8) -> MEMORY_BASIC_INFORMATION {
    let mut state = MaybeUninit::<MEMORY_BASIC_INFORMATION>::zeroed();
    let len = size_of::<MEMORY_BASIC_INFORMATION>();
    // SAFETY: looks at an address, whatever it is, and has the room that it is told of.
    unsafe { VirtualQuery(address.cast(), state.as_mut_ptr(), len) };
    // SAFETY: zeros are a value of each of its fields, and the call wrote others if it could.
    unsafe { state.assume_init() }
}

/// A 64-bit number as two of 32 bits, the higher one first.
#[expect(clippy::cast_possible_truncation, reason = "that is the purpose")]
pub(super) fn halves(number: u64) -> (u32, u32) {
    ((number >> 32) as u32, number as u32)
}

/// Bytes in a page.
pub(super) fn page_size() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| {
        let mut system = MaybeUninit::<SYSTEM_INFO>::uninit();
        // SAFETY: there is room for the structure.
        unsafe { GetSystemInfo(system.as_mut_ptr()) };
        // SAFETY: the call cannot fail, and has written all of it.
        let system = unsafe { system.assume_init() };
        system.dwPageSize as usize
    })
}
