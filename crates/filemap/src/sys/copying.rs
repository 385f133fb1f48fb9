//! Copies between mapped bytes and private ones: the same for every platform's region.

#![expect(unsafe_code, reason = "copies between addresses that were checked")]

use std::ptr::NonNull;

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::sys::guard::{self, Lost, Scalar};
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
            Some(copied) => copied,
            None => self.copy_out_asking(offset, buf),
        }
    }

    /// Copies bytes out if the limits answer for them, and they are not many.
    #[inline(always)]
    fn copy_out_at_once(&self, offset: usize, buf: &mut [u8]) -> Option<Result<()>> {
        let len = buf.len();
        let from = self.span().within_limit(Touch::Read, offset, len)?;
        if !guard::is_inlined(len) && (len == 0 || len >= untouched::BULK) {
            return None;
        }
        // SAFETY: the source is inside the span, which is mapped while `self` is borrowed, with
        // the handler ready; `buf` is exclusively ours.
        Some(unsafe {
            guard::copy_out(buf.as_mut_ptr(), from.as_ptr(), len, move |lost| {
                self.lost(offset, lost, Operation::Read)
            })
        })
    }

    /// Copies bytes out that the limits do not answer for, or many at once.
    ///
    /// Apart from the others, so that what is inlined needs nothing after a call.
    #[inline(never)]
    fn copy_out_asking(&self, offset: usize, buf: &mut [u8]) -> Result<()> {
        let operation = Operation::Read;
        let from = self.to_read(offset, buf.len(), operation)?;
        if buf.len() >= untouched::BULK
            && let Some(count) = self.read_first(offset, buf)
        {
            return if count == buf.len() { Ok(()) } else { self.copy_rest(offset, buf, count) };
        }
        // SAFETY: as in `copy_out_at_once`, with `to_read`.
        unsafe {
            guard::copy_out(buf.as_mut_ptr(), from.as_ptr(), buf.len(), move |lost| {
                self.lost(offset, lost, operation)
            })
        }
    }

    /// Copies what ordinary input left of a bulk read: the file ends there, or a little later.
    #[cold]
    fn copy_rest(&self, offset: usize, buf: &mut [u8], count: usize) -> Result<()> {
        let from = self.to_read(offset + count, buf.len() - count, Operation::Read)?;
        let rest = &mut buf[count..];
        // SAFETY: as in `copy_out_at_once`, with `to_read`.
        unsafe {
            guard::copy_out(rest.as_mut_ptr(), from.as_ptr(), rest.len(), move |lost| {
                let lost = Lost { done: lost.done + count, ..lost };
                self.lost(offset, lost, Operation::Read)
            })
        }
    }

    /// Copies bytes in.
    #[inline(always)]
    fn copy_in(&self, offset: usize, bytes: &[u8]) -> Result<()> {
        match self.copy_in_at_once(offset, bytes) {
            Some(copied) => copied,
            None => self.copy_in_asking(offset, bytes),
        }
    }

    /// Copies bytes in if the limits answer for them.
    #[inline(always)]
    fn copy_in_at_once(&self, offset: usize, bytes: &[u8]) -> Option<Result<()>> {
        let to = self.span().within_limit(Touch::Write, offset, bytes.len())?;
        if !guard::is_inlined(bytes.len()) && bytes.is_empty() {
            return None;
        }
        // SAFETY: as in `copy_out_at_once`; `bytes` is borrowed.
        Some(unsafe {
            guard::copy_in(to.as_ptr(), bytes.as_ptr(), bytes.len(), move |lost| {
                self.lost(offset, lost, Operation::Write)
            })
        })
    }

    /// Copies bytes in that the limits do not answer for.
    #[cold]
    fn copy_in_asking(&self, offset: usize, bytes: &[u8]) -> Result<()> {
        let operation = Operation::Write;
        let to = self.to_write(offset, bytes.len(), operation)?;
        // SAFETY: as in `copy_in_at_once`, with `to_write`.
        unsafe {
            guard::copy_in(to.as_ptr(), bytes.as_ptr(), bytes.len(), move |lost| {
                self.lost(offset, lost, operation)
            })
        }
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
    fn load_at_once<T: Scalar>(&self, offset: usize) -> Option<Result<T>> {
        let at = self.span().within_limit(Touch::Read, offset, size_of::<T>())?.cast::<T>();
        if !is_in_one_piece(at) {
            return None;
        }
        // SAFETY: the value is inside the span, which is mapped while `self` is borrowed, with the
        // handler ready; its address was just seen to be aligned.
        let loaded = unsafe { T::load(at.as_ptr()) };
        Some(loaded.map_err(move |lost| self.lost(offset, lost, Operation::Read)))
    }

    /// Copies a value out that the limits do not answer for, or that is not aligned.
    #[inline(never)]
    fn load_asking<T: Scalar + FromBytes + IntoBytes>(&self, offset: usize) -> Result<T> {
        let operation = Operation::Read;
        let at = self.to_read(offset, size_of::<T>(), operation)?.cast::<T>();
        if is_in_one_piece(at) {
            // SAFETY: as in `load_at_once`, with `to_read`.
            return unsafe { T::load(at.as_ptr()) }
                .map_err(move |lost| self.lost(offset, lost, operation));
        }
        let mut value = T::new_zeroed();
        self.copy_out(offset, value.as_mut_bytes())?;
        Ok(value)
    }

    /// Copies a value in in one piece, if the limits answer for it and it is aligned.
    #[inline(always)]
    fn store_at_once<T: Scalar>(&self, offset: usize, value: T) -> Option<Result<()>> {
        let at = self.span().within_limit(Touch::Write, offset, size_of::<T>())?.cast::<T>();
        if !is_in_one_piece(at) {
            return None;
        }
        // SAFETY: as in `load_at_once`.
        let stored = unsafe { T::store(at.as_ptr(), value) };
        Some(stored.map_err(move |lost| self.lost(offset, lost, Operation::Write)))
    }

    /// Copies a value in that the limits do not answer for, or that is not aligned.
    #[inline(never)]
    fn store_asking<T: Scalar + IntoBytes + Immutable>(
        &self,
        offset: usize,
        value: T,
    ) -> Result<()> {
        let operation = Operation::Write;
        let at = self.to_write(offset, size_of::<T>(), operation)?.cast::<T>();
        if is_in_one_piece(at) {
            // SAFETY: as in `store_at_once`, with `to_write`.
            return unsafe { T::store(at.as_ptr(), value) }
                .map_err(move |lost| self.lost(offset, lost, operation));
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
