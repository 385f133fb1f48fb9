//! Locks on ranges of a file.
//!
//! They are the kernel's, of open file descriptions
//! ([fcntl_locking(2)](https://man7.org/linux/man-pages/man2/F_OFD_SETLK.2const.html)): a handle has
//! them, and not its process. The kernel merges those of one handle; Windows keeps each as it was
//! made, so this has a list of them.

use std::fs::File;
use std::io;
use std::mem;
use std::ops::Range;
use std::os::fd::{AsRawFd as _, RawFd};
use std::sync::Weak;
use std::thread;
use std::time::Duration;

use crate::boundary::{Code, Result, quiet};
use crate::fork_lock::ForkLock;
use crate::handles::{self, FoundFile};
use crate::windows::{
    BOOL, DWORD, ERROR_ACCESS_DENIED, ERROR_INVALID_LOCK_RANGE, ERROR_INVALID_PARAMETER,
    ERROR_LOCK_VIOLATION, ERROR_NOACCESS, ERROR_NOT_LOCKED, FALSE, FILE_APPEND_DATA,
    FILE_READ_DATA, FILE_WRITE_DATA, HANDLE, LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY,
    OVERLAPPED, STATUS_SUCCESS, TRUE,
};

/// Who has a lock.
#[derive(Debug, Clone)]
enum Owner {
    /// A handle and its duplicates, as long as one of them is open.
    Handle(Weak<()>),
    /// A descriptor of the program's, which may mean another file by now.
    Descriptor(RawFd),
}

/// A lock of this process.
#[derive(Debug, Clone)]
struct RangeLock {
    owner: Owner,
    /// The device and the inode of its file.
    file: (u64, u64),
    /// The bytes, as the kernel has them.
    bytes: Range<i64>,
    is_exclusive: bool,
}

/// The locks of this process, in the order in which they were made.
static LOCKS: ForkLock<Vec<RangeLock>> = ForkLock::new(Vec::new());

fn joined(high: DWORD, low: DWORD) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// Returns the bytes of a range. The kernel has 63 bits for an offset; what lies behind is one byte.
fn bytes(start: u64, len: u64) -> Result<Range<i64>> {
    if len > 0 && start.checked_add(len - 1).is_none() {
        return Err(Code(ERROR_INVALID_LOCK_RANGE));
    }
    let bounded = |at| i64::try_from(at).unwrap_or(i64::MAX);
    let (start, end) = (bounded(start).min(i64::MAX - 1), bounded(start.saturating_add(len)));
    Ok(start..end)
}

/// Asks the kernel for a lock, or gives one back.
fn set(file: &File, bytes: &Range<i64>, kind: i32, command: i32) -> io::Result<libc::flock64> {
    // SAFETY: the structure is numbers, of which 0 is one.
    let mut lock: libc::flock64 = unsafe { mem::zeroed() };
    lock.l_type = i16::try_from(kind).unwrap_or(0);
    lock.l_whence = i16::try_from(libc::SEEK_SET).unwrap_or(0);
    lock.l_start = bytes.start;
    // A length of 0 would reach to the end of all files.
    lock.l_len = if bytes.end == i64::MAX { 0 } else { bytes.end - bytes.start };
    loop {
        // SAFETY: the descriptor is open while the file is borrowed, and the structure is the one
        // that these commands take.
        if unsafe { libc::fcntl(file.as_raw_fd(), command, &raw mut lock) } != -1 {
            return Ok(lock);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

fn kind(is_exclusive: bool) -> i32 {
    if is_exclusive { libc::F_WRLCK } else { libc::F_RDLCK }
}

/// Returns whether somebody has a lock that an exclusive one would meet: with `F_GETLK` anybody, this
/// handle included, and with `F_OFD_GETLK` anybody but this handle.
fn is_met(file: &File, bytes: &Range<i64>, command: i32) -> Result<bool> {
    Ok(i32::from(set(file, bytes, libc::F_WRLCK, command)?.l_type) != libc::F_UNLCK)
}

impl Owner {
    fn of(file: &FoundFile) -> Self {
        match file {
            FoundFile::Handle(file) => Self::Handle(file.description()),
            FoundFile::Descriptor(number, _) => Self::Descriptor(*number),
        }
    }

    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Handle(file), Self::Handle(other)) => Weak::ptr_eq(file, other),
            (Self::Descriptor(number), Self::Descriptor(other)) => number == other,
            _ => false,
        }
    }
}

impl RangeLock {
    /// Returns whether both are of one handle.
    fn is_of(&self, other: &Self) -> bool {
        self.file == other.file && self.owner.is(&other.owner)
    }

    /// Returns whether the lock is gone with its owner, as far as that can be told; `file` is open.
    fn is_gone(&self, file: &File, identified: (u64, u64)) -> bool {
        match self.owner {
            Owner::Handle(ref owner) => owner.strong_count() == 0,
            Owner::Descriptor(number) => {
                let nobody_has_it =
                    || matches!(is_met(file, &self.bytes, libc::F_GETLK), Ok(false));
                identity(number).ok() != Some(self.file)
                    || self.file == identified && !self.bytes.is_empty() && nobody_has_it()
            }
        }
    }
}

