//! Copies between mapped bytes and private ones: the same for every platform's region.

#![expect(unsafe_code, reason = "copies between addresses that were checked")]

use std::ptr::NonNull;

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::sys::guard::{self, Lost, Scalar, Unfinished};
use crate::sys::platform::page_size;
use crate::sys::span::{Span, Touch, denied};
use crate::sys::untouched;
use crate::types::{Error, ErrorKind, Operation, Result};

/// A region's way to its bytes.
///
/// A platform tells where they are, which of their pages refuse a touch, and why one was lost;
/// the methods that copy follow from that. Offsets and lengths are in bytes from the start of
/// the range. Each call checks them, and fails with [`ErrorKind::InvalidRange`] having done
/// nothing.
///
/// One comparison stands in front of every access: the limits of the span answer at once whether
/// the bytes are there and whether all of them allow the touch.
pub(crate) trait Copying: Sized {
    /// Where the bytes are.
    fn span(&self) -> &Span;

    /// Tells whether pages may allow other things than the access that the view was mapped with.
    fn has_own_pages(&self) -> bool;

    /// Asks the pages of a range, which the view has, whether they allow a touch, and makes those
    /// ready that do; called only if [`has_own_pages`](Self::has_own_pages).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotCommitted`] or [`ErrorKind::AccessDenied`], as the first page says that
    /// does not.
    fn ask_pages(
        &self,
        touch: Touch,
        offset: usize,
        len: usize,
        operation: Operation,
    ) -> Result<()>;

    /// Explains a fault under an access that began at `offset` in the range.
    fn lost(&self, offset: usize, lost: Lost, operation: Operation) -> Error;

    /// Reads bytes that nobody has read in bulk yet by ordinary input; tells how many came.
    ///
    /// `None` if they are to come through the map.
    fn read_first(&self, offset: usize, buf: &mut [u8]) -> Option<usize>;

    /// Tells whether as many bytes from the start are touched at once as [`set_reach`] would have it.
    ///
    /// [`set_reach`]: Self::set_reach
    fn has_reach(&self, readable: usize, writable: usize) -> bool {
        let span = self.span();
        let has = |touch: Touch, bytes: usize| {
            !touch.is_allowed(span.access()) || span.limit(touch) == bytes.min(span.len())
        };
        self.has_own_pages() || (has(Touch::Read, readable) && has(Touch::Write, writable))
    }

    /// Lets so many bytes from the start be read and written at once, as far as the view allows it;
    /// others are asked about, with the same answers. Where pages have a say, they keep it.
    fn set_reach(&self, readable: usize, writable: usize) {
        let span = self.span();
        for (touch, bytes) in [(Touch::Read, readable), (Touch::Write, writable)] {
            if !self.has_own_pages() && touch.is_allowed(span.access()) {
                span.set_limit(touch, bytes);
            }
        }
    }

    /// The address of `len` bytes at `offset` that are to be read.
    #[inline(always)]
    fn to_read(&self, offset: usize, len: usize, operation: Operation) -> Result<NonNull<u8>> {
        match self.span().within_limit(Touch::Read, offset, len) {
            Some(at) if len > 0 || self.span().access().can_read() => Ok(at),
            _ => self.to_touch(Touch::Read, offset, len, operation),
        }
    }

    /// The address of `len` bytes at `offset` that are to be written.
    #[inline(always)]
    fn to_write(&self, offset: usize, len: usize, operation: Operation) -> Result<NonNull<u8>> {
        match self.span().within_limit(Touch::Write, offset, len) {
            Some(at) if len > 0 || self.span().access().can_write() => Ok(at),
            _ => self.to_touch(Touch::Write, offset, len, operation),
        }
    }

