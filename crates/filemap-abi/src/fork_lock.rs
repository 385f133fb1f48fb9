//! Locks that are free in a forked child.

use std::any::Any;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a fork waits for a lock. Nobody has one for so long but a thread that forks in a signal
/// handler, which has interrupted that thread itself.
const LIMIT: Duration = Duration::from_secs(2);

/// A lock that a thread takes before it forks, and gives back afterwards, in the child as well: no
/// thread that is not in the child has it there.
#[derive(Debug)]
pub(crate) struct ForkLock<T: 'static> {
    lock: RwLock<T>,
    /// Whether it is in [`ALL`].
    is_known: AtomicBool,
}

/// What a lock is to those who fork.
trait Held: Sync {
    /// Takes the lock, and returns what gives it back.
    fn hold(&'static self) -> Option<Box<dyn Any>>;
}

/// All locks that were used.
static ALL: Mutex<Vec<&'static dyn Held>> = Mutex::new(Vec::new());

thread_local! {
    /// What this thread, which is forking, has taken.
    static TAKEN: Cell<Vec<Box<dyn Any>>> = const { Cell::new(Vec::new()) };
}

// No code under such a lock leaves its value half changed, so a panic does not poison it.
impl<T: Send + Sync> ForkLock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { lock: RwLock::new(value), is_known: AtomicBool::new(false) }
    }

    pub(crate) fn read(&'static self) -> RwLockReadGuard<'static, T> {
        self.know();
        self.lock.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&'static self) -> RwLockWriteGuard<'static, T> {
        self.know();
        self.lock.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the lock known to those who fork, before anybody has it.
    fn know(&'static self) {
        if self.is_known.load(Ordering::Acquire) {
            return;
        }
        // Registered again with each lock, which does no harm: a second call finds all locks taken,
        // or none. Where it fails there is no memory, and no fork either.
        // SAFETY: the functions take nothing, do not unwind, and live as long as the program, or
        // are forgotten when their library is unloaded.
        let _ignored =
            unsafe { libc::pthread_atfork(Some(take_all), Some(give_back), Some(give_back)) };
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread that uses it for the first time may have been here. A lock that is there
        // twice would be waited for by the thread that has it.
        if !self.is_known.swap(true, Ordering::AcqRel) {
            all.push(self);
        }
    }
}

impl<T: Send + Sync> Held for ForkLock<T> {
    fn hold(&'static self) -> Option<Box<dyn Any>> {
        within_limit(|| self.lock.try_write()).map(|guard| Box::new(guard) as Box<dyn Any>)
    }
}

/// Takes a lock, unless that takes too long.
fn within_limit<G>(mut take: impl FnMut() -> Result<G, TryLockError<G>>) -> Option<G> {
    let since = Instant::now();
    loop {
        match take() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(guard)) => return Some(guard.into_inner()),
            Err(TryLockError::WouldBlock) if since.elapsed() > LIMIT => return None,
            Err(TryLockError::WouldBlock) => thread::yield_now(),
        }
    }
}

extern "C" fn take_all() {
    let taken = TAKEN.take();
    if !taken.is_empty() {
        TAKEN.set(taken);
        return;
    }
    let Some(all) = within_limit(|| ALL.try_lock()) else { return };
    let mut taken: Vec<_> = all.iter().filter_map(|lock| lock.hold()).collect();
    taken.push(Box::new(all));
    TAKEN.set(taken);
}

extern "C" fn give_back() {
    drop(TAKEN.take());
}

#[cfg(test)]
mod tests {
    use std::ptr;
    use std::sync::Barrier;

    use super::{ALL, ForkLock, thread};

    #[test]
    fn a_lock_that_several_threads_use_first_is_known_once() -> Result<(), &'static str> {
        static LOCKS: [ForkLock<()>; 1000] = [const { ForkLock::new(()) }; 1000];
        let begin = Barrier::new(2);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for lock in &LOCKS {
                        begin.wait();
                        drop(lock.read());
                    }
                });
            }
        });
        let all = ALL.lock().map_err(|_poisoned| "no thread has failed")?;
        for lock in &LOCKS {
            let known = all.iter().filter(|other| ptr::addr_eq(lock, **other));
            assert_eq!(known.count(), 1);
        }
        Ok(())
    }
}
