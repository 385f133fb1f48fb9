//! The files of `model`; and in place of its views: mapped bytes that must not be touched when they
//! are unmapped.

#[path = "../../src/model/slots.rs"]
mod slots;

#[path = "model/published.rs"]
mod published;

pub(crate) use crate::sys::AppendList;
use crate::sys::Reach;
use crate::tracked::Tracked;

#[derive(Debug)]
pub(crate) struct View {
    offset: u64,
    len: usize,
    bytes: Tracked,
    pub(crate) reach: Reach,
}

impl View {
    pub(crate) fn new(offset: u64, len: usize) -> Self {
        let bytes = Tracked::new(usize::try_from(offset).expect("a small number"));
        Self { offset, len, bytes, reach: Reach::new(len as u64) }
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

    pub(crate) fn cut_reach(&self, bytes: u64) {
        self.reach.cut(bytes);
    }
}

pub(crate) fn granularity() -> usize {
    1 << 16
}
