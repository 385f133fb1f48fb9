//! Access to mapped bytes: copies and values, the same on every platform.

#![expect(unsafe_code, reason = "accesses to addresses that were checked")]

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use zerocopy::FromBytes;

use crate::sys::guard::{self, Lost};
use crate::sys::platform::page_size;
use crate::sys::reach::Seen;
use crate::sys::region::Region;
use crate::sys::span::{Touch, denied};
use crate::sys::{ForeignBytes, UninitBuf};
use crate::types::{Error, ErrorKind, Operation, Result};

/// What a fast path leaves to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// All of the access: it was not tried.
    All,
    /// So many bytes, or [`UNCOUNTED`], of an access that met a lost page.
    Lost(usize),
}

/// More bytes than any access has: an inlined one does not count what it left.
const UNCOUNTED: usize = usize::MAX;

impl Left {
    /// Returns what an inlined access has left, which was done or met a lost page.
    #[inline(always)]
    fn inlined(done: bool) -> Result<(), Self> {
        if done { Ok(()) } else { Err(Self::Lost(UNCOUNTED)) }
    }

    /// Returns what a routine has left.
    #[inline(always)]
    fn routine(left: usize) -> Result<(), Self> {
        if left == 0 { Ok(()) } else { Err(Self::Lost(left)) }
    }
}

/// Access to the bytes.
///
/// An operation `x` has a fast path `x_fast`, which is inlined into its callers: one comparison with
/// the limit of the span, within which the bytes are there and all of their pages allow the touch;
/// and the guarded access. What it leaves is one call of `x_slow`, which looks beyond the limit, asks
/// pages that have a say of their own; or returns the error, if a page was lost. So the caller needs
/// nothing after a call, and saves nothing for it.
impl Region {
    /// Returns how many bytes from the start the fast paths may read and write, before a look at how
    /// many there are.
    #[inline]
    pub(crate) fn limits_seen(&self) -> [Seen; 2] {
        [Touch::Read, Touch::Write].map(|touch| self.span().limit_seen(touch))
    }

    /// Notes how many bytes from the start the fast paths may read and write, as far as the view
    /// allows it, by a look that was made after `seen`; false if that is not noted any more. The slow
    /// paths reach all of them. Pages with a say of their own keep it.
    #[inline]
    pub(crate) fn note_limits(&self, seen: [Seen; 2], readable: usize, writable: usize) -> bool {
        let [reading, writing] = seen;
        let notes = [(Touch::Read, reading, readable), (Touch::Write, writing, writable)];
        notes.into_iter().fold(true, |all, (touch, seen, bytes)| {
            all & (!self.has_limit(touch) || self.span().note_limit(touch, seen, bytes))
        })
    }

    /// Keeps the fast paths to the first `bytes`, whatever was seen before.
    pub(crate) fn cut_limits(&self, bytes: usize) {
        for touch in [Touch::Read, Touch::Write] {
            if self.has_limit(touch) {
                self.span().cut_limit(touch, bytes);
            }
        }
    }

    /// Returns whether a touch has a limit that can be noted.
    #[inline]
    fn has_limit(&self, touch: Touch) -> bool {
        !self.has_own_pages() && touch.is_allowed(self.span().access())
    }

    /// Returns the address of `len` bytes at `offset` that are to be touched.
    #[inline(always)]
    pub(super) fn to_touch(
        &self,
        touch: Touch,
        offset: usize,
        len: usize,
        operation: Operation,
    ) -> Result<NonNull<u8>> {
        match self.span().within_limit(touch, offset, len) {
            Some(at) if len > 0 || touch.is_allowed(self.span().access()) => Ok(at),
            _ => self.to_touch_slow(touch, offset, len, operation),
        }
    }

    /// Returns the address of an aligned value that threads and processes agree on, and whether its
    /// page may come to read as zeros.
    #[inline]
    pub(super) fn cell<T>(&self, touch: Touch, offset: usize) -> Result<(NonNull<T>, bool)> {
        let len = size_of::<T>();
        let (cell, is_watched) = match self.span().within_limit(touch, offset, len) {
            Some(cell) => (cell, false),
            None => {
                let cell = self.to_touch_slow(touch, offset, len, Operation::Atomic)?;
                (cell, self.has_zeros())
            }
        };
        if !guard::is_aligned(cell, len) {
            return Err(misaligned(offset, len));
        }
        Ok((cell.cast(), is_watched))
    }

