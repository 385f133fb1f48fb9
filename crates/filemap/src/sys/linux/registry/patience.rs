//! How long to start over before giving up.

use std::thread;
use std::time::{Duration, Instant};

use crate::types::{Error, ErrorKind, Operation, Result};

/// Longer than any step of the protocol takes on a machine that is alive.
const LIMIT: Duration = Duration::from_secs(2);

/// Attempts that only give way to others, before those that sleep.
const EAGER: u32 = 16;

/// The bound on starting over.
///
/// Nobody blocks on a lock: whoever finds one taken looks again a little later. A process that
/// was stopped while it held a lock costs the others a timeout, not their life.
#[derive(Debug, Default)]
pub(super) struct Patience {
    attempts: u32,
    since: Option<Instant>,
}

impl Patience {
    /// Gives others a moment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] once the moments add up to two seconds.
    pub(super) fn wait(&mut self, operation: Operation) -> Result<()> {
        let since = *self.since.get_or_insert_with(Instant::now);
        self.attempts = self.attempts.saturating_add(1);
        if self.attempts <= EAGER {
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
