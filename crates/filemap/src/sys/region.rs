//! A mapped range of a section: the bytes of a view, and what can be done with them.

#![expect(unsafe_code, reason = "a span of the bytes, and a touch of each page")]

use std::num::NonZeroUsize;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::sys::guard::Lost;
use crate::sys::platform::MappedView;
use crate::sys::span::{Span, Touch, denied, momentarily_refused};
use crate::sys::{
    BorrowedDescriptor, Generation, MappedViewContract as _, OwnPages, SystemAdvice, ZeroPages,
    page_size,
};
use crate::types::{Access, Advice, Error, ErrorKind, Flush, Loss, LostRange, Operation, Result};
#[cfg(feature = "pages")]
use crate::types::{PageProtection, PageRun};

/// What the bytes of a region are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RegionKind {
    Memory,
    File,
    /// A program's, whose sections decide what their pages allow.
    #[cfg_attr(not(feature = "pages"), allow(dead_code, reason = "needs a feature"))]
    Image,
}

/// Bytes of a section, mapped into this process until it is dropped.
///
/// ```text
///  view                 start                      start + len      view + mapped
///    |--------lead--------|============span=============|----------------|
/// ```
///
/// Offsets and lengths are in bytes from the start of the span. Each call checks them, and fails
/// with [`ErrorKind::InvalidRange`] having done nothing.
///
/// Invariant: the span lies in the mapped pages. No Rust reference to any of these bytes is ever
/// made.
#[derive(Debug)]
pub(crate) struct Region {
    span: Span,
    lead: usize,
    /// Dropped before all else of the pages: a handler may be replacing some.
    zeros: ZeroPages,
    /// Dropped before the pages are unmapped: a fault handler may know them by it.
    pages: OwnPages,
    view: MappedView,
    kind: RegionKind,
    /// The offset in the section of the first byte of the span.
    offset: u64,
    /// What an error of an access calls the bytes, if they have a name.
    subject: Option<Arc<str>>,
    /// The generation of the bytes, if their name has generations.
    generation: Option<Arc<Generation>>,
}

// SAFETY: a region is an address range owned by the process, not by a thread; every method
// takes `&self` and copies bytes that other processes may change anyway.
unsafe impl Send for Region {}
// SAFETY: as above; copies by several threads at once are as allowed as copies by several
// processes at once, and mix old and new bytes at worst.
unsafe impl Sync for Region {}

impl Region {
    /// The `len` bytes that follow the first `lead` of a mapped view, once `prepare` has given the
    /// pages what they are to allow.
    ///
    /// The caller has seen to it that the handler of faults is ready, or was asked not to.
    pub(super) fn new(
        view: MappedView,
        kind: RegionKind,
        access: Access,
        offset: u64,
        (lead, len): (usize, usize),
        prepare: impl FnOnce(&mut OwnPages) -> Result<()>,
    ) -> Result<Self> {
        if lead.checked_add(len).is_none_or(|end| end > view.len()) {
            return Err(Error::new(ErrorKind::InvalidRange, Operation::MapView));
        }
        // SAFETY: `lead` is at most the length of the view, as was just seen.
        let start = unsafe { view.start().add(lead) };
        // SAFETY: the range is mapped until the region is dropped, with the span; the handler is
        // there, or the caller would rather be killed by a lost page.
        let span = unsafe { Span::new(start, len, access) };
        // SAFETY: both are moved into the region, whose fields are dropped in their order.
        let mut pages = unsafe { OwnPages::new(&view, lead) };
        prepare(&mut pages)?;
        if pages.are_kept() {
            for touch in [Touch::Read, Touch::Write] {
                pages.set_limit(&span, touch, 0);
            }
        }
        let zeros = ZeroPages::none();
        Ok(Self { span, lead, zeros, pages, view, kind, offset, subject: None, generation: None })
    }

    /// Has zeros put in place of pages that are lost under those who touch them by their address.
    pub(crate) fn replace_losses(&mut self) -> Result<()> {
        if self.zeros.are_kept() {
            return Ok(());
        }
        self.zeros = self.view.zero_pages()?;
        if self.zeros.are_kept() {
            // A fast path would take the zeros for the section's bytes.
            self.span.forbid_fast_paths();
        }
        Ok(())
    }

    /// Returns the ranges of which pages were replaced by zeros.
    pub(crate) fn zeros(&self) -> Vec<LostRange> {
        let of_span =
            |range: LostRange| Some(LostRange { bytes: self.of_span(&range.bytes)?, ..range });
        self.zeros.lost().into_iter().filter_map(of_span).collect()
    }

