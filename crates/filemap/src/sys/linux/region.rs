//! A mapped range: `mmap`, and what can be done with it until `munmap`.

#![expect(unsafe_code, reason = "mapping, unmapping, and copies between checked addresses")]

use std::fmt;
use std::mem::ManuallyDrop;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::mm::{self, MsyncFlags};

use crate::sys::guard::{self, Lost, Scalar};
use crate::sys::platform::error::from_errno;
use crate::sys::platform::placing::{map_aligned, map_anywhere, map_at};
use crate::sys::platform::{fault, file, loss, page_size};
use crate::sys::untouched::{self, Untouched};
use crate::sys::{RegionContract, Request};
use crate::types::geometry::Placement;
use crate::types::{Access, Advice, Error, ErrorKind, Flush, Loss, Operation, Result};

/// Bytes of a section, mapped into this process until it is dropped.
///
/// ```text
///  pages                start                      start + len      pages + mapped
///    |--------delta-------|============range============|----------------|
/// ```
///
/// Invariant: `pages` is the address of `mapped` bytes that this value alone mapped and alone
/// unmaps; the range `start .. start + len` lies inside them; `access` is what they are
/// mapped for. No Rust reference to any of these bytes is ever made.
pub(crate) struct Region {
    pages: NonNull<u8>,
    mapped: usize,
    start: NonNull<u8>,
    len: usize,
    access: Access,
    /// The file, to flush through.
    file: Option<Arc<OwnedFd>>,
    /// The offset in the section of the first byte of the range.
    offset: u64,
    untouched: Untouched,
}

// SAFETY: a region is an address range owned by the process, not by a thread; every method
// takes `&self` and copies bytes that other processes may change anyway.
unsafe impl Send for Region {}
// SAFETY: as above; copies by several threads at once are as allowed as copies by several
// processes at once, and mix old and new bytes at worst.
unsafe impl Sync for Region {}

impl Region {
    /// Maps the requested range of the section behind `descriptor`.
    pub(super) fn map(
        descriptor: BorrowedFd<'_>,
        file: Option<Arc<OwnedFd>>,
        unit: usize,
        request: Request,
    ) -> Result<Self> {
        let Request { offset, len, access, address, alignment } = request;
        let refused = |kind| Error::new(kind, Operation::MapView);
        if len == 0 {
            return Err(refused(ErrorKind::InvalidArgument).because("a view has at least a byte"));
        }
        let placed =
            Placement::of(offset, len, unit).ok_or_else(|| refused(ErrorKind::OutOfMemory))?;
        let mapped = placed
            .len
            .checked_next_multiple_of(unit)
            .filter(|mapped| isize::try_from(*mapped).is_ok())
            .ok_or_else(|| refused(ErrorKind::OutOfMemory))?;
        let pages = match address {
            Some(address) => {
                if address == 0 {
                    return Err(refused(ErrorKind::Misaligned)
                        .because("address 0 is not one that can be mapped"));
                }
                let base = address
                    .checked_sub(placed.delta)
                    .filter(|base| base.is_multiple_of(unit) && *base != 0)
                    .ok_or_else(|| {
                        refused(ErrorKind::Misaligned).because(
                            "the address and the offset differ by no whole number of pages",
                        )
                    })?;
                map_at(base, mapped, access, descriptor, placed.base)?
            }
            None if alignment > unit => {
                map_aligned(alignment, mapped, access, descriptor, placed.base)?
            }
            None => map_anywhere(mapped, access, descriptor, placed.base)?,
        };
        // SAFETY: `delta` is below `placed.len`, which is at most `mapped`, the length of the
        // mapping that `pages` begins.
        let start = unsafe { pages.add(placed.delta) };
        let untouched = Untouched::default();
        let region = Self { pages, mapped, start, len, access, file, offset, untouched };
        // What the copies rely on: the handler is installed, and open in this thread.
        fault::ensure().map_err(|error| {
            refused(ErrorKind::NotSupported)
                .because("this process may not handle SIGBUS, so no view would be safe")
                .caused_by(error)
        })?;
        Ok(region)
    }

    /// The address of `len` bytes at `offset`, if the range has them.
    #[inline]
    fn at(&self, offset: usize, len: usize, operation: Operation) -> Result<NonNull<u8>> {
        match offset.checked_add(len) {
            // SAFETY: `offset <= end <= self.len`, so the sum stays inside the region.
            Some(end) if end <= self.len => Ok(unsafe { self.start.add(offset) }),
            _ => Err(self.outside(offset, len, operation)),
        }
    }

