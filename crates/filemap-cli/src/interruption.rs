//! Interrupts that a verb notices between two of its steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::failure::{Failure, Result, Why};
use crate::sys;

/// Whether this process was asked to end, and the exit code for that; 0 as long as it was not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interruption(Arc<AtomicU8>);

impl Interruption {
    /// Starts to receive interrupts, which then no longer kill the process.
    pub(crate) fn listen() -> Result<Self> {
        let interruption = Self::default();
        let noted = interruption.clone();
        sys::listen(move |interrupt| noted.0.store(interrupt.exit_code(), Ordering::Relaxed))
            .map_err(|error| {
                Failure::broken(format!("could not wait for Ctrl-C: {}", Why(&error)))
            })?;
        Ok(interruption)
    }

    /// Returns the exit code of a verb that was asked to end.
    pub(crate) fn code(&self) -> Option<u8> {
        Some(self.0.load(Ordering::Relaxed)).filter(|code| *code != 0)
    }

    /// Returns whether the verb is to end.
    pub(crate) fn is_there(&self) -> bool {
        self.code().is_some()
    }

    /// Returns the failure of a verb that was asked to end; `message` begins with "could not".
    pub(crate) fn failure(&self, message: impl Into<String>) -> Failure {
        Failure::ended(self.code().unwrap_or(sys::INTERRUPTED), message)
    }
}
