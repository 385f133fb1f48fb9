//! Points in time at equal distances, none of which depends on when the one before was met.

use std::time::{Duration, Instant};

use crate::stop::Stop;

/// How long before a point in time a sleep ends that is to meet it: sleeps end late, by a tenth of a
/// millisecond as a rule.
const SPIN: Duration = Duration::from_micros(200);

/// The looks of a recorder: one at each multiple of an interval.
#[derive(Debug)]
pub(crate) struct Schedule {
    start: Instant,
    interval: Duration,
    /// The number of the next look.
    next: u64,
}

impl Schedule {
    pub(crate) fn new(start: Instant, rate: f64) -> Self {
        Self { start, interval: Duration::from_secs_f64(1.0 / rate), next: 0 }
    }

    /// Returns the time from one look to the next.
    pub(crate) fn interval(&self) -> Duration {
        self.interval
    }

    /// Returns when the next look is due.
    pub(crate) fn due(&self) -> Instant {
        self.start + times(self.interval, self.next)
    }

    /// Goes on to the first look that is due after `now`, and returns how many before it are lost.
    pub(crate) fn advance(&mut self, now: Instant) -> u64 {
        let passed =
            now.saturating_duration_since(self.start).as_nanos() / self.interval.as_nanos();
        let passed = u64::try_from(passed).unwrap_or(u64::MAX);
        let lost = passed.saturating_sub(self.next);
        self.next = self.next.max(passed) + 1;
        lost
    }
}

/// Returns a multiple of a time, however large the factor is.
fn times(time: Duration, factor: u64) -> Duration {
    let nanos = time.as_nanos() * u128::from(factor);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// Waits for a point in time and misses it by microseconds, and returns true as soon as the end is
/// requested.
pub(crate) fn meet(time: Instant, stop: &Stop) -> bool {
    if time.saturating_duration_since(Instant::now()) > SPIN && stop.wait_until(time - SPIN) {
        return true;
    }
    while Instant::now() < time {
        std::hint::spin_loop();
    }
    stop.is_requested()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_stay_where_they_are_however_late_one_of_them_is() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, 100.0);
        let after = |ms| start + Duration::from_millis(ms);

        assert_eq!((schedule.due(), schedule.advance(after(3))), (start, 0));
        assert_eq!((schedule.due(), schedule.advance(after(19))), (after(10), 0));
        assert_eq!((schedule.due(), schedule.advance(after(55))), (after(20), 3));
        assert_eq!((schedule.due(), schedule.advance(after(60))), (after(60), 0));
    }
}
