//! Values in a file: copied out and in, and numbers that threads and processes agree on.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::file::MappedFile;
use crate::file::router::is_one_access;
use crate::model::{AtomicCell, AtomicValue, filled};
use crate::sys::exhausted;
use crate::types::{Error, ErrorKind, Operation, Result};

impl MappedFile {
    /// Copies a value out, from `offset` on, which need not be aligned.
    ///
    /// Any type will do of which every pattern of bytes is a value; derive
    /// [`FromBytes`](zerocopy::FromBytes) for your own. A value of 1, 2, 4 or 8 bytes at a multiple of its
    /// size is read in one piece.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::EndOfFile`](crate::ErrorKind::EndOfFile) if the file ends first; those of
    /// [`read_at`](crate::PositionedIo::read_at).
    #[inline]
    pub fn read<T: FromBytes>(&self, offset: u64) -> Result<T> {
        match self.load_fast(offset) {
            Some(value) => Ok(value),
            None => self.load_slow(offset),
        }
    }

    /// Copies a value in, from `offset` on, which need not be aligned.
    ///
    /// A value of 1, 2, 4 or 8 bytes at a multiple of its size is written in one piece.
    ///
    /// # Errors
    ///
    /// Those of [`write_all_at`](crate::PositionedIo::write_all_at).
    #[inline]
    pub fn write<T: IntoBytes + Immutable + ?Sized>(&self, offset: u64, value: &T) -> Result<()> {
        if self.store_fast(offset, value) {
            return Ok(());
        }
        self.store_slow(offset, value)
    }

    /// Returns the number at `offset`, for threads and processes to agree on. Of a file that is open
    /// for reading only it can be loaded.
    ///
    /// [`flush_writes`](crate::MappedFileOptions::flush_writes) does not apply to it. A number that
    /// was cut off the file is lost, also if the file becomes longer again: ask for it anew.
    ///
    /// ```
    /// use filemap::MappedFile;
    ///
    /// let place = tempfile::tempdir()?;
    /// let file = MappedFile::open(place.path().join("count"))?;
    /// file.write(8, &41_u64)?;
    /// let before = file.atomic::<u64>(8)?.fetch_add(1)?;
    /// assert_eq!((before, file.read::<u64>(8)?), (41, 42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// | what is wrong | kind |
    /// |---|---|
    /// | the file ends first | [`EndOfFile`](crate::ErrorKind::EndOfFile) |
    /// | `offset` is not a multiple of the number's size | [`Misaligned`](crate::ErrorKind::Misaligned) |
    pub fn atomic<T: AtomicValue>(&self, offset: u64) -> Result<AtomicCell<'_, T>> {
        let (operation, len) = (Operation::Atomic, size_of::<T>());
        if self.is_writable() {
            if !self.is_settled(offset, len) {
                self.settle(offset, len, operation)?;
            }
        } else if !self.knows(offset, len) {
            let (end, seen) = (self.end_of(offset, len as u64, operation)?, self.len()?);
            if end > seen {
                return Err(self.ends_before(offset, len, seen, operation));
            }
        }
        if !is_one_access(offset, len) {
            return Err(self.named(
                Error::new(ErrorKind::Misaligned, operation)
                    .because(format!("offset {offset} is not a multiple of {len} bytes")),
            ));
        }
        let way = self.way(offset, len);
        // To map it may have shown that the file was cut.
        if self.is_writable() && !self.is_settled(offset, len) {
            self.settle(offset, len, operation)?;
        }
        let cell = way.and_then(|(way, _)| way.cell(offset));
        cell.map_err(|error| self.named(exhausted(error)))
    }
}

impl MappedFile {
    /// Copies a value out through the map of the whole file.
    #[inline(always)]
    pub(super) fn load_fast<T: FromBytes>(&self, offset: u64) -> Option<T> {
        let (view, at) = self.whole_at(offset)?;
        view.load_fast(at)
    }

    /// Copies a value out by whatever way there is.
    #[inline(never)]
    fn load_slow<T: FromBytes>(&self, offset: u64) -> Result<T> {
        let len = size_of::<T>();
        if is_one_access(offset, len)
            && self.knows(offset, len)
            && let Ok(value) = self.in_map(offset, len, |view, at| view.read(at))
        {
            return Ok(value);
        }
        filled(|bytes| self.read_exact_slow(offset, bytes))
    }

    /// Copies a value in through the map of the whole file.
    #[inline(always)]
    fn store_fast<T>(&self, offset: u64, value: &T) -> bool
    where
        T: IntoBytes + Immutable + ?Sized,
    {
        self.whole_at(offset).is_some_and(|(view, at)| view.store_fast(at, value))
    }

    /// Copies a value in by whatever way there is, and flushes it if each write is flushed.
    #[inline(never)]
    fn store_slow<T>(&self, offset: u64, value: &T) -> Result<()>
    where
        T: IntoBytes + Immutable + ?Sized,
    {
        let len = size_of_val(value);
        if is_one_access(offset, len)
            && self.is_settled(offset, len)
            && let Ok((way, _)) = self.way(offset, len)
            && let Some((view, at)) = self.stores(&way, offset, len)
            && view.write(at, value).is_ok()
        {
            return self.flush_written(offset, len as u64);
        }
        self.write_slow(offset, value.as_bytes())
    }
}
