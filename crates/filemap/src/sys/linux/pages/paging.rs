//! The pages of a view, once they need not all allow the same.

#![expect(unsafe_code, reason = "changing what pages of a view allow, and what is behind them")]

use std::ops::Range;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::mm::{self, MapFlags, MprotectFlags, ProtFlags};

use crate::sys::platform::error::from_errno;
use crate::sys::platform::fault::Watch;
use crate::sys::platform::image::{Image, Part};
use crate::sys::platform::page_size;
use crate::sys::platform::pages::commitment::Commitment;
use crate::sys::platform::pages::copied;
use crate::sys::platform::pages::outline::{Outline, Touched, flags};
use crate::sys::platform::pages::table::{Mark, Table};
use crate::sys::span::{Span, Touch};
use crate::types::{
    Access, Error, ErrorKind, Operation, PageAccess, PageProtection, PageRun, Result,
};

/// Where the pages of a view are, and where they come from.
#[derive(Debug, Clone)]
pub(in crate::sys::platform) struct Pages {
    /// The address of the first page.
    pub(in crate::sys::platform) base: NonNull<u8>,
    /// How many pages of [`page_size`] are mapped.
    pub(in crate::sys::platform) count: usize,
    /// Bytes that the kernel maps at a time: those of a large page, or of an ordinary one.
    pub(in crate::sys::platform) unit: usize,
    /// Bytes of the first page that come before the view.
    pub(in crate::sys::platform) lead: usize,
    /// What the view was mapped with.
    pub(in crate::sys::platform) access: Access,
    /// The section, to map pages of it anew.
    pub(in crate::sys::platform) source: Arc<OwnedFd>,
    /// The offset in the section of the first page.
    pub(in crate::sys::platform) offset: u64,
}

// SAFETY: an address range owned by the process, as in a region.
unsafe impl Send for Pages {}
// SAFETY: as above; nothing is reached through the address but by calls to the kernel.
unsafe impl Sync for Pages {}

impl Pages {
    /// How many bytes there are from the start of the view to the end of its last page.
    pub(in crate::sys::platform) fn extent(&self) -> usize {
        self.count * page_size() - self.lead
    }

    /// The pages around `len` bytes at `offset` in the view, which has them.
    fn around(&self, offset: usize, len: usize) -> Range<usize> {
        let start = self.lead + offset;
        start / page_size()..(start + len).div_ceil(page_size()).min(self.count)
    }

    /// The same in units of the kernel.
    pub(in crate::sys::platform) fn units_around(&self, offset: usize, len: usize) -> Range<usize> {
        let Range { start, end } = self.around(offset, len);
        let pages = self.unit / page_size();
        start / pages * pages..end.next_multiple_of(pages).min(self.count)
    }

    fn address(&self, page: usize) -> usize {
        self.base.addr().get() + page * page_size()
    }

    /// What is at a page of a view whose pages were given nothing.
    pub(in crate::sys::platform) fn run_at(&self, offset: usize) -> PageRun {
        let page = self.around(offset, 1).start;
        let (access, count) = self.seen(page, self.count - page, self.access.into());
        self.run(Some(access.into()), count)
    }

    /// What pages show that were given `access`, and how many do.
    fn seen(&self, page: usize, count: usize, access: PageAccess) -> (PageAccess, usize) {
        if !access.is_private() {
            return (access, count);
        }
        let (is_copied, count) = copied::run(self.address(page), count);
        (if is_copied { copied::shown(access) } else { access }, count)
    }

    fn run(&self, protection: Option<PageProtection>, count: usize) -> PageRun {
        PageRun { protection, mapped: self.access.into(), len: count * page_size() }
    }
}

/// What pages of a view were given, and the right to open them in the handler.
#[derive(Debug)]
pub(in crate::sys::platform) struct Paging {
    // Ends before the table does, which the handler reads.
    _watch: Watch,
    pages: Pages,
    table: Table,
    /// Of a reserved section.
    commitment: Option<Commitment>,
    /// The program whose sections the pages are; it keeps those that are shared.
    image: Option<Arc<Image>>,
    /// Held by those who change pages, and never on the way to a byte.
    changing: Mutex<()>,
}

