//! Threads that sleep at a number of a view: none, as Windows wakes those of one process alone
//! ([WaitOnAddress](https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitonaddress)).

use std::ptr::NonNull;

use crate::sys::contract::Slept;
use crate::sys::platform::Deadline;

/// Does not sleep.
pub(in crate::sys) fn sleep_while(_: NonNull<u32>, _: u32, _: Deadline) -> Slept {
    Slept::Unable
}

/// Wakes nobody, as nobody sleeps; returns that nothing is known against the word.
pub(in crate::sys) fn wake_sleepers(_: NonNull<u32>, _all: bool) -> bool {
    true
}
