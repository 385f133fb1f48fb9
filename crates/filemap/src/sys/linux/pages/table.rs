//! A byte for each page of a view.

#![expect(unsafe_code, reason = "memory for the table, straight from the kernel")]

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::mm::{self, MapFlags, ProtFlags};

use crate::sys::platform::error::during;
use crate::types::{Operation, PageAccess, PageProtection, Result};

/// What a view has given one of its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sys::platform) struct Mark(u8);

impl Mark {
    /// Nothing was given: the page allows what the view does, once it is committed.
    pub(in crate::sys::platform) const NONE: Self = Self(0);

    /// The first touch is refused.
    const GUARDED: u8 = 0x80;
    /// The page is closed, though it allows more: a guard was taken away.
    const CLOSED: u8 = 0x40;
    /// The page is mapped by itself as a private one, in a view whose others are shared.
    const APART: u8 = 0x20;
    const ACCESS: u8 = 0x0f;

    pub(super) fn of(protection: PageProtection, is_apart: bool) -> Self {
        let access = PageAccess::ALL.iter().position(|access| *access == protection.access());
        let mut bits = access.and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(0);
        if protection.is_guarded() {
            bits |= Self::GUARDED;
        }
        if is_apart {
            bits |= Self::APART;
        }
        Self(bits)
    }

    /// That of a page that was given `access` and is open.
    pub(super) fn given(access: PageAccess) -> Self {
        Self::of(access.into(), false)
    }

    /// What was given, if anything was.
    pub(in crate::sys::platform) fn access(self) -> Option<PageAccess> {
        let at = usize::from(self.0 & Self::ACCESS).checked_sub(1)?;
        PageAccess::ALL.get(at).copied()
    }

    pub(in crate::sys::platform) fn is_guarded(self) -> bool {
        self.0 & Self::GUARDED != 0
    }

    pub(in crate::sys::platform) fn is_closed(self) -> bool {
        self.0 & (Self::CLOSED | Self::GUARDED) != 0
    }

    pub(super) fn is_apart(self) -> bool {
        self.0 & Self::APART != 0
    }

    /// The mark when the guard has been touched.
    pub(in crate::sys::platform) fn unguarded(self) -> Self {
        Self(self.0 & !Self::GUARDED | Self::CLOSED)
    }

    /// The mark when the page has been opened.
    pub(in crate::sys::platform) fn opened(self) -> Self {
        Self(self.0 & !Self::CLOSED)
    }
}

/// The marks of all pages of a view.
///
/// Invariant: `start` is the address of `count` bytes that this value alone mapped and alone
/// unmaps.
#[derive(Debug)]
pub(in crate::sys::platform) struct Table {
    start: NonNull<AtomicU8>,
    count: usize,
}

// SAFETY: atomic bytes, owned by the process and not by a thread.
unsafe impl Send for Table {}
// SAFETY: as above; every access is atomic.
unsafe impl Sync for Table {}

impl Table {
    /// A table of pages that were given nothing; it takes memory only where it is written.
    pub(super) fn new(count: usize, operation: Operation) -> Result<Self> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: without an address the kernel picks a free range, so nothing is replaced.
        let start = unsafe { mm::mmap_anonymous(ptr::null_mut(), count.max(1), protection, flags) };
        let start = start.map_err(during(operation))?;
        let start = NonNull::new(start.cast()).unwrap_or(NonNull::dangling());
        Ok(Self { start, count })
    }

    pub(super) fn get(&self, page: usize) -> Mark {
        self.cell(page).map_or(Mark::NONE, |cell| Mark(cell.load(Ordering::SeqCst)))
    }

    pub(super) fn set(&self, page: usize, mark: Mark) {
        if let Some(cell) = self.cell(page) {
            cell.store(mark.0, Ordering::SeqCst);
        }
    }

    /// Sets a mark unless somebody else has changed it; tells whether that was so.
    pub(super) fn replace(&self, page: usize, old: Mark, new: Mark) -> bool {
        self.cell(page).is_some_and(|cell| {
            cell.compare_exchange(old.0, new.0, Ordering::SeqCst, Ordering::SeqCst).is_ok()
        })
    }

    /// Where the marks are, for the handler.
    pub(super) fn marks(&self) -> NonNull<AtomicU8> {
        self.start
    }

    fn cell(&self, page: usize) -> Option<&AtomicU8> {
        if page >= self.count {
            return None;
        }
        // SAFETY: `page` is below the count, so the sum stays inside the table.
        let cell = unsafe { self.start.add(page) };
        // SAFETY: by the type's invariant the byte is mapped as long as `self` is.
        Some(unsafe { cell.as_ref() })
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        // SAFETY: by the type's invariant the pages are ours alone; what the kernel does not
        // take back stays, unused.
        let _ignored = unsafe { mm::munmap(self.start.as_ptr().cast(), self.count.max(1)) };
    }
}

/// The mark at an address that the handler was told, and a change of it.
///
/// # Safety
///
/// The address is one of a living table's marks.
pub(in crate::sys::platform) unsafe fn mark_at(place: NonNull<AtomicU8>) -> Mark {
    // SAFETY: the caller promises it.
    Mark(unsafe { place.as_ref() }.load(Ordering::SeqCst))
}

/// Sets a mark unless somebody else has changed it; tells whether that was so.
///
/// # Safety
///
/// The address is one of a living table's marks.
pub(in crate::sys::platform) unsafe fn replace_at(
    place: NonNull<AtomicU8>,
    old: Mark,
    new: Mark,
) -> bool {
    // SAFETY: the caller promises it.
    let cell = unsafe { place.as_ref() };
    cell.compare_exchange(old.0, new.0, Ordering::SeqCst, Ordering::SeqCst).is_ok()
}
