//! What the pages of one view allow.

#![expect(unsafe_code, reason = "changing what pages of a view allow, and what is behind them")]

use std::ops::Range;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::ptr::NonNull;
#[cfg(feature = "images")]
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;
use rustix::mm::{self, MapFlags, ProtFlags};

use crate::sys::platform::error::{during, from_errno};
use crate::sys::platform::fork::PerProcess;
#[cfg(feature = "images")]
use crate::sys::platform::image::SharedSections;
use crate::sys::platform::mapped_view::ViewSource;
use crate::sys::platform::pages::commitment::Commitment;
use crate::sys::platform::pages::page_snapshot::{PageSnapshot, Touched, protection_of};
use crate::sys::platform::pages::table::{Mark, Table};
use crate::sys::platform::pages::watch::Watch;
use crate::sys::platform::pages::{private_pages, segv};
use crate::sys::platform::{MappedView, page_size};
use crate::sys::span::{GUARD_GONE, Span, Touch, not_committed, refused};
use crate::sys::{AppendList, MappedViewContract as _};
use crate::types::{Error, ErrorKind, Operation, PageAccess, PageProtection, Result};

/// What the pages of a view allow, once they may not all allow the same.
///
/// Ranges are of pages of [`page_size`], from the first one of the view on, but for those that are
/// said to be of bytes of its span.
#[derive(Debug)]
pub(crate) struct OwnPages {
    /// Made when pages come to differ.
    differing: AppendList<Differing>,
    base: NonNull<u8>,
    count: usize,
    /// Bytes of the first page that come before the span.
    lead: usize,
    source: ViewSource,
    /// Of a reserved section.
    commitment: Option<Commitment>,
    /// Pages of a program that are copied when they are written, whatever they are given.
    copied: Vec<Range<usize>>,
    /// The program's name for its shared sections.
    #[cfg(feature = "images")]
    shared: Option<Arc<SharedSections>>,
    /// Held by those who change pages, and never on the way to a byte.
    changing: PerProcess<Mutex<()>>,
}

/// What the pages were given, and the handler's way to it.
#[derive(Debug)]
struct Differing {
    // Ends before the table does, which the handler reads.
    watch: Watch,
    table: Table,
}

// SAFETY: a range of addresses belongs to the process, not to a thread.
unsafe impl Send for OwnPages {}
// SAFETY: as above; nothing is reached through the address but by calls to the kernel.
unsafe impl Sync for OwnPages {}

impl OwnPages {
    /// The pages of a view of which `lead` bytes come before its span.
    ///
    /// # Safety
    ///
    /// The caller drops the value before the view.
    pub(in crate::sys) unsafe fn new(view: &MappedView, lead: usize) -> Self {
        Self {
            differing: AppendList::new(),
            base: view.start(),
            count: view.len() / page_size(),
            lead,
            source: view.source().clone(),
            commitment: None,
            copied: Vec::new(),
            #[cfg(feature = "images")]
            shared: None,
            changing: PerProcess::default(),
        }
    }

    /// Opens pages as they are committed, of a section of `size` bytes.
    pub(in crate::sys::platform) fn reserve(&mut self, size: u64) -> Result<()> {
        let ViewSource { shared, offset, .. } = &self.source;
        self.commitment = shared.as_ref().map(|shared| Commitment::new(shared, size, *offset));
        self.differing(Operation::MapView).map(drop)
    }

    /// Returns what the pages were given, for whoever is changing them alone: a table is never made
    /// twice, as the handler may be using the second one when that is dropped.
    fn differing(&self, operation: Operation) -> Result<&Differing> {
        if let Some(differing) = self.differing.get() {
            return Ok(differing);
        }
        let table = Table::new(self.count).map_err(during(operation))?;
        segv::ensure().map_err(|error| {
            Error::new(ErrorKind::NotSupported, operation)
                .about("the view")
                .because(
                    "this process may not handle SIGSEGV, which opens pages when they are touched",
                )
                .caused_by(error)
        })?;
        let watch = Watch::begin(PageSnapshot {
            base: self.base.addr().get(),
            access: self.source.access.into(),
            // SAFETY: the watch, and the snapshot with it, is dropped before the table.
            marks: unsafe { table.marks() },
            commitment: self.commitment.as_ref().map(Commitment::for_handler),
        });
        Ok(self.differing.push(Differing { watch, table }, |_, _| true))
    }

    /// Returns whether pages may allow anything else than the access of the view.
    pub(crate) fn are_kept(&self) -> bool {
        self.differing.get().is_some()
    }