    #[cold]
    fn outside(&self, offset: usize, len: usize, operation: Operation) -> Error {
        Error::new(ErrorKind::InvalidRange, operation)
            .about("the view")
            .because(format!("it has {} bytes, and {len} at {offset} are not in it", self.len))
    }

    /// Whole pages around `len` bytes at `offset`: their address and length.
    fn pages_around(
        &self,
        offset: usize,
        len: usize,
        operation: Operation,
    ) -> Result<(NonNull<u8>, usize)> {
        let first = self.at(offset, len, operation)?;
        let lead = first.addr().get() % page_size();
        // SAFETY: the region begins at a page, so the page of an address inside it begins
        // inside it.
        let page = unsafe { first.sub(lead) };
        Ok((page, lead + len))
    }

    /// The address of an aligned value that threads and processes agree on.
    pub(in crate::sys) fn cell<T: Scalar>(&self, offset: usize) -> Result<NonNull<T>> {
        let operation = Operation::Atomic;
        if !self.access.can_write() {
            return Err(denied(operation));
        }
        let cell = self.at(offset, size_of::<T>(), operation)?.cast::<T>();
        if cell.addr().get().is_multiple_of(size_of::<T>()) {
            return Ok(cell);
        }
        Err(Error::new(ErrorKind::Misaligned, operation)
            .about("the view")
            .because(format!("offset {offset} is not a multiple of {} bytes", size_of::<T>())))
    }

    /// Explains a fault under an access that began at `offset` in the range.
    #[cold]
    #[inline(never)]
    pub(in crate::sys) fn lost(&self, offset: usize, lost: Lost, operation: Operation) -> Error {
        let in_range = offset.saturating_add(lost.done);
        let loss = Loss { offset: self.offset.saturating_add(in_range as u64), done: lost.done };
        let address =
            lost.address.map_or(self.start.addr().get().wrapping_add(in_range), NonZeroUsize::get);
        let file = self.file.as_ref().map(|file| file.as_fd());
        loss::Fault { operation, loss, address, file }.explain()
    }

    /// Reads bytes that nobody has read in bulk yet by ordinary input; tells how many came.
    ///
    /// `None` if they are to come through the map.
    #[cold]
    fn read_first(&self, offset: usize, buf: &mut [u8]) -> Option<usize> {
        let file = self.file.as_ref()?;
        // Private pages are in no file.
        if self.access.is_private()
            || !self.untouched.first_read(self.len, offset..offset + buf.len())
        {
            return None;
        }
        file::read_at(file.as_fd(), self.offset + offset as u64, buf, Operation::Read).ok()
    }

    /// Copies what ordinary input left of a bulk read: the file ends there, or a little later.
    #[cold]
    fn copy_rest(&self, offset: usize, buf: &mut [u8], count: usize) -> Result<()> {
        let from = self.at(offset + count, buf.len() - count, Operation::Read)?;
        let rest = &mut buf[count..];
        // SAFETY: as in `copy_out`.
        unsafe { guard::copy_out(rest.as_mut_ptr(), from.as_ptr(), rest.len()) }.map_err(|lost| {
            let lost = Lost { done: lost.done + count, ..lost };
            self.lost(offset, lost, Operation::Read)
        })
    }

    /// Tells whether some page of a range can be had no more.
    fn is_cut(&self, offset: usize, len: usize) -> bool {
        self.prefetch(offset, len).is_err_and(|error| error.kind() == ErrorKind::Lost)
    }

    /// Unmaps; called once, by `drop` or by `unmap`.
    fn release(&mut self) -> Result<(), Errno> {
        // SAFETY: by the type's invariant these pages are ours alone, and no reference to them
        // exists; `self` is not used again.
        unsafe { mm::munmap(self.pages.as_ptr().cast(), self.mapped) }
    }
}

impl RegionContract for Region {
    #[inline]
    fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn start(&self) -> NonNull<u8> {
        self.start
    }

    #[inline]
    fn copy_out(&self, offset: usize, buf: &mut [u8]) -> Result<()> {
        let operation = Operation::Read;
        if !self.access.can_read() {
            return Err(denied(operation));
        }
        let from = self.at(offset, buf.len(), operation)?;
        if buf.len() >= untouched::BULK
            && let Some(count) = self.read_first(offset, buf)
        {
            return if count == buf.len() { Ok(()) } else { self.copy_rest(offset, buf, count) };
        }
        // SAFETY: `at` proved the source to be inside the region, which is mapped readable, as
        // just checked, and stays mapped while `self` is borrowed; `buf` is exclusively ours;
        // `map` called `ensure`.
        unsafe { guard::copy_out(buf.as_mut_ptr(), from.as_ptr(), buf.len()) }
            .map_err(|lost| self.lost(offset, lost, operation))
    }

