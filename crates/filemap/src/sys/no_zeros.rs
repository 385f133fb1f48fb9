//! Where lost pages are not replaced by zeros: none was.

use std::ops::Range;

use crate::types::{LostRange, Result};

/// Nothing, as no page reads as zeros.
#[derive(Debug)]
pub(crate) struct ZeroPages(());

impl ZeroPages {
    pub(super) const fn none() -> Self {
        Self(())
    }

    #[inline]
    pub(super) fn are_kept(&self) -> bool {
        false
    }

    pub(super) fn around(
        &self,
        bytes: &Range<usize>,
        mut access: impl FnMut(usize) -> usize,
    ) -> usize {
        access(bytes.len())
    }

    pub(super) fn once<T>(
        &self,
        _bytes: &Range<usize>,
        access: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        access()
    }

    pub(super) fn first(&self, _bytes: &Range<usize>) -> Option<usize> {
        None
    }

    pub(super) fn lost(&self) -> Vec<LostRange> {
        Vec::new()
    }

    pub(super) fn restore(&self) -> Result<Vec<Range<usize>>> {
        Ok(Vec::new())
    }
}
