//! Bytes of a file: copied out and in, and filled.

use std::mem::MaybeUninit;
use std::ops::Range;

use crate::file::MappedFile;
use crate::file::length::placed;
use crate::file::router::Way;
use crate::model::{ForeignBytes, PositionedIo, UninitBuf, View};
use crate::types::geometry::in_memory;
use crate::types::{Error, ErrorKind, Loss, Operation, Result};

/// How many bytes are written at a time where a range is filled by output.
const CHUNK: usize = 1 << 16;

/// How many bytes are appended before the length is asked for again.
const UNASKED: u64 = 256 << 10;

impl PositionedIo for MappedFile {
    #[inline(always)]
    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        if self.read_fast(offset, buf) {
            return Ok(buf.len());
        }
        self.read_slow(offset, buf)
    }

    #[inline(always)]
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> Result<()> {
        if self.read_fast(offset, buf) {
            return Ok(());
        }
        self.read_exact_slow(offset, buf)
    }

    fn read_uninit_at<'buf>(
        &self,
        buf: &'buf mut [MaybeUninit<u8>],
        offset: u64,
    ) -> Result<&'buf mut [u8]> {
        let mut buf = UninitBuf::new(buf);
        if let Some((view, at)) = self.whole_at(offset)
            && self.knows(offset, buf.len())
            && view.read_uninit(at, &mut buf).is_ok()
        {
            return Ok(buf.written());
        }
        let buf = buf.zeroed();
        let count = self.read_at(buf, offset)?;
        Ok(&mut buf[..count])
    }

    #[inline(always)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        if self.write_fast(offset, bytes) {
            return Ok(bytes.len());
        }
        self.check_writable(Operation::Write)?;
        match &bytes[..self.room(offset, bytes.len())] {
            [] => Ok(0),
            bytes => self.write_slow(offset, bytes).map(|()| bytes.len()),
        }
    }

    #[inline(always)]
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        if self.write_fast(offset, bytes) {
            return Ok(());
        }
        self.write_slow(offset, bytes)
    }

    fn write_foreign_at(&self, bytes: ForeignBytes<'_>, offset: u64) -> Result<usize> {
        self.check_writable(Operation::Write)?;
        let bytes = bytes.first(self.room(offset, bytes.len()));
        if bytes.is_empty() {
            return Ok(0);
        }
        if let Some((view, at)) = self.whole_at(offset)
            && self.flush_writes.is_none()
            && self.is_settled(offset, bytes.len())
            && view.write_foreign(at, bytes).is_ok()
        {
            return Ok(bytes.len());
        }
        self.write_slow(offset, &bytes.to_vec()).map(|()| bytes.len())
    }
}

impl MappedFile {
    /// Sets `len` bytes from `offset` on to `byte`, and makes the file longer where it ends
    /// before.
    ///
    /// # Errors
    ///
    /// Those of [`write_all_at`](PositionedIo::write_all_at).
    pub fn fill(&self, offset: u64, len: u64, byte: u8) -> Result<()> {
        let operation = Operation::Fill;
        self.check_writable(operation)?;
        if len == 0 {
            return Ok(());
        }
        let end = self.end_of(offset, len, operation)?;
        let file_len = self.len()?;
        if end > file_len {
            self.check_growing(operation, || placed(offset, len))?;
            let allowed = self.mapping.check_file_len(end);
            allowed.map_err(|error| self.named(error.during(operation)))?;
        }
        let mut at = offset;
        let mapped = end.min(self.settled_len());
        while at < mapped {
            // A part at a time, as a length in memory may be narrower than one in a file.
            let count = in_memory(mapped - at).min(1 << 30);
            let next = at + count as u64;
            let filled =
                self.each(at, count, |way, from, part| match self.stores(way, from, part.len()) {
                    Some((view, at)) => view.fill(at, part.len(), byte),
                    None => self.fill_by_output(from, from..from + part.len() as u64, byte),
                });
            let filled = filled.map_err(|error| error.lost_after(in_memory(at - offset)));
            self.or_output(filled, || self.fill_by_output(offset, at..next, byte))?;
            at = next;
        }
        let inside = end.min(file_len).max(at);
        self.fill_by_output(offset, at..inside, byte)?;
        if inside < end && byte == 0 {
            // A hole is full of zeros.
            self.append(end - 1, &[0]).map_err(|error| error.during(operation))?;
        } else {
            self.fill_by_output(offset, inside..end, byte)?;
        }
        self.flush_written(offset, len)
    }
}

