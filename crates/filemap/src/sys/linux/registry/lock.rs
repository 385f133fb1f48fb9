//! The lock on an entry, which is all that keeps a name.
//!
//! It belongs to an open file description: duplicates and forked children share it, and the
//! kernel drops it with the last of them. Unlike `flock` it can be looked at without being
//! taken, so that a look never stands in the way of a holder or another look, and a refused
//! change leaves the lock that was there
//! ([F_OFD_SETLK(2const)](https://man7.org/linux/man-pages/man2/F_OFD_SETLK.2const.html)).

#![expect(unsafe_code, reason = "locks of descriptions have no safe wrapper")]

use std::os::fd::{AsRawFd as _, BorrowedFd};

use rustix::io::Errno;

/// The byte that is locked: one that no object has, so that programs which lock ranges of a
/// mapping's file do not meet it.
const PLACE: libc::off_t = libc::off_t::MAX - 1;

/// What other descriptions say of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No handle holds it: the name is dead.
    Free,
    /// A handle holds it.
    Held,
    /// Somebody found it free and is about to remove it.
    Claimed,
}

/// Looks at the locks that *other* descriptions have, and takes none.
pub(super) fn state(descriptor: BorrowedFd<'_>) -> Result<State, Errno> {
    state_at(descriptor, PLACE)
}

/// [`state`] of another byte.
pub(super) fn state_at(descriptor: BorrowedFd<'_>, place: i64) -> Result<State, Errno> {
    let mut lock = request(libc::F_WRLCK, place);
    call(descriptor, libc::F_OFD_GETLK, &mut lock)?;
    Ok(match libc::c_int::from(lock.l_type) {
        libc::F_UNLCK => State::Free,
        libc::F_RDLCK => State::Held,
        _ => State::Claimed,
    })
}

/// Takes the shared lock of a handle; false if somebody has claimed the entry.
pub(super) fn hold(descriptor: BorrowedFd<'_>) -> Result<bool, Errno> {
    hold_at(descriptor, PLACE)
}

/// [`hold`] of another byte.
pub(super) fn hold_at(descriptor: BorrowedFd<'_>, place: i64) -> Result<bool, Errno> {
    granted(call(descriptor, libc::F_OFD_SETLK, &mut request(libc::F_RDLCK, place)))
}

/// Takes the exclusive lock, which proves that no handle exists; false if one does, or if
/// somebody else has claimed the entry. A shared lock that this description has stays then.
///
/// The description must be open for writing, or the error is [`Errno::BADF`]: who may only read
/// an entry cannot stand in the way of those who hold it.
pub(super) fn claim(descriptor: BorrowedFd<'_>) -> Result<bool, Errno> {
    claim_at(descriptor, PLACE)
}

/// [`claim`] of another byte.
pub(super) fn claim_at(descriptor: BorrowedFd<'_>, place: i64) -> Result<bool, Errno> {
    granted(call(descriptor, libc::F_OFD_SETLK, &mut request(libc::F_WRLCK, place)))
}

/// Gives up the description's lock, for everybody who shares the description.
pub(super) fn let_go(descriptor: BorrowedFd<'_>) -> Result<(), Errno> {
    call(descriptor, libc::F_OFD_SETLK, &mut request(libc::F_UNLCK, PLACE))
}

fn granted(answer: Result<(), Errno>) -> Result<bool, Errno> {
    match answer {
        Ok(()) => Ok(true),
        Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
        Err(errno) => Err(errno),
    }
}

fn request(kind: libc::c_int, place: libc::off_t) -> libc::flock {
    let short = |number: libc::c_int| libc::c_short::try_from(number).unwrap_or_default();
    let (l_type, l_whence) = (short(kind), short(libc::SEEK_SET));
    // The process number has to be 0: the lock is no process's.
    libc::flock { l_type, l_whence, l_start: place, l_len: 1, l_pid: 0 }
}

fn call(
    descriptor: BorrowedFd<'_>,
    command: libc::c_int,
    lock: &mut libc::flock,
) -> Result<(), Errno> {
    // SAFETY: the descriptor is open while it is borrowed, and the structure is the one that
    // these commands read and write.
    let answer = unsafe { libc::fcntl(descriptor.as_raw_fd(), command, std::ptr::from_mut(lock)) };
    if answer == -1 {
        let errno = std::io::Error::last_os_error().raw_os_error();
        return Err(Errno::from_raw_os_error(errno.unwrap_or(libc::EIO)));
    }
    Ok(())
}
