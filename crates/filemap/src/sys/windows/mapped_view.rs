//! The mapped pages of a view: `MapViewOfFile`, and what the kernel does with them until
//! `UnmapViewOfFile`.

#![expect(unsafe_code, reason = "calls on ranges of addresses")]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::windows::io::BorrowedHandle;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use windows_sys::Win32::Foundation::{ERROR_LOCK_VIOLATION, ERROR_NOT_LOCKED};
use windows_sys::Win32::System::Memory::{
    FlushViewOfFile, PrefetchVirtualMemory, VirtualLock, VirtualUnlock, WIN32_MEMORY_RANGE_ENTRY,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use crate::sys::platform::error::{code, from_io, last};
use crate::sys::platform::mapped_range::{MapArguments, MappedRange};
use crate::sys::platform::{fault, file, loss};
use crate::sys::{MappedViewContract, SystemAdvice};
use crate::types::{Advice, Error, ErrorKind, Flush, Loss, Operation, Result};

/// Whole pages around the bytes of a view, from a multiple of the granularity on.
#[derive(Debug)]
pub(crate) struct MappedView {
    /// Dropped before the pages are unmapped.
    listed: Option<ListedView>,
    range: MappedRange,
    source: ViewSource,
}

/// What pages are mapped of.
#[derive(Debug)]
pub(super) struct ViewSource {
    /// The file, if it is at hand.
    pub(super) file: Option<Arc<File>>,
    /// The views of the file that were made here; none of memory, and of programs.
    pub(super) views: Option<Arc<FileViews>>,
    pub(super) is_memory: bool,
}

impl MappedView {
    /// Maps pages of a section, once the handler of faults is ready.
    pub(super) fn map(
        section: BorrowedHandle<'_>,
        source: ViewSource,
        arguments: MapArguments,
    ) -> Result<Self> {
        fault::ensure().map_err(|error| {
            Error::new(ErrorKind::NotSupported, Operation::MapView)
                .because("this process may not handle exceptions, so no view would be safe")
                .caused_by(error)
        })?;
        let range = MappedRange::of_section(section, arguments)?;
        let writes = arguments.access.can_write() && !arguments.access.is_private();
        let views = source.views.as_ref().filter(|_| writes);
        let listed = views.map(|views| ListedView::new(views, &range, arguments.offset));
        Ok(Self { listed, range, source })
    }

    fn file(&self) -> Option<&File> {
        self.source.file.as_deref()
    }
}

impl MappedViewContract for MappedView {
    fn start(&self) -> NonNull<u8> {
        self.range.start()
    }

    fn len(&self) -> usize {
        self.range.len()
    }

    fn discard(&self, _offset: u64, _len: u64) -> Result<()> {
        Err(file::no_holes())
    }

    fn descriptor(&self) -> Option<BorrowedHandle<'_>> {
        None
    }

    fn is_there(&self, _offset: u64) -> bool {
        // Memory is, for as long as it is mapped.
        self.source.is_memory
    }

    fn explain(&self, loss: Loss, operation: Operation) -> Error {
        loss::Fault { operation, loss, file: self.file() }.explain()
    }

    fn flush(&self, pages: &Range<usize>, _offset: u64, flush: Flush) -> Result<()> {
        if self.listed.is_none() {
            return Ok(());
        }
        let (start, len) = self.range.part(pages);
        flush_at(start.addr().get(), len)?;
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

    fn advise(&self, pages: &Range<usize>, advice: Advice, _differ: bool) -> Result<()> {
        match advice {
            Advice::WillNeed => self.read_in(pages).map(drop),
            // The system finds out by itself, or has no call for it.
            _ => Ok(()),
        }
    }

    fn read_in(&self, pages: &Range<usize>) -> Result<bool> {
        let (start, len) = self.range.part(pages);
        let range =
            WIN32_MEMORY_RANGE_ENTRY { VirtualAddress: start.as_ptr().cast(), NumberOfBytes: len };
        // SAFETY: has no preconditions.
        let this = unsafe { GetCurrentProcess() };
        // SAFETY: one range is given, and it is advice about addresses, whatever is there.
        let _ignored = unsafe { PrefetchVirtualMemory(this, 1, &raw const range, 0) };
        Ok(false)
    }

    fn lock(&self, pages: &Range<usize>) -> Result<()> {
        let operation = Operation::LockMemory;
        let (start, len) = self.range.part(pages);
        // SAFETY: the pages are mapped, and locking changes no byte.
        if unsafe { VirtualLock(start.as_ptr().cast(), len) } != 0 {
            return Ok(());
        }
        let error = last(operation);
        Err(match error.kind() {
            // The process's working set has no room for them.
            ErrorKind::OutOfMemory => {
                Error::new(ErrorKind::LockLimit, operation).about("the view").caused_by(error)
            }
            _ => error.about("the view"),
        })
    }

    fn advise_as(&self, _pages: &Range<usize>, _advice: SystemAdvice) -> Result<()> {
        Err(Error::new(ErrorKind::NotSupported, Operation::Advise))
    }

    fn resize(&mut self, _len: usize) -> Result<()> {
        Err(Error::new(ErrorKind::NotSupported, Operation::ResizeView))
    }

    fn unlock(&self, pages: &Range<usize>) -> Result<()> {
        let (start, len) = self.range.part(pages);
        // SAFETY: as in `lock`.
        if unsafe { VirtualUnlock(start.as_ptr().cast(), len) } != 0 {
            return Ok(());
        }
        match io::Error::last_os_error() {
            // Pages that are not locked are as they are to be.
            error if code(&error) == Some(ERROR_NOT_LOCKED) => Ok(()),
            error => Err(from_io(Operation::LockMemory)(error)),
        }
    }

    fn unmap(mut self) -> Result<()> {
        self.listed = None;
        self.range.unmap().map_err(from_io(Operation::UnmapView))
    }
}

/// The views of one file that were made here and can store to it.
///
/// The kernel notes a store where it was made, in the pages of that view, and learns of it when
/// this very view is flushed or unmapped. So a flush of a file flushes each of its views.
#[derive(Debug, Default)]
pub(super) struct FileViews(Mutex<Vec<FileView>>);

/// Where a view is, in memory and in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileView {
    /// An address that is mapped as long as the view is listed.
    start: usize,
    len: usize,
    offset: u64,
}

