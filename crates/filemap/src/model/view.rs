//! A range of a mapping in this process.

use std::mem::MaybeUninit;
use std::ops::{Range, RangeBounds};
use std::sync::Arc;

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::model::{PositionedIo, search};
use crate::sys::{
    AtomicCell, AtomicValue, BorrowedDescriptor, ForeignBytes, HasRegion, Region, Request, Section,
    SectionContract as _, SystemAdvice, UninitBuf, exhausted, tells_descriptor,
};
use crate::types::{Access, Advice, Error, ErrorKind, Flush, Operation, Result, counted, geometry};

/// A range of a [`FileMapping`](crate::FileMapping), mapped into this process.
///
/// A view outlives the handle it was mapped from, and keeps the memory, but not the name. Other
/// processes may change its bytes at any time, so it copies bytes in and out, and never returns a
/// slice. A copy that races with another one mixes old and new bytes, and does no other harm.
///
/// Offsets are in bytes from the start of the view.
///
/// ```
/// use filemap::{Access, FileMapping, PositionedIo, Protection};
///
/// let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
/// let view = mapping.map_range(Access::Write, 70_000..80_000)?;
/// view.write_all_at(b"bytes", 3)?;
/// view.write(100, &0x1122_3344_u32)?;
///
/// let mut seen = [0; 5];
/// mapping.map(Access::Read)?.read_exact_at(&mut seen, 70_003)?;
/// assert_eq!(&seen, b"bytes");
/// assert_eq!(view.read::<u32>(100)?, 0x1122_3344);
/// # Ok::<(), filemap::Error>(())
/// ```
#[derive(Debug)]
#[doc(alias = "MapViewOfFile")]
pub struct View {
    pub(in crate::model) region: Region,
    offset: u64,
    pub(in crate::model) access: Access,
    /// Whether no mapping limits its length.
    is_plain: bool,
}

impl HasRegion for View {
    fn region(&self) -> &Region {
        &self.region
    }
}

tells_descriptor!(View, own_descriptor);

impl PositionedIo for View {
    #[inline(always)]
    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        if usize::try_from(offset).is_ok_and(|offset| self.read_fast(offset, buf)) {
            return Ok(buf.len());
        }
        self.read_at_slow(buf, offset)
    }

    #[inline(always)]
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> Result<()> {
        self.region.read(geometry::in_memory(offset), buf)
    }

    fn read_uninit_at<'buf>(
        &self,
        buf: &'buf mut [MaybeUninit<u8>],
        offset: u64,
    ) -> Result<&'buf mut [u8]> {
        let (offset, count) = self.reached(offset, buf.len());
        let mut buf = UninitBuf::new(&mut buf[..count]);
        self.read_uninit(offset, &mut buf)?;
        Ok(buf.written())
    }

    #[inline(always)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        let (offset, count) = self.reached(offset, bytes.len());
        self.region.write(offset, &bytes[..count]).map(|()| count)
    }

    #[inline(always)]
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.region.write(geometry::in_memory(offset), bytes)
    }

    fn write_foreign_at(&self, bytes: ForeignBytes<'_>, offset: u64) -> Result<usize> {
        let (offset, count) = self.reached(offset, bytes.len());
        self.write_foreign(offset, bytes.first(count)).map(|()| count)
    }
}

// No view is empty, so `is_empty` would be a question with one answer.
#[expect(clippy::len_without_is_empty, reason = "a view has at least one byte")]
impl View {
    /// Maps a range of a section, whatever the section's size.
    pub(crate) fn map(section: &Section, request: Request) -> Result<Self> {
        let region = section.map(request)?;
        // A program's sections have their own access.
        let access = region.span().access();
        Ok(Self { region, offset: request.offset, access, is_plain: false })
    }

    /// A range that was mapped by the rules of the system alone.
    pub(in crate::model) fn plain(region: Region, offset: u64) -> Self {
        let access = region.span().access();
        Self { region, offset, access, is_plain: true }
    }

