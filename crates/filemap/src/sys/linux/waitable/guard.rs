//! The lock under which an event or a semaphore is changed.

use std::mem::ManuallyDrop;

use crate::sys::platform::futex::{self, Store};
use crate::sys::platform::waitable::failure::Failure;
use crate::sys::platform::waitable::layout::{ASLEEP, DIED, THREAD};
use crate::sys::platform::waitable::line::Line;
use crate::sys::platform::waitable::patience::Patience;
use crate::sys::platform::waitable::state;
use crate::sys::platform::waitable::thread::Thread;
use crate::sys::platform::waitable::word::Gone;

/// How often a thread looks again before it sleeps: a change takes tens of nanoseconds.
const SPINS: u32 = 20;

/// An event or a semaphore that the calling thread alone changes, until it is dropped.
#[derive(Debug)]
pub(super) struct Guard<'line> {
    line: &'line Line,
    thread: Thread,
}

impl<'line> Guard<'line> {
    /// Waits until nobody else changes the object.
    ///
    /// # Errors
    ///
    /// [`Failure::Busy`] if the patience is at its end.
    #[inline]
    pub(super) fn lock(
        line: &'line Line,
        thread: Thread,
        patience: &mut Patience,
    ) -> Result<Self, Failure> {
        thread.set_pending(Some(line.lock()));
        match line.lock().replace(0, thread.id()) {
            Ok(true) => Ok(Self { line, thread }),
            Ok(false) => Self::lock_slowly(line, thread, patience),
            Err(gone) => {
                thread.set_pending(None);
                Err(gone.into())
            }
        }
    }

    #[cold]
    fn lock_slowly(
        line: &'line Line,
        thread: Thread,
        patience: &mut Patience,
    ) -> Result<Self, Failure> {
        let died = take(line, thread, patience).inspect_err(|_| thread.set_pending(None))?;
        let guard = Self { line, thread };
        if died {
            guard.recover()?;
        }
        Ok(guard)
    }

    /// Ends what a thread began that died in a wait for all: as if it had been satisfied, if it came
    /// so far, or had not begun.
    fn recover(&self) -> Result<(), Gone> {
        let intent = self.line.intent();
        let outcome = self.line.outcome().load()?;
        if outcome != 0 {
            // The kernel has marked the intent of a thread that had not decided.
            if intent.load()? & THREAD != 0 {
                state::store(self.line, outcome - 1)?;
            }
            self.line.outcome().store(0)?;
            intent.store(0)?;
        }
        Ok(())
    }

    /// Keeps the object for a thread that holds several: its lock is in the thread's list by now, and
    /// [`kept`](Self::kept) gives it up.
    pub(super) fn keep(self) {
        self.thread.set_pending(None);
        let _kept = ManuallyDrop::new(self);
    }

    /// The guard of an object that the thread has kept, whose lock is pending.
    pub(super) fn kept(line: &'line Line, thread: Thread) -> Self {
        Self { line, thread }
    }

    /// Gives the object up.
    #[inline]
    fn unlock(&self) -> Result<(), Failure> {
        let lock = self.line.lock();
        if !lock.replace(self.thread.id(), 0)? {
            // Threads sleep, who all look again: a change is short.
            let word = lock.address();
            futex::wake_and_store(word, futex::ALL, word, Store::Zero)?;
        }
        Ok(())
    }
}

impl Drop for Guard<'_> {
    #[inline]
    fn drop(&mut self) {
        // The page is gone, if this fails, and with it what was changed.
        let _ignored = self.unlock();
        self.thread.set_pending(None);
    }
}

/// Takes the lock; returns whether a thread died that had it.
fn take(line: &Line, thread: Thread, patience: &mut Patience) -> Result<bool, Failure> {
    let (lock, mut spins, mut is_over) = (line.lock(), 0, false);
    loop {
        let seen = lock.load()?;
        if seen & THREAD == 0 {
            if lock.replace(seen, thread.id() | (seen & ASLEEP))? {
                return Ok(seen & DIED != 0);
            }
        } else if is_over {
            return Err(Failure::Busy);
        } else if spins < SPINS {
            spins += 1;
            std::hint::spin_loop();
            continue;
        } else if spins == SPINS {
            // The holder may have woken this thread, which took the processor from it.
            spins += 1;
            std::thread::yield_now();
            continue;
        } else if seen & ASLEEP != 0 || lock.replace(seen, seen | ASLEEP)? {
            futex::wait(lock.address(), seen | ASLEEP, patience.deadline())?;
        }
        // Whoever may write the page may change it all the time. When the time is over there is one
        // attempt more: if the one before died, the kernel has woken this thread alone.
        if is_over {
            return Err(Failure::Busy);
        }
        is_over = patience.is_over();
    }
}
