//! A private buffer, which a thread keeps from one object to the next.

use std::cell::Cell;

/// Bytes in a scratch buffer.
pub(super) const LEN: usize = 16 * 1024;

thread_local! {
    static KEPT: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// A buffer of the thread's, given back when this is dropped.
///
/// It holds what was left in it. One that is taken while another is in use, by a value that writes
/// a file as it is encoded, is a new one.
pub(super) struct Scratch(Box<[u8]>);

impl Scratch {
    #[inline]
    pub(super) fn take() -> Self {
        // A thread that ends has none any more.
        Self(KEPT.try_with(Cell::take).ok().flatten().unwrap_or_else(made))
    }

    #[inline]
    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

#[cold]
fn made() -> Box<[u8]> {
    vec![0; LEN].into()
}

impl Drop for Scratch {
    #[inline]
    fn drop(&mut self) {
        let kept = std::mem::take(&mut self.0);
        let _ended = KEPT.try_with(|place| place.set(Some(kept)));
    }
}
