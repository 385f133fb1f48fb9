//! What every platform's types can do, written so that the compiler holds them to it.

use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;
use std::ptr::NonNull;

use crate::sys::size::Size;
use crate::sys::{
    BorrowedDescriptor, Generation, OwnedDescriptor, SystemAdvice, WaitableKind, ZeroPages,
};
use crate::types::geometry::Placement;
use crate::types::{
    Access, Advice, Attributes, Error, ErrorKind, Flush, Lifetime, Loss, ObjectKind, OnLoss,
    Operation, Protection, Result, Rights,
};

/// The rights that an opener asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// These, or an error.
    Exactly(Rights),
    /// As many as the protection and the owner's permissions allow.
    Most,
    /// Those of an object to wait for, of this kind: all.
    #[cfg(target_os = "linux")]
    Waitable(ObjectKind),
}

/// What a mapping is made of, as its registry entry has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// Memory that lives in the entry itself.
    #[cfg_attr(windows, expect(dead_code, reason = "the kernel's memory is its holders'"))]
    Memory,
    /// Memory that only its holders' descriptors reach.
    Held,
    /// A file, found at this path when it was named.
    File(PathBuf),
    /// An object to wait for, which is in the entry itself, or the kernel's.
    Waitable(WaitableKind),
}

impl Content {
    /// Returns how long the memory lives; `None` for what is not memory.
    pub(crate) fn lifetime(&self) -> Option<Lifetime> {
        match self {
            Self::Memory => Some(Lifetime::Entry),
            Self::Held => Some(Lifetime::Holders),
            Self::File(_) | Self::Waitable(_) => None,
        }
    }

    /// Returns whether the entry's own pages are it.
    #[cfg_attr(windows, expect(dead_code, reason = "the kernel has the memory"))]
    pub(crate) fn is_in_entry(&self) -> bool {
        matches!(self, Self::Memory | Self::Waitable(_))
    }

    /// Returns which kind of object it is.
    pub(crate) fn object(&self) -> ObjectKind {
        match self {
            Self::Memory | Self::Held | Self::File(_) => ObjectKind::Mapping,
            Self::Waitable(kind) => kind.object(),
        }
    }
}

/// When memory or disk space is set aside for a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    /// For each page at its first store.
    AtFirstStore,
    /// The same, if as much is left when the section is made.
    IfThereIsRoom,
    /// For all of it, before the section is there.
    AtOnce,
}

/// The object behind a mapping.
pub(crate) trait SectionContract: Sized {
    /// What [`map`](Self::map) returns.
    type Region;

    /// Creates zeroed memory that has no name.
    ///
    /// `size` is in bytes. The pages behind it are whole, and what of them follows is nobody's.
    fn memory(
        size: u64,
        protection: Protection,
        attributes: Attributes,
        space: Space,
    ) -> Result<Self>;

    /// Maps `len` bytes of zeroed memory that only the region reaches, and those of forked
    /// children.
    fn anonymous(len: usize) -> Result<Self::Region>;

    /// Takes a file, once it has been seen to be open for what `protection` needs.
    ///
    /// The section follows the file until [`settled`](Self::settled) gives it a size.
    fn over(file: &File, protection: Protection, attributes: Attributes) -> Result<Self>;

    /// Lays a program out in memory, whose file was taken with [`over`](Self::over), or leaves
    /// that to the system.
    ///
    /// `size` is what the mapping is to report.
    #[cfg(feature = "images")]
    fn laid_out(self, size: Size, protection: Protection, attributes: Attributes) -> Result<Self>;

    /// Decides on the size of a section over a file: more than the file's length makes a writable
    /// file longer.
    fn settled(self, size: Size, protection: Protection, space: Space) -> Result<Self>;

    /// Takes over a descriptor that some other handle gave away.
    fn adopt(descriptor: OwnedDescriptor) -> Result<(Self, Protection, Attributes)>;

    /// Gives up the section for the descriptor that carries it.
    fn into_descriptor(self) -> OwnedDescriptor;

    /// Lends the descriptor that carries the section.
    fn descriptor(&self) -> BorrowedDescriptor<'_>;

    /// Makes a second handle to the same object, with these rights.
    ///
    /// `write` is whether the handle can make a store: the protection may not allow it.
    fn duplicate(&self, rights: Rights, write: bool) -> Result<Self>;

    /// Returns how many bytes the section has; `None` if it is always as long as its file.
    fn size(&self) -> Option<u64>;

    /// Returns whether the section is a file, and not memory.
    fn is_file(&self) -> bool;

    /// Returns whether both sections are the same file, or the same memory.
    fn is_same(&self, other: &Self) -> Result<bool>;

    /// Maps a range, which may lie past the end of the section: the model has checked it.
    ///
    /// Of a section that is as long as its file, only what the file has may be mapped, where the
    /// system maps no more. A program is mapped as a whole, whatever the range.
    fn map(&self, request: Request) -> Result<Self::Region>;

    /// Returns the generation of its bytes, if its name has generations.
    fn generation(&self) -> Option<&Generation> {
        None
    }

    /// Asks for the present length of the file behind the section, in bytes.
    fn file_len(&self) -> Result<u64>;

    /// Refuses a length in bytes that this process may not give the file.
    fn check_file_len(&self, len: u64) -> Result<()>;

