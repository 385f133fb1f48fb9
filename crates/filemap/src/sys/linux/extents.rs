//! Which parts of a file, or of memory, take space.

use std::ops::Range;
use std::os::fd::OwnedFd;

use rustix::fs::{OFlags, SeekFrom, seek};
use rustix::io::Errno;

use crate::sys::SectionContract as _;
use crate::sys::platform::error::from_errno;
use crate::sys::platform::{Section, file};
use crate::types::{Operation, Result};

/// The parts of a range that take space, from front to back.
#[derive(Debug)]
pub(crate) struct Extents {
    /// A description of its own: looking moves a description's place in the file, and the
    /// section's may be the caller's as well. None, where the system does not give one.
    file: Option<OwnedFd>,
    at: u64,
    end: u64,
}

impl Extents {
    pub(crate) fn of(section: &Section, offset: u64, len: u64) -> Self {
        let file = file::reopen(section.descriptor(), OFlags::RDONLY | OFlags::NONBLOCK).ok();
        Self { file, at: offset, end: offset.saturating_add(len) }
    }

    /// The next part; what is not known to be a hole takes space.
    ///
    /// [lseek(2)](https://man7.org/linux/man-pages/man2/lseek.2.html) has `SEEK_DATA` and
    /// `SEEK_HOLE`.
    pub(crate) fn next(&mut self) -> Result<Option<Range<u64>>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let Some(file) = &self.file else { return Ok(Some(self.take(self.at, self.end))) };
        let start = match seek(file, SeekFrom::Data(self.at)) {
            Ok(start) if start < self.end => start.max(self.at),
            // There is none, or none before the end.
            Ok(_) | Err(Errno::NXIO) => {
                self.at = self.end;
                return Ok(None);
            }
            Err(Errno::INVAL | Errno::OPNOTSUPP) => self.at,
            Err(errno) => return Err(from_errno(errno, Operation::LookAt)),
        };
        // A file that was cut meanwhile has no hole, and nothing else there either.
        let end = seek(file, SeekFrom::Hole(start)).unwrap_or(self.end);
        Ok(Some(self.take(start, end.clamp(start + 1, self.end))))
    }

    fn take(&mut self, start: u64, end: u64) -> Range<u64> {
        self.at = end;
        start..end
    }
}
