//! What objects promise, as checks of a state.

use crate::model::{Kind, Model, Operation};
use crate::state::{Address, DIED, Next, Part, State, THREAD, THREADS, Thread, bit_of, number_of};
use crate::walk::{Run, Stop, Walk};

/// A wait returns: nothing, or these objects and whether it tells of abandonment. What was taken for
/// the thread is that, no more and no less.
pub(crate) fn kept(walk: &mut Walk<'_>, satisfied: Option<(u8, bool)>) -> Run<()> {
    let (objects, tells) = satisfied.unwrap_or_default();
    let mut signals = 0;
    for (object, kind) in walk.model.kinds.iter().enumerate() {
        if *kind != Kind::Mutex {
            signals |= objects & bit_of(object);
        }
    }
    walk.note(|state, me| {
        let me = &mut state.threads[me];
        if std::mem::take(&mut me.taken) != signals {
            return Err(Stop::Wrong("a wait returns another thing than was taken for it"));
        }
        if objects & !signals & !me.owns != 0 {
            return Err(Stop::Wrong("a wait returns a mutex that the thread does not own"));
        }
        if tells != (me.untold != 0) {
            return Err(Stop::Wrong("abandonment is not told, or told of nothing"));
        }
        me.untold = 0;
        Ok(())
    })
}

/// A change returns that put nothing into a semaphore.
pub(crate) fn put_nothing(walk: &mut Walk<'_>) -> Run<()> {
    walk.note(|state, me| {
        state.threads[me].put = 0;
        Ok(())
    })
}

/// Nothing is lost, and nothing is made: while nobody changes an object, its state is what was put into
/// it and not taken. A wait for all has taken of all, or of none.
pub fn nothing_is_lost(model: &Model, state: &State) -> Option<&'static str> {
    for (object, kind) in state.objects.iter().zip(model.kinds) {
        let lock = object.get(Part::Lock);
        if *kind == Kind::Mutex || lock & THREAD != 0 {
            continue;
        }
        if object.found() != object.left {
            return Some("an object is left with another state than was put into it");
        }
        if lock & DIED == 0 && object.get(Part::Outcome) != 0 {
            return Some("a wait for all is left undone");
        }
    }
    None
}

/// Where nothing more happens, nobody sleeps who should run.
pub fn nobody_is_left_asleep(model: &Model, state: &State) -> Option<&'static str> {
    for (me, thread) in state.threads.iter().enumerate() {
        if thread.next == Next::Nothing {
            continue;
        }
        if let Some(wrong) = is_left_asleep(model, state, (me, thread)) {
            return Some(wrong);
        }
        if model.ends && state.kills == 0 {
            return Some("a program does not come to its end");
        }
    }
    None
}

fn is_left_asleep(
    model: &Model,
    state: &State,
    (me, thread): (usize, &Thread),
) -> Option<&'static str> {
    let operation = model.operation(me, thread.done.into())?;
    if operation == Operation::WhenOthersSleep {
        return None;
    }
    if thread.next != Next::Asleep {
        return Some("a thread cannot go on");
    }
    let is_queued = |object, part| thread.queued & Address::of(object, part).bit() != 0;
    let is_signalled = |object: usize| match model.kinds[object] {
        Kind::Mutex => !is_owned(state, object),
        _ => state.objects[object].found() != 0,
    };
    let count = model.kinds.len();
    for object in 0..count {
        let is_guard = model.kinds[object] != Kind::Mutex;
        if is_guard && is_queued(object, Part::Lock) {
            return Some("a thread sleeps for ever at a guard");
        }
    }
    let is_left = if matches!(operation, Operation::All(_)) {
        (0..count).all(is_signalled)
    } else {
        let parts = [Part::Lock, Part::Turn, Part::News];
        let sleeps_at = |object| parts.into_iter().any(|part| is_queued(object, part));
        (0..count).any(|object| sleeps_at(object) && is_signalled(object))
    };
    is_left.then_some("a thread sleeps for ever that should have been woken")
}

/// Returns whether a thread that lives owns the mutex.
fn is_owned(state: &State, object: usize) -> bool {
    let owner = state.objects[object].get(Part::Lock) & THREAD;
    (0..THREADS).any(|thread| {
        number_of(thread) == owner && state.threads[thread].owns & bit_of(object) != 0
    })
}
