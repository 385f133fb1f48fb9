//! A range of mapped bytes: where it is, how long, and how much of it may be touched.

#![expect(unsafe_code, reason = "addresses inside a range that its maker promises")]

use std::ptr::NonNull;

use crate::sys::reach::{Reach, Seen};
#[cfg(feature = "pages")]
use crate::types::PageAccess;
use crate::types::{Access, Error, ErrorKind, Operation, Result, counted};

/// What an access does to the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touch {
    Read,
    Write,
}

impl Touch {
    /// Returns whether a view with `access` allows it, if none of its pages says otherwise.
    pub(super) fn is_allowed(self, access: Access) -> bool {
        match self {
            Self::Read => access.can_read(),
            Self::Write => access.can_write(),
        }
    }

    /// Returns whether a page with `access` allows it.
    #[cfg(feature = "pages")]
    pub(super) fn is_allowed_by(self, access: PageAccess) -> bool {
        match self {
            Self::Read => access.can_read(),
            Self::Write => access.can_write(),
        }
    }
}

/// The bytes of a view.
///
/// Invariant: `start .. start + len` is mapped as long as the span exists; no limit is above
/// `most`, which is at most `len`.
#[derive(Debug)]
pub(crate) struct Span {
    start: NonNull<u8>,
    len: usize,
    access: Access,
    /// How many bytes from the start may be read without asking their pages.
    ///
    /// A hint: an access within an old limit meets a page that refuses, which is an error.
    readable: Reach,
    /// The same for writing.
    writable: Reach,
    /// What no limit is above: `len`, or 0 if each access is to be looked after.
    most: usize,
}

impl Span {
    /// Makes the span of a range whose pages allow what `access` says.
    ///
    /// # Safety
    ///
    /// The caller keeps the range mapped as long as the span exists, makes no reference to its bytes,
    /// and has the platform's handler of faults ready whenever a byte is touched.
    pub(super) unsafe fn new(start: NonNull<u8>, len: usize, access: Access) -> Self {
        let readable = Reach::new(if access.can_read() { len as u64 } else { 0 });
        let writable = Reach::new(if access.can_write() { len as u64 } else { 0 });
        Self { start, len, access, readable, writable, most: len }
    }

    /// Has every access take the slow path.
    pub(super) fn forbid_fast_paths(&mut self) {
        self.most = 0;
        for touch in [Touch::Read, Touch::Write] {
            self.set_limit(touch, 0);
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }

    #[inline]
    pub(crate) fn access(&self) -> Access {
        self.access
    }

    /// Returns the address of `len` bytes at `offset` whose pages allow the touch without being asked.
    #[inline]
    pub(super) fn within_limit(
        &self,
        touch: Touch,
        offset: usize,
        len: usize,
    ) -> Option<NonNull<u8>> {
        self.within(self.limit(touch), offset, len)
    }

    /// Returns how many bytes from the start may be touched without asking their pages.
    #[inline]
    pub(super) fn limit(&self, touch: Touch) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "no limit is above the length")]
        let bytes = self.limit_of(touch).bytes() as usize;
        bytes
    }

    /// Sets how many bytes from the start may be touched without asking their pages.
    pub(super) fn set_limit(&self, touch: Touch, bytes: usize) {
        self.limit_of(touch).set(bytes.min(self.most) as u64);
    }

    /// Returns a limit before a look at how much of the bytes is there.
    #[inline]
    pub(super) fn limit_seen(&self, touch: Touch) -> Seen {
        self.limit_of(touch).seen()
    }

    /// Notes a limit by a look that was made after `seen`; false if it is not noted any more.
    #[inline]
    pub(super) fn note_limit(&self, touch: Touch, seen: Seen, bytes: usize) -> bool {
        self.limit_of(touch).note(seen, bytes.min(self.most) as u64)
    }

    /// Lowers a limit, and voids what was seen before.
    pub(super) fn cut_limit(&self, touch: Touch, bytes: usize) {
        self.limit_of(touch).cut(bytes as u64);
    }

    #[inline]
    fn limit_of(&self, touch: Touch) -> &Reach {
        match touch {
            Touch::Read => &self.readable,
            Touch::Write => &self.writable,
        }
    }

    /// Returns the address of `len` bytes at `offset`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the range does not have them.
    pub(super) fn at(
        &self,
        offset: usize,
        len: usize,
        operation: Operation,
    ) -> Result<NonNull<u8>> {
        self.within(self.len, offset, len).ok_or_else(|| self.outside(offset, len, operation))
    }

    /// Returns the address of `len` bytes at `offset`, if they are among the first `limit`.
    #[inline]
    fn within(&self, limit: usize, offset: usize, len: usize) -> Option<NonNull<u8>> {
        // In this order the difference is taken and tested by one instruction.
        let last = limit.checked_sub(len)?;
        if offset > last {
            return None;
        }
        // SAFETY: `offset <= limit`, and no limit is above `self.len`, so the sum stays inside the
        // range.
        Some(unsafe { self.start.add(offset) })
    }

    #[cold]
    fn outside(&self, offset: usize, len: usize, operation: Operation) -> Error {
        Error::new(ErrorKind::InvalidRange, operation).about("the view").because(format!(
            "it has {}, and {len} at {offset} are not in it",
            counted(self.len as u64)
        ))
    }
}

#[cold]
pub(super) fn denied(operation: Operation) -> Error {
    Error::new(ErrorKind::AccessDenied, operation).about("the view")
}

/// Returns the error of an access that a page refused, and allows by the time that it is asked.
#[cold]
pub(super) fn momentarily_refused(operation: Operation) -> Error {
    denied(operation).because("its page was being changed, and did not allow it at that moment")
}

/// Why a page refuses a touch that was guarded.
#[cfg(feature = "pages")]
pub(super) const GUARD_GONE: &str = "its guard was touched, and is gone";

/// The page at a byte of a view refuses a touch, and why.
#[cfg(feature = "pages")]
#[cold]
pub(super) fn refused(byte: usize, why: &str, operation: Operation) -> Error {
    denied(operation).because(format!("of its page at byte {byte}, {why}"))
}

/// The page at a byte of a view is not committed.
#[cfg(feature = "pages")]
#[cold]
pub(super) fn not_committed(byte: usize, operation: Operation) -> Error {
    Error::new(ErrorKind::NotCommitted, operation)
        .about("the view")
        .because(format!("its page at byte {byte} is reserved, and not committed"))
}
