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

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::sys::SectionContract as _;
use crate::sys::platform::error::during;
use crate::sys::platform::registry::Directory;
use crate::sys::platform::registry::lock::{self, State};
use crate::sys::platform::registry::patience::Patience;
use crate::sys::platform::registry::root::Root;
use crate::sys::platform::{Section, file};
use crate::types::{Error, ErrorKind, Operation, Result, Scope};

/// What begins the name of the file that is locked.
const KEPT: &str = ".kept-";

/// A hold on a file's length.
#[derive(Debug)]
pub(crate) struct KeptLength {
    /// None for memory, whose length nobody can change.
    _lock: Option<OwnedFd>,
}

impl KeptLength {
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

/// Sets a file's length, unless that would make it shorter while somebody keeps it.
pub(crate) fn set_file_len(file: &File, len: u64) -> Result<()> {
    file::regular(file.as_fd(), Operation::ResizeFile)?;
    file::allowed(len, Operation::ResizeFile)?;
    set_len(file.as_fd(), len)
}

/// The same for what is known to be a file that may have this length.
///
/// # Errors
///
/// [`ErrorKind::FileMapped`] if somebody keeps the length, and [`ErrorKind::TimedOut`] if others
/// change it all the time; the file is then as it was.
pub(in crate::sys::platform) fn set_len(file: BorrowedFd<'_>, len: u64) -> Result<()> {
    let operation = Operation::ResizeFile;
    let stat = rustix::fs::fstat(file).map_err(during(operation))?;
    let shorter = len < file::length(&stat);
    // Kept until the file has its length, so that nobody who begins to keep it is too late.
    let _changing = if shorter { change(file)? } else { None };
    rustix::fs::ftruncate(file, len).map_err(during(operation))
}

/// Sees to it that nobody keeps the file's length, nor begins to while the descriptor is open.
///
/// `None` if there is nothing that would be asked: no such file was ever mapped.
fn change(file: BorrowedFd<'_>) -> Result<Option<OwnedFd>> {
    let operation = Operation::ResizeFile;
    // A registry that cannot be had keeps nobody's length either.
    let Ok(Some(root)) = Directory::system().root(Scope::Local, false) else { return Ok(None) };
    let Ok(locks) = root.open_file(&file_name(), OFlags::RDWR) else { return Ok(None) };
    let place = place(file, operation)?;
    let mut patience = Patience::default();
    loop {
        if lock::claim_at(locks.as_fd(), place).map_err(during(operation))? {
            return Ok(Some(locks));
        }
        if lock::state_at(locks.as_fd(), place).map_err(during(operation))? == State::Held {
            return Err(Error::new(ErrorKind::FileMapped, operation));
        }
        patience.wait(operation)?;
    }
}

/// Takes a lock that keeps the file's length for as long as the descriptor is open.
fn keep(file: BorrowedFd<'_>) -> Result<OwnedFd> {
    let operation = Operation::CreateMapping;
    let missing = || Error::new(ErrorKind::NotFound, operation);
    let root = Directory::system().root(Scope::Local, true)?.ok_or_else(missing)?;
    let locks = open(&root).map_err(during(operation))?;
    let place = place(file, operation)?;
    let mut patience = Patience::default();
    while !lock::hold_at(locks.as_fd(), place).map_err(during(operation))? {
        patience.wait(operation)?;
    }
    Ok(locks)
}

/// Opens the file that is locked, for a description of its own.
fn open(root: &Root) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(root.descriptor(), file_name(), flags, Mode::RUSR | Mode::WUSR)
}

fn file_name() -> String {
    format!("{KEPT}{}", rustix::process::geteuid().as_raw())
}

/// The byte that stands for a file, whatever it is called.
///
/// The number of an inode is not used again while anybody has it open, and who keeps a length does.
fn place(file: BorrowedFd<'_>, operation: Operation) -> Result<i64> {
    let stat = rustix::fs::fstat(file).map_err(during(operation))?;
    let mixed = mixed(mixed(stat.st_dev) ^ stat.st_ino);
    // Below the bytes that name entries, and what a lock can be on.
    Ok(i64::try_from(mixed >> 2).unwrap_or(0))
}

/// Spreads numbers that are close to each other; no two become one.
fn mixed(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}
