//! The wait between two attempts to take a lock, and its limit.

use std::thread;
use std::time::{Duration, Instant};

use crate::types::{Error, ErrorKind, Operation, Result};

/// More than any step of the protocol takes while its process runs.
const LIMIT: Duration = Duration::from_secs(2);

/// How many attempts only yield the processor, before those that sleep.
const YIELDS: u32 = 16;

/// Counts the attempts of one operation.
///
/// Nobody blocks on a lock, but tries again a little later. A process that was stopped while it had
/// a lock costs others a timeout, and does not hang them.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    attempts: u32,
    since: Option<Instant>,
}

impl Backoff {
    /// Returns true if the first attempt was longer ago than this.
    pub(super) fn is_longer_than(&self, time: Duration) -> bool {
        self.since.is_some_and(|since| since.elapsed() > time)
    }

    /// Waits before the next attempt.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] if the first attempt was more than two seconds ago.
    pub(super) fn wait(&mut self, operation: Operation) -> Result<()> {
        let since = *self.since.get_or_insert_with(Instant::now);
        self.attempts = self.attempts.saturating_add(1);
        if self.attempts <= YIELDS {
            thread::yield_now();
            return Ok(());
        }
        if since.elapsed() > LIMIT {
            return Err(Error::new(ErrorKind::TimedOut, operation)
                .because("another process holds the name's lock and does not finish"));
        }
        thread::sleep(Duration::from_micros(u64::from(self.attempts.min(100)) * 20));
        Ok(())
    }
}
