//! Copies between mapped bytes and private ones: the same for every platform's region.

#![expect(unsafe_code, reason = "copies between addresses that were checked")]

use std::ptr::NonNull;

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
        if cell.addr().get().is_multiple_of(size_of::<T>()) {
            return Ok(cell);
        }
        Err(Error::new(ErrorKind::Misaligned, operation)
            .about("the view")
            .because(format!("offset {offset} is not a multiple of {} bytes", size_of::<T>())))
    }

    /// Copies bytes out.
    #[inline(always)]
    fn copy_out(&self, offset: usize, buf: &mut [u8]) -> Result<()> {
        let operation = Operation::Read;
        let from = self.to_read(offset, buf.len(), operation)?;
        if buf.len() >= untouched::BULK
            && let Some(count) = self.read_first(offset, buf)
        {
            return if count == buf.len() { Ok(()) } else { self.copy_rest(offset, buf, count) };
        }
        // SAFETY: `to_read` proved the source to be inside the span, which is mapped while
        // `self` is borrowed, with the handler ready; `buf` is exclusively ours.
        unsafe { guard::copy_out(buf.as_mut_ptr(), from.as_ptr(), buf.len()) }
            .map_err(|lost| self.lost(offset, lost, operation))
    }

    /// Copies what ordinary input left of a bulk read: the file ends there, or a little later.
    #[cold]
    fn copy_rest(&self, offset: usize, buf: &mut [u8], count: usize) -> Result<()> {
        let from = self.to_read(offset + count, buf.len() - count, Operation::Read)?;
        let rest = &mut buf[count..];
        // SAFETY: as in `copy_out`.
        unsafe { guard::copy_out(rest.as_mut_ptr(), from.as_ptr(), rest.len()) }.map_err(|lost| {
            let lost = Lost { done: lost.done + count, ..lost };
            self.lost(offset, lost, Operation::Read)
        })
    }

    /// Copies bytes in.
    #[inline(always)]
    fn copy_in(&self, offset: usize, bytes: &[u8]) -> Result<()> {
        let operation = Operation::Write;
        let to = self.to_write(offset, bytes.len(), operation)?;
        // SAFETY: as in `copy_out`, with `to_write`.
        unsafe { guard::copy_in(to.as_ptr(), bytes.as_ptr(), bytes.len()) }
            .map_err(|lost| self.lost(offset, lost, operation))
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
    #[inline]
    fn fill(&self, offset: usize, len: usize, byte: u8) -> Result<()> {
        let operation = Operation::Fill;
        let to = self.to_write(offset, len, operation)?;
        // SAFETY: as in `copy_in`.
        unsafe { guard::fill(to.as_ptr(), byte, len) }
            .map_err(|lost| self.lost(offset, lost, operation))
    }

    /// Compares with private bytes; returns where the first difference is.
    fn compare(&self, offset: usize, bytes: &[u8]) -> Result<Option<usize>> {
        let operation = Operation::Search;
        let at = self.to_read(offset, bytes.len(), operation)?;
        // SAFETY: as in `copy_out`; `bytes` is borrowed.
        unsafe { guard::compare(at.as_ptr(), bytes.as_ptr(), bytes.len()) }
            .map_err(|lost| self.lost(offset, lost, operation))
    }

    /// Returns where the first of these bytes is, counted from `offset`.
    fn find(&self, offset: usize, len: usize, byte: u8) -> Result<Option<usize>> {
        let operation = Operation::Search;
        let at = self.to_read(offset, len, operation)?;
        // SAFETY: as in `copy_out`.
        unsafe { guard::find_byte(at.as_ptr(), byte, len) }
            .map_err(|lost| self.lost(offset, lost, operation))
    }

    /// Copies an aligned value out in one piece; `None` if its address is not aligned.
    #[inline]
    fn load<T: Scalar>(&self, offset: usize) -> Result<Option<T>> {
        let operation = Operation::Read;
        let from = self.to_read(offset, size_of::<T>(), operation)?.cast::<T>();
        if !from.addr().get().is_multiple_of(size_of::<T>()) {
            return Ok(None);
        }
        // SAFETY: as in `copy_out`, and the address was just seen to be aligned.
        unsafe { T::load(from.as_ptr()) }
            .map(Some)
            .map_err(|lost| self.lost(offset, lost, operation))
    }

    /// Copies an aligned value in, in one piece; false if its address is not aligned.
    #[inline]
    fn store<T: Scalar>(&self, offset: usize, value: T) -> Result<bool> {
        let operation = Operation::Write;
        let to = self.to_write(offset, size_of::<T>(), operation)?.cast::<T>();
        if !to.addr().get().is_multiple_of(size_of::<T>()) {
            return Ok(false);
        }
        // SAFETY: as in `copy_in`, and the address was just seen to be aligned.
        unsafe { T::store(to.as_ptr(), value) }
            .map(|()| true)
            .map_err(|lost| self.lost(offset, lost, operation))
    }
}
