//! In place of a view: its addresses, that it is there, and pages that are the file's or zeros.

use std::ops::Range;

use super::claim::Claim;
use super::losses::{Look, Losses};
use crate::sys::sync::{AtomicUsize, Ordering};
use crate::tracked::Tracked;
use crate::types::Result;

/// What is in a page: [`FILE`] or [`ZEROS`].
pub(super) const FILE: usize = 7;
pub(super) const ZEROS: usize = 0;

/// A view whose pages are a byte long.
#[derive(Debug)]
pub(super) struct ZerosView {
    addresses: Range<usize>,
    pub(super) number: Tracked,
    pub(super) claim: Claim,
    pub(super) losses: Losses,
    pub(super) pages: Vec<AtomicUsize>,
}

impl ZerosView {
    pub(super) fn new(addresses: Range<usize>) -> Self {
        let (number, count) = (Tracked::new(addresses.start), addresses.len());
        let pages = (0..count).map(|_| AtomicUsize::new(FILE)).collect();
        let (claim, losses) = (Claim::new(), Losses::new(count));
        Self { addresses, number, claim, losses, pages }
    }

    pub(super) fn addresses(&self) -> Range<usize> {
        self.addresses.clone()
    }

    pub(super) fn bytes(&self, pages: &Range<usize>) -> Range<usize> {
        pages.clone()
    }

    pub(super) fn first_lost(&self, bytes: &Range<usize>) -> Option<usize> {
        self.losses.first_in(bytes)
    }

    pub(super) fn lost_since(&self, before: Look, bytes: &Range<usize>) -> bool {
        self.losses.lost_since(before, bytes)
    }

    pub(super) fn replace(&self, page: usize, mut wait: impl FnMut() -> bool) {
        let turn = self.claim.take(&mut wait);
        if !self.losses.is_marked(page) {
            assert!(self.losses.mark(&(page..page + 1), 1));
            self.pages[page].store(ZEROS, Ordering::Relaxed);
        }
        if !self.claim.give_back(turn) {
            assert!(self.losses.mark(&(page..page + 1), 1));
        }
    }

    pub(super) fn restore(&self) -> Result<Vec<Range<usize>>> {
        let wait = || {
            loom::thread::yield_now();
            true
        };
        let Some(turn) = self.claim.take_if_free(wait) else { return Ok(Vec::new()) };
        let restored: Vec<_> = self.losses.ranges().into_iter().map(|(pages, _)| pages).collect();
        for page in restored.iter().cloned().flatten() {
            self.pages[page].store(FILE, Ordering::Relaxed);
        }
        self.losses.clear(&restored);
        if !self.claim.give_back(turn) {
            for pages in &restored {
                assert!(self.losses.mark(pages, 1));
            }
        }
        Ok(restored)
    }
}
