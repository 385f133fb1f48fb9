//! Moments until which a thread sleeps.

use std::time::{Duration, Instant};

/// The moment at which a wait ends whatever happens, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// The moment so long after now; none without a time, or with one that is too long for a clock.
    pub(crate) fn after(time: Option<Duration>) -> Self {
        Self(time.and_then(|time| Instant::now().checked_add(time)))
    }

    /// Returns whether the moment has come.
    pub(crate) fn is_past(self) -> bool {
        self.0.is_some_and(|moment| moment <= Instant::now())
    }
}
