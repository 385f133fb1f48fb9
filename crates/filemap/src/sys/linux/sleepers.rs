//! Threads that sleep at a number of a view.

use std::ptr::NonNull;

use rustix::io::Errno;

use crate::sys::contract::Slept;
use crate::sys::platform::Deadline;
use crate::sys::platform::futex::{self, Ended};

/// Sleeps while a word of a view is `expected`, until somebody is woken who sleeps there, or the
/// deadline is past.
pub(in crate::sys) fn sleep_while(word: NonNull<u32>, expected: u32, deadline: Deadline) -> Slept {
    match futex::wait(word, expected, deadline) {
        Ok(Ended::Woken) => Slept::Woken,
        Ok(Ended::Differs | Ended::Interrupted) => Slept::NotLong,
        Ok(Ended::TimedOut) => Slept::TimedOut,
        Err(_) => Slept::Unable,
    }
}

/// Wakes one thread that sleeps at a word of a view, or all of them; returns whether the word is
/// there.
pub(in crate::sys) fn wake_sleepers(word: NonNull<u32>, all: bool) -> bool {
    futex::wake(word, if all { futex::ALL } else { 1 }) != Err(Errno::FAULT)
}
