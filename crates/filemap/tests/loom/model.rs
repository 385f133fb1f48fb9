//! The files of `model`; and in place of its views: mapped bytes that must not be touched when they
//! are unmapped.

use loom::sync::atomic::{AtomicUsize, Ordering};

#[path = "../../src/model/slots.rs"]
mod slots;

#[path = "model/published.rs"]
mod published;

pub(crate) use crate::sys::AppendList;
use crate::tracked::Tracked;

#[derive(Debug)]
pub(crate) struct View {
    offset: u64,
    len: usize,
    bytes: Tracked,
    reach: AtomicUsize,
}

impl View {
    pub(crate) fn new(offset: u64, len: usize) -> Self {
        let bytes = Tracked::new(usize::try_from(offset).expect("a small number"));
        Self { offset, len, bytes, reach: AtomicUsize::new(len) }
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Touches the bytes.
    pub(crate) fn touch(&self) -> u64 {
        self.bytes.get() as u64
    }

    pub(crate) fn set_reach(&self, readable: usize, _writable: usize) {
        self.reach.store(readable, Ordering::Relaxed);
    }

    pub(crate) fn reach(&self) -> usize {
        self.reach.load(Ordering::Relaxed)
    }
}

pub(crate) fn granularity() -> usize {
    1 << 16
}
