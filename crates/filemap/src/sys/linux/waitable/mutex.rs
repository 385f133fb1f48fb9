//! Mutexes: one word that has the owner, and a link in the list that the kernel reads when the owner
//! dies.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::Pid;

use crate::sys::platform::futex::{self, Ended, Store};
use crate::sys::platform::waitable::failure::Failure;
use crate::sys::platform::waitable::layout::{ASLEEP, DIED, THREAD};
use crate::sys::platform::waitable::line::Line;
use crate::sys::platform::waitable::patience::Patience;
use crate::sys::platform::waitable::thread::Thread;
use crate::sys::platform::waitable::word::Gone;

/// How a thread came to own a mutex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It was free, or the thread's already.
    Free,
    /// Its owner had ended.
    Abandoned,
}

/// How often a thread looks again before it sleeps.
const SPINS: u32 = 60;

/// Waits for the mutex; `None` if the time is over.
#[inline(always)]
pub(super) fn lock(
    line: &Line,
    thread: Thread,
    patience: Patience,
) -> Result<Option<Taken>, Failure> {
    if lock_at_once(line, thread) {
        return Ok(Some(Taken::Free));
    }
    lock_slowly(line, thread, patience)
}

/// Takes a mutex that nobody owns and where nobody sleeps; returns false of any other.
#[inline(always)]
pub(super) fn lock_at_once(line: &Line, thread: Thread) -> bool {
    // If a thread of this process owned it and ended, the depth is that thread's.
    if line.owner().load(Ordering::Relaxed) != 0 || !thread.may_own_more() {
        return false;
    }
    thread.set_pending(Some(line.lock()));
    let is_taken = line.lock().replace(0, thread.id()) == Ok(true);
    if is_taken {
        gained(line, thread);
    }
    is_taken
}

/// Waits for a mutex that could not be taken at once.
#[cold]
pub(super) fn lock_slowly(
    line: &Line,
    thread: Thread,
    patience: Patience,
) -> Result<Option<Taken>, Failure> {
    if line.is_mine(thread) || !thread.may_own_more() {
        return again(line, thread).map(Some);
    }
    thread.set_pending(Some(line.lock()));
    let taken = wait(line, thread, patience);
    if !matches!(taken, Ok(Some(_))) {
        thread.set_pending(None);
    }
    taken
}

/// Takes a mutex once more that the thread owns.
fn again(line: &Line, thread: Thread) -> Result<Taken, Failure> {
    if !line.is_mine(thread) {
        return Err(Failure::TooManyOwned);
    }
    let depth = line.depth().load(Ordering::Relaxed);
    line.depth().store(depth.checked_add(1).ok_or(Failure::Full)?, Ordering::Relaxed);
    Ok(Taken::Free)
}

/// Makes the thread the owner that its number in the word, which is pending, says it is.
#[inline(always)]
fn gained(line: &Line, thread: Thread) {
    line.owner().store(thread.key(), Ordering::Release);
    // SAFETY: the link is in the private page, which stays mapped while the mutex has an owner, and is
    // in no list: no thread of this process owned the mutex.
    #[expect(unsafe_code, reason = "a link in the thread's list")]
    unsafe {
        thread.add_owned(line.lock());
    }
    thread.set_pending(None);
}

/// Takes the mutex if it has no owner. Its word is pending, and stays so if it has one.
///
/// When an owner ends, the C library musl drops the mark that others sleep, and wakes one of them, who
/// may be killed or come too late: so who takes such a mutex sets the mark.
pub(super) fn take(line: &Line, thread: Thread) -> Result<Option<Taken>, Failure> {
    let lock = line.lock();
    loop {
        let seen = lock.load()?;
        if seen & THREAD != 0 {
            return Ok(None);
        }
        let is_abandoned = seen & DIED != 0;
        let mark = if is_abandoned { ASLEEP } else { seen & ASLEEP };
        if lock.replace(seen, thread.id() | mark)? {
            line.depth().store(0, Ordering::Relaxed);
            gained(line, thread);
            return Ok(Some(if is_abandoned { Taken::Abandoned } else { Taken::Free }));
        }
    }
}

fn wait(line: &Line, thread: Thread, mut patience: Patience) -> Result<Option<Taken>, Failure> {
    let (lock, mut spins) = (line.lock(), 0);
    loop {
        if let Some(taken) = take(line, thread)? {
            return Ok(Some(taken));
        }
        if patience.is_none() {
            return Ok(None);
        }
        if spins < SPINS {
            spins += 1;
            std::hint::spin_loop();
            continue;
        }
        let Some(seen) = busy(line)? else { continue };
        line.sleepers().add(1)?;
        let slice = patience.deadline().at_most(OWNER_IS_LOOKED_FOR);
        let ended = futex::wait(lock.address(), seen, slice);
        line.sleepers().add(u32::MAX)?;
        let is_slice_over = ended? == Ended::TimedOut;
        // Whoever may write the page may change it all the time.
        if patience.is_over() {
            // This thread may have been woken for it.
            return take(line, thread);
        }
        if is_slice_over {
            look_for_owner(line)?;
        }
    }
}

