//! Where a mapping's bytes are, and who has them mapped.

use std::ops::{Range, RangeBounds};

use crate::model::{FileMapping, Holders};
use crate::sys::{self, Census};
use crate::types::{Error, ErrorKind, Operation, Residency, Result, geometry};

impl FileMapping {
    /// Tells how much of a range is in memory, not on the disk yet, or in holes.
    ///
    /// Brings nothing in, and maps nothing that stays. Large ranges are quick: the system counts.
    ///
    /// ```
    /// use filemap::{Access, FileMapping, Protection};
    ///
    /// let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
    /// mapping.map(Access::Write)?.write_at(300_000, b"hello")?;
    ///
    /// # // Windows does not tell.
    /// # if cfg!(windows) { return Ok(()); }
    /// let found = mapping.residency(..)?;
    /// assert_eq!(found.in_memory() as usize, filemap::page_size());
    /// assert_eq!(found.in_holes() as usize, (1 << 20) - filemap::page_size());
    /// # Ok::<(), filemap::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the range is not in the mapping;
    /// [`ErrorKind::AccessDenied`] if the system does not tell this user;
    /// [`ErrorKind::NotSupported`] if it does not tell anybody.
    ///
    /// # Platforms
    ///
    /// Linux tells the owner of a file, and whoever may write it; not of large pages. Windows does
    /// not tell: [`ErrorKind::NotSupported`].
    #[doc(alias = "mincore")]
    #[doc(alias = "cachestat")]
    pub fn residency(&self, range: impl RangeBounds<u64>) -> Result<Residency> {
        let (offset, len) = self.range_to_look_at(&range)?;
        sys::residency(self.section(), offset, len)
            .map_err(|error| error.or_about(|| self.subject()))
    }

    /// Finds the parts of a range that take space; what lies between them are holes, and zeros.
    ///
    /// ```
    /// use filemap::MappedFile;
    ///
    /// let place = tempfile::tempdir()?;
    /// let file = MappedFile::open(place.path().join("sparse"))?;
    /// file.write_at(1 << 30, b"far out")?;
    ///
    /// let found: Vec<_> = file.mapping().extents(..)?.collect::<Result<_, _>>()?;
    /// assert_eq!(found.last().map(|part| part.end), Some((1 << 30) + 7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the range is not in the mapping.
    ///
    /// # Platforms
    ///
    /// Where the system does not tell what is a hole, as Windows does not of memory, everything
    /// takes space.
    #[doc(alias = "SEEK_HOLE")]
    #[doc(alias = "FSCTL_QUERY_ALLOCATED_RANGES")]
    pub fn extents(&self, range: impl RangeBounds<u64>) -> Result<Extents> {
        let (offset, len) = self.range_to_look_at(&range)?;
        let parts = sys::Extents::of(self.section(), offset, len);
        Ok(Extents { parts, subject: self.subject() })
    }

    /// Tells who has views of the bytes, whatever name they used, or none.
    ///
    /// As slow as [`Registry::holders`](crate::Registry::holders). Handles are not counted: they
    /// belong to names, and a file may have many or none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotSupported`] if the system does not show its processes.
    ///
    /// # Platforms
    ///
    /// As for [`Registry::holders`](crate::Registry::holders).
    pub fn viewers(&self) -> Result<Holders> {
        let census =
            Census::of_views(self.section()).map_err(|error| error.or_about(|| self.subject()))?;
        let Census { sighted, unseen, hidden, .. } = census;
        // A file may have no views: then nobody is missing.
        Ok(Holders::new(sighted.into_iter().flatten().collect(), unseen, hidden, false))
    }

    fn range_to_look_at(&self, range: &impl RangeBounds<u64>) -> Result<(u64, u64)> {
        let size = self.size();
        geometry::within(range, size).ok_or_else(|| {
            Error::new(ErrorKind::InvalidRange, Operation::LookAt).about(self.subject()).because(
                format!(
                    "{:?} .. {:?} is no range of its {size} bytes",
                    range.start_bound(),
                    range.end_bound()
                ),
            )
        })
    }
}

/// The parts of a mapping that take space, from front to back, as
/// [`FileMapping::extents`] finds them.
///
/// Each is looked for when it is asked for, so what others write meanwhile may show or not.
#[derive(Debug)]
pub struct Extents {
    parts: sys::Extents,
    subject: String,
}

impl Iterator for Extents {
    type Item = Result<Range<u64>>;

    fn next(&mut self) -> Option<Self::Item> {
        let part = self.parts.next();
        part.map_err(|error| error.or_about(|| self.subject.clone())).transpose()
    }
}