    /// Maps the section back where it reaches again; returns the ranges that it has replaced.
    pub(crate) fn restore(&self) -> Result<Vec<Range<usize>>> {
        let restored = self.pages.keeping(Operation::Restore, || self.zeros.restore())?;
        Ok(restored.iter().filter_map(|range| self.of_span(range)).collect())
    }

    /// Returns which bytes of the span are in a range of the mapped pages, if any are.
    fn of_span(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let at = |byte: usize| byte.saturating_sub(self.lead).min(self.span.len());
        Some(at(range.start)..at(range.end)).filter(|range| !range.is_empty())
    }

    /// Returns where bytes of the span are in the mapped pages.
    fn of_pages(&self, offset: usize, len: usize) -> Range<usize> {
        self.lead + offset..self.lead + offset + len
    }

    /// Makes an access to bytes of the span, as many as `access` gets, and returns how many are left:
    /// what `access` has left, and those that it must not touch or should not have.
    #[inline]
    pub(super) fn around(
        &self,
        offset: usize,
        len: usize,
        mut access: impl FnMut(usize) -> usize,
    ) -> usize {
        if !self.zeros.are_kept() {
            return access(len);
        }
        self.zeros.around(&self.of_pages(offset, len), access)
    }

    /// Makes an access to bytes of the span that must not be made twice; returns `None` if one of
    /// their pages is lost.
    #[inline]
    pub(super) fn once<T>(
        &self,
        offset: usize,
        len: usize,
        access: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        if !self.zeros.are_kept() {
            return access();
        }
        self.zeros.once(&self.of_pages(offset, len), access)
    }

    /// Returns whether pages may have been replaced by zeros.
    pub(super) fn has_zeros(&self) -> bool {
        self.zeros.are_kept()
    }

    /// Returns how many of so many bytes come before the first whose page was replaced by zeros.
    pub(super) fn whole(&self, offset: usize, len: usize) -> usize {
        let first = self.zeros.first(&self.of_pages(offset, len));
        first.map_or(len, |byte| byte.saturating_sub(self.lead + offset))
    }

    /// Refuses bytes of which pages were replaced by zeros.
    fn refuse_zeros(&self, offset: usize, len: usize, operation: Operation) -> Result<()> {
        match self.whole(offset, len) {
            done if done < len => Err(self.lost(offset, Lost { done, address: None }, operation)),
            _ => Ok(()),
        }
    }

    /// Sets what an error of an access calls the bytes.
    pub(crate) fn call(&mut self, subject: Arc<str>) {
        self.subject = Some(subject);
    }

    /// Names the bytes in an error of an access, if they have a name.
    #[cold]
    pub(super) fn named(&self, error: Error) -> Error {
        match &self.subject {
            Some(subject) => error.about(subject.to_string()),
            None => error,
        }
    }

    /// Returns how many bytes there are from the start of the span to the end of its last page.
    #[cfg(feature = "pages")]
    pub(crate) fn extent(&self) -> usize {
        self.view.len() - self.lead
    }

    /// Returns what the bytes are.
    #[cfg(feature = "pages")]
    pub(crate) fn kind(&self) -> RegionKind {
        self.kind
    }

    /// Returns what is at the page of an offset, which is below the extent, and how many bytes are
    /// like it.
    #[cfg(feature = "pages")]
    pub(crate) fn pages_at(&self, offset: usize) -> Result<PageRun> {
        let (protection, len) = self.pages.run_at(offset)?;
        Ok(PageRun { protection, mapped: self.span.access().into(), len })
    }

    /// Commits the pages of a range that is within the extent, and gives them `protection`, which
    /// the model has checked.
    #[cfg(feature = "pages")]
    pub(crate) fn commit(&self, range: Range<usize>, protection: PageProtection) -> Result<()> {
        self.pages.commit(range, protection, &self.span)
    }

    /// Gives the pages of a range that is within the extent `protection`, which the model has
    /// checked; returns what the first one had.
    #[cfg(feature = "pages")]
    pub(crate) fn protect(
        &self,
        range: Range<usize>,
        protection: PageProtection,
    ) -> Result<PageProtection> {
        self.pages.protect(range, protection, &self.span)
    }

    /// The region of bytes that have generations.
    #[cfg_attr(windows, expect(dead_code, reason = "the system keeps names"))]
    pub(super) fn of_generation(self, generation: Option<Arc<Generation>>) -> Self {
        Self { generation, ..self }
    }

