//! A byte for each page of a view.

#![expect(unsafe_code, reason = "marks that a signal handler reads as well")]

use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::io::Errno;
use rustix::mm::MapFlags;

use crate::sys::platform::mapped_range::MappedRange;
use crate::types::{PageAccess, PageProtection};

/// What a view has given one of its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(u8);

impl Mark {
    /// Nothing was given: the page allows what the view does, once it is committed.
    pub(super) const NONE: Self = Self(0);

    /// The first touch is refused.
    const GUARDED: u8 = 0x80;
    /// The page is closed, though it allows more: its guard was taken.
    const CLOSED: u8 = 0x40;
    /// The page is mapped as a private one, in a view whose others are shared.
    const PRIVATE: u8 = 0x20;
    const ACCESS: u8 = 0x0f;

    pub(super) fn of(protection: PageProtection, is_private: bool) -> Self {
        let access = PageAccess::ALL.iter().position(|access| *access == protection.access());
        let mut bits = access.and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(0);
        if protection.is_guarded() {
            bits |= Self::GUARDED;
        }
        if is_private {
            bits |= Self::PRIVATE;
        }
        Self(bits)
    }

    /// Returns what was given, if anything was.
    pub(super) fn access(self) -> Option<PageAccess> {
        let at = usize::from(self.0 & Self::ACCESS).checked_sub(1)?;
        PageAccess::ALL.get(at).copied()
    }

    pub(super) fn is_guarded(self) -> bool {
        self.0 & Self::GUARDED != 0
    }

    pub(super) fn is_closed(self) -> bool {
        self.0 & (Self::CLOSED | Self::GUARDED) != 0
    }

    pub(super) fn is_private(self) -> bool {
        self.0 & Self::PRIVATE != 0
    }

    /// The mark when the guard has been touched.
    pub(super) fn unguarded(self) -> Self {
        Self(self.0 & !Self::GUARDED | Self::CLOSED)
    }

    /// The mark when the page has been opened.
    pub(super) fn opened(self) -> Self {
        Self(self.0 & !Self::CLOSED)
    }
}

/// Pages that one note stands for.
const NOTED: usize = 4096;

/// The marks of all pages of a view, as its table and the handler have them.
///
/// ```text
///  start      count marks                            notes, one for 4096 marks
///    |--------------------------------------------|----------|
/// ```
///
/// A note is set before the first of its marks is, so that the marks of a vast view need not all
/// be looked at.
///
/// Invariant: the bytes are mapped whenever the value is borrowed.
#[derive(Debug)]
pub(super) struct Marks {
    start: NonNull<AtomicU8>,
    count: usize,
}

// SAFETY: atomic bytes, owned by the process and not by a thread.
unsafe impl Send for Marks {}
// SAFETY: as above; every access is atomic.
unsafe impl Sync for Marks {}

impl Marks {
    /// Returns how many pages there are.
    pub(super) fn count(&self) -> usize {
        self.count
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

    /// Sets a mark unless somebody else has changed it; returns whether it was set.
    pub(super) fn replace(&self, page: usize, old: Mark, new: Mark) -> bool {
        self.note(page);
        self.mark(page).is_some_and(|cell| {
            cell.compare_exchange(old.0, new.0, Ordering::SeqCst, Ordering::SeqCst).is_ok()
        })
    }

    /// Returns how many pages from `page` on, and before `end`, have marks that are alike.
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

    fn mark(&self, page: usize) -> Option<&AtomicU8> {
        if page < self.count { self.cell(page) } else { None }
    }

    fn cell(&self, at: usize) -> Option<&AtomicU8> {
        if at >= len(self.count) {
            return None;
        }
        // SAFETY: `at` is below the length, so the sum stays inside the table.
        let cell = unsafe { self.start.add(at) };
        // SAFETY: by the type's invariant the byte is mapped while `self` is borrowed.
        Some(unsafe { cell.as_ref() })
    }
}

/// The memory of the marks of all pages of a view.
#[derive(Debug)]
pub(super) struct Table {
    marks: Marks,
    _memory: MappedRange,
}

impl Table {
    /// Makes a table of pages that were given nothing; it takes memory only where it is written.
    pub(super) fn new(count: usize) -> Result<Self, Errno> {
        let memory = MappedRange::of_zeros(len(count), MapFlags::PRIVATE)?;
        Ok(Self { marks: Marks { start: memory.start().cast(), count }, _memory: memory })
    }

    /// Returns the marks, for the handler.
    ///
    /// # Safety
    ///
    /// The caller drops them before the table, and lends them to nobody for longer.
    pub(super) unsafe fn marks(&self) -> Marks {
        Marks { ..self.marks }
    }
}

impl Deref for Table {
    type Target = Marks;

    fn deref(&self) -> &Marks {
        &self.marks
    }
}

/// Returns how many bytes the table of so many pages has: at least one, as nothing cannot be
/// mapped.
fn len(count: usize) -> usize {
    count.saturating_add(count.div_ceil(NOTED)).max(1)
}
