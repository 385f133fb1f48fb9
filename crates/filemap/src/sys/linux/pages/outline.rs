//! What is needed to open a closed page, and how that is done without a lock.

#![expect(unsafe_code, reason = "system calls that may be made inside a signal handler")]

use std::os::fd::RawFd;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU8;

use crate::sys::platform::page_size;
use crate::sys::platform::pages::commitment::COMMITTED;
use crate::sys::platform::pages::table::{Mark, mark_at, replace_in};
use crate::types::PageAccess;

/// How a page was touched, as far as the processor tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sys::platform) enum Touched {
    Read,
    Write,
    Execute,
    /// By an instruction that is not looked into.
    #[cfg_attr(target_arch = "x86_64", allow(dead_code, reason = "this processor tells"))]
    Unknown,
}

impl Touched {
    /// Tells whether a page with `access` allows the touch, as far as it is known.
    fn is_allowed(self, access: PageAccess) -> bool {
        match self {
            Self::Read | Self::Unknown => access.can_read(),
            Self::Write => access.can_write(),
            Self::Execute => access.can_execute(),
        }
    }
}

/// A view's pages, as a handler may know them: numbers alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sys::platform) struct Outline {
    /// The address of the first page.
    pub(in crate::sys::platform) base: usize,
    /// How many pages of [`page_size`] there are.
    pub(in crate::sys::platform) count: usize,
    /// What the view was mapped with.
    pub(in crate::sys::platform) access: PageAccess,
    /// The mark of the first page.
    pub(in crate::sys::platform) marks: NonNull<AtomicU8>,
    /// Where the commitment can be read; negative if all pages are there.
    pub(in crate::sys::platform) descriptor: RawFd,
    /// Where in that the first page's is.
    pub(in crate::sys::platform) commitment: u64,
}

impl Outline {
    /// Pages that are opened at a time: neighbours are often touched next, and each range of its
    /// own costs the kernel one of a limited number.
    const NEIGHBOURS: usize = 16;

    /// Which page an address is in.
    pub(in crate::sys::platform) fn page_of(&self, address: usize) -> Option<usize> {
        let page = address.checked_sub(self.base)? / page_size();
        (page < self.count).then_some(page)
    }

    /// Opens a page that is closed and allows the touch; tells whether it allows it.
    ///
    /// A guard is taken away by this, and refuses the touch.
    ///
    /// Takes no lock, allocates nothing, cannot panic. Who changes a page sets its mark before it
    /// asks the kernel; who opens one looks at the mark again afterwards. So whoever comes last
    /// leaves the page as its mark says.
    ///
    /// # Safety
    ///
    /// The view is mapped, and its table and descriptor are there.
    pub(in crate::sys::platform) unsafe fn open(&self, page: usize, touched: Touched) -> bool {
        loop {
            // SAFETY: the caller promises the table, and `page` is below its count.
            let mark = unsafe { self.mark(page) };
            if mark.is_guarded() {
                // SAFETY: as above.
                if unsafe { self.replace(page, mark, mark.unguarded()) } {
                    return false;
                }
                continue;
            }
            let Some(access) = mark.access() else {
                if self.descriptor < 0 || !touched.is_allowed(self.access) {
                    return false;
                }
                // SAFETY: the caller promises the view, its table and its descriptor.
                return unsafe { self.open_around(page) };
            };
            let known = touched != Touched::Unknown || mark.is_closed();
            if !known || !touched.is_allowed(access) || !protect(self.address(page), 1, access) {
                return false;
            }
            // SAFETY: as above.
            if unsafe { self.replace(page, mark, mark.opened()) } {
                return true;
            }
        }
    }

    /// Tells whether a page is open and can be read.
    ///
    /// # Safety
    ///
    /// As for [`open`](Self::open).
    pub(in crate::sys::platform) unsafe fn is_open(&self, page: usize) -> bool {
        // SAFETY: the caller promises the table, and `page` is below its count.
        let mark = unsafe { self.mark(page) };
        let is_closed = mark.is_closed() || mark.is_guarded();
        !is_closed && mark.access().is_some_and(PageAccess::can_read)
    }

