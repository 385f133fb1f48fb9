//! A range of mapped bytes: where it is, how long, and how much of it may be touched.

#![expect(unsafe_code, reason = "addresses inside a range that its maker promises")]

use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sys::platform::page_size;
use crate::types::{Access, Error, ErrorKind, Operation, Result};

/// What an access does to the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touch {
    Read,
    Write,
}

impl Touch {
    /// Tells whether a view with `access` allows it, if none of its pages says otherwise.
    pub(super) fn is_allowed(self, access: Access) -> bool {
        match self {
            Self::Read => access.can_read(),
            Self::Write => access.can_write(),
        }
    }
}

/// The bytes of a view.
///
/// Invariant: `start .. start + len` is mapped as long as the span exists; no limit is above
/// `len`.
#[derive(Debug)]
pub(crate) struct Span {
    start: NonNull<u8>,
    len: usize,
    access: Access,
    /// How many bytes from the start may be read without asking their pages.
    ///
    /// Hints: who trusts an old one meets a page that refuses, and that is an error, not a death.
    readable: AtomicUsize,
    /// The same for writing.
    writable: AtomicUsize,
}

impl Span {
    /// A range whose pages allow what `access` says.
    ///
    /// # Safety
    ///
    /// The range stays mapped as long as the span exists; nobody makes a reference to its bytes;
    /// the platform's handler of faults is ready whenever a byte is touched.
    pub(super) unsafe fn new(start: NonNull<u8>, len: usize, access: Access) -> Self {
        let readable = AtomicUsize::new(if access.can_read() { len } else { 0 });
        let writable = AtomicUsize::new(if access.can_write() { len } else { 0 });
        Self { start, len, access, readable, writable }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }

    #[inline]
    pub(crate) fn access(&self) -> Access {
        self.access
    }

    /// The address of `len` bytes at `offset` whose pages allow the touch without being asked.
    #[inline]
    pub(super) fn within_limit(
        &self,
        touch: Touch,
        offset: usize,
        len: usize,
    ) -> Option<NonNull<u8>> {
        self.within(self.limit(touch), offset, len)
    }

    /// How many bytes from the start may be touched without asking their pages.
    #[inline]
    pub(super) fn limit(&self, touch: Touch) -> usize {
        self.limit_of(touch).load(Ordering::Relaxed)
    }

    /// Sets that.
    pub(super) fn set_limit(&self, touch: Touch, bytes: usize) {
        self.limit_of(touch).store(bytes.min(self.len), Ordering::Relaxed);
    }

    #[inline]
    fn limit_of(&self, touch: Touch) -> &AtomicUsize {
        match touch {
            Touch::Read => &self.readable,
            Touch::Write => &self.writable,
        }
    }

    /// The address of `len` bytes at `offset`, if the range has them.
    pub(super) fn at(
        &self,
        offset: usize,
        len: usize,
        operation: Operation,
    ) -> Result<NonNull<u8>> {
        self.within(self.len, offset, len).ok_or_else(|| self.outside(offset, len, operation))
    }

    /// The address of `len` bytes at `offset`, if they are among the first `limit`.
    #[inline]
    fn within(&self, limit: usize, offset: usize, len: usize) -> Option<NonNull<u8>> {
        match offset.checked_add(len) {
            // SAFETY: `offset <= end <= limit`, and no limit is above `self.len`, so the sum
            // stays inside the range.
            Some(end) if end <= limit => Some(unsafe { self.start.add(offset) }),
            _ => None,
        }
    }

    #[cold]
    fn outside(&self, offset: usize, len: usize, operation: Operation) -> Error {
        Error::new(ErrorKind::InvalidRange, operation)
            .about("the view")
            .because(format!("it has {} bytes, and {len} at {offset} are not in it", self.len))
    }

    /// Whole pages around `len` bytes at `offset`: their address and length.
    pub(super) fn pages_around(
        &self,
        offset: usize,
        len: usize,
        operation: Operation,
    ) -> Result<(NonNull<u8>, usize)> {
        let first = self.at(offset, len, operation)?;
        let lead = first.addr().get() % page_size();
        // SAFETY: pages are mapped as wholes, so the page of an address inside the range is
        // mapped from its start.
        let page = unsafe { first.sub(lead) };
        Ok((page, lead + len))
    }
}

#[cold]
pub(super) fn denied(operation: Operation) -> Error {
    Error::new(ErrorKind::AccessDenied, operation).about("the view")
}

/// What a page has refused that allows it by the time that it is asked why.
#[cold]
pub(super) fn momentarily_refused(operation: Operation) -> Error {
    denied(operation).because("its page was being changed, and did not allow it at that moment")
}