    #[inline]
    fn copy_in(&self, offset: usize, bytes: &[u8]) -> Result<()> {
        let operation = Operation::Write;
        if !self.access.can_write() {
            return Err(denied(operation));
        }
        let to = self.at(offset, bytes.len(), operation)?;
        // SAFETY: as in `copy_out`; the region is mapped writable, as just checked.
        unsafe { guard::copy_in(to.as_ptr(), bytes.as_ptr(), bytes.len()) }
            .map_err(|lost| self.lost(offset, lost, operation))
    }

    fn copy_from(&self, offset: usize, source: &Self, from: usize, len: usize) -> Result<()> {
        let operation = Operation::Write;
        if !self.access.can_write() || !source.access.can_read() {
            return Err(denied(operation));
        }
        let to = self.at(offset, len, operation)?;
        let start = source.at(from, len, Operation::Read)?;
        // SAFETY: `at` proved both ranges to be inside regions that are mapped for this and
        // stay mapped while they are borrowed; the call tolerates overlap.
        unsafe { guard::copy_across(to.as_ptr(), start.as_ptr(), len) }.map_err(|lost| {
            // Both ranges may be of one view, so only the page of the first lost byte tells.
            let page = |address: usize| address / page_size();
            let read = start.addr().get() + lost.done;
            if lost.address.is_some_and(|address| page(address.get()) == page(read)) {
                source.lost(from, lost, Operation::Read)
            } else {
                self.lost(offset, lost, operation)
            }
        })
    }

    fn fill(&self, offset: usize, len: usize, byte: u8) -> Result<()> {
        let operation = Operation::Fill;
        if !self.access.can_write() {
            return Err(denied(operation));
        }
        let to = self.at(offset, len, operation)?;
        // SAFETY: as in `copy_in`.
        unsafe { guard::fill(to.as_ptr(), byte, len) }
            .map_err(|lost| self.lost(offset, lost, operation))
    }

    fn compare(&self, offset: usize, bytes: &[u8]) -> Result<Option<usize>> {
        let operation = Operation::Search;
        if !self.access.can_read() {
            return Err(denied(operation));
        }
        let at = self.at(offset, bytes.len(), operation)?;
        // SAFETY: as in `copy_out`; `bytes` is borrowed.
        unsafe { guard::compare(at.as_ptr(), bytes.as_ptr(), bytes.len()) }
            .map_err(|lost| self.lost(offset, lost, operation))
    }

    fn find(&self, offset: usize, len: usize, byte: u8) -> Result<Option<usize>> {
        let operation = Operation::Search;
        if !self.access.can_read() {
            return Err(denied(operation));
        }
        let at = self.at(offset, len, operation)?;
        // SAFETY: as in `copy_out`.
        unsafe { guard::find_byte(at.as_ptr(), byte, len) }
            .map_err(|lost| self.lost(offset, lost, operation))
    }

    #[inline]
    fn load<T: Scalar>(&self, offset: usize) -> Result<Option<T>> {
        let operation = Operation::Read;
        if !self.access.can_read() {
            return Err(denied(operation));
        }
        let from = self.at(offset, size_of::<T>(), operation)?.cast::<T>();
        if !from.addr().get().is_multiple_of(size_of::<T>()) {
            return Ok(None);
        }
        // SAFETY: as in `copy_out`, and the address was just seen to be aligned.
        unsafe { T::load(from.as_ptr()) }
            .map(Some)
            .map_err(|lost| self.lost(offset, lost, operation))
    }

    #[inline]
    fn store<T: Scalar>(&self, offset: usize, value: T) -> Result<bool> {
        let operation = Operation::Write;
        if !self.access.can_write() {
            return Err(denied(operation));
        }
        let to = self.at(offset, size_of::<T>(), operation)?.cast::<T>();
        if !to.addr().get().is_multiple_of(size_of::<T>()) {
            return Ok(false);
        }
        // SAFETY: as in `copy_in`, and the address was just seen to be aligned.
        unsafe { T::store(to.as_ptr(), value) }
            .map(|()| true)
            .map_err(|lost| self.lost(offset, lost, operation))
    }

    fn flush(&self, offset: usize, len: usize, flush: Flush) -> Result<()> {
        let (pages, len) = self.pages_around(offset, len, Operation::Flush)?;
        let Some(file) = &self.file else { return Ok(()) };
        if self.access.is_private() || len == 0 {
            return Ok(());
        }
        if flush < Flush::Durable {
            return file::flush(file.as_fd(), self.offset + offset as u64, len as u64, flush);
        }
        // On Linux this commits the file's size and waits for the device's cache as `fsync`
        // does, and only for the range
        // ([msync(2)](https://man7.org/linux/man-pages/man2/msync.2.html)).
        // SAFETY: `pages_around` gives pages of this region, and the call changes no byte.
        unsafe { mm::msync(pages.as_ptr().cast(), len, MsyncFlags::SYNC) }
            .map_err(|errno| from_errno(errno, Operation::Flush))
    }

