//! Sequential reading of a range, without bringing its holes into memory.

use std::ops::Range;

use filemap::{Extents, MappedFile, PositionedIo};

use crate::failure::Result;
use crate::offset::Offset;
use crate::target::Target;

/// The size of buffers for reading.
pub(crate) const PIECE: usize = 1 << 16;

/// The next bytes: all data, or all a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Next {
    /// How many bytes of this kind follow.
    pub(crate) len: u64,
    /// Whether they are a hole: zeros that take no space.
    pub(crate) hole: bool,
}

/// Returns the length of a file in bytes.
///
/// A length of 0 is not believed: files of `/proc` have it whatever is in them, so they are read to
/// their end.
pub(crate) fn length_of(file: &MappedFile) -> Result<u64> {
    let mut len = file.len()?;
    if len == 0 {
        let mut buf = vec![0; PIECE];
        while let count @ 1.. = file.read_at(&mut buf, len)? {
            len += count as u64;
        }
    }
    Ok(len)
}

/// Returns the offset at which reading begins, which is not past the end of the file.
pub(crate) fn start_of(file: &MappedFile, offset: Offset, target: &Target) -> Result<u64> {
    match offset {
        Offset::FromStart(0) => Ok(0),
        offset => offset.inside(length_of(file)?, target),
    }
}

/// Reads a range of a file.
#[derive(Debug)]
pub(crate) struct Reader<'file> {
    file: &'file MappedFile,
    /// None of a file whose end is where reading finds it.
    extents: Option<Extents>,
    /// The next extent with data, at or after `at`; `None` if there is no more.
    extent: Option<Range<u64>>,
    at: u64,
    end: u64,
}

impl<'file> Reader<'file> {
    /// Returns a reader from `offset` on, for `length` bytes or to the end of the file.
    pub(crate) fn new(file: &'file MappedFile, offset: u64, length: Option<u64>) -> Result<Self> {
        let len = file.len()?;
        let end = offset.saturating_add(length.unwrap_or(u64::MAX));
        if len == 0 {
            return Ok(Self { file, extents: None, extent: Some(offset..end), at: offset, end });
        }
        let end = end.min(len);
        let at = offset.min(end);
        let mut extents = file.mapping().extents(at..end)?;
        let extent = extents.next().transpose()?;
        Ok(Self { file, extents: Some(extents), extent, at, end })
    }

    /// Returns its present offset in the file.
    pub(crate) fn offset(&self) -> u64 {
        self.at
    }

    /// Returns how many bytes are left; `None` if only reading finds the end.
    pub(crate) fn rest(&self) -> Option<u64> {
        self.extents.as_ref().map(|_| self.end - self.at)
    }

    /// Returns the range that is left, at most.
    pub(crate) fn range(&self) -> Range<u64> {
        self.at..self.end
    }

    /// Returns the kind of the next bytes, without reading them.
    pub(crate) fn peek(&mut self) -> Result<Option<Next>> {
        if self.at >= self.end {
            return Ok(None);
        }
        while self.extent.as_ref().is_some_and(|extent| extent.end <= self.at) {
            self.extent = match &mut self.extents {
                Some(extents) => extents.next().transpose()?,
                None => None,
            };
        }
        Ok(Some(match &self.extent {
            Some(extent) if extent.start <= self.at => {
                Next { len: extent.end - self.at, hole: false }
            }
            Some(extent) => Next { len: extent.start - self.at, hole: true },
            None => Next { len: self.end - self.at, hole: true },
        }))
    }

    /// Skips `len` bytes.
    pub(crate) fn skip(&mut self, len: u64) {
        self.at = self.at.saturating_add(len).min(self.end);
    }

    /// Reads the next bytes, holes as zeros, and returns how many: fewer than `buf` has only at the
    /// end.
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
            let count = self.file.read_at(place, self.at)?;
            if count == 0 {
                // The file was cut meanwhile, or has fewer bytes than its length says.
                self.end = self.at;
                break;
            }
            self.skip(count as u64);
            done += count;
        }
        Ok(done)
    }
}
