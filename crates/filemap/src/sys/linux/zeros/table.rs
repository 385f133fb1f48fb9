//! When each page of a view was lost.

#![expect(unsafe_code, reason = "memory that a signal handler maps")]

use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use rustix::mm::{self, MapFlags, ProtFlags};

/// A number for each page of a view, 0 at first, in memory that is mapped when the first one is set.
///
/// ```text
///  start      count numbers                         notes, one for 512 numbers
///    |--------------------------------------------|----------|
/// ```
///
/// A note is set before the first of its numbers is, so that those of a vast view need not all be
/// looked at.
///
/// Invariant: `start` is null, or that of `len` numbers that are mapped until the value is dropped.
#[derive(Debug)]
pub(super) struct Table {
    start: AtomicPtr<AtomicU64>,
    count: usize,
}

/// Numbers that one note stands for.
const NOTED: usize = 512;

impl Table {
    /// A table of so many pages.
    pub(super) fn new(count: usize) -> Self {
        Self { start: AtomicPtr::new(null_mut()), count }
    }

    pub(super) fn get(&self, page: usize) -> u64 {
        match self.number(page) {
            Some(number) if page < self.count => number.load(Ordering::SeqCst),
            _ => 0,
        }
    }

    /// Sets the number of a page; returns whether there was memory for it.
    ///
    /// Called inside a signal handler.
    pub(super) fn set(&self, page: usize, number: u64) -> bool {
        if page >= self.count || !self.is_mapped() {
            return false;
        }
        for (at, number) in [(self.count + page / NOTED, 1), (page, number)] {
            if let Some(place) = self.number(at) {
                place.store(number, Ordering::SeqCst);
            }
        }
        true
    }

    /// Sets the numbers of pages to 0.
    pub(super) fn clear(&self, page: usize) {
        if let Some(number) = self.number(page).filter(|_| page < self.count) {
            number.store(0, Ordering::SeqCst);
        }
    }

    /// Returns the first page from `page` on, and before `end`, whose number is not 0.
    pub(super) fn next(&self, page: usize, end: usize) -> Option<usize> {
        let (mut at, end) = (page, end.min(self.count));
        while at < end {
            let note = self.number(self.count + at / NOTED)?;
            if at.is_multiple_of(NOTED) && note.load(Ordering::SeqCst) == 0 {
                at += NOTED;
            } else if self.get(at) != 0 {
                return Some(at);
            } else {
                at += 1;
            }
        }
        None
    }

    /// How many numbers and notes there are: at least one, as nothing cannot be mapped.
    fn len(&self) -> usize {
        self.count.saturating_add(self.count.div_ceil(NOTED)).max(1)
    }

    fn bytes(&self) -> usize {
        self.len().saturating_mul(size_of::<AtomicU64>())
    }

    /// Maps the memory, unless it is mapped; returns whether it is.
    fn is_mapped(&self) -> bool {
        if !self.start.load(Ordering::Acquire).is_null() {
            return true;
        }
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: without an address the kernel picks a free range, so nothing is replaced.
        let mapped = unsafe { mm::mmap_anonymous(null_mut(), self.bytes(), protection, flags) };
        let Ok(start) = mapped else { return false };
        let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
        if self.start.compare_exchange(null_mut(), start.cast(), success, failure).is_err() {
            // SAFETY: these bytes were mapped a moment ago, and nobody else knows of them.
            let _ignored = unsafe { mm::munmap(start, self.bytes()) };
        }
        true
    }

    fn number(&self, at: usize) -> Option<&AtomicU64> {
        let start = NonNull::new(self.start.load(Ordering::Acquire))?;
        if at >= self.len() {
            return None;
        }
        // SAFETY: `at` is below the length, so the sum stays inside the memory.
        let number = unsafe { start.add(at) };
        // SAFETY: by the invariant it is mapped while `self` is borrowed, and zeroed memory is a
        // number.
        Some(unsafe { number.as_ref() })
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let start = *self.start.get_mut();
        if !start.is_null() {
            // SAFETY: by the invariant these bytes are mapped, and this value's alone.
            let _ignored = unsafe { mm::munmap(start.cast(), self.bytes()) };
        }
    }
}
