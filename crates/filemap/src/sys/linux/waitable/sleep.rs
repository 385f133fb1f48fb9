//! Sleeping until one of several objects changes.

use std::time::Duration;

use crate::sys::platform::Deadline;
use crate::sys::platform::futex::{self, Ended, Sleep};
use crate::sys::platform::waitable::failure::Failure;
use crate::sys::platform::waitable::line::Line;
use crate::sys::platform::waitable::mutex;
use crate::sys::platform::waitable::state;
use crate::sys::platform::waitable::thread::Thread;

/// How long a thread sleeps before it looks at mutexes again at which it does not sleep.
const SLICE: Duration = Duration::from_millis(10);

/// Where a thread is to sleep that waits for several objects.
///
/// A wake-up of a mutex goes to one thread, which may be killed before it has taken it. Then the
/// kernel wakes another one, if the mutex's word is *pending*, and one word alone can be. So a thread
/// sleeps at one mutex at most, and looks at others from time to time.
#[derive(Debug, Default)]
pub(super) struct Sleeps<'lines> {
    words: Vec<Sleep>,
    /// The one mutex, and which of the objects it is.
    mutex: Option<(usize, &'lines Line)>,
    /// Whether there are mutexes at which the thread does not sleep.
    has_others: bool,
}

impl<'lines> Sleeps<'lines> {
    /// Adds a mutex that has an owner, which is number `at` of the objects, and its word.
    pub(super) fn add_mutex(&mut self, at: usize, line: &'lines Line, seen: u32) {
        if self.mutex.is_some() {
            self.has_others = true;
        } else {
            self.mutex = Some((at, line));
            self.words.push(Sleep::at(line.lock().address(), seen));
        }
    }

    /// Adds an event or a semaphore, under its guard.
    pub(super) fn add_news(&mut self, line: &Line) -> Result<(), Failure> {
        state::watch(line)?;
        line.observers().store(1)?;
        self.words.push(Sleep::at(line.news().address(), line.news().load()?));
        Ok(())
    }

    /// Returns the mutex at which the thread sleeps.
    pub(super) fn mutex(&self) -> Option<(usize, &'lines Line)> {
        self.mutex
    }

    /// Returns whether nothing is to be slept at.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Sleeps. The word of the [`mutex`](Self::mutex) is pending after that, whatever came of it.
    pub(super) fn sleep(&self, thread: Thread, deadline: Deadline) -> Result<Ended, Failure> {
        let Some((_, line)) = self.mutex else {
            return Ok(futex::wait_for_any(&self.words, deadline)?);
        };
        let slice = if self.has_others { SLICE } else { mutex::OWNER_IS_LOOKED_FOR };
        let until = deadline.at_most(slice);
        thread.set_pending(Some(line.lock()));
        // As two: who gives the mutex back is not to count on this thread alone, which may take
        // another object.
        line.sleepers().add(2)?;
        let ended = futex::wait_for_any(&self.words, until);
        line.sleepers().add(2_u32.wrapping_neg())?;
        let ended = ended?;
        if ended == Ended::TimedOut {
            mutex::look_for_owner(line)?;
        }
        Ok(ended)
    }
}
