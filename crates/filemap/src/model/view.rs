use std::ops::{Range, RangeBounds};

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::model::FileMapping;
use crate::sys::{
    AtomicCell, AtomicValue, Copying as _, RawBytes, Region, RegionContract as _, Request,
    SectionContract as _, Unfinished,
};
use crate::types::{
    Access, Advice, Error, ErrorKind, Flush, Operation, PageAccess, PageProtection, PageRun,
    Result, geometry,
};

/// A range of a [`FileMapping`], mapped into this process.
///
/// A view outlives the handle it was made from, and keeps the memory, though not the name.
/// Others may change its bytes at any time, so it copies bytes in and out and never lends a
/// slice. A copy that races with another's copy mixes old and new bytes; nothing worse.
///
/// Offsets are in bytes from the start of the view.
///
/// ```
/// use filemap::{Access, FileMapping, Protection};
///
/// let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
/// let view = mapping.map_range(Access::Write, 70_000..80_000)?;
/// view.write_at(3, b"bytes")?;
/// view.write(100, &0x1122_3344_u32)?;
///
/// let mut seen = [0; 5];
/// mapping.map(Access::Read)?.read_at(70_003, &mut seen)?;
/// assert_eq!(&seen, b"bytes");
/// assert_eq!(view.read::<u32>(100)?, 0x1122_3344);
/// # Ok::<(), filemap::Error>(())
/// ```
#[derive(Debug)]
#[doc(alias = "MapViewOfFile")]
pub struct View {
    region: Region,
    offset: u64,
    access: Access,
}

