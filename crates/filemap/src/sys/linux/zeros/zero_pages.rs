//! The pages of a view that read as zeros, for those who use the view.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use crate::sys::platform::zeros::list::Watch;
use crate::sys::platform::zeros::patience::Patience;
use crate::sys::platform::zeros::view::ZerosView;
use crate::types::{LostRange, Result};

/// Has the lost pages of a view replaced by zeros until it is dropped, and knows which ones were.
///
/// Ranges are of bytes, from the first page of the view on.
#[derive(Debug)]
pub(crate) struct ZeroPages(Option<Kept>);

#[derive(Debug)]
struct Kept {
    watch: Watch,
    /// Set if a handler may be replacing pages for ever.
    is_stuck: Arc<AtomicBool>,
}

impl ZeroPages {
    /// Of a view whose lost pages are not replaced.
    pub(in crate::sys) const fn none() -> Self {
        Self(None)
    }

    /// Has lost pages replaced from now on. If the pages must not be unmapped when this has been
    /// dropped, `is_stuck` is true from then on.
    pub(super) fn begin(view: ZerosView, is_stuck: Arc<AtomicBool>) -> Self {
        Self(Some(Kept { watch: Watch::begin(view), is_stuck }))
    }

    #[inline]
    pub(in crate::sys) fn are_kept(&self) -> bool {
        self.0.is_some()
    }

    fn view(&self) -> Option<&ZerosView> {
        self.0.as_ref().map(|kept| kept.watch.view())
    }

    /// Makes an access to bytes, and returns how many of them are left: those from the first on whose
    /// page was lost, whether it was replaced or not.
    ///
    /// `access` gets a number of bytes to touch from the start of the range on, and returns how many
    /// of them it has left. It may be called again.
    #[cold]
    #[inline(never)]
    pub(in crate::sys) fn around(
        &self,
        bytes: &Range<usize>,
        mut access: impl FnMut(usize) -> usize,
    ) -> usize {
        let Some(view) = self.view() else { return access(bytes.len()) };
        let whole = || view.first_lost(bytes).unwrap_or(bytes.end) - bytes.start;
        loop {
            let before = view.losses.look();
            let len = if before.any() { whole() } else { bytes.len() };
            let left = if len == 0 { 0 } else { access(len) };
            let after = view.losses.look();
            let done = len - left;
            // What was restored meanwhile was not touched.
            if before.none_lost(after) {
                return bytes.len() - done;
            }
            if before.none_restored(after) {
                return bytes.len() - done.min(whole());
            }
        }
    }

    /// Makes an access to bytes that must not be made twice; returns `None` if one of their pages was
    /// lost, whether it was replaced or not.
    #[cold]
    #[inline(never)]
    pub(in crate::sys) fn once<T>(
        &self,
        bytes: &Range<usize>,
        access: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        let Some(view) = self.view() else { return access() };
        let before = view.losses.look();
        if before.any() && view.first_lost(bytes).is_some() {
            return None;
        }
        let outcome = access()?;
        let after = view.losses.look();
        let is_known = before.none_lost(after) || !view.lost_since(before, bytes);
        is_known.then_some(outcome)
    }

    /// Returns the first of some bytes whose page was replaced.
    pub(in crate::sys) fn first(&self, bytes: &Range<usize>) -> Option<usize> {
        self.view()?.first_lost(bytes)
    }

    /// Returns the ranges that were replaced.
    pub(in crate::sys) fn lost(&self) -> Vec<LostRange> {
        let Some(view) = self.view() else { return Vec::new() };
        let range = |(pages, since): (Range<usize>, u64)| LostRange {
            bytes: view.bytes(&pages),
            since: SystemTime::UNIX_EPOCH + Duration::from_nanos(since),
        };
        view.losses.ranges().into_iter().map(range).collect()
    }

    /// Maps the file back where it reaches again; returns the ranges that it has replaced.
    pub(in crate::sys) fn restore(&self) -> Result<Vec<Range<usize>>> {
        let Some(view) = self.view() else { return Ok(Vec::new()) };
        Ok(view.restore()?.iter().map(|pages| view.bytes(pages)).collect())
    }
}

impl Drop for ZeroPages {
    fn drop(&mut self) {
        if let Some(Kept { watch, is_stuck }) = self.0.take() {
            let mut patience = Patience::default();
            if !watch.end(|| patience.wait()) {
                is_stuck.store(true, Ordering::Relaxed);
            }
        }
    }
}
