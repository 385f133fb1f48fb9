//! Events and semaphores: setting, releasing, and taking what was set.
//!
//! The kernel's queue of the threads that sleep at [`turn`](Line::turn) is the queue of those that
//! wait for the object alone. Who sets the object wakes as many as it is for; the kernel answers how
//! many there were, and those are satisfied: no other thread can take what was theirs, and one that
//! was killed before is not among them. Only the rest goes into the state.

use crate::sys::WaitableKind;
use crate::sys::platform::futex::{self, Ended, Store};
use crate::sys::platform::waitable::failure::Failure;
use crate::sys::platform::waitable::guard::Guard;
use crate::sys::platform::waitable::line::Line;
use crate::sys::platform::waitable::patience::Patience;
use crate::sys::platform::waitable::state;
use crate::sys::platform::waitable::thread::Thread;
use crate::sys::platform::waitable::word::Gone;

/// The most that the count of any semaphore is.
const COUNT: u32 = i32::MAX.unsigned_abs();

/// Sets an event in one step; returns false if that takes the guard.
#[inline(always)]
pub(super) fn set_at_once(line: &Line) -> bool {
    state::change_at_once(line, |_| Some(1)) == Ok(true)
}

/// Sets an event.
pub(super) fn set(line: &Line, thread: Thread) -> Result<(), Failure> {
    let _guard = Guard::lock(line, thread, &mut Patience::change())?;
    if state::load(line)? != 0 {
        return Ok(());
    }
    if line.kind() == WaitableKind::ManualEvent {
        tell(line)?;
        if line.waiters().load()? != 0 {
            line.turn().add(1)?;
            // All who sleep are released, and whoever comes later finds it set: nobody is between.
            let (turn, state) = (line.turn().address(), line.state().address());
            futex::wake_and_store(turn, futex::ALL, state, Store::One)?;
            line.waiters().store(0)?;
            return Ok(());
        }
    } else {
        if grant(line, 1)? != 0 {
            return Ok(());
        }
        tell(line)?;
    }
    Ok(state::store(line, 1)?)
}

/// Resets an event in one step; returns false if that takes the guard.
#[inline(always)]
pub(super) fn reset_at_once(line: &Line) -> bool {
    state::change_at_once(line, |_| Some(0)) == Ok(true)
}

/// Resets an event.
pub(super) fn reset(line: &Line, thread: Thread) -> Result<(), Failure> {
    let _guard = Guard::lock(line, thread, &mut Patience::change())?;
    Ok(state::store(line, 0)?)
}

/// Releases threads that wait for an event alone at this moment: one, or all of a manual event; it is
/// not set after that.
pub(super) fn pulse(line: &Line, thread: Thread) -> Result<(), Failure> {
    let _guard = Guard::lock(line, thread, &mut Patience::change())?;
    let all = line.kind() == WaitableKind::ManualEvent;
    grant(line, if all { u32::MAX } else { 1 })?;
    Ok(state::store(line, 0)?)
}

/// Adds to the count of a semaphore in one step, and returns the count before; `None` if that takes
/// the guard.
#[inline(always)]
pub(super) fn release_at_once(line: &Line, count: u32) -> Option<u32> {
    let (maximum, mut before) = (line.maximum().load().ok()?, 0);
    let added = |state: u32| {
        before = state;
        state.checked_add(count).filter(|after| *after <= maximum.min(COUNT))
    };
    (state::change_at_once(line, added) == Ok(true)).then_some(before)
}

/// Adds to the count of a semaphore; returns the count before.
pub(super) fn release(line: &Line, thread: Thread, count: u32) -> Result<u32, Failure> {
    let _guard = Guard::lock(line, thread, &mut Patience::change())?;
    let before = state::load(line)?;
    let maximum = line.maximum().load()?.min(COUNT);
    if before.checked_add(count).is_none_or(|after| after > maximum) {
        return Err(Failure::Full);
    }
    let granted = grant(line, count)?.min(count);
    if granted < count {
        tell(line)?;
        state::store(line, before + (count - granted))?;
    }
    Ok(before)
}

/// Returns the count of a semaphore, or whether an event is set.
pub(super) fn state(line: &Line, thread: Thread) -> Result<u32, Failure> {
    let _guard = Guard::lock(line, thread, &mut Patience::change())?;
    Ok(state::load(line)?)
}

/// Takes what is set in one step; returns false if nothing is, or if that takes the guard.
#[inline(always)]
pub(super) fn take_at_once(line: &Line) -> bool {
    if line.kind() == WaitableKind::ManualEvent {
        return state::load(line).is_ok_and(|state| state != 0);
    }
    let is_event = line.kind() == WaitableKind::AutoEvent;
    let left = |state: u32| if is_event { (state != 0).then_some(0) } else { state.checked_sub(1) };
    state::change_at_once(line, left) == Ok(true)
}

/// Waits for an event or a semaphore alone; returns false if the time is over.
pub(super) fn wait(line: &Line, thread: Thread, patience: Patience) -> Result<bool, Failure> {
    if take_at_once(line) {
        return Ok(true);
    }
    if patience.is_none() && state::load(line)? == 0 {
        return Ok(false);
    }
    let (poll, mut patience) = (patience.is_none(), patience.with_a_change());
    loop {
        let turn = {
            let _guard = match Guard::lock(line, thread, &mut patience) {
                Err(Failure::Busy) if !poll => return Ok(false),
                guard => guard?,
            };
            if take(line)? {
                return Ok(true);
            }
            if poll {
                return Ok(false);
            }
            state::watch(line)?;
            line.waiters().store(1)?;
            line.turn().load()?
        };
        match futex::wait(line.turn().address(), turn, patience.deadline())? {
            Ended::Woken => return Ok(true),
            Ended::TimedOut => return Ok(false),
            // Whoever may write the page may change it all the time.
            Ended::Differs | Ended::Interrupted if patience.is_over() => return Ok(false),
            Ended::Differs | Ended::Interrupted => {}
        }
    }
}

/// Takes what is set, under the guard; returns whether anything was.
pub(super) fn take(line: &Line) -> Result<bool, Gone> {
    let state = state::load(line)?;
    if state != 0 {
        let left = left_after(line.kind(), state);
        if left != state {
            state::store(line, left)?;
        }
    }
    Ok(state != 0)
}

/// Returns the state that is left when one thread has taken its part of it.
pub(super) fn left_after(kind: WaitableKind, state: u32) -> u32 {
    match kind {
        WaitableKind::AutoEvent => 0,
        WaitableKind::Semaphore => state.saturating_sub(1),
        WaitableKind::ManualEvent | WaitableKind::Mutex => state,
    }
}

/// Releases at most `count` threads that wait for the object alone, under the guard; returns how many.
#[inline]
fn grant(line: &Line, count: u32) -> Result<u32, Failure> {
    if line.waiters().load()? == 0 {
        return Ok(0);
    }
    // Who is about to sleep looks again.
    line.turn().add(1)?;
    let most = i32::try_from(count).unwrap_or(futex::ALL);
    let woken = u32::try_from(futex::wake(line.turn().address(), most)?).unwrap_or(u32::MAX);
    if woken < count {
        line.waiters().store(0)?;
    }
    Ok(woken)
}

/// Wakes all who wait for several objects, under the guard: they look again, and find it held until
/// the change is made.
#[inline]
fn tell(line: &Line) -> Result<(), Failure> {
    if line.observers().load()? == 0 {
        return Ok(());
    }
    line.news().add(1)?;
    futex::wake(line.news().address(), futex::ALL)?;
    Ok(line.observers().store(0)?)
}
