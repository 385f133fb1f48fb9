//! A mapped range: `mmap`, and what can be done with it until `munmap`.

#![expect(unsafe_code, reason = "mapping, unmapping, and calls on ranges of addresses")]

use std::fmt;
use std::mem::ManuallyDrop;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::{Arc, OnceLock};

use rustix::io::Errno;
use rustix::mm::{self, MsyncFlags};

use crate::sys::guard::Lost;
use crate::sys::platform::error::from_errno;
use crate::sys::platform::file::Layered;
use crate::sys::platform::image::Image;
use crate::sys::platform::pages::{Commitment, Pages, Paging, large};
use crate::sys::platform::placing::{
    Alignment, How, Stretch, given_back, map_aligned, map_aligned_if_easy, map_anywhere, map_at,
};
use crate::sys::platform::{fault, file, loss, page_size};
use crate::sys::span::{Span, Touch, momentarily_refused};
use crate::sys::untouched::Untouched;
use crate::sys::{Copying, RegionContract, Request};
use crate::types::geometry::{GRANULARITY, Placement};
use crate::types::{
    Access, Advice, Attributes, Error, ErrorKind, Flush, Loss, Operation, PageProtection, PageRun,
    Result,
};

/// Bytes of a section, mapped into this process until it is dropped.
///
/// ```text
///  pages                start                      start + len      pages + mapped
///    |--------lead--------|============span=============|----------------|
/// ```
///
/// Invariant: `pages` are mapped, by this value alone, and alone unmapped by it; the span lies
/// inside them. No Rust reference to any of these bytes is ever made.
pub(crate) struct Region {
    span: Span,
    pages: Pages,
    /// Made when pages come to differ: at once in a reserved section, or else when one is changed.
    paging: OnceLock<Paging>,
    /// The section is a file, which is flushed.
    is_file: bool,
    /// The offset in the section of the first byte of the range.
    offset: u64,
    untouched: Untouched,
    layered: Layered,
}

