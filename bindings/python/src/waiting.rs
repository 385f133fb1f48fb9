//! Waits that a signal to Python, such as Ctrl-C, interrupts.

use std::time::{Duration, Instant};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::OrRaise as _;

/// How long a wait goes on before the interpreter looks for signals.
const SLICE: Duration = Duration::from_millis(50);

/// Until when a wait goes on; none for ever.
#[derive(Clone, Copy)]
pub(crate) struct Timeout(Option<Instant>);

impl Timeout {
    /// Of so many seconds from now on.
    pub(crate) fn of(seconds: Option<f64>) -> PyResult<Self> {
        let Some(seconds) = seconds else { return Ok(Self(None)) };
        if seconds.is_nan() || seconds < 0.0 {
            return Err(PyValueError::new_err("a timeout is not negative"));
        }
        // What is further away than the clock can tell is for ever.
        let end = Duration::try_from_secs_f64(seconds)
            .ok()
            .and_then(|time| Instant::now().checked_add(time));
        Ok(Self(end))
    }
}

/// Calls `wait` with short times until it has something or the time is over, and lets other threads run
/// meanwhile. It runs on this thread, as the owner of a mutex is a thread.
pub(crate) fn slices<T>(
    py: Python<'_>,
    Timeout(end): Timeout,
    wait: impl FnMut(Option<Duration>) -> filemap::Result<Option<T>>,
) -> PyResult<Option<T>> {
    let mut wait = Here(wait);
    loop {
        let rest = end.map_or(SLICE, |end| end.saturating_duration_since(Instant::now()));
        let found = detached(py, &mut wait, rest.min(SLICE)).or_raise(py)?;
        if found.is_some() || (rest < SLICE && end.is_some_and(|end| Instant::now() >= end)) {
            return Ok(found);
        }
        py.check_signals()?;
    }
}

/// A function that stays on its thread.
struct Here<F>(F);

fn detached<T, F: FnMut(Option<Duration>) -> filemap::Result<Option<T>>>(
    py: Python<'_>,
    wait: &mut Here<F>,
    time: Duration,
) -> filemap::Result<Option<T>> {
    crate::slots::without_lock(py, || (wait.0)(Some(time)))
}