    /// Decides where the limits did not.
    #[cold]
    fn to_touch(
        &self,
        touch: Touch,
        offset: usize,
        len: usize,
        operation: Operation,
    ) -> Result<NonNull<u8>> {
        let own_pages = self.has_own_pages() && len > 0;
        if !own_pages && !touch.is_allowed(self.span().access()) {
            return Err(denied(operation));
        }
        let at = self.span().at(offset, len, operation)?;
        if own_pages {
            self.ask_pages(touch, offset, len, operation)?;
        }
        Ok(at)
    }

    /// The address of an aligned value that threads and processes agree on.
    fn cell<T: Scalar>(&self, offset: usize) -> Result<NonNull<T>> {
        let operation = Operation::Atomic;
        let cell = self.to_write(offset, size_of::<T>(), operation)?.cast::<T>();
        if is_in_one_piece(cell) {
            return Ok(cell);
        }
        Err(Error::new(ErrorKind::Misaligned, operation)
            .about("the view")
            .because(format!("offset {offset} is not a multiple of {} bytes", size_of::<T>())))
    }

    /// Copies bytes out.
    #[inline(always)]
    fn copy_out(&self, offset: usize, buf: &mut [u8]) -> Result<()> {
        match self.copy_out_at_once(offset, buf) {
            Ok(()) => Ok(()),
            Err(unfinished) => self.copy_out_asking(offset, buf, unfinished),
        }
    }

    /// Copies bytes out if the limits answer for them, and they are not many.
    #[inline(always)]
    fn copy_out_at_once(&self, offset: usize, buf: &mut [u8]) -> Result<(), Unfinished> {
        let len = buf.len();
        let Some(from) = self.span().within_limit(Touch::Read, offset, len) else {
            return Err(Unfinished::UNTRIED);
        };
        if guard::is_inlined(len) {
            // SAFETY: the source is inside the span, which is mapped while `self` is borrowed, with
            // the handler ready; `buf` is exclusively ours.
            return unsafe { guard::copy_inlined(buf.as_mut_ptr(), from.as_ptr(), len) };
        }
        if len == 0 || len >= untouched::BULK {
            return Err(Unfinished::UNTRIED);
        }
        // SAFETY: as above.
        unsafe { guard::copy_out(buf.as_mut_ptr(), from.as_ptr(), len) }
    }

    /// Copies bytes out that the limits do not answer for, or many at once, or tells why it was
    /// broken off.
    ///
    /// Apart from the others, so that what is inlined needs nothing after a call. What was broken
    /// off through another view of these bytes is done again.
    #[inline(never)]
    fn copy_out_asking(&self, offset: usize, buf: &mut [u8], unfinished: Unfinished) -> Result<()> {
        let operation = Operation::Read;
        let from = self.to_read(offset, buf.len(), operation)?;
        let mut done = 0;
        let begun = unfinished.is_of(buf.as_mut_ptr(), from.as_ptr(), buf.len());
        if !begun && buf.len() >= untouched::BULK {
            // What ordinary input leaves is there all the same: the file ends there, or a little
            // later.
            done = self.read_first(offset, buf).unwrap_or(0);
        }
        let rest = &mut buf[done..];
        let from = self.span().at(offset + done, rest.len(), operation)?;
        let copied = if begun {
            Err(unfinished)
        } else {
            // SAFETY: as in `copy_out_at_once`, with `to_read`.
            unsafe { guard::copy_out(rest.as_mut_ptr(), from.as_ptr(), rest.len()) }
        };
        copied.map_err(|unfinished| {
            // SAFETY: as above: they are the same ranges.
            let lost =
                unsafe { unfinished.copy_lost(rest.as_mut_ptr(), from.as_ptr(), rest.len()) };
            self.lost(offset, Lost { done: lost.done + done, ..lost }, operation)
        })
    }

    /// Copies bytes in.
    #[inline(always)]
    fn copy_in(&self, offset: usize, bytes: &[u8]) -> Result<()> {
        match self.copy_in_at_once(offset, bytes) {
            Ok(()) => Ok(()),
            Err(unfinished) => self.copy_in_asking(offset, bytes, unfinished),
        }
    }

