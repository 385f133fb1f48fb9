//! Search in a file.

use std::ops::RangeBounds;

use crate::file::MappedFile;
use crate::model::search;
use crate::types::{Result, geometry};

impl MappedFile {
    /// Compares the bytes from `offset` on with `bytes`, and returns where they first differ,
    /// in bytes from `offset`; `None` if they do not.
    ///
    /// A file that ends before differs at its end.
    ///
    /// # Errors
    ///
    /// Those of [`read_at`](crate::PositionedIo::read_at).
    pub fn compare(&self, offset: u64, bytes: &[u8]) -> Result<Option<usize>> {
        // Of a file that others cut, the last page reads as zeros until the length is looked at.
        self.len()?;
        search::compare(self, offset, bytes)
    }

    /// Looks for a string of bytes in a range of the file, and returns where in the file it first is,
    /// in bytes. An empty string is at the start of the range.
    ///
    /// ```
    /// use filemap::{MappedFile, PositionedIo};
    ///
    /// let place = tempfile::tempdir()?;
    /// let file = MappedFile::open(place.path().join("log"))?;
    /// file.write_all_at(b"one\ntwo\nthree", 0)?;
    /// assert_eq!(file.find(.., b"\n")?, Some(3));
    /// assert_eq!(file.rfind(.., b"\n")?, Some(7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`read_at`](crate::PositionedIo::read_at).
    #[doc(alias = "memchr")]
    #[doc(alias = "memmem")]
    pub fn find(&self, range: impl RangeBounds<u64>, bytes: &[u8]) -> Result<Option<u64>> {
        search::find(self, geometry::clamped(&range, self.len()?), bytes)
    }

    /// Looks for a string of bytes from the end of a range of the file, and returns where in the file
    /// it last is, in bytes. An empty string is at the end of the range.
    ///
    /// # Errors
    ///
    /// Those of [`read_at`](crate::PositionedIo::read_at).
    #[doc(alias = "memrchr")]
    pub fn rfind(&self, range: impl RangeBounds<u64>, bytes: &[u8]) -> Result<Option<u64>> {
        search::rfind(self, geometry::clamped(&range, self.len()?), bytes)
    }
}
