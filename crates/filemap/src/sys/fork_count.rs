//! A count of forks that says which handles a child may have.

use crate::sys::sync::{AtomicU64, Ordering, fence};

/// The forks that a process has begun, and those that have ended.
///
/// A child has a copy of all that its parent has at the moment of the fork, which lies between the
/// two. What was made before it and is used after it may be the child's as well: the count was
/// another one then, or nothing, while the fork was under way.
#[derive(Debug)]
pub(super) struct ForkCount {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl ForkCount {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Self { begun: AtomicU64::new(0), ended: AtomicU64::new(0) }
    }

    /// The model checker's atomics know of the execution that they belong to.
    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Self { begun: AtomicU64::new(0), ended: AtomicU64::new(0) }
    }

    /// Counts a fork that is about to be made.
    pub(super) fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        // What another thread does before it reads the older count, the child sees.
        fence(Ordering::SeqCst);
    }

    /// Counts its end, in the parent.
    pub(super) fn end(&self) {
        self.ended.fetch_add(1, Ordering::Release);
    }

    /// Counts the end of all forks: those of other threads are not made in a child.
    pub(super) fn end_all(&self) {
        self.ended.store(self.begun.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Returns how many there were, unless one is under way.
    pub(super) fn get(&self) -> Option<u64> {
        fence(Ordering::SeqCst);
        let ended = self.ended.load(Ordering::Acquire);
        (self.begun.load(Ordering::Relaxed) == ended).then_some(ended)
    }
}