impl MappedFile {
    /// Copies bytes out through the map of the whole file; false if that is not all there is to it.
    #[inline(always)]
    pub(super) fn read_fast(&self, offset: u64, buf: &mut [u8]) -> bool {
        self.whole_at(offset).is_some_and(|(view, at)| view.read_fast(at, buf))
    }

    /// Copies bytes out by whatever way there is; returns how many there were before the end.
    #[inline(never)]
    pub(super) fn read_slow(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        if self.knows(offset, buf.len())
            && !self.mapping.has_generations()
            && self.windows.with(offset, |view, at| view.read_fast(at, buf)) == Some(true)
        {
            return Ok(buf.len());
        }
        let rest = match self.knows(offset, buf.len()) {
            true => u64::MAX,
            false => match self.len()? {
                // Files of `/proc` tell this length whatever is in them.
                0 if self.mapping.follows_file() => {
                    return self.mapping.read_file(offset, buf).map_err(|error| self.named(error));
                }
                len => len.saturating_sub(offset),
            },
        };
        let count = in_memory(rest).min(buf.len());
        let buf = &mut buf[..count];
        let read = self.each(offset, count, |way, from, part| {
            let buf = &mut buf[part];
            match way.view(from) {
                Some((view, at)) => view.read_exact_at(buf, at as u64),
                None => self.input_all(from, buf),
            }
        });
        match read {
            Ok(()) => Ok(count),
            // It was cut, and may have grown again. To input a byte is there, or past the end, or
            // the disk fails.
            Err(error) if error.loss().is_some() && self.mapping.follows_file() => {
                self.len()?;
                self.mapping.read_file(offset, buf).map_err(|_| self.named(error))
            }
            Err(error) => Err(self.named(error)),
        }
    }

    /// Copies bytes out by whatever way there is, until `buf` is full.
    #[inline(never)]
    pub(super) fn read_exact_slow(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        let wanted = buf.len();
        let end = offset.saturating_add(wanted as u64);
        let len = if self.knows(offset, wanted) { end } else { self.len()? };
        let count = match end <= len || len == 0 {
            true => self.read_slow(offset, buf)?,
            false => in_memory(len.saturating_sub(offset)),
        };
        if count >= wanted {
            return Ok(());
        }
        Err(self.ends_before(offset, wanted, offset.saturating_add(count as u64), Operation::Read))
    }

    /// How many of so many bytes at an offset there is room for.
    fn room(&self, offset: u64, len: usize) -> usize {
        if self.mapping.follows_file() {
            return len;
        }
        len.min(in_memory(self.mapping.size().saturating_sub(offset)))
    }

    /// Reads by ordinary input what the file was known to have.
    fn input_all(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        let done = self.mapping.read_file(offset, buf)?;
        if done == buf.len() {
            return Ok(());
        }
        let lost = Loss { offset: offset + done as u64, done };
        Err(Error::new(ErrorKind::Lost, Operation::Read).lost(lost))
    }

    /// Copies bytes in through the map of the whole file; false if that is not all there is to it.
    #[inline(always)]
    pub(super) fn write_fast(&self, offset: u64, bytes: &[u8]) -> bool {
        self.whole_at(offset).is_some_and(|(view, at)| view.write_fast(at, bytes))
    }

    /// Copies bytes in by whatever way there is, and flushes them if each write is flushed.
    #[inline(never)]
    pub(super) fn write_slow(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        if self.flush_writes.is_none() {
            return self.put_slow(offset, bytes);
        }
        // Output tells the system what is to be written out. Of a store through a map it knows the
        // page at best, and some file systems write out the whole block of pages around it.
        if self.mapping.is_over_file() {
            self.check_writable(Operation::Write)?;
            self.output(offset, bytes)?;
        } else {
            self.put_slow(offset, bytes)?;
        }
        self.flush_written(offset, bytes.len() as u64)
    }

