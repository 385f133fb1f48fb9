//! Mutexes: one word that has the owner, and a link in the list that the kernel reads when the owner
//! dies.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::Pid;

use crate::sys::platform::futex::{self, Ended, Store};
use crate::sys::platform::waitable::failure::Failure;
use crate::sys::platform::waitable::layout::{ASLEEP, DIED, THREAD};
use crate::sys::platform::waitable::page::Page;
use crate::sys::platform::waitable::patience::Patience;
use crate::sys::platform::waitable::thread::Thread;

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
    page: &Page,
    thread: Thread,
    patience: Patience,
) -> Result<Option<Taken>, Failure> {
    if page.is_mine(thread) || !thread.may_own_more() {
        return again(page, thread).map(Some);
    }
    thread.set_pending(Some(page.lock()));
    if page.lock().replace(0, thread.id()) == Ok(true) {
        gained(page, thread);
        return Ok(Some(Taken::Free));
    }
    lock_slowly(page, thread, patience)
}

#[cold]
fn lock_slowly(page: &Page, thread: Thread, patience: Patience) -> Result<Option<Taken>, Failure> {
    let taken = wait(page, thread, patience);
    if !matches!(taken, Ok(Some(_))) {
        thread.set_pending(None);
    }
    taken
}

/// Takes a mutex once more that the thread owns.
#[cold]
fn again(page: &Page, thread: Thread) -> Result<Taken, Failure> {
    if !page.is_mine(thread) {
        return Err(Failure::TooManyOwned);
    }
    let depth = page.depth().load(Ordering::Relaxed);
    page.depth().store(depth.checked_add(1).ok_or(Failure::Full)?, Ordering::Relaxed);
    Ok(Taken::Free)
}

/// Makes the thread the owner that its number in the word, which is pending, says it is.
#[inline(always)]
fn gained(page: &Page, thread: Thread) {
    page.depth().store(1, Ordering::Relaxed);
    page.owner_id().store(thread.id(), Ordering::Relaxed);
    page.owner().store(thread.serial(), Ordering::Release);
    // SAFETY: the link is in the private page, which stays mapped while the mutex has an owner, and is
    // in no list: no thread of this process owned the mutex.
    #[expect(unsafe_code, reason = "a link in the thread's list")]
    unsafe {
        thread.add_owned(page.lock());
    }
    thread.set_pending(None);
}

/// Takes the mutex if it has no owner. Its word is pending, and stays so if it has one.
///
/// When an owner ends, the C library musl drops the mark that others sleep, and wakes one of them, who
/// may be killed or come too late: so who takes such a mutex sets the mark.
pub(super) fn take(page: &Page, thread: Thread) -> Result<Option<Taken>, Failure> {
    let lock = page.lock();
    loop {
        let seen = lock.load()?;
        if seen & THREAD != 0 {
            return Ok(None);
        }
        let is_abandoned = seen & DIED != 0;
        let mark = if is_abandoned { ASLEEP } else { seen & ASLEEP };
        if lock.replace(seen, thread.id() | mark)? {
            gained(page, thread);
            return Ok(Some(if is_abandoned { Taken::Abandoned } else { Taken::Free }));
        }
    }
}

fn wait(page: &Page, thread: Thread, mut patience: Patience) -> Result<Option<Taken>, Failure> {
    let (lock, mut spins) = (page.lock(), 0);
    loop {
        if let Some(taken) = take(page, thread)? {
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
        let Some(seen) = busy(page)? else { continue };
        page.sleepers().add(1)?;
        let slice = patience.deadline().at_most(OWNER_IS_LOOKED_FOR);
        let ended = futex::wait(lock.address(), seen, slice);
        page.sleepers().add(u32::MAX)?;
        let is_slice_over = ended? == Ended::TimedOut;
        // Whoever may write the page may change it all the time.
        if patience.is_over() {
            // This thread may have been woken for it.
            return take(page, thread);
        }
        if is_slice_over {
            look_for_owner(page)?;
        }
    }
}

/// How long a thread sleeps before it looks whether the owner is still there.
pub(super) const OWNER_IS_LOOKED_FOR: Duration = Duration::from_secs(1);

/// Marks a mutex as abandoned whose owner is no more and was not told of.
///
/// The kernel tells of all ends but one: a thread that is not the first of its process, and executes
/// another program, has the number of the first by the time that its list is gone through.
pub(super) fn look_for_owner(page: &Page) -> Result<(), Failure> {
    let seen = page.lock().load()?;
    let owner = i32::try_from(seen & THREAD).ok().and_then(Pid::from_raw);
    let Some(owner) = owner else { return Ok(()) };
    // The kernel takes the numbers of all threads there, and frees them when they have ended.
    let is_gone = rustix::process::test_kill_process(owner) == Err(Errno::SRCH);
    if is_gone && page.lock().replace(seen, (seen & ASLEEP) | DIED)? {
        futex::wake(page.lock().address(), 1)?;
    }
    Ok(())
}

/// Marks that a thread may sleep at the word of a mutex that has an owner, and returns the word;
/// `None` if it has none.
pub(super) fn busy(page: &Page) -> Result<Option<u32>, Failure> {
    let lock = page.lock();
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
pub(super) fn unlock(page: &Page, thread: Thread) -> Result<(), Failure> {
    if !page.is_mine(thread) || page.depth().load(Ordering::Relaxed) != 1 {
        return unlock_once(page, thread);
    }
    lost(page, thread);
    let freed = match page.lock().replace(thread.id(), 0) {
        Ok(true) => Ok(()),
        Ok(false) => wake(page),
        Err(gone) => Err(gone.into()),
    };
    thread.set_pending(None);
    freed
}

/// Gives a mutex back that the thread keeps after that, if it is its own.
#[cold]
fn unlock_once(page: &Page, thread: Thread) -> Result<(), Failure> {
    if !page.is_mine(thread) {
        return Err(Failure::NotOwner);
    }
    page.depth().fetch_sub(1, Ordering::Relaxed);
    Ok(())
}

/// Gives a mutex back as it was found: its owner had ended.
pub(super) fn unlock_abandoned(page: &Page, thread: Thread) -> Result<(), Failure> {
    lost(page, thread);
    let freed = mark_died(page);
    thread.set_pending(None);
    freed
}

fn mark_died(page: &Page) -> Result<(), Failure> {
    let lock = page.lock();
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
fn lost(page: &Page, thread: Thread) {
    thread.set_pending(Some(page.lock()));
    // SAFETY: the thread owns the mutex, and so has added its link.
    #[expect(unsafe_code, reason = "a link in the thread's list")]
    unsafe {
        thread.remove_owned(page.lock());
    }
    page.owner().store(0, Ordering::Release);
}

/// Frees the word, and wakes one who sleeps there. The mark that others do is only taken away when
/// all are woken.
#[cold]
fn wake(page: &Page) -> Result<(), Failure> {
    let word = page.lock().address();
    if page.sleepers().load()? > 1 {
        if futex::wake_and_store(word, 1, word, Store::HighestBit)? == 0 {
            page.sleepers().store(0)?;
        }
    } else {
        futex::wake_and_store(word, futex::ALL, word, Store::Zero)?;
    }
    Ok(())
}