impl Paging {
    /// Begins to keep count of the pages of a view.
    pub(in crate::sys::platform) fn new(
        pages: Pages,
        commitment: Option<Commitment>,
        operation: Operation,
    ) -> Result<Self> {
        let table = Table::new(pages.count, operation)?;
        let outline = outline(&pages, &table, commitment.as_ref());
        let watch = Watch::begin(&outline).map_err(|error| {
            Error::new(ErrorKind::NotSupported, operation)
                .about("the view")
                .because(
                    "this process may not handle SIGSEGV, which opens pages when they are touched",
                )
                .caused_by(error)
        })?;
        let (image, changing) = (None, Mutex::new(()));
        Ok(Self { _watch: watch, pages, table, commitment, image, changing })
    }

    /// Gives the pages of a program, which are all closed, what its sections say.
    pub(in crate::sys::platform) fn of_image(
        pages: Pages,
        image: &Arc<Image>,
        span: &Span,
    ) -> Result<Self> {
        let operation = Operation::MapView;
        let mut paging = Self::new(pages, None, operation)?;
        for part in &image.layout.parts {
            let pages = paging.pages_of(part).ok_or_else(|| {
                Error::new(ErrorKind::NotSupported, operation)
                    .because("its sections do not begin at this machine's pages")
            })?;
            if let Some(shared) = image.shared.as_ref().filter(|_| part.is_shared) {
                paging.replace(&pages, shared.descriptor(), operation)?;
            }
            paging.give_run(pages, part.access.into(), Behind::AsItIs, false, operation)?;
        }
        paging.image = Some(Arc::clone(image));
        for touch in [Touch::Read, Touch::Write] {
            paging.set_limit(span, touch, 0);
        }
        Ok(paging)
    }

    pub(in crate::sys::platform) fn is_image(&self) -> bool {
        self.image.is_some()
    }

    /// The pages of a section; nothing, if they are not pages here.
    fn pages_of(&self, part: &Part) -> Option<Range<usize>> {
        let page = |at: u64| {
            let at = usize::try_from(at).ok()?;
            at.is_multiple_of(page_size()).then_some(at / page_size())
        };
        let pages = page(part.place.start)?..page(part.place.end)?;
        (pages.end <= self.pages.count).then_some(pages)
    }

    /// Puts other memory behind pages, at the same offset, closed as they are.
    fn replace(
        &self,
        pages: &Range<usize>,
        memory: BorrowedFd<'_>,
        operation: Operation,
    ) -> Result<()> {
        let (offset, len) = (pages.start * page_size(), pages.len() * page_size());
        // SAFETY: `pages` are pages of this view, so the sum stays inside what is mapped.
        let start = unsafe { self.pages.base.add(offset) }.as_ptr().cast();
        let flags = MapFlags::SHARED | MapFlags::FIXED;
        // SAFETY: replaces pages of this view, which nobody has touched yet.
        unsafe { mm::mmap(start, len, ProtFlags::empty(), flags, memory, offset as u64) }
            .map(drop)
            .map_err(|errno| from_errno(errno, operation))
    }

    /// What a page of a program is given instead, and where the pages end of which that holds: what
    /// is no shared section's is copied when it is written.
    fn adapted(&self, page: usize, protection: PageProtection) -> (PageProtection, usize) {
        let Some(image) = &self.image else { return (protection, usize::MAX) };
        let parts = image.layout.parts.iter();
        let found = parts
            .filter_map(|part| Some((part, self.pages_of(part)?)))
            .find(|(_, pages)| pages.contains(&page));
        let Some((part, pages)) = found else { return (protection, page + 1) };
        let access = match protection.access() {
            PageAccess::Write if !part.is_shared => PageAccess::Copy,
            PageAccess::WriteExecute if !part.is_shared => PageAccess::CopyExecute,
            other => other,
        };
        let given = if protection.is_guarded() { access.guarded() } else { access.into() };
        (given, pages.end)
    }

    /// Tells what is at a page, and how many pages from there on are like it.
    pub(in crate::sys::platform) fn run_at(&self, offset: usize) -> Result<PageRun> {
        let page = self.pages.around(offset, 1).start;
        let (first, mut count) = self.piece(page)?;
        while page + count < self.pages.count {
            let (next, more) = self.piece(page + count)?;
            if next != first {
                break;
            }
            count += more;
        }
        Ok(self.pages.run(first, count))
    }

    /// Some pages that are alike; the next piece may be like them as well.
    fn piece(&self, page: usize) -> Result<(Option<PageProtection>, usize)> {
        let mark = self.table.get(page);
        let mut count = self.table.equal(page, self.pages.count, |other| other == mark);
        if mark == Mark::NONE
            && let Some(commitment) = &self.commitment
        {
            let (is_committed, like) = commitment.run(page, count, Operation::QueryPages)?;
            count = like;
            if !is_committed {
                return Ok((None, count));
            }
        }
        let access = mark.access().unwrap_or(self.pages.access.into());
        let (access, count) = self.pages.seen(page, count, access);
        let protection =
            if mark.is_guarded() { access.guarded() } else { PageProtection::from(access) };
        Ok((Some(protection), count))
    }

