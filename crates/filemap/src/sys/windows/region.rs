//! A mapped range: `MapViewOfFile`, and what can be done with it until `UnmapViewOfFile`.

#![expect(unsafe_code, reason = "mapping, unmapping, and copies between checked addresses")]

use std::fmt;
use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::os::windows::io::BorrowedHandle;
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use windows_sys::Win32::Foundation::{ERROR_LOCK_VIOLATION, ERROR_NOT_LOCKED};
use windows_sys::Win32::System::Memory::{
    FlushViewOfFile, MEM_COMMIT, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY,
    PAGE_NOACCESS, PAGE_PROTECTION_FLAGS, PAGE_READONLY, PAGE_READWRITE, PAGE_WRITECOPY,
    PrefetchVirtualMemory, VirtualAlloc, VirtualLock, VirtualUnlock, WIN32_MEMORY_RANGE_ENTRY,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use crate::sys::guard::{self, Lost, Scalar};
use crate::sys::platform::error::{code, from_io, last};
use crate::sys::platform::section::Source;
use crate::sys::platform::{fault, file, loss, page_size, placing};
use crate::sys::untouched::{self, Untouched};
use crate::sys::{RegionContract, Request};
use crate::types::geometry::{GRANULARITY, Placement};
use crate::types::{Access, Advice, Error, ErrorKind, Flush, Loss, Operation, Result};

/// Bytes of a section, mapped into this process until it is dropped.
///
/// ```text
///  pages                start                      start + len
///    |--------delta-------|============range============|------|
///    ^ a multiple of the granularity                     to the end of the page
/// ```
///
/// Invariant: `pages` is the address of a view that this value alone mapped and alone unmaps; the
/// range `start .. start + len` lies inside it; `access` is what it is mapped for. No Rust
/// reference to any of these bytes is ever made.
pub(crate) struct Region {
    pages: NonNull<u8>,
    start: NonNull<u8>,
    len: usize,
    access: Access,
    source: Source,
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
    /// Maps the requested range of a section.
    pub(super) fn map(
        section: BorrowedHandle<'_>,
        source: Source,
        request: Request,
    ) -> Result<Self> {
        let Request { offset, len, access, address, alignment } = request;
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
        let pages = placing::map(section, access, placed.base, placed.len, base, source.large)?;
        // SAFETY: `delta` is below `placed.len`, the length of the view that `pages` begins.
        let start = unsafe { pages.add(placed.delta) };
        if let Some(views) = &source.views {
            views.add(start, offset, len);
        }
        let untouched = Untouched::default();
        Ok(Self { pages, start, len, access, source, offset, untouched })
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
        // SAFETY: the view begins at a page, so the page of an address inside it begins inside it.
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
            if self.source.reserved {
                self.commit(offset, size_of::<T>(), operation)?;
            }
            return Ok(cell);
        }
        Err(Error::new(ErrorKind::Misaligned, operation)
            .about("the view")
            .because(format!("offset {offset} is not a multiple of {} bytes", size_of::<T>())))
    }

    /// Makes one access, and once more if its pages had been set aside and had to be committed.
    ///
    /// Windows wants that done before a touch. Here the first touch does it, as everywhere else.
    #[inline]
    fn attempt<T>(
        &self,
        offset: usize,
        len: usize,
        operation: Operation,
        access: impl Fn() -> Result<T, Lost>,
    ) -> Result<T> {
        match access() {
            Ok(value) => Ok(value),
            Err(_) if self.source.reserved && self.commit(offset, len, operation).is_ok() => {
                access().map_err(|lost| self.lost(offset, lost, operation))
            }
            Err(lost) => Err(self.lost(offset, lost, operation)),
        }
    }

    /// Commits pages that were set aside; those that are committed stay as they are.
    #[cold]
    fn commit(&self, offset: usize, len: usize, operation: Operation) -> Result<()> {
        let (pages, len) = self.pages_around(offset, len, operation)?;
        let protection = page_flag(self.access);
        // SAFETY: `pages_around` gives pages of this view, which keep their content and get the
        // protection that the view has anyway.
        let committed =
            unsafe { VirtualAlloc(pages.as_ptr().cast(), len.max(1), MEM_COMMIT, protection) };
        if committed.is_null() { Err(last(operation)) } else { Ok(()) }
    }

    /// Explains a fault under an access that began at `offset` in the range.
    #[cold]
    #[inline(never)]
    pub(in crate::sys) fn lost(&self, offset: usize, lost: Lost, operation: Operation) -> Error {
        let in_range = offset.saturating_add(lost.done);
        let loss = Loss { offset: self.offset.saturating_add(in_range as u64), done: lost.done };
        loss::Fault { operation, loss, file: self.file() }.explain()
    }

    fn file(&self) -> Option<&File> {
        self.source.file.as_deref()
    }

    /// Reads bytes that nobody has read in bulk yet by ordinary input; tells how many came.
    ///
    /// `None` if they are to come through the map.
    #[cold]
    fn read_first(&self, offset: usize, buf: &mut [u8]) -> Option<usize> {
        let file = self.file()?;
        // Private pages are in no file.
        if self.access.is_private()
            || !self.untouched.first_read(self.len, offset..offset + buf.len())
        {
            return None;
        }
        file::read_at(file, self.offset + offset as u64, buf, Operation::Read).ok()
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

    /// Unmaps; called once, by `drop` or by `unmap`.
    fn release(&mut self) -> io::Result<()> {
        if let Some(views) = &self.source.views {
            views.remove(self.start);
        }
        // SAFETY: by the type's invariant this view is ours alone, and no reference to it exists;
        // `self` is not used again.
        unsafe { placing::unmap(self.pages) }
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
        let (to, len) = (buf.as_mut_ptr(), buf.len());
        // SAFETY: `at` proved the source to be inside the region, which is mapped readable, as
        // just checked, and stays mapped while `self` is borrowed; `buf` is exclusively ours;
        // `map` called `ensure`.
        self.attempt(offset, len, operation, || unsafe { guard::copy_out(to, from.as_ptr(), len) })
    }

    #[inline]
    fn copy_in(&self, offset: usize, bytes: &[u8]) -> Result<()> {
        let operation = Operation::Write;
        if !self.access.can_write() {
            return Err(denied(operation));
        }
        let (to, len) = (self.at(offset, bytes.len(), operation)?, bytes.len());
        // SAFETY: as in `copy_out`; the region is mapped writable, as just checked.
        self.attempt(offset, len, operation, || unsafe {
            guard::copy_in(to.as_ptr(), bytes.as_ptr(), len)
        })
    }

    fn copy_from(&self, offset: usize, source: &Self, from: usize, len: usize) -> Result<()> {
        let operation = Operation::Write;
        if !self.access.can_write() || !source.access.can_read() {
            return Err(denied(operation));
        }
        let to = self.at(offset, len, operation)?;
        let start = source.at(from, len, Operation::Read)?;
        // A fault on either side would not tell whose pages are to be committed.
        for (region, at) in [(self, offset), (source, from)] {
            if region.source.reserved && len > 0 {
                region.commit(at, len, operation)?;
            }
        }
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
        self.attempt(offset, len, operation, || unsafe { guard::fill(to.as_ptr(), byte, len) })
    }

    fn compare(&self, offset: usize, bytes: &[u8]) -> Result<Option<usize>> {
        let operation = Operation::Search;
        if !self.access.can_read() {
            return Err(denied(operation));
        }
        let (at, len) = (self.at(offset, bytes.len(), operation)?, bytes.len());
        // SAFETY: as in `copy_out`; `bytes` is borrowed.
        self.attempt(offset, len, operation, || unsafe {
            guard::compare(at.as_ptr(), bytes.as_ptr(), len)
        })
    }

    fn find(&self, offset: usize, len: usize, byte: u8) -> Result<Option<usize>> {
        let operation = Operation::Search;
        if !self.access.can_read() {
            return Err(denied(operation));
        }
        let at = self.at(offset, len, operation)?;
        // SAFETY: as in `copy_out`.
        self.attempt(offset, len, operation, || unsafe { guard::find_byte(at.as_ptr(), byte, len) })
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
        self.attempt(offset, size_of::<T>(), operation, || unsafe { T::load(from.as_ptr()) })
            .map(Some)
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
        self.attempt(offset, size_of::<T>(), operation, || unsafe { T::store(to.as_ptr(), value) })
            .map(|()| true)
    }

    fn flush(&self, offset: usize, len: usize, flush: Flush) -> Result<()> {
        let (pages, len) = self.pages_around(offset, len, Operation::Flush)?;
        let is_file = self.source.views.is_some();
        if !is_file || self.access.is_private() || !self.access.can_write() || len == 0 {
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
        if !self.access.can_read() {
            return Err(denied(operation));
        }
        let (pages, whole) = self.pages_around(offset, len, operation)?;
        if len == 0 {
            return Ok(());
        }
        read_ahead(pages, whole);
        // That only begins to read. A touch waits for the page, and tells whether it is there.
        let end = offset + len;
        let mut at = offset;
        while at < end {
            let from = self.at(at, 1, operation)?;
            // SAFETY: as in `copy_out`.
            self.attempt(at, 1, operation, || unsafe { u8::load(from.as_ptr()) })
                .map_err(Error::nowhere)?;
            at += page_size() - from.addr().get() % page_size();
        }
        Ok(())
    }

    fn lock(&self, offset: usize, len: usize) -> Result<()> {
        let operation = Operation::LockMemory;
        if !self.access.can_read() {
            return Err(denied(operation));
        }
        let (pages, whole) = self.pages_around(offset, len, operation)?;
        if len == 0 {
            return Ok(());
        }
        if self.source.reserved {
            self.commit(offset, len, operation)?;
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
        f.debug_struct("Region")
            .field("start", &self.start)
            .field("len", &self.len)
            .field("access", &self.access)
            .finish_non_exhaustive()
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

/// The protection that the pages of a view have.
fn page_flag(access: Access) -> PAGE_PROTECTION_FLAGS {
    match access {
        Access::NoAccess => PAGE_NOACCESS,
        Access::Read => PAGE_READONLY,
        Access::Write => PAGE_READWRITE,
        Access::Copy => PAGE_WRITECOPY,
        Access::ReadExecute => PAGE_EXECUTE_READ,
        Access::WriteExecute => PAGE_EXECUTE_READWRITE,
        Access::CopyExecute => PAGE_EXECUTE_WRITECOPY,
    }
}

#[cold]
fn denied(operation: Operation) -> Error {
    Error::new(ErrorKind::AccessDenied, operation).about("the view")
}
