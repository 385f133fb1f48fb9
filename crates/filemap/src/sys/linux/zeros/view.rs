//! A view whose lost pages are replaced by zeros.

#![expect(unsafe_code, reason = "mapping pages in place of others, inside a signal handler too")]

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::fd::{BorrowedFd, RawFd};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::io::Errno;
use rustix::mm::{self, MapFlags, ProtFlags};

use crate::sys::platform::error::during;

use crate::sys::platform::file::{self, Place};
use crate::sys::platform::mapped_range::protection;
#[cfg(feature = "pages")]
use crate::sys::platform::pages;
use crate::sys::platform::zeros::claim::Claim;
use crate::sys::platform::zeros::losses::{Look, Losses};
use crate::sys::platform::zeros::patience::Patience;
use crate::types::{Access, Error, ErrorKind, Operation, Result};

/// The most pages of the process that are replaced one by one: each may split a mapping in three, of
/// which a process has 65,530 by default.
const MOST: usize = 8192;

/// How many there are.
static SINGLE: AtomicUsize = AtomicUsize::new(0);

/// What is known of a view whose lost pages are replaced, for handlers as well.
///
/// Invariant: the pages are mapped, and the descriptor is open, whenever the value is borrowed.
#[derive(Debug)]
pub(super) struct ZerosView {
    /// The address of the first page.
    pub(super) base: usize,
    /// How many pages there are.
    pub(super) count: usize,
    /// Bytes in a page.
    pub(super) unit: usize,
    pub(super) access: Access,
    pub(super) descriptor: RawFd,
    /// Which file it is of.
    pub(super) place: Place,
    /// Where the first page is in the file.
    pub(super) offset: u64,
    pub(super) claim: Claim,
    pub(super) losses: Losses,
    /// How many of its pages are among those replaced one by one.
    pub(super) single: AtomicUsize,
}

impl ZerosView {
    /// Returns the addresses of the view.
    pub(super) fn addresses(&self) -> Range<usize> {
        self.base..self.base + self.count * self.unit
    }

    /// Returns where pages are, in bytes from the first page on.
    pub(super) fn bytes(&self, pages: &Range<usize>) -> Range<usize> {
        pages.start * self.unit..pages.end * self.unit
    }

    /// Returns the first of some bytes whose page was replaced.
    pub(super) fn first_lost(&self, bytes: &Range<usize>) -> Option<usize> {
        let pages = bytes.start / self.unit..bytes.end.div_ceil(self.unit);
        let page = self.losses.first_in(&pages)?;
        Some((page * self.unit).max(bytes.start)).filter(|_| !bytes.is_empty())
    }

    /// Returns whether pages of some bytes may have been lost since a look.
    pub(super) fn lost_since(&self, before: Look, bytes: &Range<usize>) -> bool {
        let pages = bytes.start / self.unit..bytes.end.div_ceil(self.unit);
        self.losses.lost_since(before, &pages)
    }

    /// Replaces the page of an address that was lost; returns whether the touch is to be made again.
    ///
    /// Called inside a signal handler: takes no lock that is waited for without a limit, allocates
    /// nothing, cannot panic. The error number may change.
    pub(super) fn replace(&self, address: usize) -> bool {
        let page = address.wrapping_sub(self.base) / self.unit;
        if page >= self.count {
            return false;
        }
        let mut patience = Patience::default();
        let turn = self.claim.take(|| patience.wait());
        // Another thread may have been faster.
        let is_done = self.losses.is_marked(page) && self.is_there(page);
        let replaced = if is_done { Some(page..page) } else { self.replace_around(page) };
        if !self.claim.give_back(turn)
            && let Some(pages) = &replaced
        {
            // Whoever had less patience may have restored the pages before they were replaced here.
            self.losses.mark(pages, now());
        }
        replaced.is_some()
    }

    /// Replaces a lost page and those that are lost with it, and returns them.
    fn replace_around(&self, page: usize) -> Option<Range<usize>> {
        if self.losses.is_marked(page) {
            // Whoever has marked it has not come to replace it.
            return self.replace_pages(page..page + 1);
        }
        let differs = self.differs();
        if !differs && page >= self.reached() {
            return self.replace_rest(page);
        }
        let is_alone =
            !self.losses.is_marked(page + 1) && (page == 0 || !self.losses.is_marked(page - 1));
        if !is_alone || SINGLE.fetch_add(1, Ordering::Relaxed) < MOST {
            self.single.fetch_add(usize::from(is_alone), Ordering::Relaxed);
            return self.replace_pages(page..page + 1);
        }
        SINGLE.fetch_sub(1, Ordering::Relaxed);
        // What a private view has stored in the pages behind is nowhere else.
        if differs || self.access.is_private() { None } else { self.replace_rest(page) }
    }