    /// Commits pages of a reserved section, and gives them `protection` in this view.
    pub(in crate::sys::platform) fn commit(
        &self,
        pages: Range<usize>,
        protection: PageProtection,
        span: &Span,
    ) -> Result<()> {
        let operation = Operation::CommitPages;
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(commitment) = &self.commitment {
            commitment.commit(pages.start, pages.len(), operation)?;
        }
        self.give(pages, protection, span, operation)
    }

    /// Gives pages `protection`, and tells what the first one had.
    pub(in crate::sys::platform) fn protect(
        &self,
        pages: Range<usize>,
        protection: PageProtection,
        span: &Span,
    ) -> Result<PageProtection> {
        let operation = Operation::ProtectPages;
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut page = pages.start;
        let mut before = None;
        while page < pages.end {
            let (protection, count) = self.piece(page).map_err(|error| error.during(operation))?;
            let Some(protection) = protection else { return Err(self.reserved(page, operation)) };
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
        let shared = !self.pages.access.is_private();
        let mut page = pages.start;
        let mut outcome = Ok(());
        while page < pages.end && outcome.is_ok() {
            let apart = self.table.get(page).is_apart();
            let (protection, end) = self.adapted(page, protection);
            let access = protection.access();
            let end = end.min(pages.end);
            let mut count = self.table.equal(page, end, |mark| mark.is_apart() == apart);
            let behind = if shared && access.is_private() && !apart {
                Behind::Private
            } else if apart && matches!(access, PageAccess::Write | PageAccess::WriteExecute) {
                // What was not copied yet is shared again; what was stays the view's own.
                let (is_copied, like) = copied::run(self.pages.address(page), count);
                count = like;
                if is_copied { Behind::AsItIs } else { Behind::Shared }
            } else {
                Behind::AsItIs
            };
            outcome = self.give_run(page..page + count, protection, behind, apart, operation);
            page += count;
        }
        for touch in [Touch::Read, Touch::Write] {
            self.set_limit(span, touch, pages.start);
        }
        outcome
    }

    fn give_run(
        &self,
        pages: Range<usize>,
        protection: PageProtection,
        behind: Behind,
        apart: bool,
        operation: Operation,
    ) -> Result<()> {
        let apart = match behind {
            Behind::AsItIs => apart,
            Behind::Private => true,
            Behind::Shared => false,
        };
        let mark = Mark::of(protection, apart);
        let old: Vec<_> = pages.clone().map(|page| self.table.get(page)).collect();
        // First the marks, then the pages: see `Outline::open`.
        for page in pages.clone() {
            self.table.set(page, mark);
        }
        let len = pages.len() * page_size();
        // SAFETY: `pages` are pages of this view, so the sum stays inside what is mapped.
        let start = unsafe { self.pages.base.add(pages.start * page_size()) }.as_ptr().cast();
        let flags = if mark.is_closed() { 0 } else { flags(protection.access()).cast_unsigned() };
        let done = match behind {
            Behind::AsItIs => {
                // SAFETY: no reference to these bytes exists, and every access may be refused.
                unsafe { mm::mprotect(start, len, MprotectFlags::from_bits_retain(flags)) }
            }
            Behind::Private | Behind::Shared => {
                let sharing = if apart { MapFlags::PRIVATE } else { MapFlags::SHARED };
                let offset = self.pages.offset + (pages.start * page_size()) as u64;
                let flags = ProtFlags::from_bits_retain(flags);
                // SAFETY: replaces pages of this view by the same pages of the section, in one
                // step; none of them has bytes of its own.
                let mapped = unsafe {
                    mm::mmap(
                        start,
                        len,
                        flags,
                        sharing | MapFlags::FIXED,
                        &*self.pages.source,
                        offset,
                    )
                };
                mapped.map(drop)
            }
        };
        done.map_err(|errno| {
            for (page, mark) in pages.zip(old) {
                self.table.set(page, mark);
            }
            from_errno(errno, operation).about("the view")
        })
    }

    /// Tells whether all pages of a range allow a touch, and opens those that are closed.
    pub(in crate::sys::platform) fn ask(
        &self,
        touch: Touch,
        offset: usize,
        len: usize,
        operation: Operation,
        span: &Span,
    ) -> Result<()> {
        let pages = self.pages.around(offset, len);
        let mut page = pages.start;
        while page < pages.end {
            page += self.allowed(touch, page, pages.end, operation)?;
        }
        let touched = match touch {
            Touch::Read => Touched::Read,
            Touch::Write => Touched::Write,
        };
        let outline = outline(&self.pages, &self.table, self.commitment.as_ref());
        for page in pages.clone() {
            if self.is_closed(self.table.get(page)) {
                // SAFETY: the view is mapped, and its table and its descriptor are there, while
                // `self` is. If it is refused by now, the access will be an error.
                unsafe { outline.open(page, touched) };
            }
        }
        // Whoever is changing pages sets the limits afterwards.
        if let Ok(_changing) = self.changing.try_lock() {
            self.set_limit(span, touch, pages.start);
        }
        Ok(())
    }

    /// How many pages from `page` on allow a touch, one at least.
    fn allowed(
        &self,
        touch: Touch,
        page: usize,
        end: usize,
        operation: Operation,
    ) -> Result<usize> {
        let mark = self.table.get(page);
        if mark.is_guarded() && self.table.replace(page, mark, mark.unguarded()) {
            return Err(self.refused(page, "its guard was touched, and is gone", operation));
        }
        let mut count = self.table.equal(page, end, |other| other == mark).max(1);
        if mark == Mark::NONE
            && let Some(commitment) = &self.commitment
        {
            let (is_committed, like) = commitment.run(page, count, operation)?;
            if !is_committed {
                return Err(self.reserved(page, operation));
            }
            count = like;
        }
        let access = mark.access().unwrap_or(self.pages.access.into());
        if !allows(access, touch) {
            return Err(self.refused(page, &format!("it allows: {access}"), operation));
        }
        Ok(count)
    }

    /// Explains a fault at an address of the view, if its page is the cause.
    pub(in crate::sys::platform) fn explain(
        &self,
        touch: Touch,
        address: usize,
        operation: Operation,
    ) -> Option<Error> {
        let outline = outline(&self.pages, &self.table, self.commitment.as_ref());
        let page = outline.page_of(address)?;
        if self.table.get(page).is_closed() {
            return Some(self.refused(page, "its guard was touched, and is gone", operation));
        }
        self.allowed(touch, page, page + 1, operation).err()
    }

    /// Tells whether a page with this mark may have to be opened.
    fn is_closed(&self, mark: Mark) -> bool {
        mark.is_closed() || (mark == Mark::NONE && self.commitment.is_some())
    }

    /// Finds how many bytes from the start on allow a touch, each of them, after pages from
    /// `changed` on have changed.
    fn set_limit(&self, span: &Span, touch: Touch, changed: usize) {
        let known = (self.pages.lead + span.limit(touch)).div_ceil(page_size());
        if changed > known {
            return;
        }
        let access = |mark: Mark| mark.access().unwrap_or(self.pages.access.into());
        let open = |mark: Mark| !self.is_closed(mark) && allows(access(mark), touch);
        let pages = changed + self.table.equal(changed, self.pages.count, open);
        span.set_limit(touch, (pages * page_size()).saturating_sub(self.pages.lead));
    }

    fn reserved(&self, page: usize, operation: Operation) -> Error {
        Error::new(ErrorKind::NotCommitted, operation)
            .about("the view")
            .because(format!("its page at byte {} is reserved, and not committed", self.byte(page)))
    }

    fn refused(&self, page: usize, why: &str, operation: Operation) -> Error {
        Error::new(ErrorKind::AccessDenied, operation)
            .about("the view")
            .because(format!("of its page at byte {}, {why}", self.byte(page)))
    }

    /// Where in the view a page begins, in bytes.
    fn byte(&self, page: usize) -> usize {
        (page * page_size()).saturating_sub(self.pages.lead)
    }
}

/// What is to be behind pages of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// What is there now.
    AsItIs,
    /// The section, each page until the first store to it.
    Private,
    /// The section.
    Shared,
}

fn allows(access: PageAccess, touch: Touch) -> bool {
    match touch {
        Touch::Read => access.can_read(),
        Touch::Write => access.can_write(),
    }
}

fn outline(pages: &Pages, table: &Table, commitment: Option<&Commitment>) -> Outline {
    let (descriptor, place) = commitment.map_or((-1, 0), Commitment::for_handler);
    Outline {
        base: pages.base.addr().get(),
        count: pages.count,
        access: pages.access.into(),
        marks: table.marks(),
        descriptor,
        commitment: place,
    }
}