    /// Maps `len` bytes of new memory that has no name, no handle and no descriptor, and that reads as
    /// zeros.
    ///
    /// A child that is forked shares it. It takes memory where it is written, and is gone with the
    /// last process that has it mapped. Whoever wants to open it elsewhere, or to map parts of it,
    /// creates a [`FileMapping`](crate::FileMapping).
    ///
    /// ```
    /// use filemap::View;
    ///
    /// let counters = View::anonymous(4096)?;
    /// counters.atomic::<u64>(8)?.fetch_add(3)?;
    /// assert_eq!(counters.read::<u64>(8)?, 3);
    /// # Ok::<(), filemap::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ZeroSize`]; [`ErrorKind::CommitLimit`] and [`ErrorKind::OutOfMemory`] for more
    /// bytes than there can be.
    ///
    /// # Platforms
    ///
    /// On Windows, nobody inherits it. On Linux, none of its pages can become copy-on-write
    /// (`View::protect`).
    #[doc(alias = "mmap")]
    #[doc(alias = "MAP_ANONYMOUS")]
    pub fn anonymous(len: usize) -> Result<Self> {
        let mapped = match len {
            0 => Err(Error::new(ErrorKind::ZeroSize, Operation::MapView)),
            _ => Section::anonymous(len),
        };
        let region = mapped.map_err(|error| {
            error.during(Operation::MapView).or_about(|| "anonymous memory".to_owned())
        })?;
        Ok(Self::plain(region, 0))
    }

    /// Sets what an error of an access calls the bytes.
    pub(crate) fn called(mut self, subject: Arc<str>) -> Self {
        self.region.call(subject);
        self
    }