    fn replace_pages(&self, pages: Range<usize>) -> Option<Range<usize>> {
        // First the marks, then the pages: see `Losses`.
        (self.losses.mark(&pages, now()) && self.map_zeros(&pages)).then_some(pages)
    }

    /// Replaces all pages from one on that are not replaced yet: those that are keep what was stored
    /// there.
    fn replace_rest(&self, page: usize) -> Option<Range<usize>> {
        let rest = page..self.count;
        let end = self.losses.end_of_single();
        if !self.losses.mark(&rest, now()) {
            return None;
        }
        let mut from = page;
        while from < end {
            let replaced = self.losses.next_single(from..end).unwrap_or(end);
            if from < replaced && !self.map_zeros(&(from..replaced)) {
                return None;
            }
            from = replaced + 1;
        }
        Some(rest)
    }

    fn map_zeros(&self, pages: &Range<usize>) -> bool {
        let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
        let map = |pages: &Range<usize>, allowed, _| {
            let (start, len) = self.part(pages)?;
            // SAFETY: replaces pages of this view, in one step; no reference to their bytes exists,
            // and whoever touches them by their address was told that they may become zeros.
            unsafe { mm::mmap_anonymous(start, len, allowed, flags) }.ok().map(drop)
        };
        // What is not the file's is not executed.
        self.remap(pages, false, map)
    }

    /// Maps pages anew, by a function that gets what they are to allow, and whether they are private.
    fn remap(
        &self,
        pages: &Range<usize>,
        execute: bool,
        map: impl Fn(&Range<usize>, ProtFlags, bool) -> Option<()>,
    ) -> bool {
        #[cfg(feature = "pages")]
        if self.differs() {
            return pages.clone().all(|page| {
                let address = self.base + page * self.unit;
                pages::remap(address, |allowed: ProtFlags, is_private| {
                    let keeps = if execute { ProtFlags::all() } else { !ProtFlags::EXEC };
                    map(&(page..page + 1), allowed & keeps, is_private).is_some()
                })
            });
        }
        let allowed = protection(self.access.can_read(), self.access.can_write(), execute);
        map(pages, allowed, self.access.is_private()).is_some()
    }

    /// Returns whether pages may allow other things than the view.
    fn differs(&self) -> bool {
        #[cfg(feature = "pages")]
        let differs = pages::differ(self.base);
        #[cfg(not(feature = "pages"))]
        let differs = false;
        differs
    }

    /// Returns the address and the length of pages that the view has.
    fn part(&self, pages: &Range<usize>) -> Option<(*mut std::ffi::c_void, usize)> {
        let is_inside = pages.start < pages.end && pages.end <= self.count;
        let start = std::ptr::with_exposed_provenance_mut(self.base + pages.start * self.unit);
        is_inside.then(|| (start, pages.len() * self.unit))
    }

    /// Returns whether a page can be touched in the ways that the view allows: the kernel tries, and
    /// raises no signal.
    ///
    /// Kernels before 5.14 cannot, and pages that allow less than the view do not either. They are then
    /// replaced once more, which loses no more than what was stored to zeros.
    fn is_there(&self, page: usize) -> bool {
        let touch = match self.access.can_write() {
            true => mm::Advice::LinuxPopulateWrite,
            false => mm::Advice::LinuxPopulateRead,
        };
        self.part(&(page..page + 1)).is_some_and(|(start, len)| {
            // SAFETY: the pages are mapped, and none of their bytes is changed.
            unsafe { mm::madvise(start, len, touch) }.is_ok()
        })
    }

    /// Returns how many pages of the view the file has now; all, if it does not say.
    fn reached(&self) -> usize {
        self.file_len().map_or(self.count, |len| self.pages_of(len))
    }

    fn pages_of(&self, len: u64) -> usize {
        let pages = len.saturating_sub(self.offset).div_ceil(self.unit as u64);
        usize::try_from(pages).map_or(self.count, |pages| pages.min(self.count))
    }

    /// Returns the length of the file, if its descriptor is still the view's.
    fn file_len(&self) -> Option<u64> {
        // SAFETY: by the type's invariant the descriptor is open. A program that has closed it
        // nevertheless may have another file there, which its place tells.
        let file = unsafe { BorrowedFd::borrow_raw(self.descriptor) };
        let (place, len) = file::place_and_length(file).ok()?;
        (place == self.place).then_some(len)
    }

