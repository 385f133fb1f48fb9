//! The lock under which an event or a semaphore is changed.

use std::ops::ControlFlow;

use crate::at_once;
use crate::kernel::{self, Until};
use crate::model::Mistake;
use crate::state::{ASLEEP, Address, DIED, Part, THREAD};
use crate::walk::{Run, Walk};

/// Waits until nobody else changes the object; returns false if the patience is at its end.
pub(crate) fn lock(walk: &mut Walk<'_>, object: usize) -> Run<bool> {
    walk.part(|walk| {
        walk.set_pending(Some(Address::of(object, Part::Lock)))?;
        let Some(died) = take(walk, object)? else {
            walk.set_pending(None)?;
            return Ok(false);
        };
        if died {
            recover(walk, object)?;
        }
        Ok(true)
    })
}

/// Ends what a thread began that died in a wait for all.
fn recover(walk: &mut Walk<'_>, object: usize) -> Run<()> {
    let word = |part| Address::of(object, part);
    let outcome = walk.load(word(Part::Outcome))?;
    if outcome != 0 {
        if walk.load(word(Part::Intent))? & THREAD != 0 {
            at_once::store(walk, object, outcome - 1)?;
        }
        walk.store(word(Part::Outcome), 0)?;
        walk.store(word(Part::Intent), 0)?;
    }
    Ok(())
}

/// Gives the object up.
pub(crate) fn unlock(walk: &mut Walk<'_>, object: usize) -> Run<()> {
    walk.part(|walk| {
        let (lock, id) = (Address::of(object, Part::Lock), walk.id());
        let seen = walk.exchange(lock, |seen| (seen == id).then_some(0))?;
        if seen != id {
            kernel::wake_and_store(walk, lock, kernel::ALL, (lock, 0))?;
        }
        walk.set_pending(None)
    })
}

/// Takes the lock; returns whether a thread died that had it.
fn take(walk: &mut Walk<'_>, object: usize) -> Run<Option<bool>> {
    let (lock, id) = (Address::of(object, Part::Lock), walk.id());
    let until = Until { has_deadline: walk.is_impatient(), is_interrupted: false };
    walk.repeat(false, |walk, is_over| {
        let seen = walk.exchange(lock, |seen| {
            Some(if seen & THREAD == 0 { id | seen & ASLEEP } else { seen | ASLEEP })
        })?;
        if seen & THREAD == 0 {
            return Ok(ControlFlow::Break(Some(seen & DIED != 0)));
        }
        if is_over {
            return Ok(ControlFlow::Break(None));
        }
        let ended = kernel::wait(walk, &[(lock, seen | ASLEEP)], until)?;
        if ended.is_over() && walk.makes(Mistake::LeavesAGuardAtOnce) {
            return Ok(ControlFlow::Break(None));
        }
        // It may have been woken for the guard, when its time is over.
        Ok(ControlFlow::Continue(ended.is_over()))
    })
}
