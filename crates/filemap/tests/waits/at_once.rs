//! The state of an event or a semaphore: `state.rs` of the library.

use crate::model::Mistake;
use crate::state::{Address, Part, WATCHED, Word};
use crate::walk::{Run, Step, Walk};

fn word(object: usize, part: Part) -> Address {
    Address::of(object, part)
}

/// Returns the state.
pub(crate) fn load(walk: &mut Walk<'_>, object: usize) -> Run<Word> {
    Ok(walk.load(word(object, Part::State))? & !WATCHED)
}

/// Stores the state, under the guard: it stays watched if anybody may sleep.
pub(crate) fn store(walk: &mut Walk<'_>, object: usize, state: Word) -> Run<()> {
    walk.part(|walk| {
        let is_watched = walk.load(word(object, Part::Waiters))? != 0
            || walk.load(word(object, Part::Observers))? != 0;
        let mark = if is_watched { WATCHED } else { 0 };
        walk.store(word(object, Part::State), state | mark)
    })
}

/// Has all changes be made under the guard from now on.
pub(crate) fn watch(walk: &mut Walk<'_>, object: usize) -> Run<()> {
    if walk.makes(Mistake::SleepsUnwatched) {
        return Ok(());
    }
    walk.part(|walk| {
        let state = walk.load(word(object, Part::State))?;
        walk.store(word(object, Part::State), state | WATCHED)
    })
}

/// Changes the state in one step, and returns true; false if that takes the guard.
///
/// The library looks at the state first, which decides nothing.
pub(crate) fn change(
    walk: &mut Walk<'_>,
    object: usize,
    change: impl FnOnce(Word) -> Option<Word>,
    then: impl FnOnce(&mut Walk<'_>) -> Run<()>,
) -> Run<bool> {
    walk.part(|walk| {
        let (lock, state) = (word(object, Part::Lock), word(object, Part::State));
        let is_changed = walk.act(Step::Exchange(state), |walk| {
            let (owner, seen) = (walk.state.get(lock), walk.state.get(state));
            let is_free = owner == 0 || walk.makes(Mistake::ChangesUnderAGuard);
            let changed = change(seen).filter(|_| is_free && seen & WATCHED == 0);
            if let Some(changed) = changed {
                walk.state.set(state, changed);
            }
            Ok(changed.is_some())
        })?;
        if is_changed {
            walk.note(|all, _| {
                all.objects[object].left = all.objects[object].get(Part::State);
                Ok(())
            })?;
            then(walk)?;
        }
        Ok(is_changed)
    })
}
