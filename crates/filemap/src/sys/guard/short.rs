//! Short copies where none is inlined: no length is short.

/// Returns whether so many bytes are copied and filled without a call: none are.
#[inline(always)]
pub(in crate::sys) fn is_inlined(_len: usize) -> bool {
    false
}

/// Copies no length that [`is_inlined`].
///
/// # Safety
///
/// There is nothing to promise.
pub(in crate::sys) unsafe fn copy(_to: *mut u8, _from: *const u8, _len: usize) -> bool {
    false
}

/// Fills no length that [`is_inlined`].
///
/// # Safety
///
/// There is nothing to promise.
pub(in crate::sys) unsafe fn fill(_to: *mut u8, _byte: u8, _len: usize) -> bool {
    false
}
