//! The mapped pages of a view: `mmap`, and what the kernel does with them until `munmap`.

#![expect(unsafe_code, reason = "calls on ranges of addresses")]

#[cfg(guard_assembly)]
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::io::Errno;
use rustix::mm::{self, MapFlags, MsyncFlags, ProtFlags};

use crate::sys::platform::address::{map_aligned, map_at};
use crate::sys::platform::error::{during, from_errno, last_errno};
#[cfg(guard_assembly)]
use crate::sys::platform::file::Place;
use crate::sys::platform::file::{self, Layered};
use crate::sys::platform::mapped_range::{MapArguments, MappedRange, protection};
use crate::sys::platform::{fault, large_pages, loss, page_size};
#[cfg(guard_assembly)]
use crate::sys::platform::{memory_file, zeros};
#[cfg(guard_assembly)]
use crate::sys::{AppendList, ZeroPages};
use crate::sys::{MappedViewContract, SystemAdvice, guard};
use crate::types::geometry::in_memory;
use crate::types::{Access, Advice, Error, ErrorKind, Flush, Loss, Operation, Result};

/// What the views of a section share with it, whose handle may be closed before them.
#[derive(Debug)]
pub(super) struct SharedDescriptor {
    /// Without a lock, so that a view does not keep a name.
    pub(super) descriptor: Arc<OwnedFd>,
    /// Where the view of the section was that was unmapped last; 0 if there was none.
    vacated: AtomicUsize,
    layered: Layered,
    /// Where the file is, once it was asked for; none of memory that nobody can cut.
    #[cfg(guard_assembly)]
    place: AppendList<Option<Place>>,
}

/// A program may close a descriptor that it does not know, as daemons close all, and have a file of its
/// own under the number: that one is left alone.
#[cfg(guard_assembly)]
impl Drop for SharedDescriptor {
    fn drop(&mut self) {
        let known = self.place.get().copied().flatten();
        let is_ours = known.is_none_or(|known| {
            file::place_and_length(self.descriptor.as_fd()).is_ok_and(|(place, _)| place == known)
        });
        if !is_ours {
            let _kept = ManuallyDrop::new(Arc::clone(&self.descriptor));
        }
    }
}

impl SharedDescriptor {
    pub(super) fn new(descriptor: Arc<OwnedFd>) -> Self {
        Self {
            descriptor,
            vacated: AtomicUsize::new(0),
            layered: Layered::default(),
            #[cfg(guard_assembly)]
            place: AppendList::new(),
        }
    }

    /// Returns where the file is; nothing of memory that nobody can cut, and that loses no page.
    #[cfg(guard_assembly)]
    fn place(&self) -> Result<Option<Place>, Errno> {
        if let Some(place) = self.place.get() {
            return Ok(*place);
        }
        let file = self.descriptor.as_fd();
        let place = if memory_file::is_whole_for_ever(file) {
            None
        } else {
            Some(file::place_and_length(file)?.0)
        };
        Ok(*self.place.get_or_push(|| place))
    }
}

/// What pages are mapped of.
#[derive(Debug, Clone)]
pub(super) struct ViewSource {
    /// None of memory that no descriptor reaches.
    pub(super) shared: Option<Arc<SharedDescriptor>>,
    pub(super) is_file: bool,
    /// Bytes in a page.
    pub(super) unit: usize,
    pub(super) access: Access,
    /// Where the first page is in the section, in bytes.
    pub(super) offset: u64,
}

/// Whole pages around the bytes of a view.
#[derive(Debug)]
pub(crate) struct MappedView {
    range: MappedRange,
    source: ViewSource,
    /// Set if a handler may be replacing pages for ever, which must then stay mapped.
    is_stuck: Option<Arc<AtomicBool>>,
}