/// A view's place in the list, which it has until this is dropped.
#[derive(Debug)]
struct ListedView {
    views: Arc<FileViews>,
    view: FileView,
}

impl ListedView {
    fn new(views: &Arc<FileViews>, range: &MappedRange, offset: u64) -> Self {
        let view = FileView { start: range.start().addr().get(), len: range.len(), offset };
        views.list().push(view);
        Self { views: Arc::clone(views), view }
    }
}

impl Drop for ListedView {
    fn drop(&mut self) {
        self.views.list().retain(|view| *view != self.view);
    }
}

impl FileViews {
    /// Flushes what the views have of a range of the file.
    pub(super) fn flush(&self, range: Range<u64>) -> Result<()> {
        // Held all the while: a view is taken off the list before it is unmapped.
        let list = self.list();
        for FileView { start, len, offset } in list.iter().copied() {
            let from = offset.max(range.start);
            let end = offset.saturating_add(len as u64).min(range.end);
            if from < end {
                // Both differences are at most the length of the view.
                let bytes = |len: u64| usize::try_from(len).unwrap_or(0);
                flush_at(start + bytes(from - offset), bytes(end - from))?;
            }
        }
        Ok(())
    }

    fn list(&self) -> MutexGuard<'_, Vec<FileView>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes out pages that were stored to.
fn flush_at(start: usize, len: usize) -> Result<()> {
    /// NTFS refuses while it is busy with the same pages by itself, which passes.
    const ATTEMPTS: u32 = 20;
    for attempt in 1.. {
        // SAFETY: the call looks the address up, whatever is there, and changes no byte.
        if unsafe { FlushViewOfFile(ptr::without_provenance(start), len) } != 0 {
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
