//! Waiting for the first of all objects that is signalled.

use std::ops::ControlFlow;

use crate::model::{Kind, Mistake, Patience};
use crate::mutex::{self, Taken};
use crate::sleep::{Look, Sleeps};
use crate::state::{Address, Part, THREAD};
use crate::walk::{Entry, Run, Walk};
use crate::{at_once, guard, signal};

/// Waits until one of the objects is signalled, and takes the first one that is; `None` if the time is
/// over.
pub(crate) fn wait(walk: &mut Walk<'_>, patience: Patience) -> Run<Option<(usize, Taken)>> {
    let poll = patience == Patience::Poll;
    walk.repeat((), |walk, ()| {
        let sleeps = match look(walk, poll)? {
            Look::Taken(at, taken) => return Ok(ControlFlow::Break(Some((at, taken)))),
            Look::StartOver => return Ok(ControlFlow::Continue(())),
            Look::Busy => return Ok(ControlFlow::Break(None)),
            Look::None(_) if poll => return Ok(ControlFlow::Break(None)),
            Look::None(sleeps) => sleeps,
        };
        let ended = sleeps.sleep(walk, patience)?;
        // A wake-up of the mutex that went to this thread is not to be lost with it.
        if let Some(at) = sleeps.mutex()
            && !walk.makes(Mistake::LooksElsewhereFirst)
            && let Some(taken) = retake(walk, at)?
        {
            return Ok(ControlFlow::Break(Some((at, taken))));
        }
        if ended.is_over() {
            let last = look(walk, true)?;
            return Ok(ControlFlow::Break(match last {
                Look::Taken(at, taken) => Some((at, taken)),
                Look::StartOver | Look::None(_) | Look::Busy => None,
            }));
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Looks at all objects, and takes the first one that is signalled.
fn look(walk: &mut Walk<'_>, poll: bool) -> Run<Look> {
    walk.part(|walk| {
        let count = walk.model.kinds.len();
        match first_signalled(walk, count)? {
            None if poll => return Ok(Look::None(Sleeps::default())),
            Some(at) if walk.model.kinds[at] != Kind::Mutex => {
                if let Some(look) = walk.part(|walk| try_first(walk, at))? {
                    return Ok(look);
                }
            }
            _ => {}
        }
        let mut sleeps = Sleeps::default();
        for at in 0..count {
            let tried = walk.part(|walk| try_one(walk, at))?;
            match tried {
                Look::None(word) => sleeps.add(walk, word),
                other => return Ok(other),
            }
        }
        Ok(Look::None(sleeps))
    })
}

/// Takes the event or the semaphore that looked signalled, unless there is an earlier one by now.
fn try_first(walk: &mut Walk<'_>, at: usize) -> Run<Option<Look>> {
    if !guard::lock(walk, at)? {
        return Ok(Some(Look::Busy));
    }
    let is_set = at_once::load(walk, at)? != 0;
    let is_taken = is_set && first_signalled(walk, at)?.is_none() && signal::take(walk, at)?;
    guard::unlock(walk, at)?;
    Ok(is_taken.then_some(Look::Taken(at, Taken::Free)))
}

/// Takes an object, or returns what to sleep at.
fn try_one(walk: &mut Walk<'_>, at: usize) -> Run<Look> {
    if walk.model.kinds[at] == Kind::Mutex {
        return try_mutex(walk, at);
    }
    if !guard::lock(walk, at)? {
        return Ok(Look::Busy);
    }
    let is_set = at_once::load(walk, at)? != 0;
    let look = if !is_set {
        let mut sleeps = Sleeps::default();
        sleeps.add_news(walk, at)?;
        Look::None(sleeps)
    } else if first_signalled(walk, at)?.is_some() {
        Look::StartOver
    } else {
        signal::take(walk, at)?;
        Look::Taken(at, Taken::Free)
    };
    guard::unlock(walk, at)?;
    Ok(look)
}

fn try_mutex(walk: &mut Walk<'_>, at: usize) -> Run<Look> {
    walk.repeat((), |walk, ()| {
        if let Some(taken) = mutex::lock(walk, at, Patience::Poll)? {
            // What nobody else will be told of abandonment is told.
            if is_to_be_told(walk, taken) || first_signalled(walk, at)?.is_none() {
                return Ok(ControlFlow::Break(Look::Taken(at, taken)));
            }
            mutex::unlock(walk, at)?;
            return Ok(ControlFlow::Break(Look::StartOver));
        }
        Ok(match mutex::busy(walk, at)? {
            Some(seen) => {
                let mut sleeps = Sleeps::default();
                sleeps.add_mutex(walk, at, seen);
                ControlFlow::Break(Look::None(sleeps))
            }
            None => ControlFlow::Continue(()),
        })
    })
}

fn is_to_be_told(walk: &Walk<'_>, taken: Taken) -> bool {
    taken == Taken::Abandoned && !walk.makes(Mistake::GivesBackUntold)
}

/// Takes the mutex that this thread may have been woken for, whose word is pending.
fn retake(walk: &mut Walk<'_>, at: usize) -> Run<Option<Taken>> {
    walk.part(|walk| {
        let Some(taken) = mutex::take(walk, at)? else {
            walk.set_pending(None)?;
            return Ok(None);
        };
        if is_to_be_told(walk, taken) || first_signalled(walk, at)?.is_none() {
            return Ok(Some(taken));
        }
        mutex::unlock(walk, at)?;
        Ok(None)
    })
}

/// Returns the first of so many objects that looks signalled.
fn first_signalled(walk: &mut Walk<'_>, count: usize) -> Run<Option<usize>> {
    walk.part(|walk| {
        for at in 0..count {
            let is_signalled = if walk.model.kinds[at] == Kind::Mutex {
                walk.load(Address::of(at, Part::Lock))? & THREAD == 0
            } else {
                at_once::load(walk, at)? != 0
            };
            if is_signalled {
                return Ok(Some(at));
            }
        }
        Ok(None)
    })
}

impl Entry for usize {
    fn into_entry(self) -> u16 {
        u16::try_from(self).unwrap_or(u16::MAX)
    }

    fn from_entry(entry: u16) -> Self {
        entry.into()
    }
}

impl Entry for (usize, Taken) {
    fn into_entry(self) -> u16 {
        self.0.into_entry() << 1 | self.1.into_entry()
    }

    fn from_entry(entry: u16) -> Self {
        (usize::from_entry(entry >> 1), Taken::from_entry(entry & 1))
    }
}
