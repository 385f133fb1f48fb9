//! Waiting until several objects are all signalled, and taking all of them at once.
//!
//! The thread holds the guards of all events and semaphores, in an order that all threads have, and
//! owns the mutexes. It writes into each object what its state is to be, and puts the words that say
//! who does this (the *intents*) into the list that the kernel reads when a thread dies, all in front
//! of what was there. One store takes them all out of the list: that is when the objects are taken. If
//! the thread dies, the kernel has marked every intent or none, so whoever gets a guard next knows
//! which it was, and is told the same by each of the objects.

#![expect(unsafe_code, reason = "links in the thread's list")]

use std::time::Duration;

use crate::sys::WaitableKind;
use crate::sys::platform::futex::{self, Ended};
use crate::sys::platform::waitable::failure::Failure;
use crate::sys::platform::waitable::guard::Guard;
use crate::sys::platform::waitable::layout::THREAD;
use crate::sys::platform::waitable::line::Line;
use crate::sys::platform::waitable::mutex::{self, Taken};
use crate::sys::platform::waitable::page::Page;
use crate::sys::platform::waitable::patience::Patience;
use crate::sys::platform::waitable::sleep::Sleeps;
use crate::sys::platform::waitable::thread::Thread;
use crate::sys::platform::waitable::{signal, state};

/// What one attempt came to.
enum Attempt<'pages> {
    Taken(Taken),
    /// A mutex was taken by somebody else in between.
    StartOver,
    /// Not all are signalled: what to sleep at.
    NotAll(Sleeps<'pages>),
}

/// Waits until all objects are signalled at one moment, and takes all of them; `None` if the time is
/// over. They are different objects.
///
/// # Errors
///
/// After one, none was taken.
pub(super) fn wait(
    pages: &[&Page],
    thread: Thread,
    patience: Patience,
) -> Result<Option<Taken>, Failure> {
    // In an order that all threads have, so that none waits for another in a circle.
    let mut others: Vec<_> =
        pages.iter().copied().filter(|page| page.kind() != WaitableKind::Mutex).collect();
    others.sort_by_key(|page| page.identity());
    let mutexes: Vec<_> =
        pages.iter().copied().filter(|page| page.kind() == WaitableKind::Mutex).collect();
    let (poll, mut patience) = (patience.is_none(), patience.with_a_change());
    loop {
        let attempted = match attempt(&mutexes, &others, thread, &mut patience) {
            // The time is over, and somebody is in the middle of a change.
            Err(Failure::Busy) if !poll => return Ok(None),
            attempted => attempted?,
        };
        let sleeps = match attempted {
            Attempt::Taken(taken) => return Ok(Some(taken)),
            Attempt::StartOver if patience.is_over() => return Ok(None),
            Attempt::StartOver => continue,
            Attempt::NotAll(_) if poll => return Ok(None),
            Attempt::NotAll(sleeps) => sleeps,
        };
        let deadline = patience.deadline();
        let ended = sleeps.sleep(thread, deadline);
        if let Some((_, mutex)) = sleeps.mutex() {
            let handed_on = hand_on(mutex);
            thread.set_pending(None);
            handed_on?;
        }
        if (ended? == Ended::TimedOut && deadline.is_past()) || patience.is_over() {
            return match attempt(&mutexes, &others, thread, &mut Patience::none()) {
                Ok(Attempt::Taken(taken)) => Ok(Some(taken)),
                Ok(Attempt::StartOver | Attempt::NotAll(_)) | Err(Failure::Busy) => Ok(None),
                Err(failure) => Err(failure),
            };
        }
    }
}

/// Wakes another thread for a mutex that this one may have been woken for, and cannot use yet.
fn hand_on(mutex: &Line) -> Result<(), Failure> {
    if mutex.lock().load()? & THREAD == 0 {
        futex::wake(mutex.lock().address(), 1)?;
    }
    Ok(())
}

