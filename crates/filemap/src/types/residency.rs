//! How much of a range is in memory.

/// How many bytes of a range are in memory, not on the disk yet, or in holes.
///
/// [`FileMapping::residency`](crate::FileMapping::residency) returns it, and it may have changed
/// since. The system counts whole pages, and so may count more bytes at either end than the range
/// has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(alias = "mincore")]
#[doc(alias = "cachestat")]
pub struct Residency {
    pub(crate) len: u64,
    pub(crate) in_memory: u64,
    pub(crate) unwritten: Option<u64>,
    pub(crate) in_holes: u64,
}

impl Residency {
    /// Returns the length of the range in bytes.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "it is the length of a range, and not of a list"
    )]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns how many bytes are in memory, and so are read without waiting for a disk.
    #[must_use]
    pub fn in_memory(&self) -> u64 {
        self.in_memory
    }

    /// Returns how many bytes in memory are not on the disk yet; none for memory without a file.
    ///
    /// # Platforms
    ///
    /// `None` where it is not known: before Linux 6.5.
    #[must_use]
    #[doc(alias = "dirty")]
    pub fn unwritten(&self) -> Option<u64> {
        self.unwritten
    }

    /// Returns how many bytes are in holes, which read as zeros and take no space.
    #[must_use]
    pub fn in_holes(&self) -> u64 {
        self.in_holes
    }
}