/// Where and how pages are mapped.
#[derive(Debug, Clone, Copy)]
pub(super) struct MapOptions {
    /// Bytes: whole pages.
    pub(super) len: usize,
    pub(super) address: Option<usize>,
    /// The address is to be congruent to the offset, modulo this many bytes.
    pub(super) alignment: usize,
    /// The pages allow nothing yet.
    pub(super) closed: bool,
}

impl MappedView {
    /// Maps pages through `file`, which is the shared descriptor or another one of the same file.
    pub(super) fn map(
        file: BorrowedFd<'_>,
        source: ViewSource,
        options: MapOptions,
    ) -> Result<Self> {
        let ViewSource { access, offset, .. } = source;
        let MapOptions { len, address, alignment, closed } = options;
        let allowed = protection(access.can_read(), access.can_write(), access.can_execute());
        let arguments = MapArguments {
            len,
            protection: if closed { ProtFlags::empty() } else { allowed },
            sharing: if access.is_private() { MapFlags::PRIVATE } else { MapFlags::SHARED },
            file,
            offset,
        };
        let never = AtomicUsize::new(0);
        let vacated = source.shared.as_ref().map_or(&never, |shared| &shared.vacated);
        let range = match address {
            Some(address) => map_at(address, arguments)?,
            None => map_aligned(alignment, source.unit, arguments, vacated)?,
        };
        Ok(Self { range, source, is_stuck: None })
    }

    /// Maps zeroed memory that no descriptor reaches.
    pub(super) fn anonymous(len: usize) -> Result<Self> {
        let range = MappedRange::of_zeros(len, MapFlags::SHARED);
        let (unit, access) = (page_size(), Access::Write);
        let source = ViewSource { shared: None, is_file: false, unit, access, offset: 0 };
        let range = range.map_err(during(Operation::MapView))?;
        Ok(Self { range, source, is_stuck: None })
    }

    /// Pages that were mapped elsewhere.
    pub(super) fn over(range: MappedRange, source: ViewSource) -> Self {
        Self { range, source, is_stuck: None }
    }

    /// Returns what they are pages of.
    #[cfg(feature = "pages")]
    pub(super) fn source(&self) -> &ViewSource {
        &self.source
    }

    /// Makes a hole of memory that no descriptor reaches, of which the kernel takes whole pages.
    fn discard_anonymous(&self, range: Range<usize>) -> Result<()> {
        let first = range.start.next_multiple_of(page_size()).min(range.end);
        let last = (range.end - range.end % page_size()).max(first);
        for edge in [range.start..first, last..range.end] {
            let (start, len) = self.range.part(&edge);
            // SAFETY: the bytes are mapped, the caller has seen that they may be written, and faults
            // are handled since the pages were mapped.
            let _left = unsafe { guard::fill(start.as_ptr(), 0, len) };
        }
        let (start, len) = self.range.part(&(first..last));
        if len == 0 {
            return Ok(());
        }
        // SAFETY: the pages are mapped, and whoever reads them finds zeros from now on.
        unsafe { mm::madvise(start.as_ptr().cast(), len, mm::Advice::LinuxRemove) }
            .map_err(during(Operation::Discard))
    }

    /// Leaves the pages and the descriptor as they are for ever, if a handler may be using them.
    fn leave_what_is_used(&mut self) {
        if self.is_stuck.take().is_some_and(|is_stuck| is_stuck.load(Ordering::Relaxed)) {
            self.range.leave();
            let _kept = self.source.shared.clone().map(Arc::into_raw);
        }
    }

    /// Asks the kernel for something about pages that changes none of their bytes.
    fn advise_kernel(&self, pages: &Range<usize>, advice: mm::Advice) -> Result<(), Errno> {
        let (start, len) = self.range.part(pages);
        // SAFETY: the pages are mapped, and no caller gives advice that changes a byte.
        unsafe { mm::madvise(start.as_ptr().cast(), len, advice) }
    }
}

/// Makes the thread ready to touch pages that may be lost.
pub(super) fn ensure_guarded() -> Result<()> {
    fault::ensure().map_err(unguarded)
}

