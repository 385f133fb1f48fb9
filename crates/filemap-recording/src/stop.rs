//! A request to end, which wakes who waits for a point in time.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

/// A request to end a recording or a replay, shared between threads.
///
/// ```
/// use std::time::{Duration, Instant};
/// use filemap_recording::Stop;
///
/// let stop = Stop::new();
/// assert!(!stop.wait_until(Instant::now() + Duration::from_millis(1)));
/// stop.clone().request();
/// assert!(stop.is_requested() && stop.wait_until(Instant::now() + Duration::from_secs(3600)));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// Returns one that is not requested.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Requests the end.
    pub fn request(&self) {
        let (requested, changed) = &*self.0;
        *requested.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }

    /// Returns whether the end was requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a point in time, and returns true as soon as the end is requested.
    #[must_use]
    pub fn wait_until(&self, time: Instant) -> bool {
        let (requested, changed) = &*self.0;
        let mut is_requested = requested.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = time.saturating_duration_since(Instant::now());
            if *is_requested || left.is_zero() {
                return *is_requested;
            }
            let woken = changed.wait_timeout(is_requested, left);
            is_requested = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
