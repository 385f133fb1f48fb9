use std::cell::Cell;
use std::ops::{Deref, DerefMut};

/// Bytes in a scratch buffer.
pub(super) const LEN: usize = 16 * 1024;

thread_local! {
    static KEPT: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// A private buffer, which a thread keeps from one object to the next.
///
/// What is in it is what was left there. One that is taken while another is in use, by a value
/// that writes a file as it is encoded, is a new one.
pub(super) struct Scratch(Box<[u8]>);

impl Scratch {
    #[inline]
    pub(super) fn take() -> Self {
        // A thread that ends has none any more.
        match KEPT.try_with(Cell::take) {
            Ok(Some(kept)) if kept.len() == LEN => Self(kept),
            _ => Self::new(),
        }
    }

    #[cold]
    fn new() -> Self {
        Self(vec![0; LEN].into())
    }
}

impl Drop for Scratch {
    #[inline]
    fn drop(&mut self) {
        let kept = std::mem::take(&mut self.0);
        let _ended = KEPT.try_with(|place| place.set(Some(kept)));
    }
}

impl Deref for Scratch {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Scratch {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}
