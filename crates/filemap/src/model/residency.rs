//! How much of a mapping is in memory.

use std::ops::RangeBounds;

use crate::model::FileMapping;
use crate::sys;
use crate::types::{Residency, Result};

impl FileMapping {
    /// Returns how much of a range is in memory, is not on the disk yet, or is in holes.
    ///
    /// Reads nothing in, and maps nothing that stays. Large ranges are quick: the system counts.
    ///
    /// ```
    /// use filemap::{Access, FileMapping, PositionedIo, Protection};
    ///
    /// let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
    /// mapping.map(Access::Write)?.write_all_at(b"hello", 300_000)?;
    ///
    /// # // Windows does not support this.
    /// # if cfg!(windows) { return Ok(()); }
    /// let found = mapping.residency(..)?;
    /// assert_eq!(found.in_memory() as usize, filemap::page_size());
    /// assert_eq!(found.in_holes() as usize, (1 << 20) - filemap::page_size());
    /// # Ok::<(), filemap::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`](crate::ErrorKind::InvalidRange) if the range is not in the
    /// mapping; [`ErrorKind::AccessDenied`](crate::ErrorKind::AccessDenied) if this user may not
    /// know; [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported) if the system does not
    /// support it.
    ///
    /// # Platforms
    ///
    /// On Linux it is for the owner of a file, and for users who may write it, and not for large
    /// pages. On Windows: [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported).
    #[doc(alias = "mincore")]
    #[doc(alias = "cachestat")]
    pub fn residency(&self, range: impl RangeBounds<u64>) -> Result<Residency> {
        let (offset, len) = self.range_to_look_at(&range)?;
        sys::residency(self.section(), offset, len)
            .map_err(|error| error.or_about(|| self.subject()))
    }
}
