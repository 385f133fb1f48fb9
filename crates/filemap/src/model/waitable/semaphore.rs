//! A semaphore that processes share.

use std::time::Duration;

use crate::model::waitable::handle::{Handle, handle_methods};
use crate::model::waitable::options::{MOST_UNITS, WaitableOptions};
use crate::sys::{Initial, WaitableContract as _};
use crate::types::{Error, ErrorKind, ObjectKind, Operation, Result};

/// A count that threads of any process take from and add to; who finds it 0 waits.
///
/// What a process took that ends is not added again, as on Windows.
///
/// ```
/// use filemap::Semaphore;
///
/// let slots = Semaphore::options(4).count(4).create()?;
/// slots.acquire()?;
/// assert_eq!(slots.release(1)?, 3);
/// # Ok::<(), filemap::Error>(())
/// ```
#[derive(Debug)]
#[doc(alias = "CreateSemaphore")]
#[doc(alias = "OpenSemaphore")]
pub struct Semaphore {
    handle: Handle,
}

handle_methods!(Semaphore, ObjectKind::Semaphore, "a semaphore", Self::options(MOST_UNITS));

impl Semaphore {
    /// Returns options for a new semaphore, whose count is 0 at first and at most `maximum`.
    #[must_use]
    pub fn options(maximum: u32) -> WaitableOptions<Self> {
        WaitableOptions::new(Initial::Semaphore { count: 0, maximum })
    }

    /// Adds `count` to the count, and returns the one before.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SemaphoreFull`] if it would be more than the maximum, and nothing was added;
    /// [`ErrorKind::InvalidArgument`] if `count` is 0; those of [`Event::set`](crate::Event::set).
    #[doc(alias = "ReleaseSemaphore")]
    pub fn release(&self, count: u32) -> Result<u32> {
        self.handle.act(|object| {
            if count == 0 || count > MOST_UNITS {
                return Err(Error::new(ErrorKind::InvalidArgument, Operation::Signal)
                    .because(format!("{count} is not from 1 to {MOST_UNITS}")));
            }
            object.release(count)
        })
    }

    /// Returns the count at this moment.
    ///
    /// # Errors
    ///
    /// Those of [`Event::set`](crate::Event::set).
    pub fn count(&self) -> Result<u32> {
        self.handle.act(|object| object.state())
    }

    /// Waits until the count is not 0, and takes one.
    ///
    /// # Errors
    ///
    /// Those of [`Event::set`](crate::Event::set).
    #[doc(alias = "WaitForSingleObject")]
    pub fn acquire(&self) -> Result<()> {
        self.handle.wait()
    }

    /// Waits so long at most; returns whether one was taken.
    ///
    /// # Errors
    ///
    /// Those of [`Event::set`](crate::Event::set).
    pub fn acquire_for(&self, time: Duration) -> Result<bool> {
        self.handle.wait_for(time)
    }
}

impl WaitableOptions<Semaphore> {
    /// Sets the count of a new semaphore.
    #[must_use]
    #[doc(alias = "lInitialCount")]
    pub fn count(mut self, initial: u32) -> Self {
        if let Initial::Semaphore { count, .. } = &mut self.initial {
            *count = initial;
        }
        self
    }
}
