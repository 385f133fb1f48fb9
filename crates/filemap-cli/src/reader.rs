//! A part of a target from front to back, without bringing its holes into memory.

use std::ops::Range;

use filemap::{Extents, MappedFile};

use crate::failure::Result;

/// How much is copied out at once.
pub(crate) const PIECE: usize = 1 << 16;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Next {
    /// How many bytes there are of its kind.
    pub(crate) len: u64,
    /// Whether they are zeros that take no space.
    pub(crate) hole: bool,
}

/// Reads a range of a file.
#[derive(Debug)]
pub(crate) struct Reader<'file> {
    file: &'file MappedFile,
    extents: Extents,
    /// The part that takes space at or after `at`; none if there is no more.
    extent: Option<Range<u64>>,
    at: u64,
    end: u64,
}

impl<'file> Reader<'file> {
    /// Begins at `offset`, and ends after `length` bytes, or where the file ends.
    pub(crate) fn new(file: &'file MappedFile, offset: u64, length: Option<u64>) -> Result<Self> {
        let len = file.len()?;
        let end = offset.saturating_add(length.unwrap_or(u64::MAX)).min(len);
        let at = offset.min(end);
        let mut extents = file.mapping().extents(at..end)?;
        let extent = extents.next().transpose()?;
        Ok(Self { file, extents, extent, at, end })
    }

    /// Where it is, in bytes from the start of the file.
    pub(crate) fn offset(&self) -> u64 {
        self.at
    }

    /// How many bytes are left.
    pub(crate) fn rest(&self) -> u64 {
        self.end - self.at
    }

    /// Looks at what comes next, and stays where it is.
    pub(crate) fn peek(&mut self) -> Result<Option<Next>> {
        if self.at >= self.end {
            return Ok(None);
        }
        while self.extent.as_ref().is_some_and(|extent| extent.end <= self.at) {
            self.extent = self.extents.next().transpose()?;
        }
        Ok(Some(match &self.extent {
            Some(extent) if extent.start <= self.at => {
                Next { len: extent.end - self.at, hole: false }
            }
            Some(extent) => Next { len: extent.start - self.at, hole: true },
            None => Next { len: self.end - self.at, hole: true },
        }))
    }

    /// Goes on by `len` bytes.
    pub(crate) fn skip(&mut self, len: u64) {
        self.at = self.at.saturating_add(len).min(self.end);
    }

    /// Copies out what comes next, zeros from holes included, and goes on behind it; fewer bytes
    /// than `buf` has at the end alone.
    pub(crate) fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let mut done = 0;
        while done < buf.len()
            && let Some(next) = self.peek()?
        {
            let count = usize::try_from(next.len).unwrap_or(usize::MAX).min(buf.len() - done);
            let place = &mut buf[done..done + count];
            if next.hole {
                place.fill(0);
                self.skip(count as u64);
                done += count;
                continue;
            }
            let count = self.file.read_at(self.at, place)?;
            if count == 0 {
                // It was cut meanwhile.
                self.end = self.at;
                break;
            }
            self.skip(count as u64);
            done += count;
        }
        Ok(done)
    }
}
