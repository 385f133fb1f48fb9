//! What the pages of a view allow in a build without the feature `pages`: what the view does.

#![expect(unsafe_code, reason = "a promise that builds with the feature rely on")]

use std::ops::Range;

use crate::sys::span::{Span, Touch};
use crate::types::{Error, Operation, Result};

/// Nothing, as all pages allow the same.
#[derive(Debug)]
pub(crate) struct OwnPages {}

impl OwnPages {
    /// # Safety
    ///
    /// There is nothing to promise.
    pub(super) unsafe fn new<View>(_view: &View, _lead: usize) -> Self {
        Self {}
    }

    pub(in crate::sys) fn reserve(&mut self, _size: u64) -> Result<()> {
        Ok(())
    }

    /// Does something while nobody changes what pages allow.
    pub(super) fn keeping<T>(&self, _: Operation, act: impl FnOnce() -> Result<T>) -> Result<T> {
        act()
    }

    pub(super) fn are_kept(&self) -> bool {
        false
    }

    pub(super) fn set_limit(&self, _: &Span, _: Touch, _: usize) {}

    pub(super) fn ask(&self, _: Touch, _: Range<usize>, _: Operation, _: &Span) -> Result<()> {
        Ok(())
    }

    pub(super) fn explain(&self, _: Touch, _: usize, _: Operation) -> Option<Error> {
        None
    }
}