    /// Sets disk space aside for a range of the file, whose length and bytes stay as they are.
    ///
    /// Waits for whoever is making the file longer at this moment.
    fn preallocate_file(&self, offset: u64, len: u64) -> Result<()>;

    /// Makes a hole of a range of the file, which stays as long as it is.
    fn discard_file(&self, offset: u64, len: u64) -> Result<()>;

    /// Returns the disk space in bytes that the file takes, what is past its end included.
    fn file_space(&self) -> Result<u64>;

    /// Reads from the file past the views; returns how many bytes there were before its end.
    fn read_file(&self, offset: u64, buf: &mut [u8]) -> Result<usize>;

    /// Writes to the file past the views, and so makes it longer where it must be.
    fn write_file(&self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Returns how many bytes a page of the file has, if its bytes are stored through maps alone and
    /// its length is whole pages.
    fn page_of_maps(&self) -> Option<u64> {
        None
    }

    /// Sends a range of the file towards the disk; a length of 0 reaches to its end.
    fn flush_file(&self, offset: u64, len: u64, flush: Flush) -> Result<()>;
}

/// Whole pages around the bytes of a view, mapped until the value is dropped.
///
/// `pages` is a range of bytes from the first page on. What of it is not mapped is left out.
pub(crate) trait MappedViewContract: Sized {
    /// Returns the address of the first page.
    fn start(&self) -> NonNull<u8>;

    /// Returns how many bytes are mapped, to the end of the last page.
    fn len(&self) -> usize;

    /// Lends the descriptor that the view keeps of what it is mapped of, if it keeps one.
    fn descriptor(&self) -> Option<BorrowedDescriptor<'_>>;

    /// Returns whether the section has a byte at an offset, by another way than through the pages.
    fn is_there(&self, offset: u64) -> bool;

    /// Has zeros put in place of pages that are lost under those who touch them by their address,
    /// until the value is dropped, which is before the pages are unmapped.
    fn zero_pages(&mut self) -> Result<ZeroPages> {
        Err(no_zeros())
    }

    /// Explains why a byte was lost.
    fn explain(&self, loss: Loss, operation: Operation) -> Error;

    /// Sends pages of a file towards the disk; the view begins at `offset` in it.
    fn flush(&self, pages: &Range<usize>, offset: u64, flush: Flush) -> Result<()>;

    /// Makes a hole of bytes of the section, which then read as zeros and take no space.
    fn discard(&self, offset: u64, len: u64) -> Result<()>;

    /// Gives the system advice about pages; `differ` if they may not all allow the same.
    fn advise(&self, pages: &Range<usize>, advice: Advice, differ: bool) -> Result<()>;

    /// Gives the system advice about pages by its own number.
    fn advise_as(&self, pages: &Range<usize>, advice: SystemAdvice) -> Result<()>;

    /// Makes the pages `len` bytes long, at this address or another, with the bytes that both have.
    fn resize(&mut self, len: usize) -> Result<()>;

    /// Reads pages in; returns whether they are there, or only begun to be read.
    fn read_in(&self, pages: &Range<usize>) -> Result<bool>;

    /// Keeps pages in memory.
    fn lock(&self, pages: &Range<usize>) -> Result<()>;

    /// Ends [`lock`](Self::lock).
    fn unlock(&self, pages: &Range<usize>) -> Result<()>;

    /// Unmaps the pages.
    fn unmap(self) -> Result<()>;
}

/// How a thread slept at a word of memory, until others had changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(windows, expect(dead_code, reason = "no thread sleeps there"))]
pub(super) enum Slept {
    /// Until it was woken.
    Woken,
    /// Not at all, or until a signal came: the word is to be looked at again.
    NotLong,
    /// Until the deadline.
    TimedOut,
    /// Not at all, as the system cannot do it at this word.
    Unable,
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
    /// What becomes of those who touch a lost page by its address.
    pub(crate) on_loss: OnLoss,
}

/// No memory can be put in place of a lost page.
fn no_zeros() -> Error {
    Error::new(ErrorKind::NotSupported, Operation::MapView).because(if cfg!(windows) {
        "this system puts no memory in place of single pages of a view, so lost ones cannot read \
         as zeros"
    } else {
        "a processor without routines of its own has no handler of lost pages here, so they cannot \
         read as zeros"
    })
}

impl Request {
    /// Returns where the pages begin in the section and how much of them is mapped, and the
    /// address of the first page, if one is asked for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Misaligned`] if offset and address lie differently among multiples of `unit`.
    pub(super) fn placed(&self, unit: usize) -> Result<(Placement, Option<usize>)> {
        let refused = |kind| Error::new(kind, Operation::MapView);
        if self.len == 0 {
            return Err(refused(ErrorKind::InvalidArgument).because("a view has at least a byte"));
        }
        let placement = Placement::of(self.offset, self.len, unit)
            .ok_or_else(|| refused(ErrorKind::OutOfMemory))?;
        let aligned = |address: usize| {
            let first = address.checked_sub(placement.delta);
            first.filter(|first| *first != 0 && first.is_multiple_of(unit)).ok_or_else(|| {
                refused(ErrorKind::Misaligned).because(format!(
                    "the address is 0, or it and the offset differ by no multiple of {unit} bytes"
                ))
            })
        };
        Ok((placement, self.address.map(aligned).transpose()?))
    }
}