    /// Returns whether the bytes are those of a generation that has ended.
    pub(crate) fn has_changed(&self) -> bool {
        self.generation.as_ref().is_some_and(|generation| generation.has_changed())
    }

    /// Sends bytes towards the disk.
    pub(crate) fn flush(&self, offset: usize, len: usize, flush: Flush) -> Result<()> {
        if let Some(generation) = &self.generation {
            generation.check(Operation::Flush)?;
        }
        self.with_pages(offset, len, Operation::Flush, |pages| {
            let is_stored = self.kind == RegionKind::File && !self.span.access().is_private();
            let at = self.offset + offset as u64;
            if is_stored { self.view.flush(pages, at, flush) } else { Ok(()) }
        })?;
        self.refuse_zeros(offset, len, Operation::Flush)
    }

    /// Makes a hole of bytes that every view has.
    pub(crate) fn discard(&self, offset: usize, len: usize) -> Result<()> {
        let operation = Operation::Discard;
        self.to_touch(Touch::Write, offset, len, operation)?;
        if self.span.access().is_private() {
            return Err(denied(operation).because("the view's stores are private"));
        }
        if len == 0 {
            return Ok(());
        }
        self.refuse_zeros(offset, len, operation)?;
        self.view.discard(self.offset + offset as u64, len as u64)
    }

    /// Gives the system advice about how bytes will be used.
    pub(crate) fn advise(&self, offset: usize, len: usize, advice: Advice) -> Result<()> {
        self.with_pages(offset, len, Operation::Advise, |pages| {
            self.view.advise(pages, advice, self.pages.are_kept())
        })
    }

    /// Gives the system advice by its own number.
    pub(crate) fn advise_as(&self, offset: usize, len: usize, advice: SystemAdvice) -> Result<()> {
        self.with_pages(offset, len, Operation::Advise, |pages| self.view.advise_as(pages, advice))
    }

    /// Makes the region `len` bytes long, whatever the section has.
    pub(crate) fn resize(&mut self, len: usize) -> Result<()> {
        let operation = Operation::ResizeView;
        if self.has_own_pages() {
            return Err(Error::new(ErrorKind::NotSupported, operation)
                .because("its pages allow different things"));
        }
        let whole = self.lead.checked_add(len).and_then(|end| {
            end.checked_next_multiple_of(page_size()).filter(|end| isize::try_from(*end).is_ok())
        });
        let whole = whole.ok_or_else(|| Error::new(ErrorKind::OutOfMemory, operation))?;
        let has_zeros = self.zeros.are_kept();
        self.restore()?;
        // What is still lost is other memory than the rest, which does not move with it.
        if self.zeros().first().is_some_and(|range| range.bytes.start < len) {
            return Err(Error::new(ErrorKind::Lost, operation)
                .because("a page of it is lost, and reads as zeros until it is restored"));
        }
        self.zeros = ZeroPages::none();
        let resized = self.view.resize(whole);
        let len = if resized.is_ok() { len } else { self.span.len() };
        // SAFETY: the view has the lead and `len` bytes.
        let start = unsafe { self.view.start().add(self.lead) };
        // SAFETY: as in `new`; the old span goes away with the pages it was of.
        self.span = unsafe { Span::new(start, len, self.span.access()) };
        if has_zeros {
            self.replace_losses()?;
        }
        resized
    }

    /// Reads bytes in, so that a later touch does not wait.
    pub(crate) fn prefetch(&self, offset: usize, len: usize) -> Result<()> {
        let operation = Operation::Advise;
        self.to_touch(Touch::Read, offset, len, operation)?;
        self.refuse_zeros(offset, len, operation)?;
        self.with_pages(offset, len, operation, |pages| {
            if self.view.read_in(pages)? {
                return Ok(());
            }
            // The system has only begun to read. A touch waits for the page, and fails if it is
            // lost.
            let (mut at, end) = (offset, offset + len);
            while at < end {
                self.load::<u8>(at).map_err(|error| error.during(operation).nowhere())?;
                at += page_size() - (self.lead + at) % page_size();
            }
            Ok(())
        })
    }

    /// Keeps bytes in memory.
    pub(crate) fn lock(&self, offset: usize, len: usize) -> Result<()> {
        let operation = Operation::LockMemory;
        self.to_touch(Touch::Read, offset, len, operation)?;
        self.with_pages(offset, len, operation, |pages| {
            let locked = self.view.lock(pages);
            match (locked, self.prefetch(offset, len)) {
                (Err(error), Ok(())) => Err(error),
                // A page that is gone cannot be locked, which some systems report as the limit.
                (Err(error), Err(lost)) if lost.kind() != ErrorKind::Lost => Err(error),
                (_, read) => read.map_err(|error| error.during(operation)),
            }
        })
    }

