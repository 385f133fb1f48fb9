//! Whether an event is set, and the count of a semaphore: a word beside the guard's.
//!
//! Its highest bit, *watched*, says that threads may sleep who are to be woken for a change. Guard and
//! state are one number of 64 bits as well: while nobody has the guard and the state is not watched,
//! the state is changed by one instruction, without the guard.

use crate::sys::platform::waitable::line::Line;
use crate::sys::platform::waitable::word::Gone;

/// Of the state's word: a thread may sleep at the object's turn or at its news.
pub(super) const WATCHED: u32 = 0x8000_0000;

/// Returns the state.
#[inline(always)]
pub(super) fn load(line: &Line) -> Result<u32, Gone> {
    Ok(line.state().load()? & !WATCHED)
}

/// Stores the state, under the guard: it stays watched if anybody may sleep.
pub(super) fn store(line: &Line, state: u32) -> Result<(), Gone> {
    let is_watched = line.waiters().load()? != 0 || line.observers().load()? != 0;
    line.state().store(if is_watched { state | WATCHED } else { state })
}

/// Has all changes be made under the guard from now on, which the calling thread has: before it marks
/// that it may sleep.
pub(super) fn watch(line: &Line) -> Result<(), Gone> {
    line.state().store(line.state().load()? | WATCHED)
}

/// Changes the state in one step, and returns true; false if that takes the guard, or if `change` has
/// no state for the one that there is.
#[inline(always)]
pub(super) fn change_at_once(
    line: &Line,
    change: impl FnOnce(u32) -> Option<u32>,
) -> Result<bool, Gone> {
    let state = line.state().load()?;
    if state & WATCHED != 0 {
        return Ok(false);
    }
    let Some(changed) = change(state) else { return Ok(false) };
    let nobody = 0;
    line.lock_and_state().replace((nobody, state), (nobody, changed))
}