    /// Returns the outcome of an access whose fast path met a lost page; `None` if the access is to
    /// be made: it was not tried, or a routine is to make it once more, and count.
    fn settled(
        &self,
        offset: usize,
        len: usize,
        left: Left,
        operation: Operation,
    ) -> Option<Result<()>> {
        // The smallest there is; a larger one is lost as a whole as well.
        const PAGE: usize = 4096;
        let Left::Lost(mut left) = left else { return None };
        if left == UNCOUNTED {
            let in_page = (self.span().start().addr().get() + offset) % PAGE;
            // Of an access to one page, nothing was there.
            left = Some(len).filter(|len| in_page + len <= PAGE)?;
        }
        Some(self.outcome(offset, len, left, operation))
    }

    /// Returns the outcome of an access to `len` bytes that has left so many.
    fn outcome(&self, offset: usize, len: usize, left: usize, operation: Operation) -> Result<()> {
        if left == 0 {
            return Ok(());
        }
        Err(self.lost(offset, Lost { done: len - left, address: None }, operation))
    }

    /// Copies bytes out.
    #[inline(always)]
    pub(crate) fn read(&self, offset: usize, buf: &mut [u8]) -> Result<()> {
        self.read_fast(offset, buf).or_else(|left| self.read_slow(offset, buf, left))
    }

    /// Copies bytes out that are within the limit.
    #[inline(always)]
    pub(crate) fn read_fast(&self, offset: usize, buf: &mut [u8]) -> Result<(), Left> {
        let (len, to) = (buf.len(), buf.as_mut_ptr());
        let from = self.span().within_limit(Touch::Read, offset, len).ok_or(Left::All)?.as_ptr();
        if guard::is_inlined(len) {
            // SAFETY: the source is inside the span, which is mapped while `self` is borrowed, with
            // the handler ready; `buf` is exclusively ours.
            return Left::inlined(unsafe { guard::copy_inlined(to, from, len) });
        }
        if len == 0 {
            return Err(Left::All);
        }
        // SAFETY: as above.
        Left::routine(unsafe { guard::copy_out(to, from, len) })
    }

    /// Copies bytes out, wherever they are, as far as the fast path has left them.
    #[cold]
    #[inline(never)]
    fn read_slow(&self, offset: usize, buf: &mut [u8], left: Left) -> Result<()> {
        let (operation, len) = (Operation::Read, buf.len());
        if let Some(settled) = self.settled(offset, len, left, operation) {
            return settled;
        }
        let from = self.to_touch(Touch::Read, offset, len, operation)?;
        let left = self.around(offset, len, |len| {
            // SAFETY: as in `read_fast`, with `to_touch`; `len` is at most as much.
            unsafe { guard::copy_out(buf.as_mut_ptr(), from.as_ptr(), len) }
        });
        self.outcome(offset, len, left, operation)
    }

    /// Copies bytes out into memory that need not have been written.
    pub(crate) fn read_uninit(&self, offset: usize, buf: &mut UninitBuf<'_>) -> Result<()> {
        let len = buf.len();
        let from = self.to_touch(Touch::Read, offset, len, Operation::Read)?;
        let left = self.around(offset, len, |len| {
            // SAFETY: as in `read_fast`, with `to_touch`; `len` is at most as much.
            unsafe { guard::copy_out(buf.start(), from.as_ptr(), len) }
        });
        // SAFETY: so many were copied.
        unsafe { buf.set_written(len - left) };
        self.outcome(offset, len, left, Operation::Read)
    }

    /// Copies bytes in.
    #[inline(always)]
    pub(crate) fn write(&self, offset: usize, bytes: &[u8]) -> Result<()> {
        self.write_fast(offset, bytes).or_else(|left| self.write_slow(offset, bytes, left))
    }

    /// Copies bytes in that are within the limit.
    #[inline(always)]
    pub(crate) fn write_fast(&self, offset: usize, bytes: &[u8]) -> Result<(), Left> {
        let (len, from) = (bytes.len(), bytes.as_ptr());
        let to = self.span().within_limit(Touch::Write, offset, len).ok_or(Left::All)?.as_ptr();
        if guard::is_inlined(len) {
            // SAFETY: as in `read_fast`; `bytes` is borrowed.
            return Left::inlined(unsafe { guard::copy_inlined(to, from, len) });
        }
        if len == 0 {
            return Err(Left::All);
        }
        // SAFETY: as above.
        Left::routine(unsafe { guard::copy_in(to, from, len) })
    }