    /// Ends [`lock`](Self::lock).
    pub(crate) fn unlock(&self, offset: usize, len: usize) -> Result<()> {
        self.with_pages(offset, len, Operation::LockMemory, |pages| self.view.unlock(pages))
    }

    /// Unmaps the pages.
    pub(crate) fn unmap(self) -> Result<()> {
        let Self { zeros, pages, view, .. } = self;
        #[allow(clippy::drop_non_drop, reason = "without a feature there is nothing in it")]
        drop((zeros, pages));
        view.unmap()
    }

    /// Calls `action` with where the bytes are in the mapped view, from the start of their first
    /// page on, if there are any.
    fn with_pages(
        &self,
        offset: usize,
        len: usize,
        operation: Operation,
        action: impl FnOnce(&Range<usize>) -> Result<()>,
    ) -> Result<()> {
        self.span.at(offset, len, operation)?;
        let start = self.lead + offset;
        if len == 0 { Ok(()) } else { action(&(start - start % page_size()..start + len)) }
    }

    /// Lends the descriptor that the region keeps of its section, if it keeps one.
    pub(crate) fn descriptor(&self) -> Option<BorrowedDescriptor<'_>> {
        self.view.descriptor()
    }

    /// Returns where the bytes are.
    #[inline]
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Returns whether pages may allow other things than the access that the view was mapped with.
    pub(super) fn has_own_pages(&self) -> bool {
        self.pages.are_kept()
    }

    /// Returns whether what is stored to a byte stays in this view: its page is a copy, or would
    /// become one.
    #[cfg_attr(not(feature = "pages"), expect(unused_variables, reason = "all pages are alike"))]
    pub(super) fn is_private(&self, offset: usize) -> bool {
        #[cfg(feature = "pages")]
        if self.has_own_pages()
            && let Ok((Some(protection), _)) = self.pages.run_at(offset)
        {
            return protection.access().is_private();
        }
        self.span.access().is_private()
    }

    /// Refuses a range that the view does not have, or that may not be read.
    pub(crate) fn check_readable(
        &self,
        offset: usize,
        len: usize,
        operation: Operation,
    ) -> Result<()> {
        self.to_touch(Touch::Read, offset, len, operation).map(drop)
    }

    /// Returns the address of bytes that are not within the limit, once their pages allow the touch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`]; [`ErrorKind::NotCommitted`] or [`ErrorKind::AccessDenied`], as
    /// the first page says that does not allow it.
    #[cold]
    pub(super) fn to_touch_slow(
        &self,
        touch: Touch,
        offset: usize,
        len: usize,
        operation: Operation,
    ) -> Result<NonNull<u8>> {
        let own_pages = self.has_own_pages() && len > 0;
        if !own_pages && !touch.is_allowed(self.span.access()) {
            return Err(denied(operation));
        }
        let at = self.span.at(offset, len, operation)?;
        if own_pages {
            self.pages.ask(touch, offset..offset + len, operation, &self.span)?;
        }
        Ok(at)
    }

    /// Returns the error of an access from `offset` on that met a lost page.
    #[cold]
    #[inline(never)]
    pub(super) fn lost(&self, offset: usize, lost: Lost, operation: Operation) -> Error {
        self.named(self.explain(offset, lost, operation))
    }

    fn explain(&self, offset: usize, lost: Lost, operation: Operation) -> Error {
        let at = offset.saturating_add(lost.done);
        let loss = Loss { offset: self.offset.saturating_add(at as u64), done: lost.done };
        let start = self.span.start().addr().get();
        let address = lost.address.map_or(start.wrapping_add(at), NonZeroUsize::get);
        let touch = match operation {
            Operation::Write | Operation::Fill | Operation::Atomic => Touch::Write,
            _ => Touch::Read,
        };
        if let Some(refused) = self.pages.explain(touch, address, operation) {
            return refused.lost(loss);
        }
        let error = self.view.explain(loss, operation);
        if error.kind() == ErrorKind::Lost
            && self.zeros.first(&self.of_pages(at, 1)).is_some()
            && self.view.is_there(loss.offset)
        {
            return error.because("its page was lost, and reads as zeros until it is restored");
        }
        // A page that is there, and allows it by now, did not at that moment.
        if self.has_own_pages()
            && error.kind() == ErrorKind::Lost
            && self.view.is_there(loss.offset)
        {
            return momentarily_refused(operation).lost(loss);
        }
        error
    }
}
