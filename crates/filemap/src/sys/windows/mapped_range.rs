//! A range of addresses that a view is mapped at, until it is dropped.

#![expect(unsafe_code, reason = "mapping and unmapping ranges of addresses")]

use std::io;
use std::ops::Range;
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

/// What `MapViewOfFileEx` is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct MapArguments {
    pub(super) access: Access,
    /// A multiple of the granularity.
    pub(super) offset: u64,
    /// Bytes; none is all there are.
    pub(super) len: Option<usize>,
    /// Where the view is to begin, and nowhere else.
    pub(super) address: Option<usize>,
    pub(super) large: bool,
}

impl MapArguments {
    /// A view of as much as there is, or of its first page.
    pub(super) fn at_start(access: Access, len: Option<usize>) -> Self {
        Self { access, offset: 0, len, address: None, large: false }
    }
}

/// Returns what `MapViewOfFile` calls each access.
fn flags(access: Access) -> FILE_MAP {
    match access {
        Access::NoAccess => 0,
        Access::Read => FILE_MAP_READ,
        Access::Write => FILE_MAP_WRITE,
        Access::Copy => FILE_MAP_COPY,
        Access::ExecuteRead => FILE_MAP_READ | FILE_MAP_EXECUTE,
        Access::ExecuteWrite => FILE_MAP_WRITE | FILE_MAP_EXECUTE,
        Access::ExecuteCopy => FILE_MAP_COPY | FILE_MAP_EXECUTE,
    }
}

/// The pages of one view.
///
/// Invariant: `len` bytes from `start` on are mapped, by this value alone, which alone unmaps them.
#[derive(Debug)]
pub(super) struct MappedRange {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: a range of addresses belongs to the process, not to a thread.
unsafe impl Send for MappedRange {}
// SAFETY: as above; a shared reference gives addresses alone.
unsafe impl Sync for MappedRange {}

impl MappedRange {
    /// Maps a view of a section.
    pub(super) fn of_section(section: BorrowedHandle<'_>, arguments: MapArguments) -> Result<Self> {
        let MapArguments { access, offset, len, address, large } = arguments;
        let flags = flags(access) | if large { FILE_MAP_LARGE_PAGES } else { 0 };
        let hint = address.map_or(ptr::null(), ptr::without_provenance);
        let (high, low) = halves(offset);
        let count = len.unwrap_or(0);
        // SAFETY: the handle is open while it is borrowed, and the system replaces no range in use.
        let view =
            unsafe { MapViewOfFileEx(section.as_raw_handle(), flags, high, low, count, hint) };
        let Some(start) = NonNull::new(view.Value.cast::<u8>()) else {
            let error = io::Error::last_os_error();
            let kind = match code(&error) {
                // The model has seen that the view is not too large, which gives the same code.
                Some(ERROR_ACCESS_DENIED) => ErrorKind::AccessDenied,
                // An address that no view can have, and a protection that does not allow the view.
                Some(ERROR_INVALID_PARAMETER) if address.is_some() => ErrorKind::AddressTaken,
                Some(ERROR_INVALID_PARAMETER) => ErrorKind::ProtectionExceeded,
                _ => return Err(from_io(Operation::MapView)(error)),
            };
            return Err(Error::new(kind, Operation::MapView).caused_by(error));
        };
        let len = len.map_or_else(|| extent(start), |len| len.next_multiple_of(page_size()));
        Ok(Self { start, len })
    }

    /// Returns the address of the first byte.
    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// Returns how many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns address and length of the part of a range of offsets that is mapped.
    pub(super) fn part(&self, range: &Range<usize>) -> (NonNull<u8>, usize) {
        let end = range.end.min(self.len);
        let start = range.start.min(end);
        // SAFETY: `start` is at most the length of the range.
        (unsafe { self.start.add(start) }, end - start)
    }

    /// Unmaps the view, if it is not yet.
    pub(super) fn unmap(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.len) == 0 {
            return Ok(());
        }
        let view = MEMORY_MAPPED_VIEW_ADDRESS { Value: self.start.as_ptr().cast() };
        // SAFETY: by the type's invariant this view is ours alone, and no reference to its bytes
        // exists; from now on there are none.
        if unsafe { UnmapViewOfFile(view) } == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

impl Drop for MappedRange {
    fn drop(&mut self) {
        // Nothing can be done about a view that the system does not unmap.
        let _ignored = self.unmap();
    }
}

/// Returns how many bytes the view at an address has, whatever its pages allow.
fn extent(start: NonNull<u8>) -> usize {
    let mut len = 0;
    loop {
        match state(start.as_ptr().wrapping_add(len)) {
            Ok(state) if state.AllocationBase == start.as_ptr().cast() && state.RegionSize > 0 => {
                len += state.RegionSize;
            }
            _ => return len,
        }
    }
}

/// Returns what is at an address, and how many bytes are like it.
pub(super) fn state(address: *const u8) -> io::Result<MEMORY_BASIC_INFORMATION> {
    let mut state = MEMORY_BASIC_INFORMATION::default();
    let len = size_of::<MEMORY_BASIC_INFORMATION>();
    // SAFETY: looks at an address, whatever it is, and has the room that it is given.
    if unsafe { VirtualQuery(address.cast(), &raw mut state, len) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(state)
}

/// Returns a 64-bit number as two of 32 bits, the higher one first.
#[expect(clippy::cast_possible_truncation, reason = "that is the purpose")]
pub(super) fn halves(number: u64) -> (u32, u32) {
    ((number >> 32) as u32, number as u32)
}

/// Returns how many bytes a page has.
pub(crate) fn page_size() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| {
        let mut system = SYSTEM_INFO::default();
        // SAFETY: there is room for the structure.
        unsafe { GetSystemInfo(&raw mut system) };
        system.dwPageSize as usize
    })
}
