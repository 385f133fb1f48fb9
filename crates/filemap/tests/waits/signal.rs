//! Events and semaphores: setting, releasing, and taking what was set.

use std::ops::ControlFlow;

use crate::kernel::{self, Ended, Until};
use crate::model::{Kind, Mistake, Patience};
use crate::state::{Address, Part, Word, bit_of};
use crate::walk::{Run, Stop, Walk};
use crate::{at_once, guard};

fn word(object: usize, part: Part) -> Address {
    Address::of(object, part)
}

/// Sets an event.
pub(crate) fn set(walk: &mut Walk<'_>, object: usize) -> Run<()> {
    if at_once::change(walk, object, |_| Some(1), |_| Ok(()))? {
        return Ok(());
    }
    if !guard::lock(walk, object)? {
        return Ok(());
    }
    walk.part(|walk| set_held(walk, object))?;
    guard::unlock(walk, object)
}

fn set_held(walk: &mut Walk<'_>, object: usize) -> Run<()> {
    if at_once::load(walk, object)? != 0 {
        return Ok(());
    }
    if walk.model.kinds[object] == Kind::ManualEvent {
        tell(walk, object)?;
        if walk.load(word(object, Part::Waiters))? != 0 {
            walk.count(word(object, Part::Turn))?;
            let (turn, state) = (word(object, Part::Turn), word(object, Part::State));
            let woken = kernel::wake_and_store(walk, turn, kernel::ALL, (state, 1))?;
            granted(walk, object, woken)?;
            leaves(walk, object, 1)?;
            return walk.store(word(object, Part::Waiters), 0);
        }
    } else if walk.makes(Mistake::SetsBeforeItWakes) {
        put(walk, object, 1)?;
        tell(walk, object)?;
        return if grant(walk, object, 1)? == 0 { Ok(()) } else { put(walk, object, 0) };
    } else {
        if grant(walk, object, 1)? != 0 {
            return Ok(());
        }
        tell(walk, object)?;
    }
    put(walk, object, 1)
}

/// Resets an event.
pub(crate) fn reset(walk: &mut Walk<'_>, object: usize) -> Run<()> {
    if at_once::change(walk, object, |_| Some(0), |_| Ok(()))? {
        return Ok(());
    }
    if guard::lock(walk, object)? {
        put(walk, object, 0)?;
        guard::unlock(walk, object)?;
    }
    Ok(())
}

/// Releases threads that wait for an event alone at this moment.
pub(crate) fn pulse(walk: &mut Walk<'_>, object: usize) -> Run<()> {
    if guard::lock(walk, object)? {
        let all = walk.model.kinds[object] == Kind::ManualEvent;
        grant(walk, object, if all { kernel::ALL } else { 1 })?;
        put(walk, object, 0)?;
        guard::unlock(walk, object)?;
    }
    Ok(())
}

/// Adds to the count of a semaphore.
pub(crate) fn release(walk: &mut Walk<'_>, object: usize, count: u8) -> Run<()> {
    let released = |walk: &mut Walk<'_>| {
        walk.note(|state, me| {
            state.threads[me].put += count;
            Ok(())
        })
    };
    if !at_once::change(walk, object, |before| Some(before + count), released)?
        && !release_guarded(walk, object, count)?
    {
        return Ok(());
    }
    walk.note(|state, me| {
        let put = std::mem::take(&mut state.threads[me].put);
        if put == count { Ok(()) } else { Err(Stop::Wrong("a release did not release its count")) }
    })
}

/// Adds to the count under the guard; returns false if that was not to be had.
fn release_guarded(walk: &mut Walk<'_>, object: usize, count: u8) -> Run<bool> {
    if !guard::lock(walk, object)? {
        return Ok(false);
    }
    walk.part(|walk| {
        let before = at_once::load(walk, object)?;
        let granted = grant(walk, object, count)?;
        if granted < count {
            tell(walk, object)?;
            let rest = count - granted;
            put(walk, object, before + rest)?;
            walk.note(|state, me| {
                state.threads[me].put += rest;
                Ok(())
            })?;
        }
        Ok(())
    })?;
    guard::unlock(walk, object)?;
    Ok(true)
}

