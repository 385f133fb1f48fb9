//! The generation of a name's bytes, which stands in its entry: who has a view keeps the entry open and
//! looks whether it is still the number that it was.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::sys::platform::error::during;
use crate::sys::platform::file;
use crate::types::{Error, ErrorKind, Operation, Result};

/// Where in an entry the number is, in bytes from its end: it is the first of the footer.
pub(super) const BEFORE_END: u64 = 104;

/// A description of an entry, without the name's lock, and the number that it had.
#[derive(Debug)]
pub(crate) struct Generation {
    entry: OwnedFd,
    /// Where in the entry the number is.
    at: u64,
    seen: u64,
}

impl Generation {
    /// The generation of an entry that has one; none if it cannot be watched, as without `/proc`.
    pub(super) fn of(entry: BorrowedFd<'_>) -> Option<Self> {
        let at = place(entry).ok()?;
        let entry = file::reopen(entry, OFlags::RDONLY).ok()?;
        let seen = read(entry.as_fd(), at)?;
        Some(Self { entry, at, seen })
    }

    /// Returns whether the bytes are those of a generation that has ended.
    pub(crate) fn has_changed(&self) -> bool {
        read(self.entry.as_fd(), self.at) != Some(self.seen)
    }

    /// The error of an access to bytes of a generation that has ended.
    pub(crate) fn check(&self, operation: Operation) -> Result<()> {
        if self.has_changed() { Err(Error::new(ErrorKind::Stale, operation)) } else { Ok(()) }
    }
}

/// Ends the generation of an entry.
pub(super) fn end(entry: BorrowedFd<'_>, operation: Operation) -> Result<()> {
    let at = place(entry).map_err(during(operation))?;
    let next = read(entry, at).unwrap_or(0).wrapping_add(1);
    file::write_at(entry, at, &next.to_le_bytes(), operation)
}

fn place(entry: BorrowedFd<'_>) -> Result<u64, Errno> {
    let len = file::length(&rustix::fs::fstat(entry)?);
    len.checked_sub(BEFORE_END).ok_or(Errno::INVAL)
}

fn read(entry: BorrowedFd<'_>, at: u64) -> Option<u64> {
    let mut bytes = [0; 8];
    let count = file::read_at(entry, at, &mut bytes, Operation::UseRegistry).ok()?;
    (count == bytes.len()).then_some(u64::from_le_bytes(bytes))
}