    /// Copies bytes in if the limits answer for them.
    #[inline(always)]
    fn copy_in_at_once(&self, offset: usize, bytes: &[u8]) -> Result<(), Unfinished> {
        let len = bytes.len();
        let Some(to) = self.span().within_limit(Touch::Write, offset, len) else {
            return Err(Unfinished::UNTRIED);
        };
        if guard::is_inlined(len) {
            // SAFETY: as in `copy_out_at_once`; `bytes` is borrowed.
            return unsafe { guard::copy_inlined(to.as_ptr(), bytes.as_ptr(), len) };
        }
        if len == 0 {
            return Err(Unfinished::UNTRIED);
        }
        // SAFETY: as above.
        unsafe { guard::copy_in(to.as_ptr(), bytes.as_ptr(), len) }
    }

    /// Copies bytes in that the limits do not answer for, or tells why it was broken off,
    /// as [`copy_out_asking`](Self::copy_out_asking) does.
    #[cold]
    #[inline(never)]
    fn copy_in_asking(&self, offset: usize, bytes: &[u8], unfinished: Unfinished) -> Result<()> {
        let operation = Operation::Write;
        let to = self.to_write(offset, bytes.len(), operation)?;
        let copied = if unfinished.is_of(to.as_ptr(), bytes.as_ptr(), bytes.len()) {
            Err(unfinished)
        } else {
            // SAFETY: as in `copy_in_at_once`, with `to_write`.
            unsafe { guard::copy_in(to.as_ptr(), bytes.as_ptr(), bytes.len()) }
        };
        copied.map_err(|unfinished| {
            // SAFETY: as above: they are the same ranges.
            let lost = unsafe { unfinished.copy_lost(to.as_ptr(), bytes.as_ptr(), bytes.len()) };
            self.lost(offset, lost, operation)
        })
    }

