//! A mutex that processes share.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::time::Duration;

use crate::model::waitable::handle::{Handle, handle_methods};
use crate::model::waitable::options::WaitableOptions;
use crate::sys::{Initial, Satisfied, WaitableContract as _};
use crate::types::{ObjectKind, Result};

/// A mutex that one thread of any process owns at a time, and that is never locked for ever: if its
/// owner ends, in whatever way, the next one gets it and is told.
///
/// A thread that owns it may lock it again, and gives it back as often as it has locked it. A forked
/// child owns nothing of what its parent owns.
///
/// ```
/// use filemap::{Locked, Mutex};
///
/// let mutex = Mutex::create(&format!("Local\\one-at-a-time-{}", std::process::id()))?;
/// match mutex.lock()? {
///     Locked::Consistent(_guard) => { /* what it protects is as its last owner left it */ }
///     Locked::Abandoned(_guard) => { /* its last owner ended in the middle: check it first */ }
/// }
/// assert!(mutex.try_lock()?.is_some());
/// # Ok::<(), filemap::Error>(())
/// ```
///
/// # Signals
///
/// Not for signal handlers: a handler that interrupts an operation on the same object would wait for
/// its own thread.
#[derive(Debug)]
#[doc(alias = "CreateMutex")]
#[doc(alias = "OpenMutex")]
pub struct Mutex {
    handle: Handle,
}

handle_methods!(Mutex, ObjectKind::Mutex, "a mutex", Self::options());

impl Mutex {
    /// Returns options for a new mutex.
    #[must_use]
    pub fn options() -> WaitableOptions<Self> {
        WaitableOptions::new(Initial::Mutex)
    }

    /// Waits until no other thread owns the mutex, and takes it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Lost`](crate::ErrorKind::Lost) if its memory was cut off;
    /// [`ErrorKind::NoResources`](crate::ErrorKind::NoResources) if the thread owns 1800 mutexes.
    #[doc(alias = "WaitForSingleObject")]
    pub fn lock(&self) -> Result<Locked<'_>> {
        if self.handle.object.lock_at_once() {
            return Ok(self.locked(Satisfied::Signalled));
        }
        self.handle.wait_slowly().map(|satisfied| self.locked(satisfied))
    }

    /// Takes the mutex if no other thread owns it.
    ///
    /// # Errors
    ///
    /// Those of [`lock`](Self::lock).
    pub fn try_lock(&self) -> Result<Option<Locked<'_>>> {
        self.lock_for(Duration::ZERO)
    }

    /// Waits so long at most; `None` if another thread owns the mutex then.
    ///
    /// # Errors
    ///
    /// Those of [`lock`](Self::lock).
    pub fn lock_for(&self, time: Duration) -> Result<Option<Locked<'_>>> {
        if self.handle.object.lock_at_once() {
            return Ok(Some(self.locked(Satisfied::Signalled)));
        }
        let satisfied = self.handle.wait_slowly_for(time)?;
        Ok(satisfied.map(|satisfied| self.locked(satisfied)))
    }

    /// Gives the mutex back once that the calling thread owns: for programs that keep no
    /// [`MutexGuard`], after [`WaitableOptions::owned`], [`wait_any`](crate::wait_any) or
    /// [`MutexGuard::keep`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotOwner`](crate::ErrorKind::NotOwner) if the calling thread does not own it.
    #[doc(alias = "ReleaseMutex")]
    pub fn unlock(&self) -> Result<()> {
        self.handle.act(|object| object.unlock())
    }

    fn locked(&self, satisfied: Satisfied) -> Locked<'_> {
        let guard = MutexGuard { mutex: self, here: PhantomData };
        match satisfied {
            Satisfied::Signalled => Locked::Consistent(guard),
            Satisfied::Abandoned => Locked::Abandoned(guard),
        }
    }
}

impl WaitableOptions<Mutex> {
    /// Makes the calling thread the owner of a new mutex, before anybody else can open it.
    ///
    /// It has no effect if the name exists: see [`Mutex::existed`]. The thread gives it back by
    /// [`Mutex::unlock`].
    #[must_use]
    #[doc(alias = "bInitialOwner")]
    pub fn owned(mut self) -> Self {
        self.is_owned = true;
        self
    }
}

/// A mutex that the calling thread owns from now on, and whether its last owner gave it back.
#[derive(Debug)]
#[must_use = "the mutex is unlocked when this is dropped"]
pub enum Locked<'mutex> {
    /// The last owner gave it back.
    Consistent(MutexGuard<'mutex>),
    /// The last owner ended while it owned the mutex: what the mutex protects may be half changed. This
    /// is told once.
    #[doc(alias = "WAIT_ABANDONED")]
    Abandoned(MutexGuard<'mutex>),
}

impl<'mutex> Locked<'mutex> {
    /// Returns whether the last owner ended while it owned the mutex.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        matches!(self, Self::Abandoned(_))
    }

    /// Returns the guard in either case: for what an owner's end leaves whole.
    pub fn either(self) -> MutexGuard<'mutex> {
        match self {
            Self::Consistent(guard) | Self::Abandoned(guard) => guard,
        }
    }
}

/// A mutex that this thread owns, until the guard is dropped.
#[derive(Debug)]
#[must_use = "the mutex is unlocked when this is dropped"]
pub struct MutexGuard<'mutex> {
    mutex: &'mutex Mutex,
    /// The thread that locked it unlocks it.
    here: PhantomData<*const ()>,
}

impl MutexGuard<'_> {
    /// Keeps the mutex locked without a guard: [`Mutex::unlock`] gives it back.
    pub fn keep(self) {
        let _kept = ManuallyDrop::new(self);
    }
}

impl Drop for MutexGuard<'_> {
    fn drop(&mut self) {
        // Its memory is gone, if this fails.
        let _ignored = self.mutex.unlock();
    }
}
