use std::sync::atomic::Ordering;

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::file::MappedFile;
use crate::model::View;
use crate::types::{Error, ErrorKind, Operation, Result};

/// How many bytes are written at a time where a range past the end is filled.
const CHUNK: usize = 1 << 16;

impl MappedFile {
    /// Copies bytes out, from `offset` on, and tells how many there were before the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfMemory`] if not even a window can be mapped; `buf` is then
    /// unspecified.
    #[inline]
    #[doc(alias = "pread")]
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        if let Some((view, at)) = self.at_hand(offset, buf.len()) {
            view.read_at(at, buf)?;
            return Ok(buf.len());
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
            return view.write_at(at, bytes);
        }
        self.write_looking(offset, bytes)
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
        let end = self.end_of(offset, len, operation)?;
        let file_len = self.len()?;
        if end > file_len {
            self.check_growing(operation)?;
        }
        let mut at = offset;
        let inside = end.min(file_len);
        while at < inside {
            // A part at a time, as a length in memory may be narrower than one in a file.
            let count = usize::try_from(inside - at).unwrap_or(usize::MAX).min(1 << 30);
            self.windows.each(&self.mapping, self.access, at, count, |view, part| {
                view.fill(part.at, part.len, byte)
            })?;
            at += count as u64;
        }
        if at < end && byte == 0 {
            // A hole is full of zeros.
            let last = end - 1;
            self.mapping.write_file(last, &[0]).map_err(|error| self.named(error))?;
            at = end;
        }
        let chunk = [byte; CHUNK];
        while at < end {
            let count = usize::try_from(end - at).unwrap_or(CHUNK).min(CHUNK);
            self.mapping.write_file(at, &chunk[..count]).map_err(|error| self.named(error))?;
            at += count as u64;
        }
        self.known_len.fetch_max(end, Ordering::Relaxed);
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
        if let Some((view, at)) = self.at_hand(offset, size_of::<T>()) {
            return view.read(at);
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
        self.write_at(offset, value.as_bytes())
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
        self.windows.each(&self.mapping, self.access, offset, count, |view, part| {
            view.read_at(part.at, &mut buf[part.done..part.done + part.len])
        })?;
        Ok(count)
    }

    #[cold]
    fn write_looking(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let operation = Operation::Write;
        self.check_writable(operation)?;
        let end = self.end_of(offset, bytes.len() as u64, operation)?;
        if end <= self.len()? {
            return self.windows.each(
                &self.mapping,
                self.access,
                offset,
                bytes.len(),
                |view, part| view.write_at(part.at, &bytes[part.done..part.done + part.len]),
            );
        }
        if bytes.is_empty() {
            return Ok(());
        }
        self.check_growing(operation)?;
        // Ordinary output makes the file longer in one step with its contents: no moment shows
        // a length without its bytes, and nobody who appends elsewhere can be cut off. Its
        // bytes and those of the maps are the same pages.
        self.mapping.write_file(offset, bytes).map_err(|error| self.named(error))?;
        self.known_len.fetch_max(end, Ordering::Relaxed);
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