    /// Copies `len` bytes at `from` in another range, or in this one, to `offset` in this.
    fn copy_from(&self, offset: usize, source: &Self, from: usize, len: usize) -> Result<()> {
        let operation = Operation::Write;
        let refuses = |region: &Self, touch: Touch| {
            !region.has_own_pages() && !touch.is_allowed(region.span().access())
        };
        if refuses(self, Touch::Write) || refuses(source, Touch::Read) {
            return Err(denied(operation));
        }
        let to = self.to_write(offset, len, operation)?;
        let start = source.to_read(from, len, Operation::Read)?;
        // SAFETY: both ranges were proved to be inside spans that are mapped while they are
        // borrowed, with the handler ready; the call tolerates overlap.
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

    /// Sets bytes to one value.
    #[inline(always)]
    fn fill(&self, offset: usize, len: usize, byte: u8) -> Result<()> {
        match self.span().within_limit(Touch::Write, offset, len) {
            // SAFETY: as in `copy_in_at_once`.
            Some(to) if len > 0 => unsafe {
                guard::fill(to.as_ptr(), byte, len, move |lost| {
                    self.lost(offset, lost, Operation::Fill)
                })
            },
            _ => self.fill_asking(offset, len, byte),
        }
    }

    /// Sets bytes that the limits do not answer for.
    #[cold]
    fn fill_asking(&self, offset: usize, len: usize, byte: u8) -> Result<()> {
        let operation = Operation::Fill;
        let to = self.to_write(offset, len, operation)?;
        // SAFETY: as in `copy_in_at_once`, with `to_write`.
        unsafe {
            guard::fill(to.as_ptr(), byte, len, move |lost| self.lost(offset, lost, operation))
        }
    }

    /// Compares with private bytes; returns where the first difference is.
    fn compare(&self, offset: usize, bytes: &[u8]) -> Result<Option<usize>> {
        let operation = Operation::Search;
        let at = self.to_read(offset, bytes.len(), operation)?;
        // SAFETY: as in `copy_out_at_once`, with `to_read`; `bytes` is borrowed.
        unsafe { guard::compare(at.as_ptr(), bytes.as_ptr(), bytes.len()) }
            .map_err(move |lost| self.lost(offset, lost, operation))
    }

    /// Returns where the first of these bytes is, counted from `offset`.
    fn find(&self, offset: usize, len: usize, byte: u8) -> Result<Option<usize>> {
        let operation = Operation::Search;
        let at = self.to_read(offset, len, operation)?;
        // SAFETY: as in `copy_out_at_once`, with `to_read`.
        unsafe { guard::find_byte(at.as_ptr(), byte, len) }
            .map_err(move |lost| self.lost(offset, lost, operation))
    }

    /// Copies a value out in one piece, if the limits answer for it and it is aligned.
    #[inline(always)]
    fn load_at_once<T: Scalar>(&self, offset: usize) -> Result<T, Unfinished> {
        let at = match self.span().within_limit(Touch::Read, offset, size_of::<T>()) {
            Some(at) if is_in_one_piece(at.cast::<T>()) => at.cast::<T>(),
            _ => return Err(Unfinished::UNTRIED),
        };
        // SAFETY: the value is inside the span, which is mapped while `self` is borrowed, with the
        // handler ready; its address was just seen to be aligned.
        unsafe { T::load(at.as_ptr()) }.map_err(Unfinished::value)
    }

    /// Copies a value out that the limits do not answer for, or that is not aligned, or tells why
    /// it was lost.
    #[cold]
    #[inline(never)]
    fn load_asking<T: Scalar + FromBytes + IntoBytes>(
        &self,
        offset: usize,
        unfinished: Unfinished,
    ) -> Result<T> {
        let operation = Operation::Read;
        if unfinished.was_tried() {
            return Err(self.lost(offset, unfinished.value_lost(), operation));
        }
        let at = self.to_read(offset, size_of::<T>(), operation)?.cast::<T>();
        if is_in_one_piece(at) {
            // SAFETY: as in `load_at_once`, with `to_read`.
            return unsafe { T::load(at.as_ptr()) }
                .map_err(|lost| self.lost(offset, lost, operation));
        }
        let mut value = T::new_zeroed();
        self.copy_out(offset, value.as_mut_bytes())?;
        Ok(value)
    }

    /// Copies a value in in one piece, if the limits answer for it and it is aligned.
    #[inline(always)]
    fn store_at_once<T: Scalar>(&self, offset: usize, value: T) -> Result<(), Unfinished> {
        let at = match self.span().within_limit(Touch::Write, offset, size_of::<T>()) {
            Some(at) if is_in_one_piece(at.cast::<T>()) => at.cast::<T>(),
            _ => return Err(Unfinished::UNTRIED),
        };
        // SAFETY: as in `load_at_once`.
        unsafe { T::store(at.as_ptr(), value) }.map_err(Unfinished::value)
    }

    /// Copies a value in that the limits do not answer for, or that is not aligned, or tells why
    /// it was lost.
    #[cold]
    #[inline(never)]
    fn store_asking<T: Scalar + IntoBytes + Immutable>(
        &self,
        offset: usize,
        value: T,
        unfinished: Unfinished,
    ) -> Result<()> {
        let operation = Operation::Write;
        if unfinished.was_tried() {
            return Err(self.lost(offset, unfinished.value_lost(), operation));
        }
        let at = self.to_write(offset, size_of::<T>(), operation)?.cast::<T>();
        if is_in_one_piece(at) {
            // SAFETY: as in `store_at_once`, with `to_write`.
            return unsafe { T::store(at.as_ptr(), value) }
                .map_err(|lost| self.lost(offset, lost, operation));
        }
        self.copy_in(offset, value.as_bytes())
    }
}

/// Tells whether a value at this address is one access: it lies at a multiple of its size, which some
/// processors of 32 bits do not ask of the type.
#[inline(always)]
fn is_in_one_piece<T>(at: NonNull<T>) -> bool {
    at.addr().get().is_multiple_of(size_of::<T>())
}