/// Makes the process ready to touch memory that no descriptor reaches, and that nobody can cut.
pub(super) fn ensure_guarded_memory() -> Result<()> {
    fault::put_on_top().map_err(unguarded)
}

#[cold]
fn unguarded(error: std::io::Error) -> Error {
    Error::new(ErrorKind::NotSupported, Operation::MapView)
        .because("this process may not handle SIGBUS, so no view would be safe")
        .caused_by(error)
}

impl MappedViewContract for MappedView {
    fn start(&self) -> std::ptr::NonNull<u8> {
        self.range.start()
    }

    fn len(&self) -> usize {
        self.range.len()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.source.shared.as_ref().map(|shared| shared.descriptor.as_fd())
    }

    fn is_there(&self, offset: u64) -> bool {
        self.descriptor().is_none_or(|source| {
            file::read_at(source, offset, &mut [0], Operation::Read).is_ok_and(|read| read == 1)
        })
    }

    #[cfg(guard_assembly)]
    fn zero_pages(&mut self) -> Result<ZeroPages> {
        let Some(shared) = &self.source.shared else { return Ok(ZeroPages::none()) };
        let place = shared.place().map_err(during(Operation::MapView))?;
        let Some(place) = place else { return Ok(ZeroPages::none()) };
        let is_stuck = self.is_stuck.get_or_insert_default();
        zeros::begin(&self.range, &self.source, (shared.descriptor.as_fd(), place), is_stuck)
    }

    fn explain(&self, loss: Loss, operation: Operation) -> Error {
        match self.descriptor() {
            Some(file) => loss::explain(loss, file, self.source.is_file, operation),
            None => Error::new(ErrorKind::Lost, operation).lost(loss),
        }
    }

    fn flush(&self, pages: &Range<usize>, offset: u64, flush: Flush) -> Result<()> {
        let (start, len) = self.range.part(pages);
        if !self.source.is_file {
            return Ok(());
        }
        let Some(shared) = self.source.shared.as_ref() else {
            // SAFETY: the pages are mapped, and the call changes no byte.
            return unsafe { mm::msync(start.as_ptr().cast(), len, MsyncFlags::SYNC) }
                .map_err(during(Operation::Flush));
        };
        let file = shared.descriptor.as_fd();
        let stored = offset..self.source.offset + pages.end as u64;
        if flush < Flush::Durable {
            file::flush(file, &shared.layered, offset, len as u64, flush)?;
            return if flush == Flush::Start { Ok(()) } else { file::check_reach(file, stored) };
        }
        // On Linux this commits the file's size and waits for the device's cache as `fsync`
        // does, and only for the range
        // ([msync(2)](https://man7.org/linux/man-pages/man2/msync.2.html)).
        // SAFETY: the pages are mapped, and the call changes no byte.
        unsafe { mm::msync(start.as_ptr().cast(), len, MsyncFlags::SYNC) }
            .map_err(during(Operation::Flush))?;
        file::check_reach(file, stored)
    }

    fn discard(&self, offset: u64, len: u64) -> Result<()> {
        match self.descriptor() {
            Some(source) => file::discard(source, offset, len),
            None => self.discard_anonymous(in_memory(offset)..in_memory(offset + len)),
        }
    }

    fn advise(&self, pages: &Range<usize>, advice: Advice, differ: bool) -> Result<()> {
        let kernels = match advice {
            Advice::Normal => mm::Advice::Normal,
            Advice::Random => mm::Advice::Random,
            Advice::Sequential => mm::Advice::Sequential,
            Advice::WillNeed => mm::Advice::WillNeed,
            // `DontNeed` would throw a copy-on-write view's own pages away.
            Advice::Cold => mm::Advice::LinuxCold,
            Advice::LargePages => mm::Advice::LinuxHugepage,
        };
        match self.advise_kernel(pages, kernels) {
            // A kernel without the feature ignores the advice, as advice may be.
            Ok(()) | Err(Errno::INVAL) => {}
            Err(errno) => return Err(from_errno(errno, Operation::Advise)),
        }
        // Pages of a copy are not the section's, and those that differ cannot be one large page.
        let ViewSource { access, unit, .. } = self.source;
        if advice == Advice::LargePages && !access.is_private() && !differ && unit == page_size() {
            large_pages::gather(&self.range, pages);
        }
        Ok(())
    }

