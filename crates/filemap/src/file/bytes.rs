use std::ops::ControlFlow;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::file::MappedFile;
use crate::file::windows::Part;
use crate::model::{AtomicCell, AtomicValue, View};
use crate::types::{Error, ErrorKind, Loss, Operation, Result};

/// How many bytes are written at a time where a range past the end is filled.
const CHUNK: usize = 1 << 16;

impl MappedFile {
    /// Copies bytes out, from `offset` on, and tells how many there were before the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Device`] if the disk cannot give the bytes: [`Error::loss`] tells which, and
    /// how many came before. [`ErrorKind::OutOfMemory`] if not even a window can be mapped. The
    /// rest of `buf` is then unspecified.
    #[inline]
    #[doc(alias = "pread")]
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        if let Some((view, at)) = self.at_hand(offset, buf.len()) {
            return match view.read_at(at, buf) {
                Ok(()) => Ok(buf.len()),
                Err(error) => self.read_short(offset, error),
            };
        }
        self.read_looking(offset, buf)
    }

    /// Copies bytes out, from `offset` on, until `buf` is full.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::EndOfFile`] if the file ends first; `buf` then holds what there was.
    #[inline]
    pub fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        let count = self.read_at(offset, buf)?;
        if count < buf.len() { Err(self.short(offset, buf.len(), count)) } else { Ok(()) }
    }

    /// Copies `bytes` in, from `offset` on, and makes the file longer where it ends before.
    ///
    /// Between the old end and `offset` the file then has a hole, which reads as zeros and
    /// takes no space. Several processes may append to different places at once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AccessDenied`] if it was opened for reading only, and
    /// [`ErrorKind::NotSupported`] if it would have to grow and cannot: the file is then as it
    /// was. [`ErrorKind::FileTooLarge`] and [`ErrorKind::DiskFull`] if it cannot grow so far:
    /// bytes that fitted may have been written.
    #[inline]
    #[doc(alias = "pwrite")]
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.put(offset, bytes)?;
        self.flush_written(offset, bytes.len() as u64)
    }

    /// Writes as [`write_at`](Self::write_at) does, and leaves the flushing to the caller.
    #[inline]
    pub(super) fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        if self.is_writable()
            && let Some((view, at)) = self.at_hand(offset, bytes.len())
        {
            return match view.write_at(at, bytes) {
                Ok(()) => Ok(()),
                Err(error) => self.write_again(offset, bytes, error),
            };
        }
        self.write_looking(offset, bytes)
    }

    /// Tells how many bytes there were, if a read failed because the file became shorter.
    #[cold]
    fn read_short(&self, offset: u64, error: Error) -> Result<usize> {
        let Some(Loss { offset: lost, done }) = error.loss() else {
            return Err(self.named(error));
        };
        let len = self.len()?;
        if lost < len {
            return Err(self.named(error));
        }
        // The last page is read to its end, which lies past that of the file.
        let rest = usize::try_from(len.saturating_sub(offset)).unwrap_or(usize::MAX);
        Ok(done.min(rest))
    }

    /// Writes what could not be written because the file became shorter: it grows again.
    #[cold]
    fn write_again(&self, offset: u64, bytes: &[u8], error: Error) -> Result<()> {
        let end = offset.saturating_add(bytes.len() as u64);
        if error.loss().is_none() || !self.mapping.follows_file() || end <= self.len()? {
            return Err(self.named(error));
        }
        self.append(offset, bytes)
    }

    /// Sets `len` bytes from `offset` on to `byte`, and makes the file longer where it ends
    /// before.
    ///
    /// # Errors
    ///
    /// Those of [`write_at`](Self::write_at).
    pub fn fill(&self, offset: u64, len: u64, byte: u8) -> Result<()> {
        let operation = Operation::Fill;
        self.check_writable(operation)?;
        if len == 0 {
            return Ok(());
        }
        let end = self.end_of(offset, len, operation)?;
        let file_len = self.len()?;
        if end > file_len {
            self.check_growing(operation)?;
            let allowed = self.mapping.check_file_len(end);
            allowed.map_err(|error| self.named(error.during(operation)))?;
        }
        let mut at = offset;
        let inside = end.min(file_len);
        while at < inside {
            // A part at a time, as a length in memory may be narrower than one in a file.
            let count = usize::try_from(inside - at).unwrap_or(usize::MAX).min(1 << 30);
            let done = usize::try_from(at - offset).unwrap_or(usize::MAX);
            self.windows.each(&self.mapping, self.access, at, count, |view, part| {
                view.fill(part.at, part.len, byte)
                    .map(ControlFlow::Continue)
                    .map_err(|error| self.named(error.lost_after(part.done).lost_after(done)))
            })?;
            at += count as u64;
        }
        if at < end && byte == 0 {
            // A hole is full of zeros.
            self.append(end - 1, &[0])?;
            at = end;
        }
        let chunk = [byte; CHUNK];
        while at < end {
            let count = usize::try_from(end - at).unwrap_or(CHUNK).min(CHUNK);
            self.append(at, &chunk[..count])?;
            at += count as u64;
        }
        self.flush_written(offset, len)
    }

    /// Copies a value out, from `offset` on, which need not be aligned.
    ///
    /// Any type will do of which every pattern of bytes is a value; derive
    /// [`zerocopy::FromBytes`] for your own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::EndOfFile`] if the file ends first.
    #[inline]
    pub fn read<T: FromBytes + IntoBytes>(&self, offset: u64) -> Result<T> {
        if let Some((view, at)) = self.at_hand(offset, size_of::<T>())
            && let Ok(value) = view.read(at)
        {
            return Ok(value);
        }
        let mut value = T::new_zeroed();
        self.read_exact_at(offset, value.as_mut_bytes())?;
        Ok(value)
    }

    /// Copies a value in, from `offset` on, which need not be aligned.
    ///
    /// # Errors
    ///
    /// Those of [`write_at`](Self::write_at).
    #[inline]
    pub fn write<T: IntoBytes + Immutable + ?Sized>(&self, offset: u64, value: &T) -> Result<()> {
        if self.is_writable()
            && let Some((view, at)) = self.at_hand(offset, size_of_val(value))
            && view.write(at, value).is_ok()
        {
            return self.flush_written(offset, size_of_val(value) as u64);
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
        self.check_writable(operation)?;
        if let Some((view, at)) = self.at_hand(offset, len) {
            return view.atomic(at).and_then(act).map_err(|error| self.named(error));
        }
        let end = self.end_of(offset, len as u64, operation)?;
        if end > self.len()? {
            return Err(self.named(Error::new(ErrorKind::EndOfFile, operation)));
        }
        if !offset.is_multiple_of(len as u64) {
            return Err(self.named(
                Error::new(ErrorKind::Misaligned, operation)
                    .because(format!("offset {offset} is not a multiple of {len} bytes")),
            ));
        }
        // Aligned, so it lies in one window, and is visited once.
        let mut act = Some(act);
        let mut result = None;
        self.windows.each(&self.mapping, self.access, offset, len, |view, part| {
            if let Some(act) = act.take() {
                result = Some(act(view.atomic(part.at)?)?);
            }
            Ok(ControlFlow::Break(()))
        })?;
        result.ok_or_else(|| self.named(Error::new(ErrorKind::Other, operation)))
    }

    /// Compares the bytes from `offset` on with `bytes`, and returns where they first differ,
    /// in bytes from `offset`; `None` if they do not.
    ///
    /// A file that ends before differs at its end.
    ///
    /// # Errors
    ///
    /// Those of [`read_at`](Self::read_at).
    pub fn compare(&self, offset: u64, bytes: &[u8]) -> Result<Option<usize>> {
        let rest = self.len()?.saturating_sub(offset);
        let count = usize::try_from(rest).unwrap_or(usize::MAX).min(bytes.len());
        let mut found = None;
        let compared =
            self.windows.each(&self.mapping, self.access, offset, count, |view, part| {
                let bytes = &bytes[part.done..part.done + part.len];
                let differs =
                    view.compare(part.at, bytes).map_err(|error| error.lost_after(part.done))?;
                found = differs.map(|at| part.done + at);
                Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            });
        match compared {
            Ok(()) => Ok(found.or((count < bytes.len()).then_some(count))),
            Err(error) => self.read_short(offset, error).map(Some),
        }
    }

    /// Looks for `byte` from `offset` on, and returns where in the file it first is, in bytes.
    ///
    /// # Errors
    ///
    /// Those of [`read_at`](Self::read_at).
    pub fn find(&self, offset: u64, byte: u8) -> Result<Option<u64>> {
        let len = self.len()?;
        let mut at = offset;
        while at < len {
            let count = usize::try_from(len - at).unwrap_or(usize::MAX).min(1 << 30);
            let mut found = None;
            let looked = self.windows.each(&self.mapping, self.access, at, count, |view, part| {
                let range = part.at..part.at + part.len;
                let place = view.find(range, byte).map_err(|error| error.lost_after(part.done))?;
                found = place.map(|place| at + (part.done + (place - part.at)) as u64);
                Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            });
            if let Err(error) = looked {
                // The file became shorter: it ends before any such byte.
                return self.read_short(at, error).map(|_| None);
            }
            if found.is_some() {
                return Ok(found);
            }
            at += count as u64;
        }
        Ok(None)
    }

    /// The view that has these bytes, if the file is known to have them and they are mapped.
    #[inline]
    fn at_hand(&self, offset: u64, len: usize) -> Option<(&View, usize)> {
        let end = offset.checked_add(len as u64)?;
        if end > self.known_len.load(Ordering::Relaxed) {
            return None;
        }
        Some((self.windows.reaching(end)?, usize::try_from(offset).ok()?))
    }

    #[cold]
    fn read_looking(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let rest = self.len()?.saturating_sub(offset);
        let count = usize::try_from(rest).unwrap_or(usize::MAX).min(buf.len());
        let buf = &mut buf[..count];
        let read = self.windows.each(&self.mapping, self.access, offset, count, |view, part| {
            view.read_at(part.at, &mut buf[part.done..part.done + part.len])
                .map(ControlFlow::Continue)
                .map_err(|error| error.lost_after(part.done))
        });
        match read {
            Ok(()) => Ok(count),
            Err(error) => self.read_short(offset, error),
        }
    }

    #[cold]
    fn write_looking(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let operation = Operation::Write;
        self.check_writable(operation)?;
        let end = self.end_of(offset, bytes.len() as u64, operation)?;
        if end <= self.len()? {
            let write = |view: &View, part: Part| {
                view.write_at(part.at, &bytes[part.done..part.done + part.len])
                    .map(ControlFlow::Continue)
                    .map_err(|error| error.lost_after(part.done))
            };
            let written = self.windows.each(&self.mapping, self.access, offset, bytes.len(), write);
            return match written {
                Ok(()) => Ok(()),
                Err(error) => self.write_again(offset, bytes, error),
            };
        }
        if bytes.is_empty() {
            return Ok(());
        }
        self.check_growing(operation)?;
        self.append(offset, bytes)
    }

    /// Writes a range that ends past the end.
    fn append(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        // Ordinary output makes the file longer in one step with its contents: no moment shows
        // a length without its bytes, and nobody who appends elsewhere can be cut off. Its
        // bytes and those of the maps are the same pages.
        let _uncut = self.cutting.read().unwrap_or_else(PoisonError::into_inner);
        self.mapping.write_file(offset, bytes).map_err(|error| self.named(error))?;
        self.known_len.fetch_max(offset.saturating_add(bytes.len() as u64), Ordering::Relaxed);
        Ok(())
    }

    fn end_of(&self, offset: u64, len: u64, operation: Operation) -> Result<u64> {
        offset.checked_add(len).filter(|end| i64::try_from(*end).is_ok()).ok_or_else(|| {
            self.named(
                Error::new(ErrorKind::FileTooLarge, operation)
                    .because(format!("{len} bytes at {offset} would end past 2^63 - 1")),
            )
        })
    }

    /// Flushes what was written, if every write is to be flushed.
    #[inline]
    pub(super) fn flush_written(&self, offset: u64, len: u64) -> Result<()> {
        match self.flush_writes {
            Some(flush) => self.flush_range(offset, len, flush),
            None => Ok(()),
        }
    }

    #[cold]
    fn short(&self, offset: u64, wanted: usize, count: usize) -> Error {
        self.named(Error::new(ErrorKind::EndOfFile, Operation::Read).because(format!(
            "{wanted} bytes at {offset} were asked for, and there are {count} before the end"
        )))
    }
}
