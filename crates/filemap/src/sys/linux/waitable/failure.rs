//! Why an operation on an object failed.

use rustix::io::Errno;

use crate::sys::platform::waitable::word::Gone;
use crate::types::{Error, ErrorKind, Operation};

/// Why an operation failed; it has then changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Gone,
    /// Another process is in the middle of a change, and was stopped there.
    Busy,
    NotOwner,
    /// The count of the semaphore would be more than its maximum.
    Full,
    /// The thread owns as many mutexes as it can.
    TooManyOwned,
    /// The kernel refused.
    Refused(Errno),
}

impl From<Gone> for Failure {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        if errno == Errno::FAULT { Self::Gone } else { Self::Refused(errno) }
    }
}

impl Failure {
    /// The error of an operation that failed so.
    #[cold]
    pub(super) fn during(self, operation: Operation) -> Error {
        let error = |kind| Error::new(kind, operation);
        match self {
            Self::Gone => error(ErrorKind::Lost)
                .because("its page is gone: somebody cut the file that it is in"),
            Self::Busy => error(ErrorKind::TimedOut)
                .because("another process was stopped while it changed the object"),
            Self::NotOwner => error(ErrorKind::NotOwner),
            Self::Full => error(ErrorKind::SemaphoreFull),
            Self::TooManyOwned => error(ErrorKind::NoResources)
                .because("the thread owns 1800 mutexes, and the system tells the end of no more"),
            Self::Refused(errno) => crate::sys::platform::error::from_errno(errno, operation),
        }
    }
}
