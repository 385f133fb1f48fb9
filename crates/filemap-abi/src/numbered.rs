//! Objects that are known by the number of a descriptor, which the program may close itself.
//!
//! .NET's `SafeFileHandle` closes by `close`, and so does a C program that takes a handle for a
//! descriptor. The number then means nothing, or another file of the program's.

use std::io;
use std::mem::{self, ManuallyDrop};
use std::ops::Deref;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::boundary::{Code, Result};
use crate::marks;
use crate::windows::ERROR_INVALID_HANDLE;

/// Something with a descriptor whose number is a handle.
pub(crate) trait Descriptor {
    /// Returns the number.
    fn number(&self) -> RawFd;

    /// Closes the descriptor, and all else.
    fn close(self) -> Result<()>;

    /// Closes all but the descriptor, whose number is somebody else's by now.
    fn forget(self);
}

/// What tells an open file from another one that has its number later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    /// A file that the program opens again is the same file, and has no mark.
    mark: libc::c_int,
}

impl Identity {
    /// Returns what is open under a number, if anything is.
    fn of(number: RawFd) -> Option<Self> {
        Self::with_mark(number, marks::value(number))
    }

    fn with_mark(number: RawFd, mark: libc::c_int) -> Option<Self> {
        let (device, inode) = match known_place(number) {
            // The call is newer than the kernel, or is not allowed.
            Err(error) if error.raw_os_error() != Some(libc::EBADF) => place(number)?,
            known => known.ok()?,
        };
        Some(Self { device, inode, mark })
    }
}

/// Returns the device and the inode that the kernel knows, without asking a file system that may not
/// answer.
///
/// The C library of every target has the number of the call, and not every one the function and its
/// constants.
fn known_place(number: RawFd) -> io::Result<(u64, u64)> {
    const AT_STATX_DONT_SYNC: libc::c_int = 0x4000;
    const STATX_INO: libc::c_uint = 0x0100;
    // `struct statx` in words of 64 bits: the inode is the fifth, and the eighteenth has both halves
    // of the device.
    let mut found = [0_u64; 32];
    let flags = libc::AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
    // SAFETY: the path is an empty text, and the words are as many as the call fills.
    let failed = unsafe {
        libc::syscall(libc::SYS_statx, number, c"".as_ptr(), flags, STATX_INO, &raw mut found)
    };
    if failed == 0 { Ok((found[17], found[4])) } else { Err(io::Error::last_os_error()) }
}

/// Returns the device and the inode.
fn place(number: RawFd) -> Option<(u64, u64)> {
    // SAFETY: the structure is numbers, of which 0 is one.
    let mut found: libc::stat64 = unsafe { mem::zeroed() };
    // SAFETY: the structure is the one that the call fills.
    let failed = unsafe { libc::fstat64(number, &raw mut found) };
    (failed == 0).then_some((found.st_dev, found.st_ino))
}

/// An object, and what is open under its number as long as nobody else has closed that.
#[derive(Debug)]
pub(crate) struct Numbered<T: Descriptor> {
    object: ManuallyDrop<T>,
    identity: Identity,
    /// Whether the number was seen to be another's.
    is_lost: AtomicBool,
}

impl<T: Descriptor> Numbered<T> {
    /// `mark` is the [value](marks::value) of the object's descriptor.
    pub(crate) fn new(object: T, mark: libc::c_int) -> Result<Self> {
        let identity = Identity::with_mark(object.number(), mark);
        let identity = identity.ok_or(Code(ERROR_INVALID_HANDLE))?;
        Ok(Self { object: ManuallyDrop::new(object), identity, is_lost: AtomicBool::new(false) })
    }

    /// Returns true if what is open under the number is still this object's.
    pub(crate) fn is_there(&self) -> bool {
        !self.is_lost.load(Ordering::Acquire)
            && Identity::of(self.object.number()) == Some(self.identity)
    }

    /// Returns what [`is_there`](Self::is_there) does in nearly all cases, and asks less: what has
    /// the mark is a description of this library.
    pub(crate) fn seems_there(&self) -> bool {
        match self.identity.mark {
            1.. => marks::value(self.object.number()) == self.identity.mark,
            _ => self.is_there(),
        }
    }

    /// Returns true if both are open files of one object.
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        let place = |of: &Self| (of.identity.device, of.identity.inode);
        place(self) == place(other)
    }

    /// Records that the number is another's.
    pub(crate) fn lose(&self) {
        self.is_lost.store(true, Ordering::Release);
    }

    /// Closes the object.
    ///
    /// # Errors
    ///
    /// 6 if somebody else has closed its descriptor.
    pub(crate) fn close(self) -> Result<()> {
        let is_there = self.is_there();
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is neither used nor dropped after this.
        let object = unsafe { ManuallyDrop::take(&mut this.object) };
        finish(object, is_there)
    }
}

fn finish<T: Descriptor>(object: T, is_there: bool) -> Result<()> {
    if is_there {
        return object.close();
    }
    object.forget();
    Err(Code(ERROR_INVALID_HANDLE))
}

impl<T: Descriptor> Deref for Numbered<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.object
    }
}

impl<T: Descriptor> Drop for Numbered<T> {
    fn drop(&mut self) {
        let is_there = self.is_there();
        // SAFETY: the value is being dropped, so nothing uses the object after this.
        let object = unsafe { ManuallyDrop::take(&mut self.object) };
        // A name that could not be removed is removed by the next use of the registry.
        let _ignored = finish(object, is_there);
    }
}
