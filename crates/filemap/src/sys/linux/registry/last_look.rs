//! When this process did last what it does now and then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// A time in milliseconds since 1970, without a lock that a forked child could wait for.
#[derive(Debug, Default)]
pub(super) struct LastLook(AtomicU64);

impl LastLook {
    /// Returns true for one thread at a time, and once in an interval.
    pub(super) fn is_past(&self, interval: Duration) -> bool {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let (last, order) = (self.0.load(Ordering::Relaxed), Ordering::Relaxed);
        // The clock may have been set back.
        u128::from(now.abs_diff(last)) >= interval.as_millis()
            && self.0.compare_exchange(last, now, order, order).is_ok()
    }
}