/// Returns the device and the inode of an open file.
fn identity(number: RawFd) -> io::Result<(u64, u64)> {
    // SAFETY: the structure is numbers, of which 0 is one.
    let mut found: libc::stat64 = unsafe { mem::zeroed() };
    // SAFETY: the structure is the one that the call fills.
    if unsafe { libc::fstat64(number, &raw mut found) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok((found.st_dev, found.st_ino))
}

fn overlap(one: &Range<i64>, other: &Range<i64>) -> bool {
    one.start < other.end && other.start < one.end
}

/// Takes a lock, or returns false if it would meet another one.
fn try_lock(file: &FoundFile, bytes: &Range<i64>, is_exclusive: bool) -> Result<bool> {
    let identity = identity(file.as_raw_fd())?;
    let owner = Owner::of(file);
    let new = RangeLock { owner, file: identity, bytes: bytes.clone(), is_exclusive };
    let mut locks = LOCKS.write();
    locks.retain(|lock| !lock.is_gone(file, identity));
    if !bytes.is_empty() {
        // An exclusive lock meets those of its own handle as well, as on Windows.
        if is_exclusive && is_met(file, bytes, libc::F_GETLK)? {
            return Ok(false);
        }
        // One of its own handle that is exclusive stays so.
        let is_covered =
            |lock: &RangeLock| lock.is_of(&new) && lock.is_exclusive && overlap(&lock.bytes, bytes);
        if !locks.iter().any(is_covered) {
            match set(file, bytes, kind(is_exclusive), libc::F_OFD_SETLK) {
                Ok(_) => {}
                Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => {
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    locks.push(new);
    Ok(true)
}

fn lock(file: &FoundFile, bytes: &Range<i64>, flags: DWORD) -> Result<()> {
    const LONGEST: Duration = Duration::from_millis(16);
    let is_exclusive = flags & LOCKFILE_EXCLUSIVE_LOCK != 0;
    let right = if is_exclusive { FILE_WRITE_DATA | FILE_APPEND_DATA } else { FILE_READ_DATA };
    if file.access() & right == 0 {
        return Err(Code(ERROR_ACCESS_DENIED));
    }
    // The kernel's own waiting knows nothing of the other locks of this handle.
    let mut pause = Duration::from_micros(500);
    while !try_lock(file, bytes, is_exclusive)? {
        if flags & LOCKFILE_FAIL_IMMEDIATELY != 0 {
            return Err(Code(ERROR_LOCK_VIOLATION));
        }
        thread::sleep(pause);
        pause = LONGEST.min(pause * 2);
    }
    Ok(())
}

fn unlock(file: &FoundFile, bytes: &Range<i64>) -> Result<()> {
    let (owner, identity) = (Owner::of(file), identity(file.as_raw_fd())?);
    let mut locks = LOCKS.write();
    locks.retain(|lock| !lock.is_gone(file, identity));
    let fits = |lock: &RangeLock| lock.file == identity && lock.bytes == *bytes;
    let own = locks.iter().position(|lock| fits(lock) && lock.owner.is(&owner));
    // One that shares a descriptor's description has made it, if nobody else has a lock there.
    let other = || {
        let is_alone = || matches!(is_met(file, bytes, libc::F_OFD_GETLK), Ok(false));
        locks.iter().position(fits).filter(|_| is_alone())
    };
    let Some(index) = own.or_else(other) else { return Err(Code(ERROR_NOT_LOCKED)) };
    let gone = locks.remove(index);
    if bytes.is_empty() {
        return Ok(());
    }
    // Bytes that other locks of the handle have as well stay locked, as they were.
    let rest: Vec<&RangeLock> =
        locks.iter().filter(|lock| lock.is_of(&gone) && overlap(&lock.bytes, bytes)).collect();
    let mut ends: Vec<i64> =
        rest.iter().flat_map(|lock| [lock.bytes.start, lock.bytes.end]).collect();
    ends.extend([bytes.start, bytes.end]);
    ends.retain(|end| bytes.contains(end) || *end == bytes.end);
    ends.sort_unstable();
    for pair in ends.windows(2) {
        let part = pair[0]..pair[1];
        let covering = || rest.iter().filter(|lock| overlap(&lock.bytes, &part));
        let kind = match covering().next() {
            None => libc::F_UNLCK,
            Some(_) => kind(covering().any(|lock| lock.is_exclusive)),
        };
        if !part.is_empty() {
            set(file, &part, kind, libc::F_OFD_SETLK)?;
        }
    }
    Ok(())
}

/// Locks a range of a file for this handle alone, or fails at once: `ERROR_LOCK_VIOLATION` if
/// anybody has a part of it, this handle included.
///
/// Locks keep out other locks, of all processes, and not reading and writing. The handle must allow
/// writing (`ERROR_ACCESS_DENIED`). Closing it gives its locks back.
#[unsafe(no_mangle)]
pub extern "C" fn LockFile(
    hFile: HANDLE,
    dwFileOffsetLow: DWORD,
    dwFileOffsetHigh: DWORD,
    nNumberOfBytesToLockLow: DWORD,
    nNumberOfBytesToLockHigh: DWORD,
) -> BOOL {
    quiet(FALSE, || {
        let file = handles::file(hFile)?;
        let len = joined(nNumberOfBytesToLockHigh, nNumberOfBytesToLockLow);
        let bytes = bytes(joined(dwFileOffsetHigh, dwFileOffsetLow), len)?;
        lock(&file, &bytes, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY)?;
        Ok(TRUE)
    })
}

/// Locks a range of a file, for this handle alone with `LOCKFILE_EXCLUSIVE_LOCK`, and waits for it,
/// unless `LOCKFILE_FAIL_IMMEDIATELY` is set (`ERROR_LOCK_VIOLATION`).
///
/// A lock that others may have too needs a handle that allows reading, an exclusive one writing
/// (`ERROR_ACCESS_DENIED`).
///
/// # Safety
///
/// `lpOverlapped` is null or points to its structure, which has the offset.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LockFileEx(
    hFile: HANDLE,
    dwFlags: DWORD,
    dwReserved: DWORD,
    nNumberOfBytesToLockLow: DWORD,
    nNumberOfBytesToLockHigh: DWORD,
    lpOverlapped: *mut OVERLAPPED,
) -> BOOL {
    quiet(FALSE, || {
        let len = joined(nNumberOfBytesToLockHigh, nNumberOfBytesToLockLow);
        // SAFETY: the caller vouches for its pointer.
        let bytes = unsafe { placed(lpOverlapped, len, dwReserved) }?;
        lock(&handles::file(hFile)?, &bytes, dwFlags)?;
        // SAFETY: as above; it was seen not to be null.
        unsafe { done(lpOverlapped) };
        Ok(TRUE)
    })
}

/// Gives a range back that `LockFile` or `LockFileEx` has locked for this handle.
///
/// Returns FALSE on failure: `ERROR_NOT_LOCKED` if it is not exactly such a range.
#[unsafe(no_mangle)]
pub extern "C" fn UnlockFile(
    hFile: HANDLE,
    dwFileOffsetLow: DWORD,
    dwFileOffsetHigh: DWORD,
    nNumberOfBytesToUnlockLow: DWORD,
    nNumberOfBytesToUnlockHigh: DWORD,
) -> BOOL {
    quiet(FALSE, || {
        let file = handles::file(hFile)?;
        let len = joined(nNumberOfBytesToUnlockHigh, nNumberOfBytesToUnlockLow);
        unlock(&file, &bytes(joined(dwFileOffsetHigh, dwFileOffsetLow), len)?)?;
        Ok(TRUE)
    })
}

/// `UnlockFile` with the offset in `lpOverlapped`.
///
/// # Safety
///
/// That of `LockFileEx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn UnlockFileEx(
    hFile: HANDLE,
    dwReserved: DWORD,
    nNumberOfBytesToUnlockLow: DWORD,
    nNumberOfBytesToUnlockHigh: DWORD,
    lpOverlapped: *mut OVERLAPPED,
) -> BOOL {
    quiet(FALSE, || {
        let len = joined(nNumberOfBytesToUnlockHigh, nNumberOfBytesToUnlockLow);
        // SAFETY: the caller vouches for its pointer.
        let bytes = unsafe { placed(lpOverlapped, len, dwReserved) }?;
        unlock(&handles::file(hFile)?, &bytes)?;
        // SAFETY: as above; it was seen not to be null.
        unsafe { done(lpOverlapped) };
        Ok(TRUE)
    })
}

/// Returns the range at the offset that a structure has.
///
/// # Safety
///
/// `overlapped` is null or points to its structure.
unsafe fn placed(overlapped: *const OVERLAPPED, len: u64, reserved: DWORD) -> Result<Range<i64>> {
    if reserved != 0 {
        return Err(Code(ERROR_INVALID_PARAMETER));
    }
    if overlapped.is_null() {
        return Err(Code(ERROR_NOACCESS));
    }
    // SAFETY: it is not null, so the caller vouches for it.
    let place = unsafe { overlapped.read_unaligned() };
    bytes(joined(place.OffsetHigh, place.Offset), len)
}

/// Stores that a lock or its end is complete.
///
/// # Safety
///
/// `overlapped` points to its structure.
unsafe fn done(overlapped: *mut OVERLAPPED) {
    // SAFETY: the caller vouches for it.
    let mut completed = unsafe { overlapped.read_unaligned() };
    completed.Internal = STATUS_SUCCESS;
    // SAFETY: as above.
    unsafe { overlapped.write_unaligned(completed) };
}