/// What a region has to know of its section.
#[derive(Debug)]
pub(super) struct Source {
    /// A description without a lock, so that a view does not keep a name.
    pub(super) descriptor: Arc<OwnedFd>,
    pub(super) is_file: bool,
    /// Bytes in a page.
    pub(super) unit: usize,
    /// Bytes in the section, if its pages must be committed.
    pub(super) reserved: Option<u64>,
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
        source: Source,
        request: Request,
    ) -> Result<Self> {
        let Request { offset, len, access, address, alignment, guarded } = request;
        let unit = source.unit;
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
        // What the copies rely on: the handler is installed, and open in this thread. Who wants
        // it otherwise has been told what becomes of a copy then; reserved pages are opened by it.
        if guarded || source.reserved.is_some() {
            fault::ensure().map_err(|error| {
                refused(ErrorKind::NotSupported)
                    .because("this process may not handle SIGBUS, so no view would be safe")
                    .caused_by(error)
            })?;
        }
        let how = if source.reserved.is_some() { How::closed(access) } else { How::open(access) };
        let stretch = Stretch { len: mapped, how, descriptor, offset: placed.base };
        let base = match address {
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
                map_at(base, stretch)?
            }
            None if alignment > unit => map_aligned(Alignment::to(alignment), stretch)?,
            None => match large::size_for(mapped).filter(|size| *size > unit) {
                // A large page is mapped as one where its address is a multiple of its size.
                Some(size) => {
                    let alignment = Alignment::as_in_file(size, placed.base);
                    map_aligned_if_easy(alignment, stretch)?
                }
                None => map_anywhere(stretch)?,
            },
        };
        // SAFETY: `delta` is below `placed.len`, which is at most `mapped`, the length of the
        // mapping that `base` begins.
        let start = unsafe { base.add(placed.delta) };
        let Source { descriptor, is_file, reserved, .. } = source;
        let pages = Pages {
            base,
            count: mapped / page_size(),
            unit,
            lead: placed.delta,
            access,
            source: descriptor,
            offset: placed.base,
        };
        // SAFETY: the range was just mapped, and is until the region is dropped, with the span;
        // the handler is there, or the caller would rather be killed by a lost page.
        let span = unsafe { Span::new(start, len, access) };
        let (untouched, paging) = (Untouched::default(), OnceLock::new());
        let layered = Layered::default();
        let region = Self { span, pages, paging, is_file, offset, untouched, layered };
        if let Some(size) = reserved {
            region.close(size)?;
        }
        Ok(region)
    }

    /// Maps all of a program, each of its sections with what it allows; where the program would
    /// best be, if that is free and the caller has no other wish.
    pub(super) fn of_image(
        descriptor: BorrowedFd<'_>,
        source: Source,
        image: &Arc<Image>,
        request: Request,
    ) -> Result<Self> {
        let refused = |kind| Error::new(kind, Operation::MapView);
        let runs = !image.attributes.contains(Attributes::NO_EXECUTE);
        let access = if runs { Access::CopyExecute } else { Access::Copy };
        let len = usize::try_from(image.layout.size)
            .map_err(|_| refused(ErrorKind::OutOfMemory))?
            .next_multiple_of(page_size());
        fault::ensure().map_err(|error| {
            refused(ErrorKind::NotSupported)
                .because("this process may not handle SIGBUS, so no view would be safe")
                .caused_by(error)
        })?;
        let stretch = Stretch { len, how: How::closed(access), descriptor, offset: 0 };
        let best = usize::try_from(image.layout.base)
            .ok()
            .filter(|base| *base != 0 && base.is_multiple_of(GRANULARITY));
        let base = match (request.address, best) {
            (Some(address), _) if address == 0 || !address.is_multiple_of(GRANULARITY) => {
                return Err(refused(ErrorKind::Misaligned)
                    .because("a program begins at a multiple of 65536 bytes"));
            }
            (Some(address), _) => map_at(address, stretch)?,
            (None, Some(best)) => match map_at(best, stretch) {
                Err(error) if error.kind() == ErrorKind::AddressTaken => {
                    map_aligned(Alignment::to(GRANULARITY), stretch)?
                }
                mapped => mapped?,
            },
            (None, None) => map_aligned(Alignment::to(GRANULARITY), stretch)?,
        };
        let pages = Pages {
            base,
            count: len / page_size(),
            unit: page_size(),
            lead: 0,
            access,
            source: source.descriptor,
            offset: 0,
        };
        // SAFETY: the range was just mapped, and is until the region is dropped, with the span;
        // the handler is there.
        let span = unsafe { Span::new(base, len, access) };
        let (untouched, paging) = (Untouched::default(), OnceLock::new());
        let layered = Layered::default();
        let region = Self { span, pages, paging, is_file: false, offset: 0, untouched, layered };
        for touch in [Touch::Read, Touch::Write] {
            region.span.set_limit(touch, 0);
        }
        let paging = Paging::of_image(region.pages.clone(), image, &region.span)?;
        // Nobody else has the region yet.
        let _ignored = region.paging.set(paging);
        Ok(region)
    }

    /// Begins to open pages of a reserved section as they are committed.
    fn close(&self, size: u64) -> Result<()> {
        for touch in [Touch::Read, Touch::Write] {
            self.span.set_limit(touch, 0);
        }
        let commitment = Commitment::new(Arc::clone(&self.pages.source), size, self.pages.offset);
        let paging = Paging::new(self.pages.clone(), Some(commitment), Operation::MapView)?;
        // Nobody else has the region yet.
        let _ignored = self.paging.set(paging);
        Ok(())
    }

    /// What the pages were given, from now on kept count of.
    fn paging(&self, operation: Operation) -> Result<&Paging> {
        if let Some(paging) = self.paging.get() {
            return Ok(paging);
        }
        let paging = Paging::new(self.pages.clone(), None, operation)?;
        Ok(self.paging.get_or_init(|| paging))
    }

    /// The file, to flush and to read through.
    fn file(&self) -> Option<BorrowedFd<'_>> {
        self.is_file.then(|| self.pages.source.as_fd())
    }

    /// Whole pages around `len` bytes at `offset`: their address and length.
    fn pages_around(
        &self,
        offset: usize,
        len: usize,
        operation: Operation,
    ) -> Result<(NonNull<u8>, usize)> {
        self.span.pages_around(offset, len, operation)
    }

    /// Tells whether some page of a range can be had no more.
    fn is_cut(&self, offset: usize, len: usize) -> bool {
        self.prefetch(offset, len).is_err_and(|error| error.kind() == ErrorKind::Lost)
    }

    /// Unmaps; called once, by `drop` or by `unmap`.
    fn release(&mut self) -> Result<(), Errno> {
        // Before the pages: the handler must not open what another view has by then.
        drop(self.paging.take());
        let Pages { base, count, .. } = self.pages;
        let len = count * page_size();
        // SAFETY: by the type's invariant these pages are ours alone, and no reference to them
        // exists; `self` is not used again.
        unsafe { mm::munmap(base.as_ptr().cast(), len) }?;
        given_back(base.addr().get(), len);
        Ok(())
    }
}

impl Copying for Region {
    #[inline]
    fn span(&self) -> &Span {
        &self.span
    }

    fn has_own_pages(&self) -> bool {
        self.paging.get().is_some()
    }

    fn ask_pages(
        &self,
        touch: Touch,
        offset: usize,
        len: usize,
        operation: Operation,
    ) -> Result<()> {
        self.paging(operation)?.ask(touch, offset, len, operation, &self.span)
    }

