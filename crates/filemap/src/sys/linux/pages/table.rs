//! A byte for each page of a view.

#![expect(unsafe_code, reason = "memory for the table, straight from the kernel")]

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::mm::{self, MapFlags, ProtFlags};

use crate::sys::platform::error::during;
use crate::types::{Error, ErrorKind, Operation, PageAccess, PageProtection, Result};

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

/// Pages that one note stands for.
const NOTED: usize = 4096;

/// The marks of all pages of a view.
///
/// ```text
///  start      count marks                            notes, one for 4096 marks
///    |--------------------------------------------|----------|
/// ```
///
/// A note is set before the first of its marks is, so that the marks of a vast view need not all
/// be looked at.
///
/// Invariant: `start` is the address of so many bytes, which this value alone mapped and alone
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
        let len = len(count);
        // SAFETY: without an address the kernel picks a free range, so nothing is replaced.
        let start = unsafe { mm::mmap_anonymous(ptr::null_mut(), len, protection, flags) };
        let start = start.map_err(during(operation))?;
        let start = NonNull::new(start.cast())
            .ok_or_else(|| Error::new(ErrorKind::OutOfMemory, operation))?;
        Ok(Self { start, count })
    }

    pub(super) fn get(&self, page: usize) -> Mark {
        self.mark(page).map_or(Mark::NONE, |mark| Mark(mark.load(Ordering::SeqCst)))
    }

    pub(super) fn set(&self, page: usize, mark: Mark) {
        if let Some(cell) = self.mark(page) {
            self.note(page);
            cell.store(mark.0, Ordering::SeqCst);
        }
    }

    /// Sets a mark unless somebody else has changed it; tells whether that was so.
    pub(super) fn replace(&self, page: usize, old: Mark, new: Mark) -> bool {
        self.note(page);
        self.mark(page).is_some_and(|cell| {
            cell.compare_exchange(old.0, new.0, Ordering::SeqCst, Ordering::SeqCst).is_ok()
        })
    }

    /// How many pages from `page` on, and before `end`, have marks that are alike.
    pub(super) fn equal(&self, page: usize, end: usize, alike: impl Fn(Mark) -> bool) -> usize {
        let (unmarked, mut at) = (alike(Mark::NONE), page);
        while at < end {
            if unmarked && at.is_multiple_of(NOTED) && !self.is_noted(at) {
                at += NOTED;
            } else if alike(self.get(at)) {
                at += 1;
            } else {
                break;
            }
        }
        at.min(end) - page
    }

    fn is_noted(&self, page: usize) -> bool {
        self.cell(self.count + page / NOTED).is_some_and(|note| note.load(Ordering::SeqCst) != 0)
    }

    fn note(&self, page: usize) {
        if let Some(note) = self.cell(self.count + page / NOTED) {
            note.store(1, Ordering::SeqCst);
        }
    }

    /// Where the marks are, for the handler.
    pub(super) fn marks(&self) -> NonNull<AtomicU8> {
        self.start
    }

    fn mark(&self, page: usize) -> Option<&AtomicU8> {
        if page < self.count { self.cell(page) } else { None }
    }

    fn cell(&self, at: usize) -> Option<&AtomicU8> {
        if at >= len(self.count) {
            return None;
        }
        // SAFETY: `at` is below the length, so the sum stays inside the table.
        let cell = unsafe { self.start.add(at) };
        // SAFETY: by the type's invariant the byte is mapped as long as `self` is.
        Some(unsafe { cell.as_ref() })
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        // SAFETY: by the type's invariant the pages are ours alone; what the kernel does not
        // take back stays, unused.
        let _ignored = unsafe { mm::munmap(self.start.as_ptr().cast(), len(self.count)) };
    }
}

/// Bytes in the table of so many pages; one at least, as nothing cannot be mapped.
fn len(count: usize) -> usize {
    count.saturating_add(count.div_ceil(NOTED)).max(1)
}

/// The mark at an address that the handler was told.
///
/// # Safety
///
/// The address is one of a living table's marks.
pub(in crate::sys::platform) unsafe fn mark_at(place: NonNull<AtomicU8>) -> Mark {
    // SAFETY: the caller promises it.
    Mark(unsafe { place.as_ref() }.load(Ordering::SeqCst))
}

/// Sets the mark of a page unless somebody else has changed it; tells whether that was so.
///
/// # Safety
///
/// `marks` are those of a living table of `count` pages, of which `page` is one.
pub(in crate::sys::platform) unsafe fn replace_in(
    marks: NonNull<AtomicU8>,
    count: usize,
    page: usize,
    old: Mark,
    new: Mark,
) -> bool {
    // SAFETY: the caller promises the table, whose notes follow its marks.
    let note = unsafe { marks.add(count + page / NOTED) };
    // SAFETY: as above.
    unsafe { note.as_ref() }.store(1, Ordering::SeqCst);
    // SAFETY: as above.
    let place = unsafe { marks.add(page) };
    // SAFETY: as above.
    let cell = unsafe { place.as_ref() };
    cell.compare_exchange(old.0, new.0, Ordering::SeqCst, Ordering::SeqCst).is_ok()
}
