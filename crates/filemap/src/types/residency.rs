/// Where the bytes of a range are: in memory, not on the disk yet, or nowhere, as in a hole.
///
/// What [`FileMapping::residency`](crate::FileMapping::residency) found, which may have changed
/// since. All numbers are bytes; the system counts whole pages, and so may count more bytes at
/// either end than the range has.
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
    /// Bytes in the range that was asked about.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a range is what was asked about, not a list")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Bytes that are in memory, where they are read without waiting for a disk.
    #[must_use]
    pub fn in_memory(&self) -> u64 {
        self.in_memory
    }

    /// Bytes in memory that the disk does not have yet: stored to since, or on their way.
    ///
    /// None of memory alone, which no disk is to have.
    ///
    /// # Platforms
    ///
    /// `None` where it is not known: before Linux 6.5.
    #[must_use]
    #[doc(alias = "dirty")]
    pub fn unwritten(&self) -> Option<u64> {
        self.unwritten
    }

    /// Bytes in holes, which were never written, read as zeros and take no space.
    #[must_use]
    pub fn in_holes(&self) -> u64 {
        self.in_holes
    }
}
