//! In place of a table in memory of its own.

use crate::sys::sync::{AtomicU64, Ordering};

#[derive(Debug)]
pub(super) struct Table(Vec<AtomicU64>);

impl Table {
    pub(super) fn new(count: usize) -> Self {
        Self((0..count).map(|_| AtomicU64::new(0)).collect())
    }

    pub(super) fn get(&self, page: usize) -> u64 {
        self.0[page].load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, page: usize, number: u64) -> bool {
        self.0[page].store(number, Ordering::Relaxed);
        true
    }

    pub(super) fn clear(&self, page: usize) {
        self.0[page].store(0, Ordering::Relaxed);
    }

    pub(super) fn next(&self, page: usize, end: usize) -> Option<usize> {
        (page..end.min(self.0.len())).find(|page| self.get(*page) != 0)
    }
}
