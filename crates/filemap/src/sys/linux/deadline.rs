//! Moments until which a thread sleeps.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A moment of the clock `CLOCK_MONOTONIC`, as calls of the kernel take it on every processor.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    seconds: i64,
    /// Below a thousand million.
    nanoseconds: i64,
}

impl Moment {
    fn now() -> Self {
        let now = clock_gettime(ClockId::Monotonic);
        #[allow(clippy::useless_conversion, reason = "some processors have 32 bits of it")]
        let nanoseconds = i64::from(now.tv_nsec);
        Self { seconds: now.tv_sec, nanoseconds }
    }

    /// Returns the moment so much later; `None` if it is too late to be a time.
    fn plus(self, time: Duration) -> Option<Self> {
        const SECOND: i64 = 1_000_000_000;
        let nanoseconds = self.nanoseconds + i64::from(time.subsec_nanos());
        let seconds = self.seconds.checked_add_unsigned(time.as_secs())?;
        let seconds = seconds.checked_add(nanoseconds / SECOND)?;
        Some(Self { seconds, nanoseconds: nanoseconds % SECOND })
    }
}

/// The moment at which a wait ends whatever happens, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline(Option<Moment>);

impl Deadline {
    /// The moment so long after now; none without a time, or with one that is too long for a clock.
    pub(crate) fn after(time: Option<Duration>) -> Self {
        Self(time.and_then(|time| Moment::now().plus(time)))
    }

    /// Returns the moment, for the kernel.
    pub(super) fn time(self) -> Option<Moment> {
        self.0
    }

    /// Returns the earlier one of this and the moment so long after now.
    pub(super) fn at_most(self, time: Duration) -> Self {
        let soon = Moment::now().plus(time);
        Self(match (self.0, soon) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        })
    }

    /// Returns whether the moment has come.
    pub(crate) fn is_past(self) -> bool {
        self.0.is_some_and(|moment| moment <= Moment::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_later_carries_over_whole_seconds() {
        let moment = Moment { seconds: 7, nanoseconds: 999_999_999 };
        let later = moment.plus(Duration::new(2, 2));
        assert_eq!(later, Some(Moment { seconds: 10, nanoseconds: 1 }));
    }

    #[test]
    fn a_time_that_is_too_long_for_a_clock_is_no_deadline() {
        for time in [Duration::MAX, Duration::from_secs(i64::MAX.unsigned_abs())] {
            assert_eq!(Deadline::after(Some(time)), Deadline(None));
        }
        assert_eq!(Deadline::after(None), Deadline(None));
        assert!(!Deadline::after(None).is_past());
    }

    #[test]
    fn a_deadline_of_no_time_is_past_at_once_and_one_of_an_hour_is_not() {
        assert!(Deadline::after(Some(Duration::ZERO)).is_past());
        assert!(!Deadline::after(Some(Duration::from_secs(3600))).is_past());
    }
}
