//! A count of changes, for those who note what they have seen.

use crate::sys::sync::{AtomicU64, Ordering, fence};

/// The changes that were made to something of which threads note the state.
///
/// Who makes a change counts it, and then notes the new state. Anybody else notes what was seen
/// after a look at the count, and looks again if there was a change since: so no old state is noted
/// for good over a newer one.
#[derive(Debug)]
pub(super) struct Changes(AtomicU64);

impl Changes {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts a change that was made, before its maker notes the new state.
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    /// Returns how many there were, before a look at the state.
    pub(super) fn seen(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Returns whether there was no other one when the state was noted.
    ///
    /// Either the note is seen, and replaced, by whoever makes the change, or the change is seen
    /// here.
    pub(super) fn are(&self, seen: u64) -> bool {
        fence(Ordering::SeqCst);
        self.0.load(Ordering::Relaxed) == seen
    }
}
