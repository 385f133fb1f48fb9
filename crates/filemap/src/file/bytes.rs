use std::ops::{ControlFlow, Range};
use std::sync::atomic::Ordering;

use crate::file::MappedFile;
use crate::file::values::fits_one_access;
use crate::file::windows::{Missing, Part, Source};
use crate::model::{Unfinished, View};
use crate::types::{Error, ErrorKind, Loss, Operation, Result};

/// How many bytes are written at a time where a range is filled by output.
pub(super) const CHUNK: usize = 1 << 16;

/// How many bytes are appended before the length is asked for again.
const UNASKED: u64 = 256 << 10;

impl MappedFile {
    /// Copies bytes out, from `offset` on, and tells how many there were before the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Device`] if the disk cannot give the bytes: [`Error::loss`] tells which, and
    /// how many came before. [`ErrorKind::Lost`] if a mapping of a fixed length lost them.
    /// [`ErrorKind::OutOfMemory`] if these bytes cannot be mapped. The rest of `buf` is then
    /// unspecified.
    #[inline(always)]
    #[doc(alias = "pread")]
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let read = match self.whole_at(offset) {
            Some((view, at)) => view.read_at_once(at, buf),
            None => Err(Unfinished::UNTRIED),
        };
        match read {
            Ok(()) => Ok(buf.len()),
            Err(unfinished) => {
                let mut count = 0;
                self.read_otherwise(offset, buf, unfinished, &mut count).map(|()| count)
            }
        }
    }

    /// Copies bytes out, from `offset` on, until `buf` is full.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::EndOfFile`] if the file ends first; `buf` then holds what there was.
    #[inline(always)]
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
    ///
    /// # Platforms
    ///
    /// Linux sends `SIGXFSZ` to a process that writes past its limit on file sizes, and an error
    /// comes before that; but a limit that is lowered while the file grows in small pieces may be
    /// noticed 256 KiB too late.
    #[inline(always)]
    #[doc(alias = "pwrite")]
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        match self.put_at_once(offset, bytes) {
            Ok(()) => Ok(()),
            Err(unfinished) => self.write_otherwise(offset, bytes, unfinished),
        }
    }

    /// Writes as [`write_at`](Self::write_at) does, and leaves the flushing to the caller.
    pub(super) fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        match self.put_at_once(offset, bytes) {
            Ok(()) => Ok(()),
            Err(unfinished) => self.put_otherwise(offset, bytes, unfinished),
        }
    }

    /// Writes what may be stored through the map of the whole file at once.
    #[inline(always)]
    fn put_at_once(&self, offset: u64, bytes: &[u8]) -> Result<(), Unfinished> {
        match self.whole_at(offset) {
            Some((view, at)) => view.write_at_once(at, bytes),
            None => Err(Unfinished::UNTRIED),
        }
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
        let mapped = end.min(file_len).min(self.settled_len.load(Ordering::Relaxed));
        while at < mapped {
            // A part at a time, as a length in memory may be narrower than one in a file.
            let count = usize::try_from(mapped - at).unwrap_or(usize::MAX).min(1 << 30);
            let filled = self.each(at, count, |view, part| {
                view.fill(part.at, part.len, byte)
                    .map(ControlFlow::Continue)
                    .map_err(|error| error.lost_after(part.done))
            });
            match filled {
                Ok(()) => {}
                // It was cut meanwhile: output makes it longer again.
                Err(error) if self.may_be_back(&error) => {
                    self.fill_by_output(offset, at..at + count as u64, byte)?;
                }
                Err(error) => {
                    let done = usize::try_from(at - offset).unwrap_or(usize::MAX);
                    return Err(self.named(error.lost_after(done)));
                }
            }
            at += count as u64;
        }
        let inside = end.min(file_len).max(at);
        self.fill_by_output(offset, at..inside, byte)?;
        if inside < end && byte == 0 && self.room.end() == 0 {
            // A hole is full of zeros; into room others may have written.
            self.append(end - 1, &[0]).map_err(|error| error.during(Operation::Fill))?;
        } else {
            self.fill_by_output(offset, inside..end, byte)?;
        }
        self.flush_written(offset, len)
    }

    /// Fills a part of a range that begins at `start` by ordinary output.
    fn fill_by_output(&self, start: u64, part: Range<u64>, byte: u8) -> Result<()> {
        let chunk = [byte; CHUNK];
        let mut at = part.start;
        while at < part.end {
            let count = usize::try_from(part.end - at).unwrap_or(CHUNK).min(CHUNK);
            self.append(at, &chunk[..count]).map_err(|error| {
                let done = usize::try_from(at - start).unwrap_or(usize::MAX);
                error.during(Operation::Fill).lost_after(done)
            })?;
            at += count as u64;
        }
        Ok(())
    }

    /// Goes through bytes that the file is known to have, part by part.
    pub(super) fn each(
        &self,
        offset: u64,
        len: usize,
        visit: impl FnMut(&View, Part) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let visited = self.each_of(self.known_len.load(Ordering::Relaxed), offset, len, visit);
        self.reach_again();
        visited
    }

    /// The same, where the caller has seen that the file has `known_len` bytes altogether, and may
    /// keep it from being cut.
    pub(super) fn each_of(
        &self,
        known_len: u64,
        offset: u64,
        len: usize,
        mut visit: impl FnMut(&View, Part) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let source = Source { mapping: &self.mapping, access: self.access, known_len };
        self.windows.each(source, Missing::Map, offset, len, |view, part| match view {
            Some(view) => visit(view, part),
            None => Err(Error::new(ErrorKind::OutOfMemory, Operation::MapView)),
        })
    }

    /// What windows are cut from.
    fn source(&self) -> Source<'_> {
        let known_len = self.known_len.load(Ordering::Relaxed);
        Source { mapping: &self.mapping, access: self.access, known_len }
    }

    /// What to do about bytes that no window has, if they are to be copied.
    ///
    /// Ordinary input and output may take the place of a map where both work on the same pages,
    /// but not of a value that is copied in one piece.
    fn missing(&self, offset: u64, len: usize) -> Missing {
        let passed = !fits_one_access(offset, len);
        if passed && self.mapping.follows_file() && self.mapping.input_sees_maps() {
            Missing::MapOrPass
        } else {
            Missing::Map
        }
    }

    /// The map of the whole file, if there is one, and where a byte is in it.
    ///
    /// At once it is touched no further than the file is known to reach.
    #[inline(always)]
    pub(super) fn whole_at(&self, offset: u64) -> Option<(&View, usize)> {
        Some((self.windows.whole()?, usize::try_from(offset).ok()?))
    }

    /// Lets the map of the whole file be touched at once as far as the file is known to reach; the
    /// caller keeps it from being cut.
    #[inline]
    pub(super) fn reach(&self) {
        if let Some(view) = self.windows.whole() {
            let (readable, writable) = self.known_reach();
            view.set_reach(readable, writable);
        }
    }

    /// Does so where that is not as it should be, as when the map is new.
    fn reach_again(&self) {
        let (readable, writable) = self.known_reach();
        if !self.windows.whole().is_none_or(|view| view.has_reach(readable, writable)) {
            let _uncut = self.cutting.uncut();
            self.reach();
        }
    }

    /// How many bytes from the start may be read and written at once. None are written so that are
    /// to be flushed.
    #[inline]
    fn known_reach(&self) -> (u64, u64) {
        let writable = match self.flush_writes {
            Some(_) => 0,
            None => self.settled_len.load(Ordering::Relaxed),
        };
        (self.known_len.load(Ordering::Relaxed), writable)
    }

    /// Reads what is not mapped as a whole, through a window if one is there, or what a read failed
    /// at.
    ///
    /// One call for both, so that there is little beside the access where that is inlined.
    #[inline(never)]
    fn read_otherwise(
        &self,
        offset: u64,
        buf: &mut [u8],
        unfinished: Unfinished,
        count: &mut usize,
    ) -> Result<()> {
        *count = buf.len();
        if unfinished.was_tried()
            && let Some((view, at)) = self.whole_at(offset)
        {
            if let Err(error) = view.read_asking(at, buf, unfinished) {
                *count = self.read_again(offset, buf, error)?;
            }
            return Ok(());
        }
        let end = offset.saturating_add(buf.len() as u64);
        if end <= self.known_len.load(Ordering::Relaxed)
            && let Some((window, at)) = self.windows.lend(offset)
            && window.view.read_at_once(at, buf).is_ok()
        {
            return Ok(());
        }
        *count = self.read_looking(offset, buf)?;
        Ok(())
    }

    /// Writes what cannot be written at once, and flushes it if every write is to be flushed.
    #[inline(never)]
    fn write_otherwise(&self, offset: u64, bytes: &[u8], unfinished: Unfinished) -> Result<()> {
        if self.flush_writes.is_some() {
            return self.write_through(offset, bytes);
        }
        self.put_otherwise(offset, bytes, unfinished)
    }

    /// Writes what is not mapped as a whole, through a window if one is there, or what a write
    /// failed at.
    #[inline]
    fn put_otherwise(&self, offset: u64, bytes: &[u8], unfinished: Unfinished) -> Result<()> {
        if unfinished.was_tried()
            && let Some((view, at)) = self.whole_at(offset)
        {
            return match view.write_asking(at, bytes, unfinished) {
                Ok(()) => Ok(()),
                Err(error) => self.write_again(offset, bytes, error),
            };
        }
        let end = offset.saturating_add(bytes.len() as u64);
        if end <= self.settled_len.load(Ordering::Relaxed)
            && let Some((window, at)) = self.windows.lend(offset)
            && window.view.write_at_once(at, bytes).is_ok()
        {
            return Ok(());
        }
        self.write_looking(offset, bytes)
    }

    /// Reads what no window has, or lies past the end that is known.
    #[inline(never)]
    fn read_looking(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let known = self.known_len.load(Ordering::Relaxed);
        let count = match offset.checked_add(buf.len() as u64) {
            Some(end) if end <= known => buf.len(),
            _ => {
                let rest = self.len()?.saturating_sub(offset);
                usize::try_from(rest).unwrap_or(usize::MAX).min(buf.len())
            }
        };
        let buf = &mut buf[..count];
        let missing = self.missing(offset, count);
        let read = self.windows.each(self.source(), missing, offset, count, |view, part| {
            let buf = &mut buf[part.done..part.done + part.len];
            let read = match view {
                Some(view) => view.read_at(part.at, buf),
                None => self.input_all(offset.saturating_add(part.done as u64), buf),
            };
            read.map(ControlFlow::Continue).map_err(|error| error.lost_after(part.done))
        });
        self.reach_again();
        match read {
            Ok(()) => Ok(count),
            Err(error) => self.read_again(offset, buf, error),
        }
    }

    /// Reads by ordinary input what the file was known to have.
    fn input_all(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        let done = self.input(offset, buf)?;
        if done == buf.len() {
            return Ok(());
        }
        let offset = offset.saturating_add(done as u64);
        Err(Error::new(ErrorKind::Lost, Operation::Read).lost(Loss { offset, done }))
    }

    /// Tells how many bytes there were, if a read failed because the file became shorter.
    #[cold]
    fn read_again(&self, offset: u64, buf: &mut [u8], error: Error) -> Result<usize> {
        let Some(Loss { offset: lost, done }) = error.loss() else {
            return Err(self.named(error));
        };
        let len = self.len()?;
        if lost >= len {
            // The last page is read to its end, which lies past that of the file.
            let rest = usize::try_from(len.saturating_sub(offset)).unwrap_or(usize::MAX);
            return Ok(done.min(rest));
        }
        if !self.may_be_back(&error) {
            return Err(self.named(error));
        }
        // It was shorter for a moment. To ordinary input a byte is there or behind the end.
        self.mapping.read_file(offset, buf).map_err(|error| self.named(error))
    }

    /// Tells whether bytes were gone that may be there again: the file was cut, and can grow.
    pub(super) fn may_be_back(&self, error: &Error) -> bool {
        error.kind() == ErrorKind::Lost && self.mapping.follows_file()
    }

    /// Writes what no window has, or may not be stored to through a map.
    #[inline(never)]
    fn write_looking(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let operation = Operation::Write;
        self.check_writable(operation)?;
        let end = self.end_of(offset, bytes.len() as u64, operation)?;
        if end <= self.settled_len.load(Ordering::Relaxed) {
            let write = |view: Option<&View>, part: Part| {
                let bytes = &bytes[part.done..part.done + part.len];
                let written = match view {
                    Some(view) => view.write_at(part.at, bytes),
                    None => self.append(offset + part.done as u64, bytes),
                };
                written.map(ControlFlow::Continue).map_err(|error| error.lost_after(part.done))
            };
            let missing = self.missing(offset, bytes.len());
            let written = self.windows.each(self.source(), missing, offset, bytes.len(), write);
            self.reach_again();
            return match written {
                Ok(()) => Ok(()),
                Err(error) => self.write_again(offset, bytes, error),
            };
        }
        if bytes.is_empty() || self.write_into_room(offset, bytes)? {
            return Ok(());
        }
        // Who appends where the end is known to be need not ask for it, but for now and then:
        // others may have made the file longer, whose bytes may be stored to through a map.
        let appends =
            offset == self.known_len.load(Ordering::Relaxed) && offset / UNASKED == end / UNASKED;
        if !(appends && self.mapping.follows_file()) && end > self.len()? {
            self.check_growing(operation)?;
        }
        self.append(offset, bytes)
    }

    /// Writes and flushes, for somebody who wants every write to be flushed.
    ///
    /// By ordinary output, which tells the system what is to be written out. Of a store through a
    /// map it knows the page at best, and some file systems write out the whole block of pages
    /// that the page lies in, a megabyte for a byte.
    #[inline(never)]
    fn write_through(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let operation = Operation::Write;
        let len = bytes.len() as u64;
        let end = self.end_of(offset, len, operation)?;
        if !self.mapping.is_over_file() || end > self.settled_len.load(Ordering::Relaxed) {
            self.put(offset, bytes)?;
        } else if !bytes.is_empty() {
            self.append(offset, bytes)?;
        }
        self.flush_written(offset, len)
    }

    /// Writes what could not be written because the file became shorter: it grows again.
    #[cold]
    fn write_again(&self, offset: u64, bytes: &[u8], error: Error) -> Result<()> {
        let end = offset.saturating_add(bytes.len() as u64);
        // A file that was cut may have grown meanwhile: ordinary output is right in both cases.
        let cut = self.may_be_back(&error)
            || (error.loss().is_some() && self.mapping.follows_file() && end > self.len()?);
        if cut { self.append(offset, bytes) } else { Err(self.named(error)) }
    }

    /// Writes a range by ordinary output, which makes the file longer where it must.
    ///
    /// In one step with its contents: no moment shows a length without its bytes, and nobody
    /// who appends elsewhere can be cut off. Its bytes and those of the maps are the same pages.
    ///
    /// Output waits for whoever is making the file longer at this moment, and some file systems
    /// show the new length before they have put zeros where they belong. So output that is done
    /// tells that everything before the length seen earlier may be stored to through a map.
    pub(super) fn append(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let uncut = self.cutting.uncut();
        let seen = self.known_len.load(Ordering::Relaxed);
        self.mapping.write_file(offset, bytes).map_err(|error| self.named(error))?;
        let end = offset.saturating_add(bytes.len() as u64);
        self.room.wrote(end, &uncut);
        self.note(end, seen.max(end));
        Ok(())
    }

    /// Notes that bytes before `known` may be read, and such before `settled` stored to; the caller
    /// keeps the file from being cut since they were seen.
    ///
    /// Of two who note at once one may be forgotten: that costs a look, where a number that must
    /// not be forgotten would cost more at every append.
    #[inline]
    pub(super) fn note(&self, known: u64, settled: u64) {
        for (len, noted) in [(&self.known_len, known), (&self.settled_len, settled)] {
            if len.load(Ordering::Relaxed) < noted {
                len.store(noted, Ordering::Relaxed);
            }
        }
        self.reach();
    }

    /// The end of a range, if a file can reach so far.
    pub(super) fn end_of(&self, offset: u64, len: u64, operation: Operation) -> Result<u64> {
        offset.checked_add(len).filter(|end| i64::try_from(*end).is_ok()).ok_or_else(|| {
            self.named(
                Error::new(ErrorKind::FileTooLarge, operation)
                    .because(format!("{len} bytes at {offset} would end past 2^63 - 1")),
            )
        })
    }

    /// Flushes what was written, if every write is to be flushed.
    #[inline(always)]
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
