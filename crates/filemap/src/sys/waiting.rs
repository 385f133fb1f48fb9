//! Waiting for a number in a view to change.

use std::thread;
use std::time::Duration;

use crate::sys::cell::Number;
use crate::sys::contract::Slept;
use crate::sys::platform::{Deadline, sleep_while, wake_sleepers};
use crate::sys::{AtomicCell, AtomicValue};
use crate::types::Result;

/// A number of 32 bits, [`u32`] or [`i32`], which threads and processes can wait for.
///
/// Sealed, as [`AtomicValue`] is.
pub trait AtomicWord: AtomicValue + Number<Bits = u32> {}

impl AtomicWord for u32 {}
impl AtomicWord for i32 {}

/// How long the first look away is, where nobody can be woken.
const SHORTEST: Duration = Duration::from_micros(10);

/// And how long the later ones are.
const LONGEST: Duration = Duration::from_millis(1);

/// Waiting, by threads of any process that has the number in a view.
///
/// ```
/// use std::thread;
/// use filemap::{Access, FileMapping, Protection};
///
/// let mapping = FileMapping::create(4096, Protection::ReadWrite)?;
/// let (writer, reader) = (mapping.map(Access::Write)?, mapping.map(Access::Read)?);
/// let waiting = thread::spawn(move || {
///     let state = reader.atomic::<u32>(64)?;
///     while state.load()? == 0 {
///         state.wait(0, None)?;
///     }
///     state.load()
/// });
/// let state = writer.atomic::<u32>(64)?;
/// state.store(7)?;
/// state.notify_all()?;
/// assert_eq!(waiting.join().unwrap()?, 7);
/// # Ok::<(), filemap::Error>(())
/// ```
///
/// Numbers of 64 bits have none of it:
///
/// ```compile_fail,E0599
/// let view = filemap::View::anonymous(4096)?;
/// view.atomic::<u64>(0)?.wait(0, None)?;
/// # Ok::<(), filemap::Error>(())
/// ```
impl<T: AtomicWord> AtomicCell<'_, T> {
    /// Waits while the number is `expected`, until somebody notifies those who wait for it, or
    /// `timeout` has passed; without one, for as long as it takes. Returns `false` if the time has
    /// passed.
    ///
    /// The number is compared and the thread put to sleep in one step: a notification that comes
    /// after a store is not missed. A thread may also be woken for no reason, and the number may be
    /// `expected` again: look at it afterwards.
    ///
    /// Whoever can read the view can wait.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors). A page that is lost while the thread sleeps wakes nobody.
    ///
    /// # Platforms
    ///
    /// Windows cannot wake threads of other processes. There the number is looked at again and
    /// again, after 10 microseconds at first and after a millisecond at last, until it is another one.
    /// On Linux that is done in views whose stores are private, and where the kernel or a filter of
    /// system calls does not allow to wait.
    #[doc(alias = "futex")]
    #[doc(alias = "FUTEX_WAIT")]
    #[doc(alias = "WaitOnAddress")]
    pub fn wait(&self, expected: T, timeout: Option<Duration>) -> Result<bool> {
        self.wait_until(expected, Deadline::after(timeout))
    }

    /// Waits as [`wait`](Self::wait) does.
    pub(crate) fn wait_until(&self, expected: T, deadline: Deadline) -> Result<bool> {
        // To wait in the kernel would make the page a copy, which nobody else changes.
        let is_private = self.is_private();
        let mut pause = SHORTEST;
        while self.load()? == expected {
            let slept = if is_private {
                Slept::Unable
            } else {
                sleep_while(self.address(), expected.to_bits(), deadline)
            };
            match slept {
                Slept::Woken => return Ok(true),
                Slept::TimedOut => return Ok(false),
                Slept::NotLong => {}
                Slept::Unable if deadline.is_past() => return Ok(false),
                Slept::Unable => {
                    thread::sleep(pause);
                    pause = LONGEST.min(pause * 2);
                }
            }
        }
        Ok(true)
    }

    /// Wakes one thread of those that [wait](Self::wait) for the number, in whatever process.
    ///
    /// A store before it is seen by the one that is woken. Whoever can read the view can notify.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    ///
    /// # Platforms
    ///
    /// On Windows it does nothing, as nobody sleeps.
    #[doc(alias = "FUTEX_WAKE")]
    #[doc(alias = "WakeByAddressSingle")]
    pub fn notify_one(&self) -> Result<()> {
        self.notify(false)
    }

    /// Wakes all threads that [wait](Self::wait) for the number, in whatever process.
    ///
    /// A store before it is seen by those that are woken. Whoever can read the view can notify.
    ///
    /// # Errors
    ///
    /// See [the type](Self#errors).
    ///
    /// # Platforms
    ///
    /// On Windows it does nothing, as nobody sleeps.
    #[doc(alias = "WakeByAddressAll")]
    pub fn notify_all(&self) -> Result<()> {
        self.notify(true)
    }

    fn notify(&self, all: bool) -> Result<()> {
        // Nobody sleeps at zeros that have taken the place of a page.
        if self.is_watched() {
            self.load()?;
        }
        if !self.is_private() && !wake_sleepers(self.address(), all) {
            // The access says why the page is not there.
            self.load()?;
        }
        Ok(())
    }
}
