//! A list whose latest value is one load away, while the earlier ones stay for those who use them.

#![expect(unsafe_code, reason = "a pointer to what is freed with its owner, and not before")]

use std::ptr;

use crate::sys::sync::{AtomicPtr, Ordering};

/// Values of which the latest is used, and none is freed before all are.
///
/// Invariant: `latest` is null, or comes from `Box::into_raw`, and so do all `earlier` behind it;
/// each is in the chain once and freed by `drop` alone.
#[derive(Debug)]
pub(crate) struct AppendList<T> {
    latest: AtomicPtr<Link<T>>,
}

struct Link<T> {
    value: T,
    earlier: *mut Link<T>,
}

// SAFETY: the list owns its values, as a vector of them would.
unsafe impl<T: Send> Send for AppendList<T> {}
// SAFETY: a shared `AppendList` lends references to its values, and takes values of other threads.
unsafe impl<T: Send + Sync> Sync for AppendList<T> {}

impl<T> AppendList<T> {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self { latest: AtomicPtr::new(ptr::null_mut()) }
    }

    /// The model checker's atomics know of the execution that they belong to.
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self { latest: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Returns the latest value.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&T> {
        self.iter().next()
    }

    /// Returns all values, the latest first.
    ///
    /// Takes no lock, allocates nothing, cannot panic: signal handlers use it.
    #[inline(always)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        let mut next = self.latest.load(Ordering::Acquire);
        std::iter::from_fn(move || {
            // SAFETY: by the invariant it is null or a link that lives as long as `self`; the load
            // saw what the thread wrote that put it, and nobody writes to a link since.
            let link = unsafe { next.as_ref() }?;
            next = link.earlier;
            Some(&link.value)
        })
    }

    /// Returns the latest value; if there is none, that of `make` or of whoever was faster.
    ///
    /// Nobody waits for anybody, who in a forked child may be no more.
    pub(crate) fn get_or_push(&self, make: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.push(make(), |_, _| true),
        }
    }

    /// Makes a value the latest, unless `is_better` prefers the present one to it; returns the one
    /// of both that is the latest then.
    pub(crate) fn push(&self, value: T, is_better: impl Fn(&T, &T) -> bool) -> &T {
        let mut link = Box::new(Link { value, earlier: ptr::null_mut() });
        loop {
            let latest = self.latest.load(Ordering::Acquire);
            // SAFETY: as in `iter`.
            if let Some(present) = unsafe { latest.as_ref() }
                && is_better(&present.value, &link.value)
            {
                return &present.value;
            }
            link.earlier = latest;
            let new = Box::into_raw(link);
            let (success, failure) = (Ordering::AcqRel, Ordering::Relaxed);
            match self.latest.compare_exchange(latest, new, success, failure) {
                // SAFETY: it is in the chain, and so lives as long as `self`.
                Ok(_) => return unsafe { &(*new).value },
                // SAFETY: `into_raw` made it a moment ago, and it is in no chain.
                Err(_) => link = unsafe { Box::from_raw(new) },
            }
        }
    }
}

impl<T> Default for AppendList<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for AppendList<T> {
    fn drop(&mut self) {
        let mut link = self.latest.load(Ordering::Relaxed);
        while !link.is_null() {
            // SAFETY: by the invariant it came from a box, and the one after it is in the chain
            // once as well; all loans ended before `self` could be dropped.
            let own = unsafe { Box::from_raw(link) };
            link = own.earlier;
        }
    }
}
