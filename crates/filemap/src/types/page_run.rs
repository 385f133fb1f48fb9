//! Adjacent pages of a view that are alike.

use crate::types::{PageAccess, PageProtection};

/// Whether a page can be accessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PageState {
    /// The page must be committed before it can be accessed.
    #[doc(alias = "MEM_RESERVE")]
    Reserved,
    /// The page can be accessed as its protection allows.
    #[doc(alias = "MEM_COMMIT")]
    Committed,
}

/// Adjacent pages of a view with the same state and protection:
/// [`View::pages_at`](crate::View::pages_at) returns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(alias = "MEMORY_BASIC_INFORMATION")]
pub struct PageRun {
    pub(crate) protection: Option<PageProtection>,
    pub(crate) mapped: PageAccess,
    pub(crate) len: usize,
}

#[expect(clippy::len_without_is_empty, reason = "a run has at least one page")]
impl PageRun {
    /// Returns whether the pages are reserved or committed.
    #[must_use]
    pub fn state(&self) -> PageState {
        if self.protection.is_some() { PageState::Committed } else { PageState::Reserved }
    }

    /// Returns what the pages allow now; `None` if they are reserved.
    #[must_use]
    pub fn protection(&self) -> Option<PageProtection> {
        self.protection
    }

    /// Returns what the view was mapped with, which never changes.
    #[must_use]
    #[doc(alias = "AllocationProtect")]
    pub fn mapped(&self) -> PageAccess {
        self.mapped
    }

    /// Returns the length of the pages in bytes, from the start of the first one.
    #[must_use]
    #[doc(alias = "RegionSize")]
    pub fn len(&self) -> usize {
        self.len
    }
}
