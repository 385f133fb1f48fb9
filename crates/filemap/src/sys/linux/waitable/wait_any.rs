//! Waiting for the first of several objects that is signalled.

use std::time::Duration;

use crate::sys::WaitableKind;
use crate::sys::platform::futex::Ended;
use crate::sys::platform::waitable::failure::Failure;
use crate::sys::platform::waitable::guard::Guard;
use crate::sys::platform::waitable::line::Line;
use crate::sys::platform::waitable::mutex::{self, Taken};
use crate::sys::platform::waitable::patience::Patience;
use crate::sys::platform::waitable::sleep::Sleeps;
use crate::sys::platform::waitable::thread::Thread;
use crate::sys::platform::waitable::{layout, signal, state};

/// What one look at all objects came to.
enum Look<'lines> {
    Taken(usize, Taken),
    /// An object was taken that was not the first one by then, and given back.
    StartOver,
    /// None is signalled: what to sleep at.
    None(Sleeps<'lines>),
}

/// Waits until one of several objects is signalled, and takes the first one that is; `None` if the
/// time is over.
///
/// They are looked at one after another.
pub(super) fn wait(
    lines: &[&Line],
    thread: Thread,
    patience: Patience,
) -> Result<Option<(usize, Taken)>, Failure> {
    let (poll, mut patience) = (patience.is_none(), patience.with_a_change());
    loop {
        let looked = match look(lines, thread, poll, &mut patience) {
            // The time is over, and somebody is in the middle of a change.
            Err(Failure::Busy) if !poll => return Ok(None),
            looked => looked?,
        };
        let sleeps = match looked {
            Look::Taken(at, taken) => return Ok(Some((at, taken))),
            Look::StartOver if patience.is_over() => return Ok(None),
            Look::StartOver => continue,
            Look::None(_) if poll => return Ok(None),
            Look::None(sleeps) => sleeps,
        };
        let deadline = patience.deadline();
        let ended = sleeps.sleep(thread, deadline);
        // A wake-up of the mutex that went to this thread is not to be lost with it.
        let taken = match sleeps.mutex() {
            Some((at, line)) => retake(line, (at, &lines[..at]), thread),
            None => Ok(None),
        };
        if let Some(taken) = taken? {
            return Ok(Some(taken));
        }
        if ended? == Ended::TimedOut && deadline.is_past() || patience.is_over() {
            return match look(lines, thread, true, &mut Patience::none()) {
                Ok(Look::Taken(at, taken)) => Ok(Some((at, taken))),
                Ok(Look::StartOver | Look::None(_)) | Err(Failure::Busy) => Ok(None),
                Err(failure) => Err(failure),
            };
        }
    }
}

/// Looks at all objects, and takes the first one that is signalled.
fn look<'lines>(
    lines: &[&'lines Line],
    thread: Thread,
    poll: bool,
    patience: &mut Patience,
) -> Result<Look<'lines>, Failure> {
    // Without any guard: most are not signalled.
    match first_signalled(lines, thread)? {
        None if poll => return Ok(Look::None(Sleeps::default())),
        Some(at) if lines[at].kind() != WaitableKind::Mutex => {
            let line = lines[at];
            let _guard = Guard::lock(line, thread, patience)?;
            if state::load(line)? != 0 && first_signalled(&lines[..at], thread)?.is_none() {
                signal::take(line)?;
                return Ok(Look::Taken(at, Taken::Free));
            }
        }
        _ => {}
    }
    let mut sleeps = Sleeps::default();
    for (at, line) in (0..).zip(lines.iter().copied()) {
        let earlier = &lines[..at];
        if line.kind() != WaitableKind::Mutex {
            let _guard = Guard::lock(line, thread, patience)?;
            if state::load(line)? != 0 {
                if first_signalled(earlier, thread)?.is_some() {
                    return Ok(Look::StartOver);
                }
                signal::take(line)?;
                return Ok(Look::Taken(at, Taken::Free));
            }
            sleeps.add_news(line)?;
            continue;
        }
        match try_mutex(line, earlier, thread)? {
            Tried::Taken(taken) => return Ok(Look::Taken(at, taken)),
            Tried::GivenBack => return Ok(Look::StartOver),
            Tried::Busy(seen) => sleeps.add_mutex(at, line, seen),
        }
    }
    Ok(Look::None(sleeps))
}

/// What came of an attempt at a mutex.
enum Tried {
    Taken(Taken),
    /// An object before it is signalled by now.
    GivenBack,
    /// It has an owner: its word.
    Busy(u32),
}

fn try_mutex(line: &Line, earlier: &[&Line], thread: Thread) -> Result<Tried, Failure> {
    loop {
        if let Some(taken) = mutex::lock(line, thread, Patience::For(Some(Duration::ZERO)))? {
            // What nobody else will be told of abandonment is told.
            if taken == Taken::Free && first_signalled(earlier, thread)?.is_some() {
                mutex::unlock(line, thread)?;
                return Ok(Tried::GivenBack);
            }
            return Ok(Tried::Taken(taken));
        }
        if let Some(seen) = mutex::busy(line)? {
            return Ok(Tried::Busy(seen));
        }
    }
}

/// Takes the mutex that this thread may have been woken for, whose word is pending; it has a number
/// among the objects, and others before it.
fn retake(
    line: &Line,
    (at, earlier): (usize, &[&Line]),
    thread: Thread,
) -> Result<Option<(usize, Taken)>, Failure> {
    let taken = mutex::take(line, thread);
    if !matches!(taken, Ok(Some(_))) {
        thread.set_pending(None);
    }
    let Some(taken) = taken? else { return Ok(None) };
    if taken == Taken::Free && first_signalled(earlier, thread)?.is_some() {
        mutex::unlock(line, thread)?;
        return Ok(None);
    }
    Ok(Some((at, taken)))
}

/// Returns the first object that looks signalled.
fn first_signalled(lines: &[&Line], thread: Thread) -> Result<Option<usize>, Failure> {
    for (at, line) in (0..).zip(lines) {
        let is_signalled = match line.kind() {
            WaitableKind::Mutex => {
                line.is_mine(thread) || line.lock().load()? & layout::THREAD == 0
            }
            _ => state::load(line)? != 0,
        };
        if is_signalled {
            return Ok(Some(at));
        }
    }
    Ok(None)
}
