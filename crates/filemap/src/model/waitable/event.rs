//! An event that processes share.

use std::time::Duration;

use crate::model::waitable::handle::{Handle, handle_methods};
use crate::model::waitable::options::WaitableOptions;
use crate::sys::{Initial, WaitableContract as _};
use crate::types::{ObjectKind, Result};

/// An event that threads of any process wait for, and set.
///
/// An event of the first kind, which [`options`](Self::options) makes, releases one thread each time
/// that it is set. One with [manual reset](WaitableOptions::manual_reset) releases all, and stays set
/// until it is reset.
///
/// ```
/// use filemap::Event;
///
/// let event = Event::create(&format!("Local\\news-{}", std::process::id()))?;
/// event.set()?;
/// event.wait()?; // takes it
/// assert!(!event.is_set()?);
/// # Ok::<(), filemap::Error>(())
/// ```
#[derive(Debug)]
#[doc(alias = "CreateEvent")]
#[doc(alias = "OpenEvent")]
pub struct Event {
    handle: Handle,
}

handle_methods!(Event, ObjectKind::Event, "an event", Self::options());

impl Event {
    /// Returns options for a new event, which releases one thread each time that it is set.
    #[must_use]
    pub fn options() -> WaitableOptions<Self> {
        WaitableOptions::new(Initial::Event { manual: false, set: false })
    }

    /// Sets the event: releases one thread that waits, or all with manual reset; without any, it stays
    /// set.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Lost`](crate::ErrorKind::Lost) if its memory was cut off;
    /// [`ErrorKind::TimedOut`](crate::ErrorKind::TimedOut) if a process was stopped in the middle of
    /// a change.
    #[doc(alias = "SetEvent")]
    pub fn set(&self) -> Result<()> {
        self.handle.act(|object| object.set())
    }

    /// Resets the event.
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set).
    #[doc(alias = "ResetEvent")]
    pub fn reset(&self) -> Result<()> {
        self.handle.act(|object| object.reset())
    }

    /// Releases one of the threads that wait at this moment for this event alone, or all with manual
    /// reset, and resets it.
    ///
    /// A thread that is about to wait, or that waits for several objects, is not released.
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set).
    #[doc(alias = "PulseEvent")]
    pub fn pulse(&self) -> Result<()> {
        self.handle.act(|object| object.pulse())
    }

    /// Returns whether the event is set, and leaves it alone.
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set).
    pub fn is_set(&self) -> Result<bool> {
        self.handle.act(|object| object.state()).map(|state| state != 0)
    }

    /// Waits until the event is set.
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set).
    #[doc(alias = "WaitForSingleObject")]
    pub fn wait(&self) -> Result<()> {
        self.handle.wait()
    }

    /// Waits so long at most; returns whether the event was set.
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set).
    pub fn wait_for(&self, time: Duration) -> Result<bool> {
        self.handle.wait_for(time)
    }
}

impl WaitableOptions<Event> {
    /// Makes a new event release all threads, and stay set until it is reset.
    #[must_use]
    #[doc(alias = "bManualReset")]
    pub fn manual_reset(mut self) -> Self {
        if let Initial::Event { manual, .. } = &mut self.initial {
            *manual = true;
        }
        self
    }

    /// Makes a new event set from the start.
    #[must_use]
    #[doc(alias = "bInitialState")]
    pub fn set(mut self) -> Self {
        if let Initial::Event { set, .. } = &mut self.initial {
            *set = true;
        }
        self
    }
}
