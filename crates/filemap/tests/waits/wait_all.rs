//! Waiting until all objects are signalled, and taking all of them at once.

use std::ops::ControlFlow;

use crate::model::{Kind, Mistake, Patience};
use crate::mutex::{self, Taken};
use crate::sleep::{Look, Sleeps};
use crate::state::{Address, OBJECTS, Part, THREAD, bit_of};
use crate::walk::{Run, Stop, Walk};
use crate::{at_once, guard, kernel, signal};

/// Waits until all objects are signalled at one moment, and takes all of them; `None` if the time is
/// over.
pub(crate) fn wait(walk: &mut Walk<'_>, patience: Patience) -> Run<Option<Taken>> {
    walk.repeat((), |walk, ()| {
        let sleeps = match attempt(walk)? {
            Look::Taken(_, taken) => return Ok(ControlFlow::Break(Some(taken))),
            Look::StartOver => return Ok(ControlFlow::Continue(())),
            Look::Busy => return Ok(ControlFlow::Break(None)),
            Look::None(_) if patience == Patience::Poll => return Ok(ControlFlow::Break(None)),
            Look::None(sleeps) => sleeps,
        };
        let ended = sleeps.sleep(walk, patience)?;
        if let Some(mutex) = sleeps.mutex() {
            hand_on(walk, mutex)?;
            walk.set_pending(None)?;
        }
        if ended.is_over() {
            return Ok(ControlFlow::Break(match attempt(walk)? {
                Look::Taken(_, taken) => Some(taken),
                Look::StartOver | Look::None(_) | Look::Busy => None,
            }));
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Wakes another thread for a mutex that this one may have been woken for, and cannot use yet.
fn hand_on(walk: &mut Walk<'_>, mutex: usize) -> Run<()> {
    if walk.makes(Mistake::HandsNothingOn) {
        return Ok(());
    }
    walk.part(|walk| {
        let lock = Address::of(mutex, Part::Lock);
        if walk.load(lock)? & THREAD == 0 {
            kernel::wake(walk, lock, 1)?;
        }
        Ok(())
    })
}

fn of_kind(walk: &Walk<'_>, mutexes: bool) -> impl DoubleEndedIterator<Item = usize> + use<> {
    let kinds = walk.model.kinds;
    (0..kinds.len()).filter(move |at| (kinds[*at] == Kind::Mutex) == mutexes)
}

/// Takes all objects, if all are signalled.
fn attempt(walk: &mut Walk<'_>) -> Run<Look> {
    walk.part(|walk| {
        let mut held = 0;
        for other in of_kind(walk, false) {
            if !hold(walk, other)? {
                drop_held(walk, held)?;
                return Ok(Look::Busy);
            }
            held += 1;
        }
        let look = walk.part(|walk| attempt_held(walk))?;
        drop_held(walk, held)?;
        Ok(look)
    })
}

/// Gets the guard of an event or a semaphore, and keeps it in the list.
fn hold(walk: &mut Walk<'_>, other: usize) -> Run<bool> {
    walk.part(|walk| {
        if !guard::lock(walk, other)? {
            return Ok(false);
        }
        walk.link(Address::of(other, Part::Lock))?;
        walk.set_pending(None)?;
        Ok(true)
    })
}

/// Gives up the first guards, the newest first.
fn drop_held(walk: &mut Walk<'_>, count: usize) -> Run<()> {
    walk.part(|walk| {
        let held = of_kind(walk, false).enumerate().filter(|(place, _)| *place < count);
        let mut held: Vec<_> = held.map(|(_, object)| object).collect();
        while let Some(object) = held.pop() {
            let lock = Address::of(object, Part::Lock);
            walk.set_pending(Some(lock))?;
            walk.unlink(lock)?;
            guard::unlock(walk, object)?;
        }
        Ok(())
    })
}

/// Looks at all objects, and takes them if all are signalled.
fn attempt_held(walk: &mut Walk<'_>) -> Run<Look> {
    // First the words that are to be slept at, then the question: what changes in between is seen.
    let mut sleeps = Sleeps::default();
    let mut are_free = true;
    if walk.makes(Mistake::JudgesBeforeItReads) {
        for mutex in of_kind(walk, true) {
            are_free &= walk.load(Address::of(mutex, Part::Lock))? & THREAD == 0;
        }
    } else {
        read_mutexes(walk, &mut sleeps)?;
        are_free = sleeps.is_empty();
    }
    let mut are_set = true;
    for other in of_kind(walk, false) {
        are_set &= at_once::load(walk, other)? != 0;
    }
    if !are_free || !are_set {
        if walk.makes(Mistake::JudgesBeforeItReads) {
            read_mutexes(walk, &mut sleeps)?;
        }
        for other in of_kind(walk, false) {
            sleeps.add_news(walk, other)?;
        }
        return Ok(if sleeps.is_empty() { Look::StartOver } else { Look::None(sleeps) });
    }
    let mut owned = [None; OBJECTS];
    for mutex in of_kind(walk, true) {
        match mutex::lock(walk, mutex, Patience::Poll)? {
            Some(taken) => owned[mutex] = Some(taken),
            None => {
                give_back(walk, owned)?;
                return Ok(Look::StartOver);
            }
        }
    }
    commit(walk)?;
    let is_abandoned = owned.contains(&Some(Taken::Abandoned));
    Ok(Look::Taken(0, if is_abandoned { Taken::Abandoned } else { Taken::Free }))
}

fn read_mutexes(walk: &mut Walk<'_>, sleeps: &mut Sleeps) -> Run<()> {
    for mutex in of_kind(walk, true) {
        if let Some(seen) = mutex::busy(walk, mutex)? {
            sleeps.add_mutex(walk, mutex, seen);
        }
    }
    Ok(())
}

/// Gives mutexes back as they were found.
fn give_back(walk: &mut Walk<'_>, owned: [Option<Taken>; OBJECTS]) -> Run<()> {
    for (mutex, taken) in owned.into_iter().enumerate() {
        match taken {
            Some(Taken::Abandoned) if !walk.makes(Mistake::GivesBackUntold) => {
                mutex::unlock_abandoned(walk, mutex)?;
            }
            Some(_) => mutex::unlock(walk, mutex)?,
            None => {}
        }
    }
    Ok(())
}

/// Gives every object the state that is left when this thread has taken its part.
fn commit(walk: &mut Walk<'_>) -> Run<()> {
    walk.part(|walk| {
        let first = walk.part(|walk| Ok(walk.thread().list.len()))?;
        for other in of_kind(walk, false) {
            walk.part(|walk| prepare(walk, other))?;
        }
        if walk.makes(Mistake::CommitsOneByOne) {
            for other in of_kind(walk, false) {
                walk.unlink(Address::of(other, Part::Intent))?;
                walk.note(took_all)?;
            }
        } else {
            walk.cut(first)?;
            walk.note(took_all)?;
        }
        for other in of_kind(walk, false) {
            walk.part(|walk| settle(walk, other))?;
        }
        Ok(())
    })
}

/// All objects that have an intent are taken by now.
fn took_all(state: &mut crate::state::State, me: usize) -> Run<()> {
    for (at, object) in state.objects.iter_mut().enumerate() {
        if object.get(Part::Intent) == crate::state::number_of(me) {
            object.left = object.get(Part::Outcome) - 1;
            state.threads[me].taken |= bit_of(at);
        }
    }
    Ok(())
}

/// Writes what is to be, and who says so, into an object, and puts it in the list.
fn prepare(walk: &mut Walk<'_>, object: usize) -> Run<()> {
    let word = |part| Address::of(object, part);
    let id = walk.id();
    let state = at_once::load(walk, object)?;
    let left = signal::left_after(walk.model.kinds[object], state);
    walk.store(word(Part::Intent), 0)?;
    if walk.makes(Mistake::IntendsBeforeItLinks) {
        walk.store(word(Part::Outcome), left + 1)?;
        walk.store(word(Part::Intent), id)?;
        return walk.link(word(Part::Intent));
    }
    walk.link(word(Part::Intent))?;
    walk.store(word(Part::Outcome), left + 1)?;
    walk.store(word(Part::Intent), id)
}

fn settle(walk: &mut Walk<'_>, object: usize) -> Run<()> {
    let word = |part| Address::of(object, part);
    let after = walk.load(word(Part::Outcome))?;
    let Some(left) = after.checked_sub(1) else {
        return Err(Stop::Wrong("an outcome was taken away"));
    };
    at_once::store(walk, object, left)?;
    walk.store(word(Part::Outcome), 0)?;
    walk.store(word(Part::Intent), 0)
}
