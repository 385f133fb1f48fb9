//! What every platform's types can do, written so that the compiler holds them to it.

use std::fs::File;
use std::path::PathBuf;

use crate::sys::{BorrowedDescriptor, Copying, OwnedDescriptor};
use crate::types::{
    Access, Advice, Attributes, Flush, PageProtection, PageRun, Protection, Result, Rights,
};

/// The rights that an opener asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// These, or an error.
    Exactly(Rights),
    /// As many as the protection and the owner's permissions allow.
    Most,
}

/// What a mapping is made of, as its registry entry tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// Memory that lives in the entry itself.
    Memory,
    /// Memory that only its holders' descriptors reach: large or executable pages.
    Held,
    /// A file, found at this path when it was named.
    File(PathBuf),
}

/// When memory or disk space is set aside for a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    /// For each page at its first store.
    AtFirstStore,
    /// For all of it, before the section is there.
    AtOnce,
}

/// The object behind a mapping.
pub(crate) trait SectionContract: Sized {
    /// The mapped range that [`map`](Self::map) gives.
    type Region: RegionContract;

    /// Creates zeroed memory that has no name.
    ///
    /// `size` is in bytes and is rounded up to whole pages.
    fn memory(
        size: u64,
        protection: Protection,
        attributes: Attributes,
        space: Space,
    ) -> Result<Self>;

    /// Takes a file, once it has been seen to be open for what `protection` needs.
    ///
    /// The section has no size until [`settled`](Self::settled) gives it one.
    fn over(file: &File, protection: Protection, attributes: Attributes) -> Result<Self>;

    /// Lays a program out in memory, whose file was taken with [`over`](Self::over).
    ///
    /// `size` is what the mapping is to say; 0 is as much as the program takes. Where the system
    /// does that by itself, it is left to it.
    fn laid_out(self, size: u64, protection: Protection, attributes: Attributes) -> Result<Self>;

    /// Settles the size of a section over a file: 0 is the file's length, and more than that
    /// makes a writable file longer.
    fn settled(self, size: u64, protection: Protection, space: Space) -> Result<Self>;

    /// Takes over a descriptor that some other handle gave away.
    fn adopt(descriptor: OwnedDescriptor) -> Result<(Self, Protection, Attributes)>;

    /// Gives up the section for the descriptor that carries it.
    fn into_descriptor(self) -> OwnedDescriptor;

    /// Lends the descriptor that carries the section.
    fn descriptor(&self) -> BorrowedDescriptor<'_>;

    /// Makes a second handle to the same object, with these rights.
    ///
    /// `write` tells whether one of them leads to a store: the protection may not allow it.
    fn duplicate(&self, rights: Rights, write: bool) -> Result<Self>;

    /// Bytes in the section; 0 if it is as long as its file.
    fn size(&self) -> u64;

    /// Tells whether the section is a file, and not memory.
    fn is_file(&self) -> bool;

    /// Tells whether both sections are one file, or one piece of memory.
    fn is_same(&self, other: &Self) -> Result<bool>;

    /// Maps a range, which may lie past the end of the section: the model has checked it.
    ///
    /// Of a section that is as long as its file, only what the file has may be mapped, where the
    /// system maps no more. A program is mapped as a whole, whatever the range.
    fn map(&self, request: Request) -> Result<Self::Region>;

    /// Asks for the present length of the file behind the section, in bytes.
    fn file_len(&self) -> Result<u64>;

    /// Refuses a length in bytes that this process may not give the file.
    fn check_file_len(&self, len: u64) -> Result<()>;

    /// Sets the length of the file behind the section, in bytes.
    fn set_file_len(&self, len: u64) -> Result<()>;

    /// Sets disk space aside for the first `len` bytes of the file, and makes it that long.
    fn reserve_file(&self, len: u64) -> Result<()>;

    /// Waits for whoever is making the file longer, and sets space aside for a range.
    fn settle_file(&self, offset: u64, len: u64) -> Result<()>;

    /// Reads from the file past the views; returns how many bytes there were before its end.
    fn read_file(&self, offset: u64, buf: &mut [u8]) -> Result<usize>;

    /// Writes to the file past the views, and so makes it longer where it must be.
    fn write_file(&self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Sends a range of the file towards the disk; a length of 0 reaches to its end.
    fn flush_file(&self, offset: u64, len: u64, flush: Flush) -> Result<()>;
}

/// A mapped range of a section.
///
/// Offsets and lengths are in bytes from the start of the range. Each call checks them, and
/// fails with [`ErrorKind::InvalidRange`](crate::types::ErrorKind::InvalidRange) having done
/// nothing.
pub(crate) trait RegionContract: Copying {
    /// Bytes from the start of the range to the end of its last page.
    fn extent(&self) -> usize;

    /// Tells whether the bytes are a file's, and not memory.
    fn is_file(&self) -> bool;

    /// Tells whether the bytes are a program's, whose sections say what they allow.
    fn is_image(&self) -> bool;

    /// Tells what is at the page of an offset, which is below the extent, and how long that goes on.
    fn pages_at(&self, offset: usize) -> Result<PageRun>;

    /// Commits the pages of a range that is within the extent, and gives them `protection`, which
    /// the model has checked.
    fn commit(&self, offset: usize, len: usize, protection: PageProtection) -> Result<()>;

    /// Gives the pages of a range that is within the extent `protection`, which the model has
    /// checked; returns what the first one had.
    fn protect(
        &self,
        offset: usize,
        len: usize,
        protection: PageProtection,
    ) -> Result<PageProtection>;

    /// Sends bytes towards the disk.
    fn flush(&self, offset: usize, len: usize, flush: Flush) -> Result<()>;

    /// Says how bytes will be used.
    fn advise(&self, offset: usize, len: usize, advice: Advice) -> Result<()>;

    /// Reads bytes in, so that a later touch does not wait.
    fn prefetch(&self, offset: usize, len: usize) -> Result<()>;

    /// Says that pages are about to be stored to for the first time, each of them. Where the system
    /// has no way to make many of them ready in less time than one by one, nothing is done.
    fn expect_stores(&self, _offset: usize, _len: usize) {}

    /// Keeps bytes in memory.
    fn lock(&self, offset: usize, len: usize) -> Result<()>;

    /// Ends [`lock`](Self::lock).
    fn unlock(&self, offset: usize, len: usize) -> Result<()>;

    /// Gives the range back, and tells whether that worked.
    fn unmap(self) -> Result<()>;
}

/// Where and how a region is to be mapped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    /// Offset in the section, in bytes; any.
    pub(crate) offset: u64,
    /// Bytes to map from there.
    pub(crate) len: usize,
    /// What the region may do.
    pub(crate) access: Access,
    /// Where the first byte is to be; the system chooses if there is none.
    pub(crate) address: Option<usize>,
    /// The address is to be a multiple of this many bytes, if that is more than a page.
    pub(crate) alignment: usize,
    /// Copies are to survive lost pages from the start, and not only from the next
    /// `prepare_thread` on.
    #[cfg_attr(windows, expect(dead_code, reason = "no thread needs to be prepared there"))]
    pub(crate) guarded: bool,
}
