//! How long is waited for a thread that is replacing pages.

#![expect(unsafe_code, reason = "a call that may be made inside a signal handler")]

use std::hint::spin_loop;
use std::ptr::null_mut;

/// How long is waited for a thread that is replacing pages, which takes some microseconds.
///
/// Two seconds in naps, after which it is stopped, or is no more.
#[derive(Debug, Default)]
pub(super) struct Patience {
    rounds: u32,
}

impl Patience {
    const SPINS: u32 = 100;
    const NAPS: u32 = 20_000;
    const NAP: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 100_000 };

    /// Waits a moment; returns whether to go on.
    ///
    /// Called inside a signal handler. The error number may change.
    pub(super) fn wait(&mut self) -> bool {
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds < Self::SPINS {
            spin_loop();
            return true;
        }
        let nap = Self::NAP;
        // SAFETY: the time is valid, and the rest of it is not asked for.
        unsafe { libc::nanosleep(&raw const nap, null_mut()) };
        self.rounds < Self::SPINS + Self::NAPS
    }
}