/// Takes all objects, if all are signalled.
fn attempt<'pages>(
    mutexes: &[&'pages Page],
    others: &[&'pages Page],
    thread: Thread,
    patience: &mut Patience,
) -> Result<Attempt<'pages>, Failure> {
    let held = Held::lock(others, thread, patience)?;
    // First the words that are to be slept at, then the question: what changes in between is seen.
    let mut sleeps = Sleeps::default();
    for (at, mutex) in mutexes.iter().enumerate() {
        if !mutex.is_mine(thread)
            && let Some(seen) = mutex::busy(mutex)?
        {
            sleeps.add_mutex(at, mutex, seen);
        }
    }
    let mut are_set = true;
    for other in others {
        are_set &= state::load(other)? != 0;
    }
    if !sleeps.is_empty() || !are_set {
        for other in others {
            sleeps.add_news(other)?;
        }
        return Ok(Attempt::NotAll(sleeps));
    }
    let mut owned = Owned::new(thread);
    for mutex in mutexes {
        if !owned.take(mutex)? {
            return Ok(Attempt::StartOver);
        }
    }
    held.commit()?;
    Ok(Attempt::Taken(owned.keep()))
}

/// The guards of all events and semaphores, each in the thread's list.
struct Held<'pages> {
    pages: &'pages [&'pages Page],
    thread: Thread,
    /// How many of them are held.
    count: usize,
}

impl<'pages> Held<'pages> {
    fn lock(
        pages: &'pages [&'pages Page],
        thread: Thread,
        patience: &mut Patience,
    ) -> Result<Self, Failure> {
        let mut held = Self { pages, thread, count: 0 };
        for page in pages {
            let guard = Guard::lock(page, thread, patience)?;
            // SAFETY: the link is in the private page, which is mapped while the object is borrowed.
            unsafe { thread.add_passing(page.lock()) };
            guard.keep();
            held.count += 1;
        }
        Ok(held)
    }

    /// Gives every object the state that is left when this thread has taken its part.
    fn commit(&self) -> Result<(), Failure> {
        let first = self.thread.first();
        let prepared = self.prepare();
        // This takes all objects, or, if they could not all be prepared, gives up.
        if prepared.is_ok() {
            self.thread.set_first(first);
        }
        for page in self.pages {
            let outcome = page.outcome();
            let after = outcome.load();
            if let (Ok(()), Ok(after)) = (&prepared, after)
                && after != 0
            {
                let _gone = state::store(page, after - 1);
            }
            let _gone = outcome.store(0);
            let _gone = page.intent().store(0);
        }
        if prepared.is_err() {
            self.thread.set_first(first);
        }
        prepared
    }

    /// Writes what is to be, and who says so, into each object, and puts it in the list.
    fn prepare(&self) -> Result<(), Failure> {
        for page in self.pages {
            let left = signal::left_after(page.kind(), state::load(page)?);
            page.intent().store(0)?;
            // SAFETY: as in `lock`; `commit` takes it out.
            unsafe { self.thread.add_passing(page.intent()) };
            page.outcome().store(left.wrapping_add(1))?;
            page.intent().store(self.thread.id())?;
        }
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // The newest first; mutexes that were taken since are in front of them.
        for page in self.pages[..self.count].iter().rev() {
            self.thread.set_pending(Some(page.lock()));
            // SAFETY: `lock` has added it.
            unsafe { self.thread.remove_passing(page.lock()) };
            drop(Guard::kept(page, self.thread));
        }
    }
}

/// The mutexes that were taken, which are given back unless they are kept.
struct Owned<'pages> {
    thread: Thread,
    taken: Vec<(&'pages Page, Taken)>,
}

impl<'pages> Owned<'pages> {
    fn new(thread: Thread) -> Self {
        Self { thread, taken: Vec::new() }
    }

    /// Takes one more; returns false if somebody else was faster.
    fn take(&mut self, page: &'pages Page) -> Result<bool, Failure> {
        let taken = mutex::lock(page, self.thread, Patience::For(Some(Duration::ZERO)))?;
        self.taken.extend(taken.map(|taken| (page, taken)));
        Ok(taken.is_some())
    }

    /// Keeps them, and returns whether one was abandoned.
    fn keep(mut self) -> Taken {
        let taken = std::mem::take(&mut self.taken);
        let is_abandoned = taken.iter().any(|(_, taken)| *taken == Taken::Abandoned);
        if is_abandoned { Taken::Abandoned } else { Taken::Free }
    }
}

impl Drop for Owned<'_> {
    fn drop(&mut self) {
        for (page, taken) in &self.taken {
            // What nobody was told of abandonment is told to the next one.
            let _ignored = match taken {
                Taken::Free => mutex::unlock(page, self.thread),
                Taken::Abandoned => mutex::unlock_abandoned(page, self.thread),
            };
        }
    }
}