    fn advise(&self, offset: usize, len: usize, advice: Advice) -> Result<()> {
        let (pages, len) = self.pages_around(offset, len, Operation::Advise)?;
        let advice = match advice {
            Advice::Normal => mm::Advice::Normal,
            Advice::Random => mm::Advice::Random,
            Advice::Sequential => mm::Advice::Sequential,
            Advice::WillNeed => mm::Advice::WillNeed,
            // `DontNeed` would throw a copy-on-write view's own pages away.
            Advice::NotSoon => mm::Advice::LinuxCold,
            Advice::LargePages => mm::Advice::LinuxHugepage,
        };
        // SAFETY: `pages_around` gives pages of this region, and none of these five words
        // changes a byte.
        match unsafe { mm::madvise(pages.as_ptr().cast(), len, advice) } {
            // A kernel without the feature ignores the advice, as advice may be.
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(errno) => Err(from_errno(errno, Operation::Advise)),
        }
    }

    fn prefetch(&self, offset: usize, len: usize) -> Result<()> {
        if !self.access.can_read() {
            return Err(denied(Operation::Advise));
        }
        let (pages, len) = self.pages_around(offset, len, Operation::Advise)?;
        // Populating waits for the pages and maps them; reading ahead, on kernels before 5.14,
        // only begins to read.
        // SAFETY: `pages_around` gives pages of this region, and reading them changes no byte.
        let populated =
            unsafe { mm::madvise(pages.as_ptr().cast(), len, mm::Advice::LinuxPopulateRead) };
        match populated {
            Ok(()) => Ok(()),
            Err(Errno::INVAL) => self.advise(offset, len, Advice::WillNeed),
            Err(Errno::FAULT) => Err(Error::new(ErrorKind::Lost, Operation::Advise)
                .about("the view")
                .because("the file is shorter than the view, or its disk failed")),
            Err(errno) => Err(from_errno(errno, Operation::Advise)),
        }
    }

    fn lock(&self, offset: usize, len: usize) -> Result<()> {
        let operation = Operation::LockMemory;
        if !self.access.can_read() {
            return Err(denied(operation));
        }
        let (pages, whole) = self.pages_around(offset, len, operation)?;
        // A lock that brought the pages in by itself would bring in copies of a private view's,
        // which then follow the mapping no more: lock what is there, then read it in.
        let on_fault = mm::MlockFlags::ONFAULT;
        // SAFETY: `pages_around` gives pages of this region, and locking changes no byte.
        unsafe { mm::mlock_with(pages.as_ptr().cast(), whole, on_fault) }.map_err(|errno| {
            match errno {
                // A page that is gone is reported as if there were no memory.
                Errno::NOMEM | Errno::AGAIN if self.is_cut(offset, len) => {
                    Error::new(ErrorKind::Lost, operation)
                        .about("the view")
                        .because("the file is shorter than the view, or its disk failed")
                }
                // All mean the limit: which one depends on whether any could be locked at all.
                Errno::NOMEM | Errno::PERM | Errno::AGAIN => {
                    Error::new(ErrorKind::LockLimit, operation)
                        .about("the view")
                        .caused_by(std::io::Error::from(errno))
                }
                errno => from_errno(errno, operation),
            }
        })?;
        self.prefetch(offset, len).map_err(|error| error.during(operation))
    }

    fn unlock(&self, offset: usize, len: usize) -> Result<()> {
        let (pages, len) = self.pages_around(offset, len, Operation::LockMemory)?;
        // SAFETY: as in `lock`.
        unsafe { mm::munlock(pages.as_ptr().cast(), len) }
            .map_err(|errno| from_errno(errno, Operation::LockMemory))
    }

    fn unmap(self) -> Result<()> {
        let mut region = ManuallyDrop::new(self);
        let (file, untouched) = (region.file.take(), std::mem::take(&mut region.untouched));
        let released = region.release();
        drop((file, untouched));
        released.map_err(|errno| from_errno(errno, Operation::UnmapView))
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // The kernel may have to split a map, and refuse when a process has too many. The pages
        // then stay until the process ends; nobody uses them any more.
        let _ignored = self.release();
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region")
            .field("start", &self.start)
            .field("len", &self.len)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

#[cold]
fn denied(operation: Operation) -> Error {
    Error::new(ErrorKind::AccessDenied, operation).about("the view")
}
