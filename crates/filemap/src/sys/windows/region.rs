//! A mapped range: `MapViewOfFile`, and what can be done with it until `UnmapViewOfFile`.

#![expect(unsafe_code, reason = "mapping, unmapping, and calls on ranges of addresses")]

use std::fmt;
use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::os::windows::io::BorrowedHandle;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use windows_sys::Win32::Foundation::{ERROR_LOCK_VIOLATION, ERROR_NOT_LOCKED};
use windows_sys::Win32::System::Memory::{
    FlushViewOfFile, PrefetchVirtualMemory, VirtualLock, VirtualUnlock, WIN32_MEMORY_RANGE_ENTRY,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use crate::sys::guard::{Lost, Scalar as _};
use crate::sys::platform::error::{code, from_io, last};
use crate::sys::platform::pages::Pages;
use crate::sys::platform::section::Source;
use crate::sys::platform::{fault, file, image, loss, page_size, placing};
use crate::sys::span::{Span, Touch, momentarily_refused};
use crate::sys::untouched::Untouched;
use crate::sys::{Copying, RegionContract, Request};
use crate::types::geometry::{GRANULARITY, Placement};
use crate::types::{
    Advice, Error, ErrorKind, Flush, Loss, Operation, PageProtection, PageRun, Result,
};

/// Bytes of a section, mapped into this process until it is dropped.
///
/// ```text
///  pages                start                      start + len
///    |--------delta-------|============range============|------|
///    ^ a multiple of the granularity                     to the end of the page
/// ```
///
/// Invariant: `pages` is the address of a view that this value alone mapped and alone unmaps; the
/// span lies inside it. No Rust reference to any of these bytes is ever made.
pub(crate) struct Region {
    pages: NonNull<u8>,
    span: Span,
    source: Source,
    /// The offset in the section of the first byte of the range.
    offset: u64,
    untouched: Untouched,
    /// Some pages may not allow what the view was mapped for.
    has_own_pages: AtomicBool,
}

// SAFETY: a region is an address range owned by the process, not by a thread; every method
// takes `&self` and copies bytes that other processes may change anyway.
unsafe impl Send for Region {}
// SAFETY: as above; copies by several threads at once are as allowed as copies by several
// processes at once, and mix old and new bytes at worst.
unsafe impl Sync for Region {}

impl Region {
    /// Maps the requested range of a section.
    pub(super) fn map(
        section: BorrowedHandle<'_>,
        source: Source,
        request: Request,
    ) -> Result<Self> {
        let Request { offset, len, access, address, alignment, guarded: _ } = request;
        debug_assert!(alignment <= GRANULARITY, "every view begins at a multiple of that");
        let refused = |kind| Error::new(kind, Operation::MapView);
        if len == 0 {
            return Err(refused(ErrorKind::InvalidArgument).because("a view has at least a byte"));
        }
        let placed = Placement::of(offset, len, GRANULARITY)
            .ok_or_else(|| refused(ErrorKind::OutOfMemory))?;
        let base = match address {
            Some(address) => Some(
                address
                    .checked_sub(placed.delta)
                    .filter(|base| base.is_multiple_of(GRANULARITY) && *base != 0)
                    .ok_or_else(|| {
                        refused(ErrorKind::Misaligned).because(
                            "the address and the offset differ by no whole number of 65536 bytes, \
                             or it is address 0",
                        )
                    })?,
            ),
            None => None,
        };
        // What the copies rely on: the handler is installed.
        fault::ensure().map_err(|error| {
            refused(ErrorKind::NotSupported)
                .because("this process may not handle exceptions, so no view would be safe")
                .caused_by(error)
        })?;
        if let Some(most) = source.image {
            let pages = placing::map(section, access, 0, 0, base, false)?;
            let len = image::extent(pages);
            // SAFETY: the view was just mapped, and is until the region is dropped, with the
            // span; the handler is there.
            let span = unsafe { Span::new(pages, len, most) };
            return Ok(Self::of(pages, span, source, 0));
        }
        let pages = placing::map(section, access, placed.base, placed.len, base, source.large)?;
        // SAFETY: `delta` is below `placed.len`, the length of the view that `pages` begins.
        let start = unsafe { pages.add(placed.delta) };
        if let Some(views) = &source.views {
            views.add(start, offset, len);
        }
        // SAFETY: the range was just mapped, and is until the region is dropped, with the span;
        // the handler is there.
        let span = unsafe { Span::new(start, len, access) };
        Ok(Self::of(pages, span, source, offset))
    }

    fn of(pages: NonNull<u8>, span: Span, source: Source, offset: u64) -> Self {
        let differ = source.reserved || source.image.is_some();
        let untouched = Untouched::default();
        let has_own_pages = AtomicBool::new(false);
        let region = Self { pages, span, source, offset, untouched, has_own_pages };
        if differ {
            region.keep_own_pages();
        }
        region
    }

    /// Asks the pages of every range from now on.
    ///
    /// Others may change them at any time, and only to more: but the kernel tells for less than a
    /// copy costs, and nothing has to be kept count of.
    fn keep_own_pages(&self) {
        self.has_own_pages.store(true, Ordering::Relaxed);
        for touch in [Touch::Read, Touch::Write] {
            self.span.set_limit(touch, 0);
        }
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

    /// The pages around `len` bytes at `offset`, which may reach to the end of the last page.
    fn pages(&self, offset: usize, len: usize) -> Pages<'_> {
        Pages::around(&self.span, offset, len)
    }

    fn file(&self) -> Option<&File> {
        self.source.file.as_deref()
    }

    /// Unmaps; called once, by `drop` or by `unmap`.
    fn release(&mut self) -> io::Result<()> {
        if let Some(views) = &self.source.views {
            // One of a program is in no list, which does no harm.
            views.remove(self.span.start());
        }
        // SAFETY: by the type's invariant this view is ours alone, and no reference to it exists;
        // `self` is not used again.
        unsafe { placing::unmap(self.pages) }
    }
}

impl Copying for Region {
    #[inline]
    fn span(&self) -> &Span {
        &self.span
    }

    fn has_own_pages(&self) -> bool {
        self.has_own_pages.load(Ordering::Relaxed)
    }

    fn ask_pages(
        &self,
        touch: Touch,
        offset: usize,
        len: usize,
        operation: Operation,
    ) -> Result<()> {
        self.pages(offset, len).ask(touch, operation)
    }

    #[cold]
    #[inline(never)]
    fn lost(&self, offset: usize, lost: Lost, operation: Operation) -> Error {
        let in_range = offset.saturating_add(lost.done);
        let loss = Loss { offset: self.offset.saturating_add(in_range as u64), done: lost.done };
        if self.has_own_pages() && in_range < self.extent() {
            let touch = match operation {
                Operation::Write | Operation::Fill | Operation::Atomic => Touch::Write,
                _ => Touch::Read,
            };
            if let Err(refused) = self.pages(in_range, 1).ask(touch, operation) {
                return refused.lost(loss);
            }
            // A page of memory is there, and so did not allow it at that moment.
            if !self.is_file() {
                return momentarily_refused(operation).lost(loss);
            }
        }
        loss::Fault { operation, loss, file: self.file() }.explain()
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
        let lead = self.span.start().addr().get() % page_size();
        (lead + self.span.len()).next_multiple_of(page_size()) - lead
    }

    fn is_file(&self) -> bool {
        self.source.views.is_some()
    }

    fn is_image(&self) -> bool {
        self.source.image.is_some()
    }

    fn pages_at(&self, offset: usize) -> Result<PageRun> {
        let end = self.pages(offset, self.extent() - offset);
        end.run(self.span.access().into(), Operation::QueryPages)
    }

    fn commit(&self, offset: usize, len: usize, protection: PageProtection) -> Result<()> {
        let operation = Operation::CommitPages;
        self.keep_own_pages();
        self.pages(offset, len).commit(protection, operation)
    }

    fn protect(
        &self,
        offset: usize,
        len: usize,
        protection: PageProtection,
    ) -> Result<PageProtection> {
        self.keep_own_pages();
        self.pages(offset, len).protect(protection)
    }

    fn flush(&self, offset: usize, len: usize, flush: Flush) -> Result<()> {
        let (pages, len) = self.pages_around(offset, len, Operation::Flush)?;
        let is_file = self.source.views.is_some();
        if !is_file
            || self.span.access().is_private()
            || !self.span.access().can_write()
            || len == 0
        {
            return Ok(());
        }
        flush_pages(pages, len)?;
        match self.file() {
            _ if flush < Flush::Durable => Ok(()),
            Some(file) => file::flush(file),
            None => Err(Error::new(ErrorKind::NotSupported, Operation::Flush)
                .about("the view")
                .because(
                    "its bytes were written, but the mapping was reached by its name, and the file \
                 that is to be flushed is not at hand",
                )),
        }
    }

    fn advise(&self, offset: usize, len: usize, advice: Advice) -> Result<()> {
        let (pages, len) = self.pages_around(offset, len, Operation::Advise)?;
        match advice {
            Advice::WillNeed if len > 0 => read_ahead(pages, len),
            // The system finds out by itself, or has no word for it.
            _ => {}
        }
        Ok(())
    }

    fn prefetch(&self, offset: usize, len: usize) -> Result<()> {
        let operation = Operation::Advise;
        self.to_read(offset, len, operation)?;
        let (pages, whole) = self.pages_around(offset, len, operation)?;
        if len == 0 {
            return Ok(());
        }
        read_ahead(pages, whole);
        // That only begins to read. A touch waits for the page, and tells whether it is there.
        let end = offset + len;
        let mut at = offset;
        while at < end {
            let from = self.to_read(at, 1, operation)?;
            // SAFETY: `to_read` proved the byte to be inside the span, which is mapped while
            // `self` is borrowed, with the handler ready.
            unsafe { u8::load(from.as_ptr()) }
                .map_err(|lost| self.lost(at, lost, operation).nowhere())?;
            at += page_size() - from.addr().get() % page_size();
        }
        Ok(())
    }

    fn lock(&self, offset: usize, len: usize) -> Result<()> {
        let operation = Operation::LockMemory;
        self.to_read(offset, len, operation)?;
        let (pages, whole) = self.pages_around(offset, len, operation)?;
        if len == 0 {
            return Ok(());
        }
        // SAFETY: `pages_around` gives pages of this view, and locking changes no byte.
        if unsafe { VirtualLock(pages.as_ptr().cast(), whole) } == 0 {
            let error = last(operation);
            return Err(match error.kind() {
                // The process's working set has no room for them.
                ErrorKind::OutOfMemory => {
                    Error::new(ErrorKind::LockLimit, operation).about("the view").caused_by(error)
                }
                _ => error.about("the view"),
            });
        }
        Ok(())
    }

    fn unlock(&self, offset: usize, len: usize) -> Result<()> {
        let operation = Operation::LockMemory;
        let (pages, len) = self.pages_around(offset, len, operation)?;
        // SAFETY: as in `lock`.
        if len == 0 || unsafe { VirtualUnlock(pages.as_ptr().cast(), len) } != 0 {
            return Ok(());
        }
        match io::Error::last_os_error() {
            // Pages that are not locked are as they are to be.
            error if code(&error) == Some(ERROR_NOT_LOCKED) => Ok(()),
            error => Err(from_io(operation)(error)),
        }
    }

    fn unmap(self) -> Result<()> {
        let mut region = ManuallyDrop::new(self);
        let released = region.release();
        // SAFETY: the value is dropped nowhere else, as it was wrapped above; of what is left of
        // it only these two own something.
        unsafe { std::ptr::drop_in_place(&raw mut region.source) };
        // SAFETY: as above.
        unsafe { std::ptr::drop_in_place(&raw mut region.untouched) };
        released.map_err(from_io(Operation::UnmapView))
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // Nothing can be done about a view that the system does not give back.
        let _ignored = self.release();
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region").field("span", &self.span).finish_non_exhaustive()
    }
}

/// The views of one file that were made here.
///
/// The kernel notes a store where it was made, in the pages of that view, and learns of it when
/// this very view is flushed or unmapped. So a flush of a file flushes each of its views.
#[derive(Debug, Default)]
pub(super) struct Views(Mutex<Vec<Mapped>>);

/// The range of a view, in memory and in its file.
#[derive(Debug, Clone, Copy)]
struct Mapped {
    /// Invariant: mapped as long as it is listed.
    start: NonNull<u8>,
    offset: u64,
    len: usize,
}

// SAFETY: an address range owned by the process, as in a region.
unsafe impl Send for Mapped {}

impl Views {
    fn add(&self, start: NonNull<u8>, offset: u64, len: usize) {
        self.list().push(Mapped { start, offset, len });
    }

    fn remove(&self, start: NonNull<u8>) {
        let mut list = self.list();
        if let Some(index) = list.iter().position(|mapped| mapped.start == start) {
            list.swap_remove(index);
        }
    }

    /// Flushes what the views have of a range of the file.
    pub(super) fn flush(&self, range: Range<u64>) -> Result<()> {
        // Held all the while: whoever unmaps a view takes it off the list before.
        let list = self.list();
        for Mapped { start, offset, len } in list.iter().copied() {
            let end = offset.saturating_add(len as u64).min(range.end);
            let from = offset.max(range.start);
            if from >= end {
                continue;
            }
            // Both differences are at most the length of the view.
            let skip = usize::try_from(from - offset).unwrap_or(0);
            let count = usize::try_from(end - from).unwrap_or(0);
            // SAFETY: `skip < len`, the length of the mapped range.
            flush_pages(unsafe { start.add(skip) }, count)?;
        }
        Ok(())
    }

    fn list(&self) -> std::sync::MutexGuard<'_, Vec<Mapped>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes out pages that were stored to.
fn flush_pages(pages: NonNull<u8>, len: usize) -> Result<()> {
    /// NTFS refuses while it is busy with the same pages by itself, which passes.
    const ATTEMPTS: u32 = 20;
    for attempt in 1.. {
        // SAFETY: the call looks up the address, and changes no byte.
        if unsafe { FlushViewOfFile(pages.as_ptr().cast(), len) } != 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if code(&error) != Some(ERROR_LOCK_VIOLATION) || attempt == ATTEMPTS {
            return Err(from_io(Operation::Flush)(error));
        }
        std::thread::sleep(std::time::Duration::from_millis(u64::from(attempt)));
    }
    Ok(())
}

/// Begins to read pages in. It is advice: the system may have better to do.
fn read_ahead(pages: NonNull<u8>, len: usize) {
    let range =
        WIN32_MEMORY_RANGE_ENTRY { VirtualAddress: pages.as_ptr().cast(), NumberOfBytes: len };
    // SAFETY: has no preconditions.
    let this = unsafe { GetCurrentProcess() };
    // SAFETY: one range is told, and it is advice about addresses, whatever is there.
    let _ignored = unsafe { PrefetchVirtualMemory(this, 1, &raw const range, 0) };
}