// No view is empty, so `is_empty` would be a question with one answer.
#[expect(clippy::len_without_is_empty, reason = "a view has at least one byte")]
impl View {
    /// Tells how many bytes the view has.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.region.span().len()
    }

    /// Tells where in the mapping the view begins, in bytes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Tells what the view may do.
    #[must_use]
    pub fn access(&self) -> Access {
        self.access
    }

    /// Copies bytes out, from `offset` on, until `buf` is full.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the view ends first, [`ErrorKind::AccessDenied`] if it or
    /// one of the pages has no access, [`ErrorKind::NotCommitted`] if one is only set aside; `buf`
    /// is then untouched. [`ErrorKind::Lost`], or
    /// [`Device`](ErrorKind::Device) or [`DiskFull`](ErrorKind::DiskFull) where that is known
    /// to be the cause, if bytes are gone: [`Error::loss`] tells which, and how many at the
    /// start of `buf` are good; the others are unspecified.
    #[inline(always)]
    pub fn read_at(&self, offset: usize, buf: &mut [u8]) -> Result<()> {
        self.region.copy_out(offset, buf)
    }

    /// Copies `bytes` in, from `offset` on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the view ends first, [`ErrorKind::AccessDenied`] if it or
    /// one of the pages may not be written, [`ErrorKind::NotCommitted`] if one is only set aside;
    /// the bytes are then as they were. [`ErrorKind::Lost`],
    /// [`Device`](ErrorKind::Device), or [`DiskFull`](ErrorKind::DiskFull) if there is no
    /// space for a page that was a hole: [`Error::loss`] tells how many bytes arrived for
    /// certain; later ones may have arrived too.
    #[inline(always)]
    #[doc(alias = "CopyMemory")]
    pub fn write_at(&self, offset: usize, bytes: &[u8]) -> Result<()> {
        self.region.copy_in(offset, bytes)
    }

    /// Sets `len` bytes from `offset` on to `byte`.
    ///
    /// # Errors
    ///
    /// Those of [`write_at`](Self::write_at).
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
    /// Those of [`read_at`](Self::read_at) for `source` and of [`write_at`](Self::write_at) for
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
    /// Those of [`read_at`](Self::read_at).
    #[doc(alias = "memcmp")]
    pub fn compare(&self, offset: usize, bytes: &[u8]) -> Result<Option<usize>> {
        self.region.compare(offset, bytes)
    }

    /// Looks for `byte` in a range of the view, and returns where it first is, in bytes from
    /// the start of the view.
    ///
    /// # Errors
    ///
    /// Those of [`read_at`](Self::read_at).
    #[doc(alias = "memchr")]
    pub fn find(&self, range: impl RangeBounds<usize>, byte: u8) -> Result<Option<usize>> {
        let (offset, len) = self.part(&range, Operation::Search)?;
        Ok(self.region.find(offset, len, byte)?.map(|at| offset + at))
    }

    /// Copies a value out, from `offset` on, which need not be aligned.
    ///
    /// Any type will do of which every pattern of bytes is a value; derive
    /// [`zerocopy::FromBytes`] for your own. A value of 1, 2, 4 or 8 bytes whose address is a
    /// multiple of its size is read in one piece: it never mixes old and new bytes.
    ///
    /// # Errors
    ///
    /// Those of [`read_at`](Self::read_at).
    #[inline(always)]
    pub fn read<T: FromBytes + IntoBytes>(&self, offset: usize) -> Result<T> {
        match self.value_at_once(offset) {
            Ok(value) => Ok(value),
            Err(unfinished) => self.value_asking(offset, unfinished),
        }
    }

    /// Copies a value in, from `offset` on, which need not be aligned.
    ///
    /// A value of 1, 2, 4 or 8 bytes whose address is a multiple of its size is written in one
    /// piece: nobody sees a part of it.
    ///
    /// # Errors
    ///
    /// Those of [`write_at`](Self::write_at).
    #[inline(always)]
    pub fn write<T: IntoBytes + Immutable + ?Sized>(&self, offset: usize, value: &T) -> Result<()> {
        match self.put_at_once(offset, value) {
            Ok(()) => Ok(()),
            Err(unfinished) => self.put_asking(offset, value.as_bytes(), unfinished),
        }
    }

    /// The number at `offset`, for threads and processes to agree on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the view ends first, [`ErrorKind::AccessDenied`] if it
    /// or the page may not be written, [`ErrorKind::NotCommitted`] if that is only set aside,
    /// [`ErrorKind::Misaligned`] if its address is not a multiple of its size.
    #[inline]
    pub fn atomic<T: AtomicValue>(&self, offset: usize) -> Result<AtomicCell<'_, T>> {
        AtomicCell::of(&self.region, offset)
    }

    /// Says that a range is about to be stored to for the first time, all of it; what is not in the
    /// view is left out.
    pub(crate) fn expect_stores(&self, range: Range<usize>) {
        let end = range.end.min(self.len());
        if range.start < end {
            self.region.expect_stores(range.start, end - range.start);
        }
    }

    /// Lets no more than the first bytes be touched by the methods that do so at once, so many read
    /// and so many written; the others touch what they are asked to.
    #[inline]
    pub(crate) fn set_reach(&self, readable: u64, writable: u64) {
        self.region.set_reach(in_memory(readable), in_memory(writable));
    }

    /// Tells whether that is so.
    pub(crate) fn has_reach(&self, readable: u64, writable: u64) -> bool {
        self.region.has_reach(in_memory(readable), in_memory(writable))
    }

    /// Copies bytes out as [`read_at`](Self::read_at) does, if they are there and few and nobody
    /// need be asked whether they may be read.
    #[inline(always)]
    pub(crate) fn read_at_once(&self, offset: usize, buf: &mut [u8]) -> Result<(), Unfinished> {
        self.region.copy_out_at_once(offset, buf)
    }

    /// Goes on where that ended.
    pub(crate) fn read_asking(
        &self,
        offset: usize,
        buf: &mut [u8],
        unfinished: Unfinished,
    ) -> Result<()> {
        self.region.copy_out_asking(offset, buf, unfinished)
    }

    /// Copies bytes in as [`write_at`](Self::write_at) does, if they are there and nobody need be
    /// asked whether they may be written.
    #[inline(always)]
    pub(crate) fn write_at_once(&self, offset: usize, bytes: &[u8]) -> Result<(), Unfinished> {
        self.region.copy_in_at_once(offset, bytes)
    }

    /// Goes on where that ended.
    pub(crate) fn write_asking(
        &self,
        offset: usize,
        bytes: &[u8],
        unfinished: Unfinished,
    ) -> Result<()> {
        self.region.copy_in_asking(offset, bytes, unfinished)
    }

    /// Copies a value out as [`read`](Self::read) does, if nobody need be asked, and one that is
    /// copied in one piece is aligned.
    #[inline(always)]
    pub(crate) fn value_at_once<T: FromBytes + IntoBytes>(
        &self,
        offset: usize,
    ) -> Result<T, Unfinished> {
        // The size is known when this is compiled, and all branches but one go away.
        match size_of::<T>() {
            1 => self.region.load_at_once::<u8>(offset).map(same_bytes),
            2 => self.region.load_at_once::<u16>(offset).map(same_bytes),
            4 => self.region.load_at_once::<u32>(offset).map(same_bytes),
            8 => self.region.load_at_once::<u64>(offset).map(same_bytes),
            _ => {
                let mut value = T::new_zeroed();
                self.region.copy_out_at_once(offset, value.as_mut_bytes()).map(|()| value)
            }
        }
    }

    /// Goes on where that ended.
    fn value_asking<T: FromBytes + IntoBytes>(
        &self,
        offset: usize,
        unfinished: Unfinished,
    ) -> Result<T> {
        match size_of::<T>() {
            1 => self.region.load_asking::<u8>(offset, unfinished).map(same_bytes),
            2 => self.region.load_asking::<u16>(offset, unfinished).map(same_bytes),
            4 => self.region.load_asking::<u32>(offset, unfinished).map(same_bytes),
            8 => self.region.load_asking::<u64>(offset, unfinished).map(same_bytes),
            _ => {
                // What came before a loss is of no use without the rest.
                let mut value = T::new_zeroed();
                let bytes = value.as_mut_bytes();
                self.region.copy_out_asking(offset, bytes, unfinished).map(|()| value)
            }
        }
    }

    /// Copies a value in as [`write`](Self::write) does, if nobody need be asked, and one that is
    /// copied in one piece is aligned.
    #[inline(always)]
    pub(crate) fn put_at_once<T: IntoBytes + Immutable + ?Sized>(
        &self,
        offset: usize,
        value: &T,
    ) -> Result<(), Unfinished> {
        let bytes = value.as_bytes();
        match bytes.len() {
            1 => self.region.store_at_once::<u8>(offset, value_of(bytes)),
            2 => self.region.store_at_once::<u16>(offset, value_of(bytes)),
            4 => self.region.store_at_once::<u32>(offset, value_of(bytes)),
            8 => self.region.store_at_once::<u64>(offset, value_of(bytes)),
            _ => self.region.copy_in_at_once(offset, bytes),
        }
    }

    /// Goes on where that ended.
    fn put_asking(&self, offset: usize, bytes: &[u8], unfinished: Unfinished) -> Result<()> {
        match bytes.len() {
            1 => self.region.store_asking::<u8>(offset, value_of(bytes), unfinished),
            2 => self.region.store_asking::<u16>(offset, value_of(bytes), unfinished),
            4 => self.region.store_asking::<u32>(offset, value_of(bytes), unfinished),
            8 => self.region.store_asking::<u64>(offset, value_of(bytes), unfinished),
            _ => self.region.copy_in_asking(offset, bytes, unfinished),
        }
    }

    /// Sends a range of the view towards the disk, as far as `flush` says.
    ///
    /// The range is in bytes and is widened to whole pages. Also what others stored in these
    /// pages is sent: they share them. Over memory, and in a view whose stores are private,
    /// there is nothing to send.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the view ends first; [`ErrorKind::Device`] or
    /// [`ErrorKind::DiskFull`] if the disk does not take it, and then some of the range may
    /// have been written.
    #[doc(alias = "FlushViewOfFile")]
    #[doc(alias = "msync")]
    pub fn flush(&self, range: impl RangeBounds<usize>, flush: Flush) -> Result<()> {
        let (offset, len) = self.part(&range, Operation::Flush)?;
        self.region.flush(offset, len, flush)
    }

    /// Says how a range of the view will be used.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the view ends first.
    #[doc(alias = "madvise")]
    pub fn advise(&self, range: impl RangeBounds<usize>, advice: Advice) -> Result<()> {
        let (offset, len) = self.part(&range, Operation::Advise)?;
        self.region.advise(offset, len, advice)
    }

    /// Reads a range of the view into memory, so that its first touch does not wait.
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

    /// Keeps a range of the view in memory until it is unlocked or unmapped.
    ///
    /// Locks do not add up: one [`unlock`](Self::unlock) ends all of a page's.
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

    /// Lets a range of the view leave memory again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the view ends first.
    #[doc(alias = "VirtualUnlock")]
    pub fn unlock(&self, range: impl RangeBounds<usize>) -> Result<()> {
        let (offset, len) = self.part(&range, Operation::LockMemory)?;
        self.region.unlock(offset, len)
    }

    /// Tells what is at a page, and for how long it goes on: the state of its pages, and what
    /// they allow.
    ///
    /// The page is the one that has the byte at `offset`, which may lie in the rest of the last
    /// page, past the view's own bytes. A page that a store has made the view's own shows as one
    /// that can be written, as on Windows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRange`] if the view's pages end before.
    ///
    /// # Examples
    ///
    /// ```
    /// use filemap::{Access, FileMapping, PageAccess, PageState, Protection, page_size};
    ///
    /// let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
    /// let view = mapping.map(Access::Write)?;
    /// view.protect(..page_size(), PageAccess::Read)?;
    ///
    /// let run = view.pages_at(page_size())?;
    /// assert_eq!(run.state(), PageState::Committed);
    /// assert_eq!(run.protection(), Some(PageAccess::Write.into()));
    /// assert_eq!(run.len(), (1 << 20) - page_size());
    /// # Ok::<(), filemap::Error>(())
    /// ```
    #[doc(alias = "VirtualQuery")]
    pub fn pages_at(&self, offset: usize) -> Result<PageRun> {
        let operation = Operation::QueryPages;
        if offset >= self.region.extent() {
            return Err(self.ends_before(ErrorKind::InvalidRange, operation, &(offset..)));
        }
        self.region.pages_at(offset)
    }

    /// Commits pages that were set aside, and gives them `protection` in this view.
    ///
    /// The range is in bytes and is widened to whole pages; it may reach to the end of the last
    /// one. The pages are then there for everybody who has the mapping, in every process, for as
    /// long as the mapping lives, and are zero; other views have them with the access that they
    /// were mapped with. Pages that are there already keep their bytes and change their
    /// protection, as they all do in memory that was never reserved.
    ///
    /// # Errors
    ///
    /// | what is wrong | kind |
    /// |---|---|
    /// | nothing is to be committed, or a guard is to stand before no access | [`InvalidArgument`](ErrorKind::InvalidArgument) |
    /// | the range is not in the view | [`OutsideView`](ErrorKind::OutsideView) |
    /// | the view is one of a file | [`AccessDenied`](ErrorKind::AccessDenied) |
    /// | the view was mapped for less than `protection` | [`ProtectionExceeded`](ErrorKind::ProtectionExceeded) |
    /// | the machine could not hold so many pages | [`CommitLimit`](ErrorKind::CommitLimit) |
    /// | a limit on file sizes, or no space, in the way of noting it | [`FileTooLarge`](ErrorKind::FileTooLarge), [`DiskFull`](ErrorKind::DiskFull) |
    ///
    /// # Platforms
    ///
    /// On Linux also [`AccessDenied`](ErrorKind::AccessDenied) if another user made the name, and
    /// lets this one only read: to commit is then a change that is not allowed.
    ///
    /// # Examples
    ///
    /// ```
    /// use filemap::{Access, Attributes, ErrorKind, FileMapping, PageAccess};
    ///
    /// let mapping = FileMapping::options().size(1 << 33).attributes(Attributes::RESERVE).create()?;
    /// let view = mapping.map(Access::Write)?;
    /// assert_eq!(view.write_at(70_001, b"x").unwrap_err().kind(), ErrorKind::NotCommitted);
    ///
    /// view.commit(65_536..131_072, PageAccess::Write)?;
    /// view.write_at(70_001, b"x")?;
    /// # Ok::<(), filemap::Error>(())
    /// ```
    #[doc(alias = "VirtualAlloc")]
    #[doc(alias = "MEM_COMMIT")]
    pub fn commit(
        &self,
        range: impl RangeBounds<usize>,
        protection: impl Into<PageProtection>,
    ) -> Result<()> {
        let operation = Operation::CommitPages;
        let (offset, len) = self.whole_pages(&range, operation, ErrorKind::OutsideView)?;
        if self.region.is_file() {
            return Err(Error::new(ErrorKind::AccessDenied, operation)
                .about("the view")
                .because("the pages of a file are all there"));
        }
        let protection = self.permitted(protection.into(), operation)?;
        self.region.commit(offset, len, protection)
    }

    /// Changes what pages of this view allow, and returns what the first one allowed before.
    ///
    /// The range is in bytes and is widened to whole pages; it may reach to the end of the last
    /// one. It is about this view alone: no other view of the mapping changes, here or in another
    /// process. A page can be given no more than the view was mapped for; to copy on write is to
    /// read.
    ///
    /// Copies to and from the view keep to it: one that meets a page which does not allow it is
    /// an error, and moves nothing, unless the page changes at that very moment.
    ///
    /// # Errors
    ///
    /// Nothing has then changed, unless the system ran out of memory for its own lists.
    ///
    /// | what is wrong | kind |
    /// |---|---|
    /// | the range is empty, or a guard is to stand before no access | [`InvalidArgument`](ErrorKind::InvalidArgument) |
    /// | the range is not in the view | [`InvalidRange`](ErrorKind::InvalidRange) |
    /// | the view was mapped for less than `protection` | [`ProtectionExceeded`](ErrorKind::ProtectionExceeded) |
    /// | some of the pages are not committed | [`NotCommitted`](ErrorKind::NotCommitted) |
    ///
    /// # Examples
    ///
    /// ```
    /// use filemap::{Access, ErrorKind, FileMapping, PageAccess, Protection};
    ///
    /// let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
    /// let view = mapping.map(Access::Write)?;
    ///
    /// let before = view.protect(.., PageAccess::Read)?;
    /// assert_eq!(view.write_at(0, b"x").unwrap_err().kind(), ErrorKind::AccessDenied);
    ///
    /// view.protect(.., before)?;
    /// view.write_at(0, b"x")?;
    /// # Ok::<(), filemap::Error>(())
    /// ```
    #[doc(alias = "VirtualProtect")]
    #[doc(alias = "mprotect")]
    pub fn protect(
        &self,
        range: impl RangeBounds<usize>,
        protection: impl Into<PageProtection>,
    ) -> Result<PageProtection> {
        let operation = Operation::ProtectPages;
        let (offset, len) = self.whole_pages(&range, operation, ErrorKind::InvalidRange)?;
        let protection = self.permitted(protection.into(), operation)?;
        self.region.protect(offset, len, protection)
    }

    /// Opens the fenced door to the bytes themselves.
    #[must_use]
    pub fn raw(&self) -> RawBytes<'_> {
        RawBytes::of(&self.region)
    }

    /// Unmaps the view and tells whether that worked; dropping does the same in silence.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::OutOfMemory`] if the process has more maps than the kernel allows, and this
    /// one cannot be cut out of a larger one; its pages then stay mapped, and unused.
    #[doc(alias = "UnmapViewOfFile")]
    pub fn unmap(self) -> Result<()> {
        self.region.unmap()
    }

    /// A range that may reach to the end of the last page.
    fn whole_pages(
        &self,
        range: &impl RangeBounds<usize>,
        operation: Operation,
        outside: ErrorKind,
    ) -> Result<(usize, usize)> {
        match geometry::within_memory(range, self.region.extent()) {
            Some((_, 0)) => Err(Error::new(ErrorKind::InvalidArgument, operation)
                .about("the view")
                .because("the range has no bytes")),
            Some(part) => Ok(part),
            None => Err(self.ends_before(outside, operation, range)),
        }
    }

    /// What pages are to be given, if they can have it.
    fn permitted(
        &self,
        protection: PageProtection,
        operation: Operation,
    ) -> Result<PageProtection> {
        let refused = |kind| Error::new(kind, operation).about("the view");
        if protection.is_guarded() && protection.access() == PageAccess::NoAccess {
            return Err(refused(ErrorKind::InvalidArgument)
                .because("a guard stands before an access, and there is none"));
        }
        // A program's pages that may not be written for all are copied when they are.
        let access = match protection.access() {
            PageAccess::Write if self.region.is_image() => PageAccess::Copy,
            PageAccess::WriteExecute if self.region.is_image() => PageAccess::CopyExecute,
            other => other,
        };
        if !access.is_within(self.access) {
            return Err(refused(ErrorKind::ProtectionExceeded).because(format!(
                "it was mapped to {}, which does not give its pages: {protection}",
                self.access
            )));
        }
        Ok(protection)
    }

    fn ends_before(
        &self,
        kind: ErrorKind,
        operation: Operation,
        range: &impl RangeBounds<usize>,
    ) -> Error {
        Error::new(kind, operation).about("the view").because(format!(
            "its pages end after {} bytes, and {:?} .. {:?} is no range of them",
            self.region.extent(),
            range.start_bound(),
            range.end_bound(),
        ))
    }

    fn part(
        &self,
        range: &impl RangeBounds<usize>,
        operation: Operation,
    ) -> Result<(usize, usize)> {
        geometry::within_memory(range, self.len()).ok_or_else(|| {
            Error::new(ErrorKind::InvalidRange, operation).about("the view").because(format!(
                "it has {} bytes, and {:?} .. {:?} is no range of them",
                self.len(),
                range.start_bound(),
                range.end_bound(),
            ))
        })
    }
}

/// The value that has these bytes, which are as many as it has.
#[inline(always)]
fn value_of<T: FromBytes + IntoBytes>(bytes: &[u8]) -> T {
    let mut value = T::new_zeroed();
    value.as_mut_bytes().copy_from_slice(bytes);
    value
}

/// A length of a file as one in memory, or the longest there is.
fn in_memory(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

/// The value that has the same bytes.
#[inline(always)]
fn same_bytes<S: IntoBytes + Immutable, T: FromBytes + IntoBytes>(value: S) -> T {
    value_of(value.as_bytes())
}

impl FileMapping {
    /// Maps what was asked for, without comparing it with the size: a file that grows is
    /// mapped further than it reaches.
    pub(crate) fn map_request(&self, request: Request) -> Result<View> {
        let region =
            self.section().map(request).map_err(|error| error.or_about(|| self.subject()))?;
        // A program's sections decide by themselves.
        let access = region.span().access();
        Ok(View { region, offset: request.offset, access })
    }
}