    /// Opens a page that was given nothing, with its neighbours, if it is committed.
    ///
    /// # Safety
    ///
    /// As for [`open`](Self::open).
    unsafe fn open_around(&self, page: usize) -> bool {
        let start = page - page % Self::NEIGHBOURS;
        let end = self.count.min(start + Self::NEIGHBOURS);
        let mut committed = [0; Self::NEIGHBOURS];
        read_marks(self.descriptor, self.commitment + start as u64, &mut committed);
        let is_there = |at: usize| {
            // SAFETY: the caller promises the table, and `at` is below its count.
            committed[at - start] == COMMITTED && unsafe { self.mark(at) } == Mark::NONE
        };
        if committed[page - start] != COMMITTED {
            return false;
        }
        let (mut first, mut last) = (page, page + 1);
        while first > start && is_there(first - 1) {
            first -= 1;
        }
        while last < end && is_there(last) {
            last += 1;
        }
        if !protect(self.address(first), last - first, self.access) {
            return false;
        }
        for at in first..last {
            // SAFETY: as above.
            if !unsafe { self.replace(at, Mark::NONE, Mark::given(self.access)) } {
                // SAFETY: as above.
                unsafe { self.settle(at) };
            }
        }
        true
    }

    /// Makes a page what its mark says that somebody has just set.
    ///
    /// # Safety
    ///
    /// As for [`open`](Self::open).
    unsafe fn settle(&self, page: usize) {
        loop {
            // SAFETY: the caller promises the table, and `page` is below its count.
            let mark = unsafe { self.mark(page) };
            let access = mark.access().filter(|_| !mark.is_closed());
            protect(self.address(page), 1, access.unwrap_or(PageAccess::NoAccess));
            // SAFETY: as above.
            if unsafe { self.mark(page) } == mark {
                return;
            }
        }
    }

    fn address(&self, page: usize) -> usize {
        self.base + page * page_size()
    }

    /// # Safety
    ///
    /// `page` is below the count, and the table is there.
    unsafe fn mark(&self, page: usize) -> Mark {
        // SAFETY: the caller promises that the sum is inside the table.
        let place = unsafe { self.marks.add(page) };
        // SAFETY: as above.
        unsafe { mark_at(place) }
    }

    /// # Safety
    ///
    /// `page` is below the count, and the table is there.
    unsafe fn replace(&self, page: usize, old: Mark, new: Mark) -> bool {
        // SAFETY: the caller promises it.
        unsafe { replace_in(self.marks, self.count, page, old, new) }
    }
}

/// The kernel's words for what pages allow.
pub(super) fn flags(access: PageAccess) -> libc::c_int {
    let mut flags = libc::PROT_NONE;
    if access.can_read() {
        flags |= libc::PROT_READ;
    }
    if access.can_write() {
        flags |= libc::PROT_WRITE;
    }
    if access.can_execute() {
        flags |= libc::PROT_EXEC;
    }
    flags
}

/// Sets what pages allow; tells whether the kernel did it.
fn protect(address: usize, count: usize, access: PageAccess) -> bool {
    let pages = std::ptr::without_provenance_mut(address);
    // SAFETY: what pages of a view allow is nothing that Rust relies on: no reference to them
    // exists, and every access may be refused.
    unsafe { libc::mprotect(pages, count * page_size(), flags(access)) == 0 }
}

/// Reads marks of a commitment; those that are not there stay as they are.
fn read_marks(descriptor: RawFd, place: u64, marks: &mut [u8]) {
    let mut done = 0;
    while done < marks.len() {
        let rest = &mut marks[done..];
        let at = (place + done as u64).cast_signed();
        // SAFETY: the slice has the room that is told.
        let read = unsafe { libc::pread64(descriptor, rest.as_mut_ptr().cast(), rest.len(), at) };
        match usize::try_from(read) {
            Ok(0) => return,
            Ok(count) => done += count,
            Err(_) if std::io::Error::last_os_error().raw_os_error() == Some(libc::EINTR) => {}
            Err(_) => return,
        }
    }
}