    fn advise_as(&self, pages: &Range<usize>, advice: SystemAdvice) -> Result<()> {
        let (start, len) = self.range.part(pages);
        // SAFETY: the pages are mapped, and whoever made the advice vouches for what becomes of them.
        match unsafe { libc::madvise(start.as_ptr().cast(), len, advice.number()) } {
            0 => Ok(()),
            _ => Err(from_errno(last_errno(), Operation::Advise)),
        }
    }

    fn resize(&mut self, len: usize) -> Result<()> {
        let operation = Operation::ResizeView;
        let ViewSource { shared, is_file, access, .. } = &self.source;
        if len > self.range.len() && shared.is_none() && !is_file && !access.is_private() {
            // Its object has the pages that it was made with, and a touch of another is a signal.
            return Err(Error::new(ErrorKind::NotSupported, operation)
                .because("the kernel gives shared memory without a file no more pages"));
        }
        if self.is_stuck.take().is_some_and(|is_stuck| is_stuck.load(Ordering::Relaxed)) {
            self.is_stuck = Some(Arc::new(AtomicBool::new(true)));
            return Err(Error::new(ErrorKind::TimedOut, operation)
                .because("a thread that replaces lost pages was stopped"));
        }
        self.range.resize(len).map_err(during(operation))
    }

    fn read_in(&self, pages: &Range<usize>) -> Result<bool> {
        match self.advise_kernel(pages, mm::Advice::LinuxPopulateRead) {
            Ok(()) => Ok(true),
            // Kernels before 5.14 only begin to read.
            Err(Errno::INVAL) => {
                let _ignored = self.advise_kernel(pages, mm::Advice::WillNeed);
                Ok(false)
            }
            Err(Errno::FAULT) => Err(Error::new(ErrorKind::Lost, Operation::Advise)
                .about("the view")
                .because("the file is shorter than the view, or its disk failed")),
            Err(errno) => Err(from_errno(errno, Operation::Advise)),
        }
    }

    fn lock(&self, pages: &Range<usize>) -> Result<()> {
        let (start, len) = self.range.part(pages);
        // A lock that brought the pages in by itself would bring in copies of a private view's,
        // which then follow the mapping no more.
        // SAFETY: the pages are mapped, and locking changes no byte.
        unsafe { mm::mlock_with(start.as_ptr().cast(), len, mm::MlockFlags::ONFAULT) }.map_err(
            |errno| match errno {
                // All mean the limit: which one depends on whether any could be locked at all. A
                // page that is gone is reported so as well.
                Errno::NOMEM | Errno::PERM | Errno::AGAIN => {
                    Error::new(ErrorKind::LockLimit, Operation::LockMemory)
                        .about("the view")
                        .caused_by(std::io::Error::from(errno))
                }
                errno => from_errno(errno, Operation::LockMemory),
            },
        )
    }

    fn unlock(&self, pages: &Range<usize>) -> Result<()> {
        let (start, len) = self.range.part(pages);
        // SAFETY: as in `lock`.
        unsafe { mm::munlock(start.as_ptr().cast(), len) }.map_err(during(Operation::LockMemory))
    }

    fn unmap(mut self) -> Result<()> {
        self.leave_what_is_used();
        self.range.unmap().map_err(during(Operation::UnmapView))
    }
}

impl Drop for MappedView {
    fn drop(&mut self) {
        self.leave_what_is_used();
        if let Some(shared) = &self.source.shared {
            shared.vacated.store(self.range.start().addr().get(), Ordering::Relaxed);
        }
    }
}
