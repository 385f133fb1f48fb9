//! The pages of a view, which need not all allow the same.

use std::ops::RangeBounds;

use crate::model::View;
use crate::sys::RegionKind;
use crate::types::{
    Error, ErrorKind, Operation, PageAccess, PageProtection, PageRun, Result, geometry,
};

/// What is done with single pages, with the feature `pages`.
impl View {
    /// Returns what is at a page, and how many pages from there on are like it: their state, and
    /// what they allow.
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
    /// use filemap::{Access, Attributes, ErrorKind, FileMapping, PageAccess, PositionedIo};
    ///
    /// let mapping = FileMapping::options().size(1 << 33).attributes(Attributes::RESERVE).create()?;
    /// let view = mapping.map(Access::Write)?;
    /// assert_eq!(view.write_all_at(b"x", 70_001).unwrap_err().kind(), ErrorKind::NotCommitted);
    ///
    /// view.commit(65_536..131_072, PageAccess::Write)?;
    /// view.write_all_at(b"x", 70_001)?;
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
        if self.region.kind() != RegionKind::Memory {
            return Err(Error::new(ErrorKind::AccessDenied, operation)
                .about("the view")
                .because("the pages of a file are all there"));
        }
        let protection = self.permitted(protection.into(), operation)?;
        self.region.commit(offset..offset + len, protection)
    }

    /// Changes what pages of this view allow, and returns what the first one allowed before.
    ///
    /// The range is in bytes and is widened to whole pages; it may reach to the end of the last
    /// one. No other view of the mapping changes, here or in another process. A page can be given no more than the view was mapped for; to copy on write is to
    /// read.
    ///
    /// A copy to or from the view that meets a page which does not allow it is an error, and moves
    /// nothing, unless the page changes at that very moment.
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
    /// use filemap::{Access, ErrorKind, FileMapping, PageAccess, PositionedIo, Protection};
    ///
    /// let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
    /// let view = mapping.map(Access::Write)?;
    ///
    /// let before = view.protect(.., PageAccess::Read)?;
    /// assert_eq!(view.write_all_at(b"x", 0).unwrap_err().kind(), ErrorKind::AccessDenied);
    ///
    /// view.protect(.., before)?;
    /// view.write_all_at(b"x", 0)?;
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
        self.region.protect(offset..offset + len, protection)
    }

    /// Returns offset and length of a range that may reach to the end of the last page.
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

    /// Returns what pages are to be given, if they can have it.
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
        let is_image = self.region.kind() == RegionKind::Image;
        let access = match protection.access() {
            PageAccess::Write if is_image => PageAccess::Copy,
            PageAccess::ExecuteWrite if is_image => PageAccess::ExecuteCopy,
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
        let (end, range) = (self.region.extent(), geometry::shown(range));
        Error::new(kind, operation)
            .about("the view")
            .because(format!("its pages end after {end} bytes, and {range} is no range of them"))
    }
}