    #[cold]
    #[inline(never)]
    fn lost(&self, offset: usize, lost: Lost, operation: Operation) -> Error {
        let in_range = offset.saturating_add(lost.done);
        let loss = Loss { offset: self.offset.saturating_add(in_range as u64), done: lost.done };
        let start = self.span.start().addr().get();
        let address = lost.address.map_or(start.wrapping_add(in_range), NonZeroUsize::get);
        let touch = match operation {
            Operation::Write | Operation::Fill | Operation::Atomic => Touch::Write,
            _ => Touch::Read,
        };
        let refused =
            self.paging.get().and_then(|paging| paging.explain(touch, address, operation));
        if let Some(refused) = refused {
            return refused.lost(loss);
        }
        let error = loss::Fault { operation, loss, address, file: self.file() }.explain();
        // A page that is there, and allows it by now, did not at that moment.
        let source = self.pages.source.as_fd();
        if self.has_own_pages()
            && error.kind() == ErrorKind::Lost
            && file::read_at(source, loss.offset, &mut [0], operation).is_ok_and(|read| read == 1)
        {
            return momentarily_refused(operation).lost(loss);
        }
        error
    }

    #[cold]
    fn read_first(&self, offset: usize, buf: &mut [u8]) -> Option<usize> {
        let file = self.file()?;
        // Private pages are in no file.
        if self.span.access().is_private()
            || self.has_own_pages()
            || !self.untouched.first_read(self.span.len(), offset..offset + buf.len())
        {
            return None;
        }
        file::read_at(file, self.offset + offset as u64, buf, Operation::Read).ok()
    }
}

impl RegionContract for Region {
    fn extent(&self) -> usize {
        self.pages.extent()
    }

    fn is_file(&self) -> bool {
        self.is_file || self.is_image()
    }

    fn is_image(&self) -> bool {
        self.paging.get().is_some_and(Paging::is_image)
    }

    fn pages_at(&self, offset: usize) -> Result<PageRun> {
        match self.paging.get() {
            Some(paging) => paging.run_at(offset),
            None => Ok(self.pages.run_at(offset)),
        }
    }

    fn commit(&self, offset: usize, len: usize, protection: PageProtection) -> Result<()> {
        let operation = Operation::CommitPages;
        let pages = self.pages.units_around(offset, len);
        self.paging(operation)?.commit(pages, protection, &self.span)
    }

    fn protect(
        &self,
        offset: usize,
        len: usize,
        protection: PageProtection,
    ) -> Result<PageProtection> {
        let pages = self.pages.units_around(offset, len);
        self.paging(Operation::ProtectPages)?.protect(pages, protection, &self.span)
    }

    fn flush(&self, offset: usize, len: usize, flush: Flush) -> Result<()> {
        let (pages, len) = self.pages_around(offset, len, Operation::Flush)?;
        let Some(file) = self.file() else { return Ok(()) };
        if self.span.access().is_private() || len == 0 {
            return Ok(());
        }
        if flush < Flush::Durable {
            return file::flush(
                file,
                &self.layered,
                self.offset + offset as u64,
                len as u64,
                flush,
            );
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
        let word = match advice {
            Advice::Normal => mm::Advice::Normal,
            Advice::Random => mm::Advice::Random,
            Advice::Sequential => mm::Advice::Sequential,
            Advice::WillNeed => mm::Advice::WillNeed,
            // `DontNeed` would throw a copy-on-write view's own pages away.
            Advice::NotSoon => mm::Advice::LinuxCold,
            Advice::LargePages => mm::Advice::LinuxHugepage,
        };
        // SAFETY: `pages_around` gives pages of this region, and none of these words changes a
        // byte.
        match unsafe { mm::madvise(pages.as_ptr().cast(), len, word) } {
            // A kernel without the feature ignores the advice, as advice may be.
            Ok(()) | Err(Errno::INVAL) => {}
            Err(errno) => return Err(from_errno(errno, Operation::Advise)),
        }
        // Pages of a copy are not the section's, and those that differ cannot be one large page.
        let plain = !self.span.access().is_private() && !self.has_own_pages();
        if advice == Advice::LargePages && plain && self.pages.unit == page_size() {
            // SAFETY: as above.
            unsafe { large::gather(pages, len) };
        }
        Ok(())
    }

    fn expect_stores(&self, offset: usize, len: usize) {
        let operation = Operation::Advise;
        if self.to_write(offset, len, operation).is_err() {
            return;
        }
        if let Ok((pages, len)) = self.pages_around(offset, len, operation) {
            // What fails here, as on kernels before 5.14, is left to the stores.
            // SAFETY: `pages_around` gives pages of this region, and to make them writable changes
            // no byte.
            let _done_by_stores =
                unsafe { mm::madvise(pages.as_ptr().cast(), len, mm::Advice::LinuxPopulateWrite) };
        }
    }

    fn prefetch(&self, offset: usize, len: usize) -> Result<()> {
        self.to_read(offset, len, Operation::Advise)?;
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
        self.to_read(offset, len, operation)?;
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
        let released = region.release();
        // SAFETY: the value is dropped nowhere else, as it was wrapped above; of what is left of
        // it these two own something.
        unsafe { std::ptr::drop_in_place(&raw mut region.pages) };
        // SAFETY: as above.
        unsafe { std::ptr::drop_in_place(&raw mut region.untouched) };
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
        f.debug_struct("Region").field("span", &self.span).finish_non_exhaustive()
    }
}