    /// Gives pages of a program, which are closed, what its section says.
    ///
    /// `memory` is what all who map the program share of these pages.
    #[cfg(feature = "images")]
    pub(in crate::sys::platform) fn lay_out(
        &mut self,
        pages: Range<usize>,
        access: PageAccess,
        memory: Option<BorrowedFd<'_>>,
    ) -> Result<()> {
        let operation = Operation::MapView;
        match memory {
            Some(memory) => self
                .map(&pages, memory, ProtFlags::empty(), MapFlags::SHARED)
                .map_err(during(operation))?,
            None => self.copied.push(pages.clone()),
        }
        self.give_run(pages, access.into(), false, None, operation)
    }

    /// Keeps the memory that all who map the program share, and its name.
    #[cfg(feature = "images")]
    pub(in crate::sys::platform) fn keep(&mut self, shared: Option<Arc<SharedSections>>) {
        self.shared = shared;
    }

    fn mark(&self, page: usize) -> Mark {
        self.differing.get().map_or(Mark::NONE, |differing| differing.table.get(page))
    }

    /// Returns how many pages from `page` on, and before `end`, have marks that are alike.
    fn equal(&self, page: usize, end: usize, alike: impl Fn(Mark) -> bool) -> usize {
        match self.differing.get() {
            Some(differing) => differing.table.equal(page, end, alike),
            None if alike(Mark::NONE) => end - page,
            None => 0,
        }
    }

    /// The pages around a range of bytes of the span.
    fn around(&self, bytes: &Range<usize>) -> Range<usize> {
        let (start, end) = (self.lead + bytes.start, self.lead + bytes.end);
        start / page_size()..end.div_ceil(page_size()).min(self.count)
    }

    /// The same in pages of the section, which may be large.
    fn whole_around(&self, bytes: &Range<usize>) -> Range<usize> {
        let Range { start, end } = self.around(bytes);
        let pages = self.source.unit / page_size();
        start / pages * pages..end.next_multiple_of(pages).min(self.count)
    }

    /// Returns what the page of an offset shows, nothing if it is not committed, and how many bytes
    /// from the start of the page on are like it.
    pub(crate) fn run_at(&self, offset: usize) -> Result<(Option<PageProtection>, usize)> {
        let (page, operation) = (self.around(&(offset..offset + 1)).start, Operation::QueryPages);
        let (protection, mut count) = self.alike(page, operation)?;
        while page + count < self.count {
            let (next, more) = self.alike(page + count, operation)?;
            if next != protection {
                break;
            }
            count += more;
        }
        Ok((protection, count * page_size()))
    }

    /// Returns what a page shows, nothing if it is not committed, and a number of pages from there
    /// on that show the same. More may follow.
    fn alike(&self, page: usize, operation: Operation) -> Result<(Option<PageProtection>, usize)> {
        let mark = self.mark(page);
        let count = self.equal(page, self.count, |other| other == mark);
        let (is_committed, mut count) = self.committed(page, mark, count, operation)?;
        if !is_committed {
            return Ok((None, count));
        }
        let mut access = self.access(mark);
        if access.is_private() {
            let (is_copied, like) = private_pages::run(self.address(page), count);
            count = like;
            // What has been copied can be written.
            access = match access {
                PageAccess::Copy if is_copied => PageAccess::Write,
                PageAccess::ExecuteCopy if is_copied => PageAccess::ExecuteWrite,
                access => access,
            };
        }
        Ok((Some(if mark.is_guarded() { access.guarded() } else { access.into() }), count))
    }

    /// Returns whether a page with this mark is committed, and how many of the `count` pages from
    /// there on, whose marks are equal, are like it.
    fn committed(
        &self,
        page: usize,
        mark: Mark,
        count: usize,
        operation: Operation,
    ) -> Result<(bool, usize)> {
        match &self.commitment {
            Some(commitment) if mark == Mark::NONE => commitment.run(page, count, operation),
            _ => Ok((true, count)),
        }
    }

