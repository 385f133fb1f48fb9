//! Events and semaphores: setting, releasing, and taking what was set.
//!
//! The kernel's queue of the threads that sleep at [`turn`](Page::turn) is the queue of those that
//! wait for the object alone. Who sets the object wakes as many as it is for; the kernel answers how
//! many there were, and those are satisfied: no other thread can take what was theirs, and one that
//! was killed before is not among them. Only the rest goes into the state.

use crate::sys::WaitableKind;
use crate::sys::platform::futex::{self, Ended, Store};
use crate::sys::platform::waitable::failure::Failure;
use crate::sys::platform::waitable::guard::Guard;
use crate::sys::platform::waitable::page::Page;
use crate::sys::platform::waitable::patience::Patience;
use crate::sys::platform::waitable::thread::Thread;
use crate::sys::platform::waitable::word::Gone;

/// Sets an event.
pub(super) fn set(page: &Page, thread: Thread) -> Result<(), Failure> {
    let _guard = Guard::lock(page, thread, &mut Patience::change())?;
    if page.state().load()? != 0 {
        return Ok(());
    }
    if page.kind() == WaitableKind::ManualEvent {
        tell(page)?;
        if page.waiters().load()? != 0 {
            page.turn().add(1)?;
            // All who sleep are released, and whoever comes later finds it set: nobody is between.
            let (turn, state) = (page.turn().address(), page.state().address());
            futex::wake_and_store(turn, futex::ALL, state, Store::One)?;
            page.waiters().store(0)?;
            return Ok(());
        }
    } else {
        if grant(page, 1)? != 0 {
            return Ok(());
        }
        tell(page)?;
    }
    Ok(page.state().store(1)?)
}

/// Resets an event.
pub(super) fn reset(page: &Page, thread: Thread) -> Result<(), Failure> {
    let _guard = Guard::lock(page, thread, &mut Patience::change())?;
    Ok(page.state().store(0)?)
}

/// Releases threads that wait for an event alone at this moment: one, or all of a manual event; it is
/// not set after that.
pub(super) fn pulse(page: &Page, thread: Thread) -> Result<(), Failure> {
    let _guard = Guard::lock(page, thread, &mut Patience::change())?;
    let all = page.kind() == WaitableKind::ManualEvent;
    grant(page, if all { u32::MAX } else { 1 })?;
    Ok(page.state().store(0)?)
}

/// Adds to the count of a semaphore; returns the count before.
pub(super) fn release(page: &Page, thread: Thread, count: u32) -> Result<u32, Failure> {
    let _guard = Guard::lock(page, thread, &mut Patience::change())?;
    let before = page.state().load()?;
    let after = before.checked_add(count).filter(|_| before <= i32::MAX.unsigned_abs());
    let maximum = page.maximum().load()?;
    if after.is_none_or(|after| after > maximum) {
        return Err(Failure::Full);
    }
    let granted = grant(page, count)?.min(count);
    if granted < count {
        tell(page)?;
        page.state().store(before + (count - granted))?;
    }
    Ok(before)
}

/// Returns the count of a semaphore, or whether an event is set.
pub(super) fn state(page: &Page, thread: Thread) -> Result<u32, Failure> {
    let _guard = Guard::lock(page, thread, &mut Patience::change())?;
    Ok(page.state().load()?)
}

/// Waits for an event or a semaphore alone; returns false if the time is over.
pub(super) fn wait(page: &Page, thread: Thread, patience: Patience) -> Result<bool, Failure> {
    if page.state().load()? != 0 {
        if page.kind() == WaitableKind::ManualEvent {
            return Ok(true);
        }
    } else if patience.is_none() {
        return Ok(false);
    }
    let (poll, mut patience) = (patience.is_none(), patience.with_a_change());
    loop {
        let turn = {
            let _guard = match Guard::lock(page, thread, &mut patience) {
                Err(Failure::Busy) if !poll => return Ok(false),
                guard => guard?,
            };
            if take(page)? {
                return Ok(true);
            }
            if poll {
                return Ok(false);
            }
            page.waiters().store(1)?;
            page.turn().load()?
        };
        match futex::wait(page.turn().address(), turn, patience.deadline())? {
            Ended::Woken => return Ok(true),
            Ended::TimedOut => return Ok(false),
            // Whoever may write the page may change it all the time.
            Ended::Differs | Ended::Interrupted if patience.is_over() => return Ok(false),
            Ended::Differs | Ended::Interrupted => {}
        }
    }
}

/// Takes what is set, under the guard; returns whether anything was.
pub(super) fn take(page: &Page) -> Result<bool, Gone> {
    let state = page.state().load()?;
    if state != 0 {
        let left = left_after(page.kind(), state);
        if left != state {
            page.state().store(left)?;
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
fn grant(page: &Page, count: u32) -> Result<u32, Failure> {
    if page.waiters().load()? == 0 {
        return Ok(0);
    }
    // Who is about to sleep looks again.
    page.turn().add(1)?;
    let most = i32::try_from(count).unwrap_or(futex::ALL);
    let woken = u32::try_from(futex::wake(page.turn().address(), most)?).unwrap_or(u32::MAX);
    if woken < count {
        page.waiters().store(0)?;
    }
    Ok(woken)
}

/// Wakes all who wait for several objects, under the guard: they look again, and find it held until
/// the change is made.
#[inline]
fn tell(page: &Page) -> Result<(), Failure> {
    if page.observers().load()? == 0 {
        return Ok(());
    }
    page.news().add(1)?;
    futex::wake(page.news().address(), futex::ALL)?;
    Ok(page.observers().store(0)?)
}
