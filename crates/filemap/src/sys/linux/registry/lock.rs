//! The lock on an entry, which is all that keeps a name.
//!
//! It belongs to an open file description: duplicates and forked children share it, and the
//! kernel drops it with the last of them. Unlike `flock`, it can be read without being taken, so
//! that a look never blocks a holder or another look, and a refused change leaves the lock that was
//! there
//! ([F_OFD_SETLK(2const)](https://man7.org/linux/man-pages/man2/F_OFD_SETLK.2const.html)).

#![expect(unsafe_code, reason = "locks of descriptions have no safe wrapper")]

use std::os::fd::{AsRawFd as _, BorrowedFd};

use rustix::io::Errno;

use crate::sys::platform::step::{self, Step};

/// The byte that handles lock. No mapping has it, so programs that lock ranges of an entry's file do
/// not conflict with it.
pub(super) const ENTRY: Place = Place { start: libc::off_t::MAX - 1, len: 1 };

/// The byte before it, which is locked by whoever takes the name from a live mapping.
pub(super) const NAME: Place = Place { start: ENTRY.start - 1, len: 1 };

/// Both: whoever removes an entry excludes handles and those who take its name.
pub(super) const ENTRY_AND_NAME: Place = Place { start: NAME.start, len: 2 };

/// A range of bytes that is locked at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) start: libc::off_t,
    pub(super) len: libc::off_t,
}

/// The locks that other descriptions have on an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No handle holds it: the name is dead.
    Free,
    /// A handle holds it.
    Held,
    /// A process found it free and is about to remove it.
    Claimed,
}

/// Returns the locks that *other* descriptions have, and takes none.
pub(super) fn state(descriptor: BorrowedFd<'_>) -> Result<State, Errno> {
    let state = state_at(descriptor, ENTRY)?;
    step::reached(match state {
        State::Free => Step::SawFree,
        State::Held => Step::SawHeld,
        State::Claimed => Step::SawClaimed,
    });
    Ok(state)
}

/// [`state`] of another byte.
pub(super) fn state_at(descriptor: BorrowedFd<'_>, place: Place) -> Result<State, Errno> {
    Ok(match call(descriptor, libc::F_OFD_GETLK, libc::F_WRLCK, place)? {
        libc::F_UNLCK => State::Free,
        libc::F_RDLCK => State::Held,
        _ => State::Claimed,
    })
}

/// Takes the shared lock of a handle, or that of another byte; false if it is claimed.
pub(super) fn hold(descriptor: BorrowedFd<'_>, place: Place) -> Result<bool, Errno> {
    take(descriptor, libc::F_RDLCK, place)
}

/// Takes the exclusive lock, which proves that nobody else has a lock there, of either kind; false
/// if somebody does. A shared lock that this description has then stays.
///
/// The description must be open for writing, or the error is [`Errno::BADF`]: a user who may only
/// read an entry cannot block its holders.
pub(super) fn claim(descriptor: BorrowedFd<'_>, place: Place) -> Result<bool, Errno> {
    take(descriptor, libc::F_WRLCK, place)
}

/// Drops the description's lock, for everybody who shares the description.
pub(super) fn let_go(descriptor: BorrowedFd<'_>) -> Result<(), Errno> {
    call(descriptor, libc::F_OFD_SETLK, libc::F_UNLCK, ENTRY).map(drop)
}

fn take(descriptor: BorrowedFd<'_>, kind: libc::c_int, place: Place) -> Result<bool, Errno> {
    match call(descriptor, libc::F_OFD_SETLK, kind, place) {
        Ok(_) => Ok(true),
        Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Makes a request about the lock of a place; returns the kind in the answer.
fn call(
    descriptor: BorrowedFd<'_>,
    command: libc::c_int,
    kind: libc::c_int,
    place: Place,
) -> Result<libc::c_int, Errno> {
    let short = |number: libc::c_int| libc::c_short::try_from(number).unwrap_or_default();
    let (l_type, l_whence) = (short(kind), short(libc::SEEK_SET));
    // The process number must be 0 for a lock of a description.
    let Place { start: l_start, len: l_len } = place;
    let mut lock = libc::flock { l_type, l_whence, l_start, l_len, l_pid: 0 };
    // SAFETY: the descriptor is open while it is borrowed, and the structure is the one that
    // these commands read and write.
    let answer = unsafe { libc::fcntl(descriptor.as_raw_fd(), command, &raw mut lock) };
    if answer == -1 {
        let errno = std::io::Error::last_os_error().raw_os_error();
        return Err(Errno::from_raw_os_error(errno.unwrap_or(libc::EIO)));
    }
    Ok(lock.l_type.into())
}
