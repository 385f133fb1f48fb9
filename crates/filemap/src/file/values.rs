use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::file::MappedFile;
use crate::model::{AtomicCell, AtomicValue, View};
use crate::types::{Error, ErrorKind, Operation, Result};

impl MappedFile {
    /// Copies a value out, from `offset` on, which need not be aligned.
    ///
    /// Any type will do of which every pattern of bytes is a value; derive
    /// [`zerocopy::FromBytes`] for your own. A value of 1, 2, 4 or 8 bytes at a multiple of its
    /// size is read in one piece.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::EndOfFile`] if the file ends first.
    #[inline]
    pub fn read<T: FromBytes + IntoBytes>(&self, offset: u64) -> Result<T> {
        if let Some((view, at)) = self.whole_at(offset)
            && let Ok(value) = view.value_at_once(at)
        {
            return Ok(value);
        }
        self.read_looking_for(offset)
    }

    /// Copies a value out that is not to be had at once.
    #[inline(never)]
    fn read_looking_for<T: FromBytes + IntoBytes>(&self, offset: u64) -> Result<T> {
        let known = self.known_len.load(Ordering::Relaxed);
        if fits_one_access(offset, size_of::<T>())
            && let Ok(Some(value)) = self.in_one_window(known, offset, size_of::<T>(), View::read)
        {
            return Ok(value);
        }
        let mut value = T::new_zeroed();
        self.read_exact_at(offset, value.as_mut_bytes())?;
        Ok(value)
    }

    /// Copies a value in, from `offset` on, which need not be aligned.
    ///
    /// A value of 1, 2, 4 or 8 bytes at a multiple of its size is written in one piece.
    ///
    /// # Errors
    ///
    /// Those of [`write_at`](Self::write_at).
    #[inline]
    pub fn write<T: IntoBytes + Immutable + ?Sized>(&self, offset: u64, value: &T) -> Result<()> {
        if let Some((view, at)) = self.whole_at(offset)
            && view.put_at_once(at, value).is_ok()
        {
            return Ok(());
        }
        self.write_looking_for(offset, value)
    }

    /// Copies a value in that cannot be put at once.
    #[inline(never)]
    fn write_looking_for<T>(&self, offset: u64, value: &T) -> Result<()>
    where
        T: IntoBytes + Immutable + ?Sized,
    {
        let len = size_of_val(value);
        let settled = self.settled_len.load(Ordering::Relaxed);
        let store = |view: &View, at| view.write(at, value);
        if fits_one_access(offset, len)
            && let Ok(Some(())) = self.in_one_window(settled, offset, len, store)
        {
            return self.flush_written(offset, len as u64);
        }
        self.write_at(offset, value.as_bytes())
    }

    /// Lets `act` work on the number at `offset`, on which threads and processes agree.
    ///
    /// [`flush_writes`](crate::MappedFileOptions::flush_writes) does not apply to it.
    ///
    /// ```
    /// use filemap::MappedFile;
    ///
    /// let place = tempfile::tempdir()?;
    /// let file = MappedFile::open(place.path().join("count"))?;
    /// file.write(8, &41_u64)?;
    /// let before = file.atomic(8, |count| count.fetch_add(1_u64))?;
    /// assert_eq!((before, file.read::<u64>(8)?), (41, 42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::EndOfFile`] if the file ends first, [`ErrorKind::AccessDenied`] if it was
    /// opened for reading only, [`ErrorKind::Misaligned`] if `offset` is not a multiple of the
    /// number's size; and what `act` returns.
    pub fn atomic<T: AtomicValue, R>(
        &self,
        offset: u64,
        act: impl FnOnce(AtomicCell<'_, T>) -> Result<R>,
    ) -> Result<R> {
        let operation = Operation::Atomic;
        let len = size_of::<T>();
        let settled = self.settled_len.load(Ordering::Relaxed);
        if offset.checked_add(len as u64).is_some_and(|end| end <= settled)
            && let Some((view, at)) = self.whole_at(offset)
            && len <= view.len().saturating_sub(at)
        {
            return view.atomic(at).and_then(act).map_err(|error| self.named(error));
        }
        self.check_writable(operation)?;
        let end = self.end_of(offset, len as u64, operation)?;
        if end > self.len()? {
            return Err(self.named(Error::new(ErrorKind::EndOfFile, operation)));
        }
        if !fits_one_access(offset, len) {
            return Err(self.named(
                Error::new(ErrorKind::Misaligned, operation)
                    .because(format!("offset {offset} is not a multiple of {len} bytes")),
            ));
        }
        if end > self.settled_len.load(Ordering::Relaxed) {
            self.settle(offset, len as u64)?;
        }
        let act = |view: &View, at| act(view.atomic(at)?);
        let result =
            self.in_one_window(end, offset, len, act).map_err(|error| self.named(error))?;
        result.ok_or_else(|| self.named(Error::new(ErrorKind::Other, operation)))
    }

    /// Lets `act` work on the window that has all of a value, mapping it if need be; `None` if the
    /// file is not known to have so many bytes.
    fn in_one_window<R>(
        &self,
        known: u64,
        offset: u64,
        len: usize,
        act: impl FnOnce(&View, usize) -> Result<R>,
    ) -> Result<Option<R>> {
        if offset.checked_add(len as u64).is_none_or(|end| end > known) {
            return Ok(None);
        }
        // Aligned, so it lies in one window, and is visited once.
        let mut act = Some(act);
        let mut result = None;
        self.each(offset, len, |view, part| {
            if let Some(act) = act.take() {
                result = Some(act(view, part.at)?);
            }
            Ok(ControlFlow::Break(()))
        })?;
        Ok(result)
    }

    /// Waits for whoever is making the file longer, so that bytes which are there by its length
    /// may be stored to through a map.
    fn settle(&self, offset: u64, len: u64) -> Result<()> {
        let _uncut = self.cutting.uncut();
        let seen = self.look()?;
        // Setting space aside for bytes that are about to be stored waits as output does.
        self.mapping.settle_file(offset, len).map_err(|error| self.named(error))?;
        self.settled_len.fetch_max(seen, Ordering::Relaxed);
        self.reach();
        Ok(())
    }
}

/// Tells whether a value is one that is copied in one piece: as long as a scalar, and aligned.
pub(super) fn fits_one_access(offset: u64, len: usize) -> bool {
    matches!(len, 1 | 2 | 4 | 8) && offset.is_multiple_of(len as u64)
}
