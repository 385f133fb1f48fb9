//! Mutexes: one word that has the owner, and a link in the list that the kernel reads when the owner
//! dies.

use std::ops::ControlFlow;

use crate::kernel::{self, Until};
use crate::model::{Mistake, Patience};
use crate::state::{ASLEEP, Address, DIED, Part, State, THREAD, Word, bit_of};
use crate::walk::{Entry, Run, Stop, Walk};

/// How a thread came to own a mutex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Free,
    /// Its owner had ended.
    Abandoned,
}

fn word(object: usize) -> Address {
    Address::of(object, Part::Lock)
}

/// Returns whether the calling thread owns the mutex, by what it knows itself.
pub(crate) fn is_mine(walk: &mut Walk<'_>, object: usize) -> Run<bool> {
    walk.part(|walk| Ok(walk.thread().owns & bit_of(object) != 0))
}

/// Waits for the mutex; `None` if the time is over. The thread does not own it.
pub(crate) fn lock(walk: &mut Walk<'_>, object: usize, patience: Patience) -> Run<Option<Taken>> {
    walk.part(|walk| {
        walk.set_pending(Some(word(object)))?;
        let taken = if patience == Patience::Poll {
            take(walk, object)?
        } else {
            wait(walk, object, patience)?
        };
        if taken.is_none() {
            walk.set_pending(None)?;
        }
        Ok(taken)
    })
}

/// Makes the thread the owner that its number in the word says it is.
fn gained(walk: &mut Walk<'_>, object: usize, seen: Word) -> Run<()> {
    walk.note(|state, me| own(state, me, object, seen))?;
    walk.link(word(object))?;
    walk.set_pending(None)
}

fn own(state: &mut State, me: usize, object: usize, seen: Word) -> Run<()> {
    let bit = bit_of(object);
    if state.threads.iter().any(|thread| thread.owns & bit != 0) {
        return Err(Stop::Wrong("a mutex has two owners"));
    }
    let is_untold = std::mem::take(&mut state.objects[object].untold);
    if is_untold != (seen & DIED != 0) {
        return Err(Stop::Wrong("abandonment is told twice, or never"));
    }
    let me = &mut state.threads[me];
    me.owns |= bit;
    me.untold |= if is_untold { bit } else { 0 };
    Ok(())
}

/// Takes the mutex if it has no owner. Its word is pending, and stays so if it has one.
///
/// A word that says that its owner died has no mark that others sleep, if musl wrote it.
pub(crate) fn take(walk: &mut Walk<'_>, object: usize) -> Run<Option<Taken>> {
    walk.part(|walk| {
        let id = walk.id();
        let is_trusting = walk.makes(Mistake::TrustsTheDead);
        let mark = |seen| if seen & DIED != 0 && !is_trusting { ASLEEP } else { 0 };
        let new = |seen| (seen & THREAD == 0).then_some(id | seen & ASLEEP | mark(seen));
        let seen = walk.exchange(word(object), new)?;
        if seen & THREAD != 0 {
            return Ok(None);
        }
        gained(walk, object, seen)?;
        Ok(Some(if seen & DIED != 0 { Taken::Abandoned } else { Taken::Free }))
    })
}

fn wait(walk: &mut Walk<'_>, object: usize, patience: Patience) -> Run<Option<Taken>> {
    let until = Until {
        has_deadline: patience == Patience::Timed,
        is_interrupted: walk.model.is_interrupted,
    };
    walk.repeat((), |walk, ()| {
        if let Some(taken) = take(walk, object)? {
            return Ok(ControlFlow::Break(Some(taken)));
        }
        let Some(seen) = busy(walk, object)? else {
            return Ok(ControlFlow::Continue(()));
        };
        let ended = kernel::wait(walk, &[(word(object), seen)], until)?;
        if ended.is_over() {
            // It may have been woken for it.
            let leaves = walk.makes(Mistake::LeavesAtOnce);
            return Ok(ControlFlow::Break(if leaves { None } else { take(walk, object)? }));
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Marks that a thread may sleep at the word of a mutex that has an owner, and returns the word;
/// `None` if it has none.
pub(crate) fn busy(walk: &mut Walk<'_>, object: usize) -> Run<Option<Word>> {
    let mark = |seen| (seen & THREAD != 0).then_some(seen | ASLEEP);
    let seen = walk.exchange(word(object), mark)?;
    Ok(mark(seen))
}

/// Gives the mutex back, if the thread owns it.
pub(crate) fn unlock(walk: &mut Walk<'_>, object: usize) -> Run<()> {
    walk.part(|walk| {
        if !is_mine(walk, object)? {
            return Ok(());
        }
        lost(walk, object)?;
        let (word, id) = (word(object), walk.id());
        if walk.makes(Mistake::FreesBeforeItWakes) {
            let seen = walk.exchange(word, |_| Some(0))?;
            gave_back(walk, object, false)?;
            if seen & ASLEEP != 0 {
                kernel::wake(walk, word, 1)?;
            }
            return walk.set_pending(None);
        }
        let seen = walk.exchange(word, |seen| (seen == id).then_some(0))?;
        if seen == id {
            gave_back(walk, object, false)?;
        } else {
            wake(walk, object)?;
        }
        walk.set_pending(None)
    })
}

/// Gives a mutex back as it was found: its owner had ended.
pub(crate) fn unlock_abandoned(walk: &mut Walk<'_>, object: usize) -> Run<()> {
    walk.part(|walk| {
        lost(walk, object)?;
        let seen = walk.exchange(word(object), |seen| Some(seen & ASLEEP | DIED))?;
        gave_back(walk, object, true)?;
        if seen & ASLEEP != 0 {
            kernel::wake(walk, word(object), 1)?;
        }
        walk.set_pending(None)
    })
}

fn lost(walk: &mut Walk<'_>, object: usize) -> Run<()> {
    walk.set_pending(Some(word(object)))?;
    walk.unlink(word(object))
}

/// Frees the word, and wakes one who sleeps there. The mark that others do is only taken away when
/// all are woken.
fn wake(walk: &mut Walk<'_>, object: usize) -> Run<()> {
    let word = word(object);
    // What the count of sleepers says is about right.
    let keeps_mark = walk.act(crate::walk::Step::Load(word), |walk| Ok(walk.choose(2) != 0))?;
    let value = if keeps_mark && !walk.makes(Mistake::DropsTheMark) { ASLEEP } else { 0 };
    let count = if keeps_mark { 1 } else { kernel::ALL };
    kernel::wake_and_store(walk, word, count, (word, value))?;
    gave_back(walk, object, false)
}

/// The thread is the owner no more.
fn gave_back(walk: &mut Walk<'_>, object: usize, as_found: bool) -> Run<()> {
    walk.note(|state, me| {
        let (me, bit) = (&mut state.threads[me], bit_of(object));
        me.owns &= !bit;
        let was_untold = me.untold & bit != 0;
        me.untold &= !bit;
        state.objects[object].untold = as_found && was_untold;
        if was_untold && !as_found {
            return Err(Stop::Wrong("abandonment was told to nobody"));
        }
        Ok(())
    })
}

impl Entry for Taken {
    fn into_entry(self) -> u16 {
        u16::from(self == Self::Abandoned)
    }

    fn from_entry(entry: u16) -> Self {
        if entry == 0 { Self::Free } else { Self::Abandoned }
    }
}
