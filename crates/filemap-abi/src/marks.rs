//! What a descriptor tells the process that inherits it: that it is a handle, of what kind, and
//! with which rights.
//!
//! ```text
//!  0          not a handle of this library
//!  1 to 48    a mapping: 1 + 8 * protection + rights
//!  49         a file
//!  50         a process
//!  51 to 54   a mutex: 51, 1 more with the right to wait, 2 more with that to change its state
//!  55 to 58   an event, likewise
//!  59 to 62   a semaphore, likewise
//! ```
//!
//! The kernel keeps such a number with every open file description: the signal for input that
//! arrives (`F_SETSIG`), which is sent to nobody unless `O_ASYNC` is set as well. It is inherited
//! with the description, and a file that is opened under the same number has none. All but the
//! protection and the rights to read and execute are told by the descriptor's own mode as well, so
//! that the kernel refuses what a forged mark would allow.
//!
//! A mapping over a file that has no name is told from the file itself by its mark alone. Nobody
//! reads through its description, so the position in it is the mapping's size.

use std::os::fd::RawFd;

use filemap::{ObjectKind, Protection, Rights};

/// From `asm-generic/fcntl.h`.
const F_SETSIG: libc::c_int = 10;
const F_GETSIG: libc::c_int = 11;

/// What a handle refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Mapping(Protection, Rights),
    File,
    Process,
    Waitable(ObjectKind, MayUse),
}

/// What a handle may be used for whose object can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MayUse {
    pub(crate) wait: bool,
    pub(crate) modify: bool,
}

const PROTECTIONS: [Protection; 6] = [
    Protection::ReadOnly,
    Protection::ReadWrite,
    Protection::WriteCopy,
    Protection::ExecuteRead,
    Protection::ExecuteReadWrite,
    Protection::ExecuteWriteCopy,
];
const RIGHTS: [Rights; 3] = [Rights::READ, Rights::WRITE, Rights::EXECUTE];
const FILE: libc::c_int = 49;
const PROCESS: libc::c_int = 50;
const WAITABLE: libc::c_int = 51;
const WAITABLES: [ObjectKind; 3] = [ObjectKind::Mutex, ObjectKind::Event, ObjectKind::Semaphore];

impl Mark {
    fn encoded(self) -> libc::c_int {
        match self {
            Self::Mapping(protection, rights) => {
                let known = (0..).zip(PROTECTIONS).find(|(_, known)| *known == protection);
                let bits = (0..).zip(RIGHTS).filter(|(_, right)| rights.contains(*right));
                let bits: libc::c_int = bits.map(|(place, _)| 1 << place).sum();
                1 + 8 * known.map_or(0, |(index, _)| index) + bits
            }
            Self::File => FILE,
            Self::Process => PROCESS,
            Self::Waitable(kind, MayUse { wait, modify }) => {
                let known = (0..).zip(WAITABLES).find(|(_, known)| *known == kind);
                let bits = libc::c_int::from(wait) + 2 * libc::c_int::from(modify);
                WAITABLE + 4 * known.map_or(0, |(index, _)| index) + bits
            }
        }
    }

    /// Returns the mark of a description, if it has one.
    ///
    /// Whoever uses the signal for what it is meant has set who gets it, and then it is no mark.
    pub(crate) fn of(number: RawFd) -> Option<Self> {
        // SAFETY: the call takes numbers, and only looks.
        if unsafe { libc::fcntl(number, libc::F_GETOWN) } != 0 {
            return None;
        }
        match value(number) {
            FILE => Some(Self::File),
            PROCESS => Some(Self::Process),
            waitable @ WAITABLE.. => {
                let coded = usize::try_from(waitable - WAITABLE).ok()?;
                let may = MayUse { wait: coded & 1 != 0, modify: coded & 2 != 0 };
                Some(Self::Waitable(*WAITABLES.get(coded / 4)?, may))
            }
            mapping => {
                let coded = usize::try_from(mapping).ok()?.checked_sub(1)?;
                let protection = *PROTECTIONS.get(coded / 8)?;
                let bits = (0..).zip(RIGHTS).filter(|(place, _)| coded >> place & 1 != 0);
                let rights = bits.fold(Rights::empty(), |rights, (_, right)| rights | right);
                Some(Self::Mapping(protection, rights))
            }
        }
    }

    /// Marks the description behind a number, which must be this library's own, and returns the
    /// [`value`] that it has then. One that is marked keeps its mark: duplicates share it.
    pub(crate) fn put(self, number: RawFd) -> libc::c_int {
        let found = value(number);
        if found != 0 {
            return found;
        }
        // SAFETY: the call takes numbers, and changes nothing that this library does not own.
        let failed = unsafe { libc::fcntl(number, F_SETSIG, self.encoded()) };
        // Where the kernel refuses, the handle is one for this process alone.
        if failed == 0 { self.encoded() } else { value(number) }
    }
}

/// Returns the number that the kernel keeps for a description; negative if it keeps none.
pub(crate) fn value(number: RawFd) -> libc::c_int {
    // SAFETY: the call takes numbers, and only looks.
    unsafe { libc::fcntl(number, F_GETSIG) }
}