    /// Waits until nobody else changes pages.
    fn change(&self, operation: Operation) -> Result<MutexGuard<'_, ()>> {
        let Some(changing) = self.changing.get() else {
            return Err(Error::new(ErrorKind::NotSupported, operation)
                .about("the view")
                .because("too many forks in a row led to this process"));
        };
        Ok(changing.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does something while nobody changes what pages allow.
    pub(crate) fn keeping<T>(
        &self,
        operation: Operation,
        act: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let _changing = self.change(operation)?;
        act()
    }

    /// Commits pages of a reserved section, and gives them `protection` in this view.
    pub(crate) fn commit(
        &self,
        bytes: Range<usize>,
        protection: PageProtection,
        span: &Span,
    ) -> Result<()> {
        let (pages, operation) = (self.whole_around(&bytes), Operation::CommitPages);
        let _changing = self.change(operation)?;
        if let Some(commitment) = &self.commitment {
            commitment.commit(pages.start, pages.len(), operation)?;
        }
        self.give(pages, protection, span, operation)
    }

    /// Gives pages `protection`; returns what the first one had.
    pub(crate) fn protect(
        &self,
        bytes: Range<usize>,
        protection: PageProtection,
        span: &Span,
    ) -> Result<PageProtection> {
        let (pages, operation) = (self.whole_around(&bytes), Operation::ProtectPages);
        let _changing = self.change(operation)?;
        let mut page = pages.start;
        let mut before = None;
        while page < pages.end {
            let (protection, count) = self.alike(page, operation)?;
            let Some(protection) = protection else {
                return Err(not_committed(self.byte(page), operation));
            };
            before.get_or_insert(protection);
            page += count;
        }
        self.give(pages, protection, span, operation)?;
        Ok(before.unwrap_or(protection))
    }

    /// Changes pages that are committed, while nobody else does.
    fn give(
        &self,
        pages: Range<usize>,
        protection: PageProtection,
        span: &Span,
        operation: Operation,
    ) -> Result<()> {
        let is_shared = !self.source.access.is_private();
        let mut page = pages.start;
        let mut outcome = Ok(());
        while page < pages.end && outcome.is_ok() {
            let is_private = self.mark(page).is_private();
            let (protection, end) = self.adapted(page, protection);
            let access = protection.access();
            let end = end.min(pages.end);
            let mut count = self.equal(page, end, |mark| mark.is_private() == is_private);
            let (is_private, sharing) = if is_shared && access.is_private() && !is_private {
                (true, Some(MapFlags::PRIVATE))
            } else if is_private && matches!(access, PageAccess::Write | PageAccess::ExecuteWrite) {
                // What was not copied yet is shared again; what was stays the view's own.
                let (is_copied, like) = private_pages::run(self.address(page), count);
                count = like;
                (is_copied, (!is_copied).then_some(MapFlags::SHARED))
            } else {
                (is_private, None)
            };
            let pages = page..page + count;
            outcome = self.give_run(pages, protection, is_private, sharing, operation);
            page += count;
        }
        for touch in [Touch::Read, Touch::Write] {
            self.set_limit(span, touch, pages.start);
        }
        outcome
    }

    /// Returns what a page is given instead of `protection`, and where the pages end of which the
    /// same is true.
    fn adapted(&self, page: usize, protection: PageProtection) -> (PageProtection, usize) {
        let access = match protection.access() {
            PageAccess::Write => PageAccess::Copy,
            PageAccess::ExecuteWrite => PageAccess::ExecuteCopy,
            _ => return (protection, usize::MAX),
        };
        let copied = if protection.is_guarded() { access.guarded() } else { access.into() };
        match self.copied.iter().find(|pages| page < pages.end) {
            Some(pages) if page >= pages.start => (copied, pages.end),
            Some(pages) => (protection, pages.start),
            None => (protection, usize::MAX),
        }
    }

    /// Gives pages of which the same is true `protection`.
    ///
    /// They are private from now on, or not, and mapped anew if `sharing` says how.
    fn give_run(
        &self,
        pages: Range<usize>,
        protection: PageProtection,
        is_private: bool,
        sharing: Option<MapFlags>,
        operation: Operation,
    ) -> Result<()> {
        let mark = Mark::of(protection, is_private);
        let Differing { watch, table } = self.differing(operation)?;
        let old: Vec<_> = pages.clone().map(|page| table.get(page)).collect();
        // First the marks, then the pages: see `PageSnapshot::open`.
        for page in pages.clone() {
            table.set(page, mark);
        }
        let access = if mark.is_closed() { PageAccess::NoAccess } else { protection.access() };
        let done = match (sharing, &self.source.shared) {
            (None, _) => watch.snapshot().protect(pages.clone(), access),
            (Some(sharing), Some(shared)) => {
                self.map(&pages, shared.descriptor.as_fd(), protection_of(access), sharing)
            }
            // There is nothing to copy of that could be mapped a second time.
            (Some(_), None) => Err(Errno::OPNOTSUPP),
        };
        done.map_err(|errno| {
            for (page, mark) in pages.zip(old) {
                table.set(page, mark);
            }
            from_errno(errno, operation).about("the view")
        })
    }

    /// Maps pages anew, of a file that has them where the section does.
    ///
    /// Bytes that a page had copied would be lost, so none may have.
    fn map(
        &self,
        pages: &Range<usize>,
        file: BorrowedFd<'_>,
        protection: ProtFlags,
        sharing: MapFlags,
    ) -> Result<(), Errno> {
        if pages.end > self.count {
            return Err(Errno::INVAL);
        }
        let start = self.base.as_ptr().wrapping_add(pages.start * page_size()).cast();
        let len = pages.len() * page_size();
        let offset = self.source.offset + (pages.start * page_size()) as u64;
        // SAFETY: replaces pages of this view, in one step; no reference to their bytes exists.
        unsafe { mm::mmap(start, len, protection, sharing | MapFlags::FIXED, file, offset) }
            .map(drop)
    }

    /// Checks that all pages of a range allow a touch, and opens those that are closed.
    pub(crate) fn ask(
        &self,
        touch: Touch,
        bytes: Range<usize>,
        operation: Operation,
        span: &Span,
    ) -> Result<()> {
        let Some(differing) = self.differing.get() else { return Ok(()) };
        let pages = self.around(&bytes);
        let mut page = pages.start;
        while page < pages.end {
            page += self.allowed(touch, page, pages.end, operation)?;
        }
        let touched = match touch {
            Touch::Read => Touched::Read,
            Touch::Write => Touched::Write,
        };
        for page in pages.clone().filter(|page| self.is_closed(self.mark(*page))) {
            // If it is refused by now, the access will be an error.
            differing.watch.snapshot().open(page, touched);
        }
        // Whoever is changing pages sets the limits afterwards.
        if let Some(Ok(_changing)) = self.changing.get().map(Mutex::try_lock) {
            self.set_limit(span, touch, pages.start);
        }
        Ok(())
    }

    /// Returns how many pages from `page` on allow a touch, at least one.
    fn allowed(
        &self,
        touch: Touch,
        page: usize,
        end: usize,
        operation: Operation,
    ) -> Result<usize> {
        let mark = self.mark(page);
        let takes_guard =
            |differing: &Differing| differing.table.replace(page, mark, mark.unguarded());
        if mark.is_guarded() && self.differing.get().is_some_and(takes_guard) {
            return Err(refused(self.byte(page), GUARD_GONE, operation));
        }
        let count = self.equal(page, end, |other| other == mark).max(1);
        let (is_committed, count) = self.committed(page, mark, count, operation)?;
        if !is_committed {
            return Err(not_committed(self.byte(page), operation));
        }
        let access = self.access(mark);
        if !touch.is_allowed_by(access) {
            return Err(refused(self.byte(page), &format!("it allows: {access}"), operation));
        }
        Ok(count)
    }

    /// Explains a fault at an address of the view, if its page is the cause.
    pub(crate) fn explain(
        &self,
        touch: Touch,
        address: usize,
        operation: Operation,
    ) -> Option<Error> {
        let page = self.differing.get()?.watch.snapshot().page_of(address)?;
        if self.mark(page).is_closed() {
            return Some(refused(self.byte(page), GUARD_GONE, operation));
        }
        self.allowed(touch, page, page + 1, operation).err()
    }

    /// What a page with this mark allows, once it is committed and open.
    fn access(&self, mark: Mark) -> PageAccess {
        mark.access().unwrap_or(self.source.access.into())
    }

    /// Returns whether a page with this mark may have to be opened.
    fn is_closed(&self, mark: Mark) -> bool {
        mark.is_closed() || (mark == Mark::NONE && self.commitment.is_some())
    }

    /// Sets how many bytes of the span are touched without asking, after pages from `changed` on
    /// have changed.
    pub(crate) fn set_limit(&self, span: &Span, touch: Touch, changed: usize) {
        let known = (self.lead + span.limit(touch)).div_ceil(page_size());
        if changed <= known {
            let open = |mark: Mark| !self.is_closed(mark) && touch.is_allowed_by(self.access(mark));
            let pages = changed + self.equal(changed, self.count, open);
            span.set_limit(touch, (pages * page_size()).saturating_sub(self.lead));
        }
    }

    fn address(&self, page: usize) -> usize {
        self.base.addr().get() + page * page_size()
    }

    /// Where in the span a page begins, in bytes.
    fn byte(&self, page: usize) -> usize {
        (page * page_size()).saturating_sub(self.lead)
    }
}
