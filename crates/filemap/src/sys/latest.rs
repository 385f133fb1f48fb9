//! The latest of some values, one load away, while the earlier ones stay for who has them.

#![expect(unsafe_code, reason = "a pointer to what is freed with its owner, and not before")]

use std::fmt;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Values that are replaced and never freed before all of them are.
///
/// Invariant: `latest` is null, or comes from `Box::into_raw`, and so do all `earlier` behind it;
/// each is in the chain once and freed by `drop` alone.
pub(crate) struct Latest<T> {
    latest: AtomicPtr<Link<T>>,
}

struct Link<T> {
    value: T,
    earlier: *mut Link<T>,
}

// SAFETY: the chain owns its values, as a vector of them would.
unsafe impl<T: Send> Send for Latest<T> {}
// SAFETY: a shared `Latest` lends references to its values, and takes values of other threads.
unsafe impl<T: Send + Sync> Sync for Latest<T> {}

impl<T> Latest<T> {
    pub(crate) fn new() -> Self {
        Self { latest: AtomicPtr::new(ptr::null_mut()) }
    }

    /// The value that was put last.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&T> {
        let link = self.latest.load(Ordering::Acquire);
        // SAFETY: by the invariant it is null or a link that lives as long as `self`; the load
        // saw what the thread wrote that put it, and nobody writes to a link since.
        unsafe { link.as_ref() }.map(|link| &link.value)
    }

    /// Puts a value in front of the others, unless `is_better` finds the present one to be better.
    pub(crate) fn put(&self, value: T, is_better: impl Fn(&T, &T) -> bool) {
        let link = Box::into_raw(Box::new(Link { value, earlier: ptr::null_mut() }));
        loop {
            let latest = self.latest.load(Ordering::Acquire);
            // SAFETY: as in `get`.
            let present = unsafe { latest.as_ref() };
            // SAFETY: nobody else has this link yet.
            let own = unsafe { &mut *link };
            if present.is_some_and(|present| is_better(&present.value, &own.value)) {
                // SAFETY: it came from a box three lines before, and is in no chain.
                drop(unsafe { Box::from_raw(link) });
                return;
            }
            own.earlier = latest;
            let put =
                self.latest.compare_exchange(latest, link, Ordering::AcqRel, Ordering::Acquire);
            if put.is_ok() {
                return;
            }
        }
    }
}

impl<T> Drop for Latest<T> {
    fn drop(&mut self) {
        let mut link = *self.latest.get_mut();
        while !link.is_null() {
            // SAFETY: by the invariant it came from a box, and the one after it is in the chain
            // once as well; all loans ended before `self` could be dropped.
            let own = unsafe { Box::from_raw(link) };
            link = own.earlier;
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Latest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Latest").field(&self.get()).finish()
    }
}
