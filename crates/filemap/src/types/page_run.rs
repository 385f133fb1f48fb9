use crate::types::{PageAccess, PageProtection};

/// Whether a page is there to be touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PageState {
    /// The page is set aside; it must be committed before it is touched.
    #[doc(alias = "MEM_RESERVE")]
    Reserved,
    /// The page is there.
    #[doc(alias = "MEM_COMMIT")]
    Committed,
}

/// Neighbouring pages of a view that are all alike, as
/// [`View::pages_at`](crate::View::pages_at) finds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(alias = "MEMORY_BASIC_INFORMATION")]
pub struct PageRun {
    pub(crate) protection: Option<PageProtection>,
    pub(crate) mapped: PageAccess,
    pub(crate) len: usize,
}

// No run is empty, so `is_empty` would be a question with one answer.
#[expect(clippy::len_without_is_empty, reason = "a run has at least one page")]
impl PageRun {
    /// Tells whether the pages are there, or only set aside.
    #[must_use]
    pub fn state(&self) -> PageState {
        if self.protection.is_some() { PageState::Committed } else { PageState::Reserved }
    }

    /// Tells what the pages allow now; nothing, while they are only set aside.
    #[must_use]
    pub fn protection(&self) -> Option<PageProtection> {
        self.protection
    }

    /// Tells what the view was mapped with, which never changes.
    #[must_use]
    #[doc(alias = "AllocationProtect")]
    pub fn mapped(&self) -> PageAccess {
        self.mapped
    }

    /// Tells how many bytes the pages have, from the start of the first one on.
    #[must_use]
    #[doc(alias = "RegionSize")]
    pub fn len(&self) -> usize {
        self.len
    }
}
