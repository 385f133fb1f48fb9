//! Which parts of a mapped file nobody has read in bulk yet.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

/// Bytes that one mark stands for.
const PART: usize = 2 << 20;

/// Reads of fewer bytes go through the map in any case.
pub(super) const BULK: usize = 1 << 20;

/// Marks on the parts of a region, made at the first bulk read.
///
/// The first touch of a page through a map is a fault, which costs a bulk read several times
/// what ordinary input of the same bytes costs. So the first bulk read of a part is done by
/// ordinary input, and only one that comes again pays for the map, once, and is then faster.
#[derive(Debug, Default)]
pub(super) struct Untouched {
    marks: OnceLock<Box<[AtomicU8]>>,
}

impl Untouched {
    /// Tells whether some part of the range is read in bulk for the first time; marks all.
    ///
    /// `len` is that of the whole region, and the same at each call.
    pub(super) fn first_read(&self, len: usize, range: Range<usize>) -> bool {
        let marks =
            self.marks.get_or_init(|| (0..len.div_ceil(PART)).map(|_| AtomicU8::new(0)).collect());
        let parts = range.start / PART..range.end.div_ceil(PART);
        let Some(marks) = marks.get(parts) else { return false };
        let mut first = false;
        for mark in marks {
            first |= mark.swap(1, Ordering::Relaxed) == 0;
        }
        first
    }
}
