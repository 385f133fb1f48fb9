//! Which pages of a view read as zeros.

use std::ops::Range;

use crate::sys::platform::zeros::table::Table;
use crate::sys::sync::{AtomicU64, AtomicUsize, Ordering, fence};

/// The pages of a view that were replaced by zeros: single ones, and all from one of them on.
///
/// Whoever replaces pages marks them first; whoever restores them takes the marks away when they are
/// the file's again, and counts that in between. So an access between two [`Look`]s knows whether it
/// may have met zeros.
#[derive(Debug)]
pub(super) struct Losses {
    /// `restored << 32 | lost << 1 | any`: how often pages were restored, and lost, and whether any
    /// page is marked.
    look: AtomicU64,
    /// All pages from this one on are replaced; none has so high a number as [`NONE`].
    tail: AtomicUsize,
    /// When the first of these was.
    tail_since: AtomicU64,
    /// When each page was.
    single: Table,
    count: usize,
    /// The first and the end of what was lost last, each at the number of the loss, modulo
    /// [`RECENT`].
    recent: [(AtomicUsize, AtomicUsize); RECENT],
}

/// How many losses an access can see and still tell which pages they were of.
const RECENT: usize = if cfg!(loom) { 2 } else { 64 };

/// No page.
const NONE: usize = usize::MAX;

const ANY: u64 = 1;
const LOST: u64 = 0xffff_fffe;
/// The most losses that are counted.
const LOSSES: usize = 0x7fff_ffff;
const RESTORED: u64 = 0xffff_ffff << 32;

/// What was known of the losses at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look(u64);

impl Losses {
    /// Of a view of so many pages.
    pub(super) fn new(count: usize) -> Self {
        Self {
            look: AtomicU64::new(0),
            tail: AtomicUsize::new(NONE),
            tail_since: AtomicU64::new(0),
            single: Table::new(count),
            count,
            recent: std::array::from_fn(|_| (AtomicUsize::new(0), AtomicUsize::new(0))),
        }
    }

    /// Looks before or after an access: what was marked before is seen by the access, or by the look
    /// after it.
    pub(super) fn look(&self) -> Look {
        fence(Ordering::SeqCst);
        Look(self.look.load(Ordering::SeqCst))
    }

    /// Marks pages, which are replaced afterwards; returns whether there was memory for the mark.
    ///
    /// Called inside a signal handler. `since` is not 0.
    pub(super) fn mark(&self, pages: &Range<usize>, since: u64) -> bool {
        if pages.end < self.count {
            let mut set = |page| self.is_marked(page) || self.single.set(page, since);
            if !pages.clone().all(&mut set) {
                return false;
            }
        } else {
            if self.tail.load(Ordering::SeqCst) == NONE {
                self.tail_since.store(since, Ordering::SeqCst);
            }
            self.tail.fetch_min(pages.start, Ordering::SeqCst);
        }
        let (start, end) = &self.recent[(self.look().losses() + 1) % RECENT];
        start.store(pages.start, Ordering::SeqCst);
        end.store(pages.end, Ordering::SeqCst);
        // Who looks from now on sees the marks. Who has looked before will see that something was
        // lost, if the access meets the zeros that follow.
        self.change_look(|look| look & !LOST | look.wrapping_add(2) & LOST | ANY);
        fence(Ordering::SeqCst);
        true
    }

    fn change_look(&self, change: impl Fn(u64) -> u64) {
        let order = Ordering::SeqCst;
        let mut look = self.look.load(order);
        while let Err(now) = self.look.compare_exchange(look, change(look), order, order) {
            look = now;
        }
    }

    /// Returns whether one of some pages may have been lost since a look.
    pub(super) fn lost_since(&self, before: Look, pages: &Range<usize>) -> bool {
        let since = || self.look().losses().wrapping_sub(before.losses()) & LOSSES;
        let is_of_these = |number: usize| {
            let (start, end) = &self.recent[(before.losses() + number) % RECENT];
            start.load(Ordering::SeqCst) < pages.end && pages.start < end.load(Ordering::SeqCst)
        };
        let count = since();
        // The last question is whether what was read was written anew meanwhile.
        count >= RECENT || (1..=count).any(is_of_these) || since() >= RECENT
    }

    pub(super) fn is_marked(&self, page: usize) -> bool {
        page >= self.tail.load(Ordering::SeqCst) || self.single.get(page) != 0
    }

    /// Returns the page from which on all are marked; how many there are if none is.
    pub(super) fn end_of_single(&self) -> usize {
        self.tail.load(Ordering::SeqCst).min(self.count)
    }

    /// Returns the first of some pages that is marked by itself.
    pub(super) fn next_single(&self, pages: Range<usize>) -> Option<usize> {
        self.single.next(pages.start, pages.end)
    }

    /// Returns the first of some pages that is marked.
    pub(super) fn first_in(&self, pages: &Range<usize>) -> Option<usize> {
        let tail = self.tail.load(Ordering::SeqCst);
        let single = self.next_single(pages.start..pages.end.min(tail));
        single.or_else(|| (tail < pages.end).then(|| tail.max(pages.start)))
    }

    /// Returns the marked pages, one after the other, and when the first of each range was lost.
    pub(super) fn ranges(&self) -> Vec<(Range<usize>, u64)> {
        let mut ranges: Vec<(Range<usize>, u64)> = Vec::new();
        let mut add = |pages: Range<usize>, since: u64| match ranges.last_mut() {
            Some((last, first)) if last.end == pages.start => {
                last.end = pages.end;
                *first = since.min(*first);
            }
            _ => ranges.push((pages, since)),
        };
        let tail = self.end_of_single();
        let mut page = 0;
        while let Some(single) = self.single.next(page, tail) {
            add(single..single + 1, self.single.get(single));
            page = single + 1;
        }
        if tail < self.count {
            add(tail..self.count, self.tail_since.load(Ordering::SeqCst));
        }
        ranges
    }

    /// Takes the marks from pages that are the file's again. Called by whoever alone changes pages.
    pub(super) fn clear(&self, restored: &[Range<usize>]) {
        let marked = self.ranges();
        let is_all = marked.iter().map(|(pages, _)| pages).eq(restored);
        // Those who have met zeros learn of it before the marks are gone.
        self.change_look(|look| {
            let look = look.wrapping_add(RESTORED & RESTORED.wrapping_neg());
            if is_all { look & !ANY } else { look }
        });
        let order = Ordering::SeqCst;
        for pages in restored {
            let mut page = pages.start;
            while let Some(single) = self.single.next(page, pages.end) {
                self.single.clear(single);
                page = single + 1;
            }
            let tail = self.tail.load(order);
            if pages.contains(&tail) {
                let rest = if pages.end < self.count { pages.end } else { NONE };
                // Whoever has marked more of it meanwhile is right.
                let _marked = self.tail.compare_exchange(tail, rest, order, order);
            }
        }
    }
}

impl Look {
    /// Returns how many losses there were, as far as it is counted.
    fn losses(self) -> usize {
        (self.0 & LOST) as usize >> 1
    }

    /// Returns whether any page was marked.
    pub(super) fn any(self) -> bool {
        self.0 & ANY != 0
    }

    /// Returns whether no page was restored between this look and a later one.
    pub(super) fn none_restored(self, later: Self) -> bool {
        (self.0 ^ later.0) & RESTORED == 0
    }

    /// Returns whether no page was lost between this look and a later one.
    pub(super) fn none_lost(self, later: Self) -> bool {
        (self.0 ^ later.0) & LOST == 0
    }
}
