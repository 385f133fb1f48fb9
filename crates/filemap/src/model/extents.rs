//! Which parts of a mapping take space.

use std::ops::{Range, RangeBounds};

use crate::model::FileMapping;
use crate::sys;
use crate::types::{Error, ErrorKind, Operation, Result, counted, geometry};

impl FileMapping {
    /// Returns the parts of a range that take space. Between them are holes, which read as zeros. What
    /// a file that was cut has no more is no hole: an access to it is an error.
    ///
    /// ```
    /// use filemap::{MappedFile, PositionedIo};
    ///
    /// let place = tempfile::tempdir()?;
    /// let file = MappedFile::open(place.path().join("sparse"))?;
    /// file.write_all_at(b"far out", 1 << 30)?;
    ///
    /// let found: Vec<_> = file.mapping().extents(..)?.collect::<Result<_, _>>()?;
    /// assert_eq!(found.last().map(|extent| extent.end), Some((1 << 30) + 7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the range is not in the mapping.
    ///
    /// # Platforms
    ///
    /// Where the system does not show holes, as Windows does not for memory, everything takes space. So
    /// it does in a file system that a process serves (FUSE), which knows nothing of what others have
    /// stored through maps a moment ago.
    #[doc(alias = "SEEK_HOLE")]
    #[doc(alias = "FSCTL_QUERY_ALLOCATED_RANGES")]
    pub fn extents(&self, range: impl RangeBounds<u64>) -> Result<Extents> {
        let (offset, len) = self.range_to_look_at(&range)?;
        let extents = sys::Extents::of(self.section(), offset, len);
        Ok(Extents { extents, subject: self.subject() })
    }

    /// Checks a range that a query is about.
    pub(crate) fn range_to_look_at(&self, range: &impl RangeBounds<u64>) -> Result<(u64, u64)> {
        let size = self.size();
        geometry::within(range, size).ok_or_else(|| {
            Error::new(ErrorKind::InvalidRange, Operation::LookAt).about(self.subject()).because(
                format!(
                    "it has {}, and {} is no range of them",
                    counted(size),
                    geometry::shown(range)
                ),
            )
        })
    }
}

/// The parts of a mapping that take space, in ascending order: see [`FileMapping::extents`].
///
/// Each is found when it is asked for, so what others write meanwhile may be seen or not.
#[derive(Debug)]
pub struct Extents {
    extents: sys::Extents,
    subject: String,
}

impl Iterator for Extents {
    type Item = Result<Range<u64>>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.extents.next();
        next.map_err(|error| error.or_about(|| self.subject.clone())).transpose()
    }
}
