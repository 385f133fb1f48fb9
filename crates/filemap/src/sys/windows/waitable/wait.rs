//! Waiting for one object, or for several.

#![expect(unsafe_code, reason = "calls that wait")]

use std::os::windows::io::{AsRawHandle as _, BorrowedHandle};
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{WAIT_ABANDONED_0, WAIT_EVENT, WAIT_FAILED, WAIT_TIMEOUT};
use windows_sys::Win32::System::Threading::{
    INFINITE, WaitForMultipleObjects, WaitForSingleObject,
};

use crate::sys::Satisfied;
use crate::sys::platform::error::last;
use crate::types::{Operation, Result};

/// The longest time that a call can wait, if not for ever.
const LONGEST: u32 = INFINITE - 1;

/// Waits for an object; `None` if the time is over.
pub(super) fn single(
    object: BorrowedHandle<'_>,
    time: Option<Duration>,
) -> Result<Option<Satisfied>> {
    patiently(time, |milliseconds| {
        // SAFETY: the handle is open while it is borrowed.
        let ended = unsafe { WaitForSingleObject(object.as_raw_handle(), milliseconds) };
        Ok(satisfied(ended)?.map(|(_, satisfied)| satisfied))
    })
}

/// Waits for the first of several objects, or for all of them; `None` if the time is over.
pub(super) fn several<'handles>(
    objects: impl Iterator<Item = BorrowedHandle<'handles>>,
    all: bool,
    time: Option<Duration>,
) -> Result<Option<(usize, Satisfied)>> {
    let handles: Vec<_> = objects.map(|object| object.as_raw_handle()).collect();
    let count = u32::try_from(handles.len()).unwrap_or(u32::MAX);
    patiently(time, |milliseconds| {
        // SAFETY: there are so many handles, which are open while they are borrowed.
        satisfied(unsafe {
            WaitForMultipleObjects(count, handles.as_ptr(), all.into(), milliseconds)
        })
    })
}

/// Waits with `wait`, which takes milliseconds, for a time of any length, and never for less.
fn patiently<T>(
    time: Option<Duration>,
    wait: impl Fn(u32) -> Result<Option<T>>,
) -> Result<Option<T>> {
    let Some(time) = time else { return wait(INFINITE) };
    let (since, mut left) = (Instant::now(), time);
    loop {
        let milliseconds = left.as_nanos().div_ceil(1_000_000);
        let got = wait(u32::try_from(milliseconds).unwrap_or(LONGEST).min(LONGEST))?;
        // The kernel counts ticks of its clock, of which the first one may have begun.
        left = time.saturating_sub(since.elapsed());
        if got.is_some() || left.is_zero() {
            return Ok(got);
        }
    }
}

/// Returns which object ended a wait, and how; `None` if the time was over.
fn satisfied(ended: WAIT_EVENT) -> Result<Option<(usize, Satisfied)>> {
    match ended {
        WAIT_FAILED => Err(last(Operation::Wait)),
        WAIT_TIMEOUT => Ok(None),
        WAIT_ABANDONED_0.. => Ok(Some(((ended - WAIT_ABANDONED_0) as usize, Satisfied::Abandoned))),
        _ => Ok(Some((ended as usize, Satisfied::Signalled))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn a_time_is_waited_for_in_milliseconds_of_which_the_last_is_whole() -> Result<()> {
        let asked = RefCell::new(Vec::new());
        let wait = |milliseconds| {
            asked.borrow_mut().push(milliseconds);
            Ok(Some(()))
        };
        let times = [Duration::ZERO, Duration::from_nanos(1), Duration::from_micros(2000)];
        for time in times.into_iter().chain([Duration::from_secs(1 << 40), Duration::MAX]) {
            patiently(Some(time), wait)?;
        }
        patiently(None, wait)?;
        assert_eq!(asked.into_inner(), [0, 1, 2, LONGEST, LONGEST, INFINITE]);
        Ok(())
    }

    #[test]
    fn a_wait_that_ends_before_its_time_goes_on() -> Result<()> {
        let (since, time) = (Instant::now(), Duration::from_millis(3));
        patiently::<()>(Some(time), |_| Ok(None))?;
        assert!(since.elapsed() >= time);
        Ok(())
    }

    #[test]
    fn the_end_of_a_wait_tells_the_object_and_whether_its_owner_had_ended() -> Result<()> {
        assert_eq!(satisfied(7)?, Some((7, Satisfied::Signalled)));
        assert_eq!(satisfied(WAIT_ABANDONED_0 + 63)?, Some((63, Satisfied::Abandoned)));
        assert_eq!(satisfied(WAIT_TIMEOUT)?, None);
        Ok(())
    }
}