/// How long a thread sleeps before it looks whether the owner is still there.
pub(super) const OWNER_IS_LOOKED_FOR: Duration = Duration::from_secs(1);

/// Marks a mutex as abandoned whose owner is no more and was not told of.
///
/// The kernel tells of all ends but one: a thread that is not the first of its process, and executes
/// another program, has the number of the first by the time that its list is gone through.
pub(super) fn look_for_owner(line: &Line) -> Result<(), Failure> {
    let seen = line.lock().load()?;
    let owner = i32::try_from(seen & THREAD).ok().and_then(Pid::from_raw);
    let Some(owner) = owner else { return Ok(()) };
    // The kernel takes the numbers of all threads there, and frees them when they have ended.
    let is_gone = rustix::process::test_kill_process(owner) == Err(Errno::SRCH);
    if is_gone && line.lock().replace(seen, (seen & ASLEEP) | DIED)? {
        futex::wake(line.lock().address(), 1)?;
    }
    Ok(())
}

/// Marks that a thread may sleep at the word of a mutex that has an owner, and returns the word;
/// `None` if it has none.
pub(super) fn busy(line: &Line) -> Result<Option<u32>, Failure> {
    let lock = line.lock();
    loop {
        let seen = lock.load()?;
        if seen & THREAD == 0 {
            return Ok(None);
        }
        if seen & ASLEEP != 0 || lock.replace(seen, seen | ASLEEP)? {
            return Ok(Some(seen | ASLEEP));
        }
    }
}

/// Gives the mutex back once.
#[inline(always)]
pub(super) fn unlock(line: &Line, thread: Thread) -> Result<(), Failure> {
    if !line.is_mine(thread) || line.depth().load(Ordering::Relaxed) != 0 {
        return unlock_once(line, thread);
    }
    lost(line, thread);
    let freed = line.lock().replace(thread.id(), 0);
    if freed != Ok(true) {
        return unlock_slowly(line, thread, freed);
    }
    thread.set_pending(None);
    Ok(())
}

/// Frees the word, which is pending, and could not be exchanged for that.
#[cold]
fn unlock_slowly(line: &Line, thread: Thread, freed: Result<bool, Gone>) -> Result<(), Failure> {
    let freed = freed.map_err(Failure::from).and_then(|_| wake(line));
    thread.set_pending(None);
    freed
}

/// Gives a mutex back that the thread keeps after that, if it is its own.
#[cold]
fn unlock_once(line: &Line, thread: Thread) -> Result<(), Failure> {
    if !line.is_mine(thread) {
        return Err(Failure::NotOwner);
    }
    line.depth().fetch_sub(1, Ordering::Relaxed);
    Ok(())
}

/// Gives a mutex back as it was found: its owner had ended.
pub(super) fn unlock_abandoned(line: &Line, thread: Thread) -> Result<(), Failure> {
    lost(line, thread);
    let freed = mark_died(line);
    thread.set_pending(None);
    freed
}

fn mark_died(line: &Line) -> Result<(), Failure> {
    let lock = line.lock();
    loop {
        let seen = lock.load()?;
        if lock.replace(seen, (seen & ASLEEP) | DIED)? {
            if seen & ASLEEP != 0 {
                futex::wake(lock.address(), 1)?;
            }
            return Ok(());
        }
    }
}

/// Makes the thread the owner no more: its number is in the word yet, which is pending.
#[inline(always)]
fn lost(line: &Line, thread: Thread) {
    thread.set_pending(Some(line.lock()));
    // SAFETY: the thread owns the mutex, and so has added its link.
    #[expect(unsafe_code, reason = "a link in the thread's list")]
    unsafe {
        thread.remove_owned(line.lock());
    }
    line.owner().store(0, Ordering::Release);
}

/// Frees the word, and wakes one who sleeps there. The mark that others do is only taken away when
/// all are woken.
fn wake(line: &Line) -> Result<(), Failure> {
    let word = line.lock().address();
    if line.sleepers().load()? > 1 {
        if futex::wake_and_store(word, 1, word, Store::HighestBit)? == 0 {
            line.sleepers().store(0)?;
        }
    } else {
        futex::wake_and_store(word, futex::ALL, word, Store::Zero)?;
    }
    Ok(())
}
