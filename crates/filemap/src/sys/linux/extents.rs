//! The ranges of a file, or of memory, that take space.

use std::ops::Range;
use std::os::fd::OwnedFd;

use rustix::fs::{OFlags, SeekFrom, fstat, seek};
use rustix::io::Errno;

use crate::sys::SectionContract as _;
use crate::sys::platform::error::from_errno;
use crate::sys::platform::{Section, file};
use crate::types::{Operation, Result};

/// The extents in a range, from front to back.
#[derive(Debug)]
pub(crate) struct Extents {
    /// A description of its own: seeking moves a description's position, and the section's may be
    /// the caller's as well. None where it cannot be opened, or does not tell.
    file: Option<OwnedFd>,
    at: u64,
    end: u64,
}

impl Extents {
    pub(crate) fn of(section: &Section, offset: u64, len: u64) -> Self {
        let file = file::reopen(section.descriptor(), OFlags::RDONLY | OFlags::NONBLOCK).ok();
        let file = file.filter(|file| !is_served(file));
        Self { file, at: offset, end: offset.saturating_add(len) }
    }

    /// Returns the next extent; what is not known to be a hole takes space.
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
            // No extent is left before the end.
            Ok(_) => {
                self.at = self.end;
                return Ok(None);
            }
            // Nor is data. What the file does not reach any more is no hole: an access to it tells
            // that it is lost.
            Err(Errno::NXIO) => {
                let len = fstat(file).map_or(self.end, |stat| stat.st_size.cast_unsigned());
                let lost = self.take(self.at.max(len).min(self.end), self.end);
                return Ok((!lost.is_empty()).then_some(lost));
            }
            Err(Errno::INVAL | Errno::OPNOTSUPP) => self.at,
            Err(errno) => return Err(from_errno(errno, Operation::LookAt)),
        };
        // A file that was cut meanwhile has nothing there.
        let end = seek(file, SeekFrom::Hole(start)).unwrap_or(self.end);
        Ok(Some(self.take(start, end.clamp(start + 1, self.end))))
    }

    fn take(&mut self, start: u64, end: u64) -> Range<u64> {
        self.at = end;
        start..end
    }
}

/// Returns whether a process serves the file system of a file (FUSE).
///
/// It answers where data is, and does not know of stores that are still in the pages of maps.
fn is_served(file: &OwnedFd) -> bool {
    /// `FUSE_SUPER_MAGIC` of statfs(2).
    const FUSE: u64 = 0x6573_5546;
    rustix::fs::fstatfs(file).is_ok_and(|stat| u64::try_from(stat.f_type) == Ok(FUSE))
}