    /// Maps the file back where it reaches again; returns the pages that it has replaced.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] if another thread does not finish; [`ErrorKind::BackingGone`] if the
    /// descriptor is not the file any more; those of
    /// [mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html).
    pub(super) fn restore(&self) -> Result<Vec<Range<usize>>> {
        if !self.losses.look().any() {
            return Ok(Vec::new());
        }
        let refused = |kind| Error::new(kind, Operation::Restore).about("the view");
        let len = self.file_len().ok_or_else(|| {
            refused(ErrorKind::BackingGone)
                .because("its descriptor is not that of its file any more")
        })?;
        let _blocked = Blocked::new();
        let mut patience = Patience::default();
        let turn = self.claim.take_if_free(|| patience.wait());
        let turn = turn.ok_or_else(|| refused(ErrorKind::TimedOut))?;
        let reached = self.pages_of(len);
        let mut restored = Vec::new();
        let mut outcome = Ok(());
        for (pages, _) in self.losses.ranges() {
            let pages = pages.start..pages.end.min(reached);
            if pages.is_empty() {
                break;
            }
            outcome = self.map_back(&pages);
            if outcome.is_err() {
                break;
            }
            restored.push(pages);
        }
        self.losses.clear(&restored);
        // A range that is left has at least one of those that were replaced alone.
        let left = self.losses.ranges().len().min(self.single.load(Ordering::Relaxed));
        let before = self.single.swap(left, Ordering::Relaxed);
        SINGLE.fetch_sub(before.saturating_sub(left), Ordering::Relaxed);
        if !self.claim.give_back(turn) {
            // A handler had no patience, and may have replaced what was just restored.
            for pages in &restored {
                self.losses.mark(pages, now());
            }
            return Err(refused(ErrorKind::TimedOut));
        }
        outcome.map_err(during(Operation::Restore)).map(|()| restored)
    }

    fn map_back(&self, pages: &Range<usize>) -> Result<(), Errno> {
        // SAFETY: by the type's invariant the descriptor is open, and was just seen to be the file's.
        let file = unsafe { BorrowedFd::borrow_raw(self.descriptor) };
        let failed = Cell::new(Errno::INVAL);
        let map = |pages: &Range<usize>, allowed, is_private| {
            let (start, len) = self.part(pages)?;
            let sharing = if is_private { MapFlags::PRIVATE } else { MapFlags::SHARED };
            let offset = self.offset + (pages.start * self.unit) as u64;
            // SAFETY: replaces pages of this view, in one step, by those that it was mapped with; no
            // reference to their bytes exists.
            unsafe { mm::mmap(start, len, allowed, sharing | MapFlags::FIXED, file, offset) }
                .map_err(|errno| failed.set(errno))
                .ok()
                .map(drop)
        };
        let execute = self.access.can_execute();
        if self.remap(pages, execute, map) { Ok(()) } else { Err(failed.get()) }
    }
}

impl Drop for ZerosView {
    fn drop(&mut self) {
        SINGLE.fetch_sub(*self.single.get_mut(), Ordering::Relaxed);
    }
}

/// All signals that can be, blocked for this thread until it is dropped: what handles one may touch a
/// page that this thread alone may replace.
struct Blocked(libc::sigset_t);

impl Blocked {
    fn new() -> Self {
        let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: the set is ours to write.
        unsafe { libc::sigfillset(all.as_mut_ptr()) };
        for fault in [libc::SIGBUS, libc::SIGSEGV] {
            // SAFETY: the set is ours to write, and was initialised above.
            unsafe { libc::sigdelset(all.as_mut_ptr(), fault) };
        }
        let (how, before_at) = (libc::SIG_BLOCK, before.as_mut_ptr());
        // SAFETY: the set was initialised above, and there is room for the one before.
        unsafe { libc::pthread_sigmask(how, all.as_ptr(), before_at) };
        // SAFETY: the call fails for an unknown `how` alone, so it has written the set.
        Self(unsafe { before.assume_init() })
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: the set is the one that was there before.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, null_mut()) };
    }
}

/// Returns the time in nanoseconds since 1970; never 0.
fn now() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: there is room for the time.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut now) };
    let (seconds, rest) = (now.tv_sec.cast_unsigned(), now.tv_nsec.cast_unsigned());
    seconds.wrapping_mul(1_000_000_000).wrapping_add(rest).max(1)
}