    /// Copies bytes in, wherever they are, as far as the fast path has left them.
    #[cold]
    #[inline(never)]
    fn write_slow(&self, offset: usize, bytes: &[u8], left: Left) -> Result<()> {
        let (operation, len) = (Operation::Write, bytes.len());
        if let Some(settled) = self.settled(offset, len, left, operation) {
            return settled;
        }
        let to = self.to_touch(Touch::Write, offset, len, operation)?;
        let left = self.around(offset, len, |len| {
            // SAFETY: as in `write_fast`, with `to_touch`; `len` is at most as much.
            unsafe { guard::copy_in(to.as_ptr(), bytes.as_ptr(), len) }
        });
        self.outcome(offset, len, left, operation)
    }

    /// Copies bytes in that others may change meanwhile.
    pub(crate) fn write_foreign(&self, offset: usize, bytes: ForeignBytes<'_>) -> Result<()> {
        let (operation, len) = (Operation::Write, bytes.len());
        let to = self.to_touch(Touch::Write, offset, len, operation)?;
        let left = self.around(offset, len, |len| {
            // SAFETY: as in `write_fast`, with `to_touch`; the bytes are readable while they are
            // borrowed, and the copy takes them as they are at the moment; `len` is at most as much.
            unsafe { guard::copy_in(to.as_ptr(), bytes.start(), len) }
        });
        self.outcome(offset, len, left, operation)
    }

    /// Sets bytes to one value.
    #[inline(always)]
    pub(crate) fn fill(&self, offset: usize, len: usize, byte: u8) -> Result<()> {
        self.fill_fast(offset, len, byte).or_else(|left| self.fill_slow(offset, len, byte, left))
    }

    /// Sets bytes that are within the limit.
    #[inline(always)]
    fn fill_fast(&self, offset: usize, len: usize, byte: u8) -> Result<(), Left> {
        let to = self.span().within_limit(Touch::Write, offset, len).ok_or(Left::All)?.as_ptr();
        if guard::is_inlined(len) {
            // SAFETY: as in `write_fast`.
            return Left::inlined(unsafe { guard::fill_inlined(to, byte, len) });
        }
        if len == 0 {
            return Err(Left::All);
        }
        // SAFETY: as above.
        Left::routine(unsafe { guard::fill(to, byte, len) })
    }

    /// Sets bytes, wherever they are, as far as the fast path has left them.
    #[cold]
    #[inline(never)]
    fn fill_slow(&self, offset: usize, len: usize, byte: u8, left: Left) -> Result<()> {
        if let Some(settled) = self.settled(offset, len, left, Operation::Fill) {
            return settled;
        }
        let to = self.to_touch(Touch::Write, offset, len, Operation::Fill)?;
        let left = self.around(offset, len, |len| {
            // SAFETY: as in `write_fast`, with `to_touch`; `len` is at most as much.
            unsafe { guard::fill(to.as_ptr(), byte, len) }
        });
        self.outcome(offset, len, left, Operation::Fill)
    }

    /// Copies a value out, in one piece if it is as long as a number and aligned.
    #[inline(always)]
    pub(crate) fn load<T: FromBytes>(&self, offset: usize) -> Result<T> {
        self.load_fast(offset).or_else(|left| self.load_slow(offset, left))
    }

    /// Copies a value out that is within the limit, and aligned if it is as long as a number.
    #[inline(always)]
    pub(crate) fn load_fast<T: FromBytes>(&self, offset: usize) -> Result<T, Left> {
        let len = size_of::<T>();
        if !guard::is_scalar(len) {
            return filled(|bytes| self.read_fast(offset, bytes));
        }
        match self.span().within_limit(Touch::Read, offset, len) {
            Some(from) if guard::is_aligned(from, len) => {
                // SAFETY: as in `read_fast`, and it was just seen to be aligned.
                unsafe { guard::load(from) }.ok_or(Left::Lost(UNCOUNTED))
            }
            _ => Err(Left::All),
        }
    }

    /// Copies a value out, wherever it is, unless the fast path met a lost page.
    #[cold]
    #[inline(never)]
    fn load_slow<T: FromBytes>(&self, offset: usize, mut left: Left) -> Result<T> {
        let len = size_of::<T>();
        if left == Left::All && guard::is_scalar(len) {
            let from = self.to_touch(Touch::Read, offset, len, Operation::Read)?;
            if guard::is_aligned(from, len) {
                // SAFETY: as in `load_fast`, with `to_touch`.
                match self.once(offset, len, || unsafe { guard::load(from) }) {
                    Some(value) => return Ok(value),
                    None => left = Left::Lost(len),
                }
            }
        }
        // What came before a loss is of no use without the rest.
        filled(|bytes| self.read_slow(offset, bytes, left))
    }

