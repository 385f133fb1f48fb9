//! How long a call waits.

use std::time::Duration;

use crate::sys::platform::Deadline;

/// How long a call waits, whose end is looked up when it begins to sleep.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    For(Option<Duration>),
    Until(Deadline),
}

/// How long a change waits for another process that is making one, and was stopped there: such a
/// change takes less than a microsecond.
const FOR_A_CHANGE: Duration = Duration::from_secs(2);

impl Patience {
    /// Of a change, which nobody waits for.
    pub(super) const fn change() -> Self {
        Self::For(Some(FOR_A_CHANGE))
    }

    /// Of a last look, when the time is over.
    pub(super) const fn none() -> Self {
        Self::For(Some(Duration::ZERO))
    }

    /// Returns whether nothing is to be waited for.
    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::For(Some(Duration::ZERO)))
    }

    /// Returns the moment at which waiting ends.
    pub(super) fn deadline(&mut self) -> Deadline {
        match *self {
            Self::Until(deadline) => deadline,
            Self::For(time) => {
                let deadline = Deadline::after(time);
                *self = Self::Until(deadline);
                deadline
            }
        }
    }

    /// Returns whether the moment has come.
    pub(super) fn is_over(&mut self) -> bool {
        self.deadline().is_past()
    }

    /// Returns as much patience with a lock that is held for a moment: a poll waits for that as well.
    pub(super) fn with_a_change(self) -> Self {
        if self.is_none() { Self::change() } else { self }
    }
}