/// Waits for an event or a semaphore alone; returns false if the time is over.
pub(crate) fn wait(walk: &mut Walk<'_>, object: usize, patience: Patience) -> Run<bool> {
    let (is_manual, poll) =
        (walk.model.kinds[object] == Kind::ManualEvent, patience == Patience::Poll);
    let kind = walk.model.kinds[object];
    let left = |state| (state != 0).then(|| left_after(kind, state));
    if !is_manual && at_once::change(walk, object, left, |walk| took(walk, object))? {
        return Ok(true);
    }
    // For others it decides nothing.
    if is_manual || poll {
        let is_set = at_once::load(walk, object)? != 0;
        if is_set && is_manual {
            took(walk, object)?;
            return Ok(true);
        }
        if !is_set && poll {
            return Ok(false);
        }
    }
    let until = Until {
        has_deadline: patience == Patience::Timed,
        is_interrupted: walk.model.is_interrupted,
    };
    walk.repeat((), |walk, ()| {
        if !guard::lock(walk, object)? {
            return Ok(ControlFlow::Break(false));
        }
        if take(walk, object)? {
            guard::unlock(walk, object)?;
            return Ok(ControlFlow::Break(true));
        }
        if poll {
            guard::unlock(walk, object)?;
            return Ok(ControlFlow::Break(false));
        }
        at_once::watch(walk, object)?;
        walk.store(word(object, Part::Waiters), 1)?;
        let turn = walk.load(word(object, Part::Turn))?;
        guard::unlock(walk, object)?;
        Ok(match kernel::wait(walk, &[(word(object, Part::Turn), turn)], until)? {
            Ended::Woken | Ended::Late => ControlFlow::Break(true),
            Ended::TimedOut => ControlFlow::Break(false),
            Ended::Differs | Ended::Interrupted => ControlFlow::Continue(()),
        })
    })
}

/// Takes what is set, under the guard; returns whether anything was.
pub(crate) fn take(walk: &mut Walk<'_>, object: usize) -> Run<bool> {
    walk.part(|walk| {
        let state = at_once::load(walk, object)?;
        if state == 0 {
            return Ok(false);
        }
        let left = left_after(walk.model.kinds[object], state);
        if left != state {
            put(walk, object, left)?;
        }
        took(walk, object)?;
        Ok(true)
    })
}

/// Returns the state that is left when one thread has taken its part of it.
pub(crate) fn left_after(kind: Kind, state: Word) -> Word {
    match kind {
        Kind::AutoEvent => 0,
        Kind::Semaphore => state - 1,
        Kind::ManualEvent | Kind::Mutex => state,
    }
}

/// Releases at most `count` threads that wait for the object alone, under the guard; returns how many.
fn grant(walk: &mut Walk<'_>, object: usize, count: u8) -> Run<u8> {
    walk.part(|walk| {
        if walk.load(word(object, Part::Waiters))? == 0 {
            return Ok(0);
        }
        if !walk.makes(Mistake::GrantsInTheSameTurn) {
            walk.count(word(object, Part::Turn))?;
        }
        let woken = kernel::wake(walk, word(object, Part::Turn), count)?;
        granted(walk, object, woken)?;
        let many = u8::try_from(woken.count_ones()).unwrap_or(u8::MAX);
        if many < count {
            walk.store(word(object, Part::Waiters), 0)?;
        }
        Ok(many)
    })
}

/// Wakes all who wait for several objects, under the guard.
fn tell(walk: &mut Walk<'_>, object: usize) -> Run<()> {
    walk.part(|walk| {
        if walk.load(word(object, Part::Observers))? != 0 {
            walk.count(word(object, Part::News))?;
            kernel::wake(walk, word(object, Part::News), kernel::ALL)?;
            walk.store(word(object, Part::Observers), 0)?;
        }
        Ok(())
    })
}

/// Stores the state, under the guard.
fn put(walk: &mut Walk<'_>, object: usize, value: Word) -> Run<()> {
    at_once::store(walk, object, value)?;
    leaves(walk, object, value)
}

/// The state was changed.
pub(crate) fn leaves(walk: &mut Walk<'_>, object: usize, value: Word) -> Run<()> {
    walk.note(|state, _| {
        state.objects[object].left = value;
        Ok(())
    })
}

/// These threads need not take what was set any more.
fn granted(walk: &mut Walk<'_>, object: usize, threads: u8) -> Run<()> {
    walk.note(|state, me| {
        for (which, thread) in state.threads.iter_mut().enumerate() {
            if threads & 1 << which != 0 {
                if thread.taken != 0 {
                    return Err(Stop::Wrong("a thread was released twice"));
                }
                thread.taken = bit_of(object);
            }
        }
        state.threads[me].put += u8::try_from(threads.count_ones()).unwrap_or(u8::MAX);
        Ok(())
    })
}

/// This thread has its part.
pub(crate) fn took(walk: &mut Walk<'_>, object: usize) -> Run<()> {
    walk.note(|state, me| {
        state.threads[me].taken |= bit_of(object);
        Ok(())
    })
}