    /// Copies the bytes of a value in, in one piece if they are as many as a number's and aligned.
    #[inline(always)]
    pub(crate) fn store(&self, offset: usize, bytes: &[u8]) -> Result<()> {
        self.store_fast(offset, bytes).or_else(|left| self.store_slow(offset, bytes, left))
    }

    /// Copies the bytes of a value in that is within the limit, and aligned if it is as long as a
    /// number.
    #[inline(always)]
    pub(crate) fn store_fast(&self, offset: usize, bytes: &[u8]) -> Result<(), Left> {
        let len = bytes.len();
        if !guard::is_scalar(len) {
            return self.write_fast(offset, bytes);
        }
        match self.span().within_limit(Touch::Write, offset, len) {
            Some(to) if guard::is_aligned(to, len) => {
                // SAFETY: as in `write_fast`, and it was just seen to be aligned.
                unsafe { guard::store(to, bytes) }.ok_or(Left::Lost(UNCOUNTED))
            }
            _ => Err(Left::All),
        }
    }

    /// Copies the bytes of a value in, wherever it is, unless the fast path met a lost page.
    #[cold]
    #[inline(never)]
    fn store_slow(&self, offset: usize, bytes: &[u8], mut left: Left) -> Result<()> {
        let len = bytes.len();
        if left == Left::All && guard::is_scalar(len) {
            let to = self.to_touch(Touch::Write, offset, len, Operation::Write)?;
            if guard::is_aligned(to, len) {
                // SAFETY: as in `store_fast`, with `to_touch`.
                match self.once(offset, len, || unsafe { guard::store(to, bytes) }) {
                    Some(()) => return Ok(()),
                    None => left = Left::Lost(len),
                }
            }
        }
        self.write_slow(offset, bytes, left)
    }

    /// Copies `len` bytes at `from` in another range, or in this one, to `offset` in this.
    pub(crate) fn copy_from(
        &self,
        offset: usize,
        source: &Self,
        from: usize,
        len: usize,
    ) -> Result<()> {
        let operation = Operation::Write;
        let refuses = |region: &Self, touch: Touch| {
            !region.has_own_pages() && !touch.is_allowed(region.span().access())
        };
        if refuses(self, Touch::Write) || refuses(source, Touch::Read) {
            return Err(denied(operation));
        }
        let to = self.to_touch(Touch::Write, offset, len, operation)?;
        let start = source.to_touch(Touch::Read, from, len, Operation::Read)?;
        let copy = |len: usize| {
            // SAFETY: both ranges were proved to be inside spans that are mapped while they are
            // borrowed, with the handler ready; the call tolerates overlap. `len` is at most as much.
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
        };
        if !self.has_zeros() && !source.has_zeros() {
            return copy(len);
        }
        let whole = || (source.whole(from, len), self.whole(offset, len));
        let (read, written) = whole();
        let count = read.min(written);
        let copied = self.once(offset, count, || source.once(from, count, || Some(copy(count))));
        let (read, written) = match copied {
            Some(Ok(())) if count == len => return Ok(()),
            Some(Ok(())) => (read, written),
            Some(Err(error)) => return Err(error),
            // Of what has become zeros in between, and was restored, nothing is known.
            None => match whole() {
                (read, written) if read.min(written) < count => (read, written),
                _ => (0, len),
            },
        };
        let lost = Lost { done: read.min(written), address: None };
        Err(if read <= written {
            source.lost(from, lost, Operation::Read)
        } else {
            self.lost(offset, lost, operation)
        })
    }
}

/// Returns the value whose bytes `fill` writes.
#[inline(always)]
pub(crate) fn filled<T: FromBytes, E>(
    fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
) -> Result<T, E> {
    let mut value = MaybeUninit::<T>::zeroed();
    let (start, len) = (value.as_mut_ptr().cast::<u8>(), size_of::<T>());
    // SAFETY: all bytes of the value were just written, and nobody else has it.
    fill(unsafe { std::slice::from_raw_parts_mut(start, len) })?;
    // SAFETY: every pattern of bytes is a value of the type.
    Ok(unsafe { value.assume_init() })
}

#[cold]
fn misaligned(offset: usize, len: usize) -> Error {
    Error::new(ErrorKind::Misaligned, Operation::Atomic)
        .about("the view")
        .because(format!("offset {offset} is not a multiple of {len} bytes"))
}
