//! An object, mapped: its shared page, and a private page behind it.

#![expect(unsafe_code, reason = "mapping two pages")]

use std::ops::Deref;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::mm::{self, MapFlags, ProtFlags};

use crate::sys::platform::error::during;
use crate::sys::platform::mapped_range::MappedRange;
use crate::sys::platform::waitable::layout;
use crate::sys::platform::waitable::line::Line;
use crate::sys::platform::{file, page_size};
use crate::sys::{Initial, WaitableKind};
use crate::types::{Error, ErrorKind, Operation, Result};

/// Which object it is, wherever it is mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    offset: u64,
}

impl Identity {
    /// Of the object at an offset of a file.
    pub(super) fn of(file: BorrowedFd<'_>, offset: u64, operation: Operation) -> Result<Self> {
        let stat = rustix::fs::fstat(file).map_err(during(operation))?;
        #[allow(clippy::useless_conversion, reason = "some processors have 32 bits of it")]
        Ok(Self { device: stat.st_dev.into(), inode: stat.st_ino.into(), offset })
    }
}

/// The two pages of an object in this process.
///
/// Links of the list that the kernel reads lie in the private page alone. While a thread of this
/// process owns the mutex, its link is in that thread's list, and the pages stay mapped: see
/// [`is_owned`](Line::is_owned).
#[derive(Debug)]
pub(super) struct Page {
    identity: Identity,
    /// Two pages, of which the second is private memory; the first is mapped from the object's file,
    /// for reading and writing.
    range: MappedRange,
    /// Invariant: of those pages.
    line: Line,
}

impl Page {
    /// Maps the page at `offset` of a file, which is a multiple of the page size.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongObject`] if the page is no object; [`ErrorKind::NotSupported`] if it is one of
    /// another kind of process, or of another PID namespace, whose numbers of threads are not ours.
    pub(super) fn map(
        file: BorrowedFd<'_>,
        identity: Identity,
        operation: Operation,
    ) -> Result<Self> {
        let mut header = [0; layout::HEADER];
        let read = file::read_at(file, identity.offset, &mut header, operation)?;
        if read < header.len() {
            return Err(not_an_object(operation));
        }
        let kind = check(&header, operation)?;
        Self::map_as(file, identity, kind, operation)
    }

    /// Maps a page that holds an object of this kind.
    pub(super) fn map_as(
        file: BorrowedFd<'_>,
        identity: Identity,
        kind: WaitableKind,
        operation: Operation,
    ) -> Result<Self> {
        let unit = page_size();
        let failed = during(operation);
        let range = MappedRange::of_zeros(2 * unit, MapFlags::PRIVATE).map_err(&failed)?;
        // SAFETY: there are two pages of so many bytes each.
        let start = unsafe { range.start().add(unit - layout::LINE) };
        // SAFETY: that is where the line is, and the value keeps the pages.
        let line = unsafe { Line::at(start, kind) };
        let page = Self { identity, range, line };
        page.show(file).map_err(failed)?;
        Ok(page)
    }

    /// Has the shared page be that of this descriptor, which is of the same file.
    pub(super) fn show(&self, file: BorrowedFd<'_>) -> Result<(), Errno> {
        let start = self.range.start().as_ptr();
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::SHARED | MapFlags::FIXED;
        // SAFETY: replaces the first of the two pages, which is this value's alone, by another map of
        // the same bytes, or of those that nobody has seen yet. A thread that accesses them meanwhile
        // meets the one map or the other.
        let shown = unsafe {
            mm::mmap(start.cast(), page_size(), protection, flags, file, self.identity.offset)
        };
        shown.map(drop)
    }

    /// Writes the header and the numbers of a new object, which nobody else sees yet.
    pub(super) fn initialise(
        file: BorrowedFd<'_>,
        offset: u64,
        initial: Initial,
        operation: Operation,
    ) -> Result<()> {
        let unit = page_size();
        let mut page = vec![0; unit];
        page[..layout::MAGIC.len()].copy_from_slice(&layout::MAGIC);
        page[layout::KIND] = number_of(initial.kind());
        page[layout::WIDTH] = WIDTH;
        page[layout::NAMESPACE..layout::HEADER].copy_from_slice(&namespace().to_le_bytes());
        #[expect(
            clippy::disallowed_methods,
            reason = "the kernel reads numbers as the machine has them"
        )]
        let mut put = |at: usize, value: u32| {
            let at = unit - layout::LINE + at;
            page[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        };
        let (state, maximum) = match initial {
            Initial::Mutex => (0, 0),
            Initial::Event { set, .. } => (u32::from(set), 0),
            Initial::Semaphore { count, maximum } => (count, maximum),
        };
        put(layout::STATE, state);
        put(layout::MAXIMUM, maximum);
        put(layout::SHARED_LOCK, layout::IS_SHARED);
        file::write_at(file, offset, &page, operation)
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity
    }
}

impl Deref for Page {
    type Target = Line;

    #[inline(always)]
    fn deref(&self) -> &Line {
        &self.line
    }
}

/// The number of bits of an address, which says how far links are from their words.
const WIDTH: u8 = size_of::<usize>().to_le_bytes()[0] * 8;

/// Returns the number of a kind in the page and in a name's entry.
pub(in crate::sys::platform) const fn number_of(kind: WaitableKind) -> u8 {
    match kind {
        WaitableKind::Mutex => 1,
        WaitableKind::AutoEvent => 2,
        WaitableKind::ManualEvent => 3,
        WaitableKind::Semaphore => 4,
    }
}

/// Returns the kind that has a number.
pub(in crate::sys::platform) const fn kind_of(number: u8) -> Option<WaitableKind> {
    match number {
        1 => Some(WaitableKind::Mutex),
        2 => Some(WaitableKind::AutoEvent),
        3 => Some(WaitableKind::ManualEvent),
        4 => Some(WaitableKind::Semaphore),
        _ => None,
    }
}

/// Returns the kind of the object with this header.
fn check(header: &[u8; layout::HEADER], operation: Operation) -> Result<WaitableKind> {
    let kind = kind_of(header[layout::KIND]).filter(|_| header.starts_with(&layout::MAGIC));
    let kind = kind.ok_or_else(|| not_an_object(operation))?;
    let refused =
        |why: &'static str| Err(Error::new(ErrorKind::NotSupported, operation).because(why));
    if header[layout::WIDTH] != WIDTH {
        return refused("it was made by a process with addresses of another size");
    }
    let theirs =
        header[layout::NAMESPACE..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let ours = namespace();
    if theirs != 0 && ours != 0 && theirs != ours {
        return refused("it was made in another PID namespace, where threads have other numbers");
    }
    Ok(kind)
}

fn not_an_object(operation: Operation) -> Error {
    Error::new(ErrorKind::WrongObject, operation)
        .because("it is not a mutex, an event or a semaphore")
}

/// Returns the PID namespace of this process; 0 if that is not known.
pub(super) fn namespace() -> u64 {
    rustix::fs::stat("/proc/self/ns/pid").map_or(0, |stat| stat.st_ino)
}
