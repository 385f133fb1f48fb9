use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;

/// Who may look at the length of a file and note it, and who may cut the file meanwhile.
///
/// A lock for any number of the former or one of the latter, in which one of the former has a
/// place of its own: whoever appends alone gives it back by a store. To give back a share of a
/// lock takes an instruction that waits for all stores before it, and right after a system call
/// these are many: it would cost a tenth of a small append.
#[derive(Debug, Default)]
pub(super) struct Cutting {
    shared: RwLock<()>,
    place: AtomicBool,
    /// Somebody waits for the place who cuts, and whoever appends on and on lets it be.
    wanted: AtomicBool,
}

impl Cutting {
    /// Keeps the file from being cut by this `MappedFile`.
    #[inline]
    pub(super) fn uncut(&self) -> Uncut<'_> {
        if !self.wanted.load(Ordering::Relaxed) && !self.place.swap(true, Ordering::Acquire) {
            return Uncut::Alone(Place(&self.place));
        }
        Uncut::Shared(self.shared.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until nobody keeps the file from being cut, and keeps all others from beginning to.
    pub(super) fn cut(&self) -> Cut<'_> {
        let shared = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        self.wanted.store(true, Ordering::Relaxed);
        // All others wait for the lock, so this is about one append.
        while self.place.swap(true, Ordering::Acquire) {
            thread::yield_now();
        }
        Cut { wanted: &self.wanted, _place: Place(&self.place), _shared: shared }
    }
}

/// The file is not cut as long as this lives.
#[derive(Debug)]
pub(super) enum Uncut<'a> {
    Alone(#[expect(dead_code, reason = "held, and given back when dropped")] Place<'a>),
    Shared(
        #[expect(dead_code, reason = "held, and given back when dropped")] RwLockReadGuard<'a, ()>,
    ),
}

impl Uncut<'_> {
    /// Tells whether this is the place for one, which nobody else has meanwhile.
    #[inline]
    pub(super) fn is_alone(&self) -> bool {
        matches!(self, Self::Alone(_))
    }
}

/// The file is nobody else's as long as this lives.
#[derive(Debug)]
pub(super) struct Cut<'a> {
    wanted: &'a AtomicBool,
    _place: Place<'a>,
    _shared: RwLockWriteGuard<'a, ()>,
}

impl Drop for Cut<'_> {
    fn drop(&mut self) {
        self.wanted.store(false, Ordering::Relaxed);
    }
}

/// The place for one, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place<'a>(&'a AtomicBool);

impl Drop for Place<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