    /// Returns how many bytes the view has.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.region.span().len()
    }

    /// Returns where in the mapping the view begins, in bytes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns what the view may do.
    #[must_use]
    pub fn access(&self) -> Access {
        self.access
    }

    /// Sets `len` bytes from `offset` on to `byte`.
    ///
    /// # Errors
    ///
    /// Those of [`write_all_at`](PositionedIo::write_all_at).
    #[doc(alias = "FillMemory")]
    #[doc(alias = "ZeroMemory")]
    #[inline]
    pub fn fill(&self, offset: usize, len: usize, byte: u8) -> Result<()> {
        self.region.fill(offset, len, byte)
    }

    /// Copies `len` bytes at `from` in `source` to `offset` in this view.
    ///
    /// `source` may be this view, and the ranges may overlap: afterwards the place holds what
    /// the other one held. Only views of the same bytes at different addresses are not seen to
    /// overlap, and mix old and new bytes where they do.
    ///
    /// # Errors
    ///
    /// Those of [`read_exact_at`](PositionedIo::read_exact_at) for `source` and of [`write_all_at`](PositionedIo::write_all_at) for
    /// this view.
    #[doc(alias = "MoveMemory")]
    pub fn copy_from(&self, offset: usize, source: &Self, from: usize, len: usize) -> Result<()> {
        self.region.copy_from(offset, &source.region, from, len)
    }

    /// Compares the bytes from `offset` on with `bytes`, and returns where they first differ,
    /// in bytes from `offset`; `None` if they do not.
    ///
    /// # Errors
    ///
    /// Those of [`read_exact_at`](PositionedIo::read_exact_at).
    #[doc(alias = "memcmp")]
    pub fn compare(&self, offset: usize, bytes: &[u8]) -> Result<Option<usize>> {
        self.region.check_readable(offset, bytes.len(), Operation::Search)?;
        search::compare(self, offset as u64, bytes)
    }

    /// Looks for a string of bytes in a range of the view, and returns where it first is, in bytes
    /// from the start of the view. An empty string is at the start of the range.
    ///
    /// ```
    /// use filemap::{Access, FileMapping, PositionedIo, Protection};
    ///
    /// let view = FileMapping::create(4096, Protection::ReadWrite)?.map(Access::Write)?;
    /// view.write_all_at(b"one two one", 1000)?;
    /// assert_eq!(view.find(.., b"one")?, Some(1000));
    /// assert_eq!(view.rfind(.., b"one")?, Some(1008));
    /// assert_eq!(view.find(1001.., b"two one!")?, None);
    /// # Ok::<(), filemap::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`read_exact_at`](PositionedIo::read_exact_at).
    #[doc(alias = "memchr")]
    #[doc(alias = "memmem")]
    pub fn find(&self, range: impl RangeBounds<usize>, bytes: &[u8]) -> Result<Option<usize>> {
        let found = search::find(self, self.searched(&range)?, bytes)?;
        Ok(found.map(geometry::in_memory))
    }

    /// Looks for a string of bytes from the end of a range of the view, and returns where it last is,
    /// in bytes from the start of the view. An empty string is at the end of the range.
    ///
    /// # Errors
    ///
    /// Those of [`read_exact_at`](PositionedIo::read_exact_at).
    #[doc(alias = "memrchr")]
    pub fn rfind(&self, range: impl RangeBounds<usize>, bytes: &[u8]) -> Result<Option<usize>> {
        let found = search::rfind(self, self.searched(&range)?, bytes)?;
        Ok(found.map(geometry::in_memory))
    }

    /// Copies a value out, from `offset` on, which need not be aligned.
    ///
    /// Any type will do of which every pattern of bytes is a value; derive
    /// [`FromBytes`](zerocopy::FromBytes) for your own. A value of 1, 2, 4 or 8 bytes whose address is a
    /// multiple of its size is read in one piece: it never mixes old and new bytes.
    ///
    /// # Errors
    ///
    /// Those of [`read_exact_at`](PositionedIo::read_exact_at).
    #[inline(always)]
    pub fn read<T: FromBytes>(&self, offset: usize) -> Result<T> {
        self.region.load(offset)
    }

    /// Copies a value in, from `offset` on, which need not be aligned.
    ///
    /// A value of 1, 2, 4 or 8 bytes whose address is a multiple of its size is written in one
    /// piece: nobody sees a part of it.
    ///
    /// # Errors
    ///
    /// Those of [`write_all_at`](PositionedIo::write_all_at).
    #[inline(always)]
    pub fn write<T: IntoBytes + Immutable + ?Sized>(&self, offset: usize, value: &T) -> Result<()> {
        self.region.store(offset, value.as_bytes())
    }

    /// Returns the number at `offset`, for threads and processes to agree on. In a view that only
    /// reads it can be loaded.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the view ends first, [`ErrorKind::AccessDenied`] if it may
    /// not be read, or its page not be used as the view may, [`ErrorKind::NotCommitted`] if that is
    /// only set aside, [`ErrorKind::Misaligned`] if its address is not a multiple of its size.
    #[inline]
    pub fn atomic<T: AtomicValue>(&self, offset: usize) -> Result<AtomicCell<'_, T>> {
        AtomicCell::of(&self.region, offset)
    }

    /// Copies bytes out that the fast path did not reach, as many as there are.
    #[cold]
    #[inline(never)]
    fn read_at_slow(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        let (offset, count) = self.reached(offset, buf.len());
        self.region.read(offset, &mut buf[..count]).map(|()| count)
    }

    /// Of so many bytes at an offset, where in the view they begin, and how many it has.
    fn reached(&self, offset: u64, len: usize) -> (usize, usize) {
        let offset = geometry::in_memory(offset).min(self.len());
        (offset, len.min(self.len() - offset))
    }

    /// Copies bytes out into memory that need not have been written.
    pub(crate) fn read_uninit(&self, at: usize, buf: &mut UninitBuf<'_>) -> Result<()> {
        self.region.read_uninit(at, buf)
    }

    /// Copies bytes in that others may change meanwhile.
    pub(crate) fn write_foreign(&self, at: usize, bytes: ForeignBytes<'_>) -> Result<()> {
        self.region.write_foreign(at, bytes)
    }

    /// Writes a range of the view to its file, as far as `flush` says.
    ///
    /// The range is in bytes and is widened to whole pages. Stores of other processes in these pages
    /// are written as well. Over memory, and in a view whose stores are private, it does nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the view ends first; [`ErrorKind::Device`] or
    /// [`ErrorKind::DiskFull`] if the disk fails or is full, and then a part of the range may have
    /// been written. [`ErrorKind::Lost`] if the file ends before the range does: what it has is
    /// written, and of what was stored past its end nothing is kept. [`Error::loss`] has that end.
    /// It is not looked at for [`Flush::Start`]. Also if a page of the range reads as zeros
    /// ([`lost`](Self::lost)), for each flush.
    #[doc(alias = "FlushViewOfFile")]
    #[doc(alias = "msync")]
    pub fn flush(&self, range: impl RangeBounds<usize>, flush: Flush) -> Result<()> {
        let (offset, len) = self.part(&range, Operation::Flush)?;
        self.region.flush(offset, len, flush)
    }

    /// Gives a range of the view back to the system: its bytes read as zeros in every view, and whole
    /// pages of them take no memory, and no disk space, until they are written again.
    ///
    /// Of a file, that is a hole in it; its length stays as it is.
    ///
    /// ```
    /// use filemap::{Access, ErrorKind, FileMapping, Protection};
    ///
    /// let view = FileMapping::create(1 << 20, Protection::ReadWrite)?.map(Access::Write)?;
    /// view.write(70_000, &7_u8)?;
    /// match view.discard(65_536..131_072) {
    ///     Ok(()) => assert_eq!(view.read::<u8>(70_000)?, 0),
    ///     // Windows cannot.
    ///     Err(error) => assert_eq!(error.kind(), ErrorKind::NotSupported),
    /// }
    /// # Ok::<(), filemap::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The bytes are then as they were: [`ErrorKind::InvalidRange`] if the view ends first,
    /// [`ErrorKind::AccessDenied`] if it or one of the pages may not be written, or its stores are
    /// private, [`ErrorKind::NotCommitted`] if one is only set aside, [`ErrorKind::NotSupported`] if
    /// the file system makes no holes.
    ///
    /// # Platforms
    ///
    /// On Windows: [`ErrorKind::NotSupported`].
    #[doc(alias = "FALLOC_FL_PUNCH_HOLE")]
    #[doc(alias = "MADV_REMOVE")]
    pub fn discard(&self, range: impl RangeBounds<usize>) -> Result<()> {
        let (offset, len) = self.part(&range, Operation::Discard)?;
        self.region.discard(offset, len)
    }

    /// Advises the system how a range of the view will be used.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the view ends first.
    #[doc(alias = "madvise")]
    pub fn advise(&self, range: impl RangeBounds<usize>, advice: Advice) -> Result<()> {
        let (offset, len) = self.part(&range, Operation::Advise)?;
        self.region.advise(offset, len, advice)
    }

    /// Advises the system by its own number for the advice.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the view ends first, [`ErrorKind::InvalidArgument`] if the system
    /// does not know the number.
    ///
    /// # Platforms
    ///
    /// On Windows: [`ErrorKind::NotSupported`].
    #[doc(alias = "madvise")]
    pub fn advise_as(&self, range: impl RangeBounds<usize>, advice: SystemAdvice) -> Result<()> {
        let (offset, len) = self.part(&range, Operation::Advise)?;
        self.region.advise_as(offset, len, advice)
    }

    /// Makes the view `len` bytes long. It may get another address, and keeps the bytes that it has
    /// before and after.
    ///
    /// Only a view that is not of a mapping grows: one of [`View::options`], or private memory. A view
    /// of a file says nothing of the file's length, which [`set_file_len`](crate::set_file_len) sets.
    ///
    /// ```
    /// use filemap::{Access, ErrorKind, PositionedIo, View};
    ///
    /// match View::options(Access::Copy, 5000).map() {
    ///     Ok(mut memory) => {
    ///         memory.write_all_at(b"kept", 0)?;
    ///         memory.resize(5_000_000)?;
    ///         assert_eq!(memory.read::<[u8; 4]>(0)?, *b"kept");
    ///         assert_eq!(memory.read::<u8>(4_999_999)?, 0);
    ///     }
    ///     // Windows cannot.
    ///     Err(error) => assert_eq!(error.kind(), ErrorKind::NotSupported),
    /// }
    /// # Ok::<(), filemap::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The view is then as it was: [`ErrorKind::ZeroSize`]; [`ErrorKind::NotSupported`] if it is of a
    /// mapping and would grow, is shared memory and would grow, or has pages of its own;
    /// [`ErrorKind::Lost`] if a page of it reads as zeros ([`lost`](Self::lost)) and the file does not
    /// reach it again; [`ErrorKind::OutOfMemory`].
    ///
    /// # Platforms
    ///
    /// On Windows: [`ErrorKind::NotSupported`].
    #[doc(alias = "mremap")]
    pub fn resize(&mut self, len: usize) -> Result<()> {
        let operation = Operation::ResizeView;
        if len == 0 {
            return Err(Error::new(ErrorKind::ZeroSize, operation));
        }
        if !self.is_plain && len > self.len() {
            return Err(Error::new(ErrorKind::NotSupported, operation)
                .because("it is of a mapping, whose other views are longer"));
        }
        self.region.resize(len).map_err(exhausted)
    }

    /// Reads a range of the view into memory, so that its first access does not wait.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the view ends first, [`ErrorKind::Lost`] if the file
    /// became shorter than the range.
    #[doc(alias = "PrefetchVirtualMemory")]
    pub fn prefetch(&self, range: impl RangeBounds<usize>) -> Result<()> {
        let (offset, len) = self.part(&range, Operation::Advise)?;
        self.region.prefetch(offset, len)
    }

    /// Locks a range of the view in memory until it is unlocked or unmapped.
    ///
    /// Locks do not nest: one [`unlock`](Self::unlock) ends all locks of a page.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the view ends first, [`ErrorKind::LockLimit`] if the
    /// process may not lock so much.
    #[doc(alias = "VirtualLock")]
    #[doc(alias = "mlock")]
    pub fn lock(&self, range: impl RangeBounds<usize>) -> Result<()> {
        let (offset, len) = self.part(&range, Operation::LockMemory)?;
        self.region.lock(offset, len)
    }

    /// Unlocks a range of the view.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the view ends first.
    #[doc(alias = "VirtualUnlock")]
    pub fn unlock(&self, range: impl RangeBounds<usize>) -> Result<()> {
        let (offset, len) = self.part(&range, Operation::LockMemory)?;
        self.region.unlock(offset, len)
    }

    /// Returns the address of the first byte, for those who must hand it to other code.
    ///
    /// What the copying methods promise ends here. Whoever uses the address must
    /// - stop when the view is unmapped or dropped;
    /// - touch no more than [`len`](Self::len) bytes, and only as the view's [`Access`] and the page
    ///   allow (`View::pages_at`): any other touch is an access violation, `SIGSEGV` on Linux; pages
    ///   that somebody commits open by themselves;
    /// - make no reference to the bytes unless nothing, in this process or another, changes them
    ///   while the reference lives; single bytes are best read and written as volatile or atomic
    ///   accesses;
    /// - accept that a page which the file has lost raises `SIGBUS`, or an exception on Windows; or that
    ///   it reads as zeros, of a view that was mapped with [`OnLoss::Zeros`](crate::OnLoss::Zeros).
    ///
    /// ```
    /// use filemap::{Access, FileMapping, PositionedIo, Protection};
    ///
    /// let mapping = FileMapping::create(4096, Protection::ReadWrite)?;
    /// let view = mapping.map(Access::Write)?;
    /// view.write_all_at(b"x", 0)?;
    /// // SAFETY: the view lives to the end of the statement, has 4096 bytes, and its memory has
    /// // no name by which anybody else could reach it.
    /// let first = unsafe { view.as_ptr().read_volatile() };
    /// assert_eq!(first, b'x');
    /// # Ok::<(), filemap::Error>(())
    /// ```
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        self.region.span().start().as_ptr()
    }

    /// Unmaps the view. Dropping does the same, and ignores errors.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfMemory`] if the process has reached the kernel's limit of mappings, and
    /// this one is a part of a larger one; its pages then stay mapped and unused until another view is
    /// unmapped, which tries again.
    #[doc(alias = "UnmapViewOfFile")]
    pub fn unmap(self) -> Result<()> {
        let Self { region, .. } = self;
        region.unmap().map_err(exhausted)
    }

    /// The descriptor that the view keeps of what it is mapped of.
    fn own_descriptor(&self) -> Option<BorrowedDescriptor<'_>> {
        self.region.descriptor()
    }

    /// Refuses bytes that the view does not have, or that may not be read.
    pub(in crate::model) fn check_readable(
        &self,
        offset: usize,
        len: usize,
        operation: Operation,
    ) -> Result<()> {
        self.region.check_readable(offset, len, operation)
    }

    /// Checks a range that is to be searched.
    fn searched(&self, range: &impl RangeBounds<usize>) -> Result<Range<u64>> {
        let (offset, len) = self.part(range, Operation::Search)?;
        self.region.check_readable(offset, len, Operation::Search)?;
        Ok(offset as u64..(offset + len) as u64)
    }

    /// Checks a range of the view's bytes.
    fn part(
        &self,
        range: &impl RangeBounds<usize>,
        operation: Operation,
    ) -> Result<(usize, usize)> {
        geometry::within_memory(range, self.len()).ok_or_else(|| {
            let (len, range) = (self.len(), geometry::shown(range));
            Error::new(ErrorKind::InvalidRange, operation)
                .about("the view")
                .because(format!("it has {}, and {range} is no range of them", counted(len as u64)))
        })
    }
}
