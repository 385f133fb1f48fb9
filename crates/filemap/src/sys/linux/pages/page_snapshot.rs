//! What a signal handler knows of a view, and how it opens a closed page without a lock.

#![expect(unsafe_code, reason = "system calls that may be made inside a signal handler")]

use std::ops::Range;
use std::os::fd::{BorrowedFd, RawFd};

use rustix::io::{Errno, pread, retry_on_intr};
use rustix::mm::{MprotectFlags, ProtFlags, mprotect};

use crate::sys::platform::mapped_range::protection;
use crate::sys::platform::page_size;
use crate::sys::platform::pages::commitment::COMMITTED;
use crate::sys::platform::pages::table::{Mark, Marks};
use crate::types::PageAccess;

/// How a page was touched, as far as the processor reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sys::platform) enum Touched {
    Read,
    Write,
    Execute,
    /// By an instruction that is not decoded.
    #[cfg_attr(target_arch = "x86_64", allow(dead_code, reason = "this processor reports it"))]
    Unknown,
}

impl Touched {
    /// Returns whether a page with `access` allows the touch, as far as it is known.
    fn is_allowed(self, access: PageAccess) -> bool {
        match self {
            Self::Read | Self::Unknown => access.can_read(),
            Self::Write => access.can_write(),
            Self::Execute => access.can_execute(),
        }
    }
}

/// The pages of a view, without anything that a handler must not use.
///
/// Invariant: the view, its table and its descriptor are there whenever the value is borrowed.
#[derive(Debug)]
pub(in crate::sys::platform) struct PageSnapshot {
    /// The address of the first page.
    pub(super) base: usize,
    /// What the view was mapped with.
    pub(super) access: PageAccess,
    pub(super) marks: Marks,
    /// A descriptor, and where in it the byte of the first page's commitment is; none if all pages
    /// are committed.
    pub(super) commitment: Option<(RawFd, u64)>,
}

impl PageSnapshot {
    /// Pages that are opened at a time: neighbours are often touched next, and each range of its
    /// own costs the kernel one of a limited number.
    const NEIGHBOURS: usize = 16;

    /// Returns the addresses of the view.
    pub(in crate::sys::platform) fn addresses(&self) -> Range<usize> {
        self.base..self.base + self.marks.count() * page_size()
    }

    /// Returns which page an address is in.
    pub(in crate::sys::platform) fn page_of(&self, address: usize) -> Option<usize> {
        let page = address.checked_sub(self.base)? / page_size();
        (page < self.marks.count()).then_some(page)
    }

    /// Opens a page that is closed and allows the touch; returns whether it allows it.
    ///
    /// A guard is taken by this, and refuses the touch.
    ///
    /// Takes no lock, allocates nothing, cannot panic. Whoever changes a page sets its mark before
    /// calling the kernel; whoever opens one looks at the mark again afterwards. So the last of
    /// them leaves the page as its mark says.
    pub(in crate::sys::platform) fn open(&self, page: usize, touched: Touched) -> bool {
        loop {
            let mark = self.marks.get(page);
            if mark.is_guarded() {
                if self.marks.replace(page, mark, mark.unguarded()) {
                    return false;
                }
                continue;
            }
            let Some(access) = mark.access() else {
                return touched.is_allowed(self.access) && self.open_around(page);
            };
            let known = touched != Touched::Unknown || mark.is_closed();
            if !known
                || !touched.is_allowed(access)
                || self.protect(page..page + 1, access).is_err()
            {
                return false;
            }
            if self.marks.replace(page, mark, mark.opened()) {
                return true;
            }
        }
    }

    /// Returns whether a page is open and can be read.
    pub(in crate::sys::platform) fn is_open(&self, page: usize) -> bool {
        let mark = self.marks.get(page);
        !mark.is_closed() && mark.access().is_some_and(PageAccess::can_read)
    }

    /// Opens a page that was given nothing, with its neighbours, if it is committed.
    fn open_around(&self, page: usize) -> bool {
        let Some((descriptor, place)) = self.commitment else { return false };
        let start = page - page % Self::NEIGHBOURS;
        let end = self.marks.count().min(start + Self::NEIGHBOURS);
        let mut committed = [0; Self::NEIGHBOURS];
        read_available(descriptor, place + start as u64, &mut committed);
        if committed[page - start] != COMMITTED {
            return false;
        }
        let is_there =
            |at: &usize| committed[at - start] == COMMITTED && self.marks.get(*at) == Mark::NONE;
        let first = page - (start..page).rev().take_while(is_there).count();
        let last = page + 1 + (page + 1..end).take_while(is_there).count();
        if self.protect(first..last, self.access).is_err() {
            return false;
        }
        for at in first..last {
            if !self.marks.replace(at, Mark::NONE, Mark::of(self.access.into(), false)) {
                self.restore(at);
            }
        }
        true
    }

    /// Makes a page what its mark says, which somebody else has just set.
    fn restore(&self, page: usize) {
        loop {
            let mark = self.marks.get(page);
            let access = mark.access().filter(|_| !mark.is_closed());
            let _ignored = self.protect(page..page + 1, access.unwrap_or(PageAccess::NoAccess));
            if self.marks.get(page) == mark {
                return;
            }
        }
    }

    /// Maps a page anew, by a function that gets what it is to allow and whether it is private;
    /// returns whether that had success.
    ///
    /// The mark is looked at again afterwards, as in [`open`](Self::open).
    #[cfg(guard_assembly)]
    pub(super) fn remap(&self, page: usize, map: impl Fn(ProtFlags, bool) -> bool) -> bool {
        loop {
            let mark = self.marks.get(page);
            let access = match mark.access().filter(|_| !mark.is_closed()) {
                Some(access) => access,
                None if mark == Mark::NONE && self.commitment.is_none() => self.access,
                None => PageAccess::NoAccess,
            };
            let is_private = mark.is_private() || self.access.is_private();
            if !map(protection_of(access), is_private) {
                return false;
            }
            if self.marks.get(page) == mark {
                return true;
            }
        }
    }

    /// Sets what pages allow.
    pub(super) fn protect(&self, pages: Range<usize>, access: PageAccess) -> Result<(), Errno> {
        if pages.end > self.marks.count() {
            return Err(Errno::INVAL);
        }
        let start = std::ptr::without_provenance_mut(self.base + pages.start * page_size());
        let flags = MprotectFlags::from_bits_retain(protection_of(access).bits());
        // SAFETY: the pages are the view's, and what they allow is nothing that Rust relies on: no
        // reference to them exists, and every access may be refused.
        unsafe { mprotect(start, pages.len() * page_size(), flags) }
    }
}

/// Returns the kernel's flags for what pages allow.
pub(super) fn protection_of(access: PageAccess) -> ProtFlags {
    protection(access.can_read(), access.can_write(), access.can_execute())
}

/// Reads from a file; bytes that it does not have stay as they are.
fn read_available(descriptor: RawFd, offset: u64, bytes: &mut [u8]) {
    // SAFETY: by the invariant of whoever has the number, the descriptor is open.
    let file = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let mut done = 0;
    let mut read = |at: usize| retry_on_intr(|| pread(file, &mut bytes[at..], offset + at as u64));
    while let Ok(count @ 1..) = read(done) {
        done += count;
    }
}
