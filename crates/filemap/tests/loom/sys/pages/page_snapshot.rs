//! In place of what a handler knows of a view: its addresses, and that it is there.

use std::ops::Range;

use crate::tracked::Tracked;

#[derive(Debug)]
pub(crate) struct PageSnapshot {
    addresses: Range<usize>,
    pub(super) number: Tracked,
}

impl PageSnapshot {
    pub(super) fn new(addresses: Range<usize>) -> Self {
        let number = Tracked::new(addresses.start);
        Self { addresses, number }
    }

    pub(crate) fn addresses(&self) -> Range<usize> {
        self.addresses.clone()
    }
}
