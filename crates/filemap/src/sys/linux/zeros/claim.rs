//! The right to change which pages of a view are replaced.

use crate::sys::platform::fork;
use crate::sys::sync::{AtomicU64, Ordering};

/// The right to replace pages of a view and to restore them, which one thread has at a time.
///
/// A number, `turn << 8 | generation << 1 | taken`. A forked child has another generation than the
/// thread of its parent that has the right, and takes it at once: that thread is not in the child.
#[derive(Debug)]
pub(super) struct Claim(AtomicU64);

/// A turn of somebody who has the right.
#[derive(Debug)]
#[must_use]
pub(super) struct Turn(u64);

const TAKEN: u64 = 1;
const OWNER: u64 = 0xff;

impl Claim {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Takes the right; from whoever has it, if that takes longer than `wait`, which waits a moment
    /// and returns whether to go on.
    pub(super) fn take(&self, mut wait: impl FnMut() -> bool) -> Turn {
        let mut by_force = false;
        loop {
            if let Some(turn) = self.attempt(by_force) {
                return turn;
            }
            by_force = by_force || !wait();
        }
    }

    /// Takes the right if nobody has it for longer than `wait`.
    pub(super) fn take_if_free(&self, mut wait: impl FnMut() -> bool) -> Option<Turn> {
        loop {
            if let Some(turn) = self.attempt(false) {
                return Some(turn);
            }
            if !wait() {
                return None;
            }
        }
    }

    /// Gives the right back; returns whether nobody has taken it meanwhile.
    pub(super) fn give_back(&self, Turn(turn): Turn) -> bool {
        let (success, failure) = (Ordering::Release, Ordering::Relaxed);
        self.0.compare_exchange(turn, turn & !TAKEN, success, failure).is_ok()
    }

    fn attempt(&self, by_force: bool) -> Option<Turn> {
        let owner = owner();
        let word = self.0.load(Ordering::Relaxed);
        if word & OWNER == owner && !by_force {
            return None;
        }
        let turn = (word | OWNER).wrapping_add(1) | owner;
        let (success, failure) = (Ordering::AcqRel, Ordering::Relaxed);
        self.0.compare_exchange(word, turn, success, failure).ok().map(|_| Turn(turn))
    }
}

/// What the number ends with while a thread of this process has the right.
fn owner() -> u64 {
    // Who forks more often in a row waits for a thread that may not be there, and no longer than
    // others do.
    (fork::generation().min(127) as u64) << 1 | TAKEN
}