    /// Copies bytes in, and leaves the flushing to the caller.
    #[cfg(feature = "objects")]
    pub(super) fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        if self.write_fast(offset, bytes) { Ok(()) } else { self.put_slow(offset, bytes) }
    }

    fn put_slow(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let is_settled = self.is_settled(offset, bytes.len());
        if is_settled
            && !self.mapping.has_generations()
            && self.windows.with(offset, |view, at| view.write_fast(at, bytes)) == Some(true)
        {
            return Ok(());
        }
        self.check_writable(Operation::Write)?;
        if !is_settled {
            return self.output(offset, bytes);
        }
        let stored = self.each(offset, bytes.len(), |way, from, part| {
            let bytes = &bytes[part];
            match self.stores(way, from, bytes.len()) {
                Some((view, at)) => view.write_all_at(bytes, at as u64),
                None => self.append(from, bytes),
            }
        });
        self.or_output(stored, || self.output(offset, bytes))
    }

    /// The map that bytes may be stored to, and where in it they are.
    ///
    /// To map them may have shown that the file was cut. What is stored past its end is not kept,
    /// and output makes it long again.
    pub(super) fn stores<'way>(
        &self,
        way: &'way Way<'_>,
        offset: u64,
        len: usize,
    ) -> Option<(&'way View, usize)> {
        way.view(offset).filter(|_| self.is_settled(offset, len))
    }

    /// Writes by ordinary output, if that fits the file or may make it longer.
    fn output(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let end = self.end_of(offset, bytes.len() as u64, Operation::Write)?;
        if bytes.is_empty() {
            return Ok(());
        }
        // Who appends where the end is known to be need not ask for it, but for now and then:
        // others may have made the file longer, whose bytes may be stored to through a map.
        let appends = offset == self.known_len() && offset / UNASKED == end / UNASKED;
        if !(appends && self.mapping.follows_file()) && end > self.len()? {
            self.check_growing(Operation::Write, || placed(offset, bytes.len() as u64))?;
        }
        self.append(offset, bytes)
    }

    /// Writes by ordinary output, which makes the file longer where it must.
    ///
    /// In one step with its contents: no moment shows a length without its bytes, and nobody who
    /// appends elsewhere can be cut off. Its bytes and those of the maps are the same pages.
    fn append(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        if let Some(page) = self.mapping.page_of_maps() {
            return self.store_in_pages(offset, bytes, page);
        }
        let before = self.noted();
        self.mapping.write_file(offset, bytes).map_err(|error| self.named(error))?;
        let known = before.known.bytes().max(offset + bytes.len() as u64);
        self.note_settled(&before, known)
    }

    /// Writes where output cannot, to a file of large pages: it is made longer by whole ones, and the
    /// bytes are stored through maps.
    #[cold]
    fn store_in_pages(&self, offset: u64, bytes: &[u8], page: u64) -> Result<()> {
        let operation = Operation::Write;
        let end = self.end_of(offset, bytes.len() as u64, operation)?;
        let before = self.noted();
        if end > self.look()? {
            let grown = self.mapping.set_file_len(end.next_multiple_of(page));
            grown.map_err(|error| self.named(error.during(operation)))?;
        }
        self.note_settled(&before, self.look()?)?;
        let stored = self.each(offset, bytes.len(), |way, from, part| match way.view(from) {
            Some((view, at)) => view.write_all_at(&bytes[part], at as u64),
            // There are too few pages for a longer map.
            None => self.map(from, part.len() as u64)?.write_all_at(&bytes[part], 0),
        });
        stored.map_err(|error| self.named(error))
    }

    /// Fills a part of a range that begins at `start` by ordinary output.
    fn fill_by_output(&self, start: u64, part: Range<u64>, byte: u8) -> Result<()> {
        let chunk = [byte; CHUNK];
        let mut at = part.start;
        while at < part.end {
            let count = in_memory(part.end - at).min(CHUNK);
            self.append(at, &chunk[..count])
                .map_err(|error| error.during(Operation::Fill).lost_after(in_memory(at - start)))?;
            at += count as u64;
        }
        Ok(())
    }

    /// Repeats by output a write that lost bytes on its way through a map.
    ///
    /// The file was cut, and output makes it longer again; or there is no space, and output fails
    /// at the exact byte.
    fn or_output(&self, result: Result<()>, output: impl FnOnce() -> Result<()>) -> Result<()> {
        match result {
            Err(error) if error.loss().is_some() && self.mapping.follows_file() => output(),
            result => result.map_err(|error| self.named(error)),
        }
    }

    /// Flushes what was written, if each write is flushed.
    pub(super) fn flush_written(&self, offset: u64, len: u64) -> Result<()> {
        self.flush_writes.map_or(Ok(()), |flush| self.flush_range(offset, len, flush))
    }
}
