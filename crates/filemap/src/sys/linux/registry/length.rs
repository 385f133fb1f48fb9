//! Files that are not to become shorter: a lock for each, on one file of the root.
//!
//! ```text
//!  .kept-<user id>   |...........R......R...........W...............|
//!                                ^      ^           ^ a file that is being cut
//!                                files that are mapped
//! ```
//!
//! Not a lock on the mapped file itself: programs that lock *all* of a file would meet it wherever
//! it is, and wait as long as the file is mapped. The byte is found by the file's number, and has
//! the kind of lock that an entry has: shared by those who keep a length, exclusive for as long as
//! somebody changes it, dropped by the kernel with the last descriptor.

use std::fs::File;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use crate::sys::SectionContract as _;
use crate::sys::platform::error::during;
use crate::sys::platform::registry::Directory;
use crate::sys::platform::registry::backoff::Backoff;
use crate::sys::platform::registry::lock::{self, Place, State};
use crate::sys::platform::{Section, file};
use crate::types::{Error, ErrorKind, Operation, Result, Scope};

/// What begins the name of the file that is locked.
const KEPT: &str = ".kept-";

/// A hold on a file's length.
#[derive(Debug)]
pub(crate) struct LengthLock {
    /// None for memory, whose length nobody can change.
    _lock: Option<OwnedFd>,
}

impl LengthLock {
    /// Keeps the length of a file.
    pub(crate) fn of_file(file: &File) -> Result<Self> {
        Ok(Self { _lock: Some(keep(file.as_fd())?) })
    }

    /// Keeps the length of the file behind a section, if there is one.
    pub(crate) fn of_section(section: &Section) -> Result<Self> {
        let lock = section.is_file().then(|| keep(section.descriptor())).transpose()?;
        Ok(Self { _lock: lock })
    }
}

/// Sets a file's length, unless that would make it shorter while its length is kept.
///
/// # Errors
///
/// Those of [`set_section_len`]; the file is then as it was.
pub(crate) fn set_file_len(file: &File, len: u64) -> Result<()> {
    file::regular(file.as_fd(), Operation::ResizeFile)?;
    file::allowed(len, Operation::ResizeFile)?;
    set_len(file.as_fd(), len)
}

/// Sets the length of the file behind a section, unless that would make it shorter while its length
/// is kept.
///
/// # Errors
///
/// [`ErrorKind::FileMapped`] if the length is kept, and [`ErrorKind::TimedOut`] if others change it
/// all the time; the file is then as it was.
pub(crate) fn set_section_len(section: &Section, len: u64) -> Result<()> {
    file::allowed(len, Operation::ResizeFile)?;
    if section.whole(len) != len {
        let page = section.page_of_maps().unwrap_or_default();
        return Err(Error::new(ErrorKind::InvalidArgument, Operation::ResizeFile)
            .because(format!("in its file system, lengths are multiples of {page} bytes")));
    }
    set_len(section.descriptor(), len)
}

/// Sets the length of what is known to be a file that may have this length.
///
/// A file never becomes shorter by growing, or by staying as it is: whoever made it longer since the
/// look keeps that. It is cut where that was asked for, and under the lock alone, so that the length
/// of a file that somebody keeps is never cut, whoever changes it meanwhile.
///
/// # Errors
///
/// [`ErrorKind::FileMapped`] if somebody keeps the length, and [`ErrorKind::TimedOut`] if others
/// change it all the time; the file is then as it was.
fn set_len(file: BorrowedFd<'_>, len: u64) -> Result<()> {
    let operation = Operation::ResizeFile;
    let now = file::length_now(file).map_err(during(operation))?;
    if len >= now {
        return file::grow(file, len, operation);
    }
    // Held until the file has its length, so that nobody who begins to keep it is too late.
    let _changing = change(file)?;
    rustix::fs::ftruncate(file, len).map_err(during(operation))
}

/// Takes the lock that keeps everybody else from keeping the file's length or changing it, for as
/// long as the descriptor is open.
///
/// `None` where there can be no registry, and so nobody who keeps a length.
fn change(file: BorrowedFd<'_>) -> Result<Option<OwnedFd>> {
    let operation = Operation::ResizeFile;
    let locks = match locks(operation) {
        Ok(locks) => locks,
        // Only this process lacks what it needs: others may have made the registry.
        Err(error)
            if matches!(error.kind(), ErrorKind::TooManyOpenFiles | ErrorKind::OutOfMemory) =>
        {
            return Err(error.during(operation));
        }
        Err(_) => return Ok(None),
    };
    let place = place(file, operation)?;
    let mut backoff = Backoff::default();
    loop {
        if lock::claim(locks.as_fd(), place).map_err(during(operation))? {
            return Ok(Some(locks));
        }
        if lock::state_at(locks.as_fd(), place).map_err(during(operation))? == State::Held {
            return Err(Error::new(ErrorKind::FileMapped, operation));
        }
        backoff.wait(operation)?;
    }
}

/// Takes a lock that keeps the file's length for as long as the descriptor is open.
fn keep(file: BorrowedFd<'_>) -> Result<OwnedFd> {
    let operation = Operation::CreateMapping;
    let locks = locks(operation)?;
    let place = place(file, operation)?;
    let mut backoff = Backoff::default();
    while !lock::hold(locks.as_fd(), place).map_err(during(operation))? {
        backoff.wait(operation)?;
    }
    Ok(locks)
}

/// Opens the file that is locked, for a description of its own.
fn locks(operation: Operation) -> Result<OwnedFd> {
    let missing = || Error::new(ErrorKind::NotFound, operation);
    let root = Directory::system().root(Scope::Local, true)?.ok_or_else(missing)?;
    root.open_own(KEPT).map_err(during(operation))
}

/// The byte that stands for a file, whatever it is called.
///
/// The number of an inode is not used again while anybody has it open, and who keeps a length does.
fn place(file: BorrowedFd<'_>, operation: Operation) -> Result<Place> {
    let stat = rustix::fs::fstat(file).map_err(during(operation))?;
    let mixed = mixed(mixed(stat.st_dev) ^ stat.st_ino);
    // Below the bytes that name entries, and what a lock can be on.
    Ok(Place { start: i64::try_from(mixed >> 2).unwrap_or(0), len: 1 })
}

/// Spreads numbers that are close to each other, each to a number of its own.
fn mixed(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}
