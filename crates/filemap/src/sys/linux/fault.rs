//! The one place where bytes are copied into and out of mapped memory.

#![expect(unsafe_code, reason = "copies to and from addresses that the caller has checked")]

/// Copies `len` bytes out of a mapping.
///
/// # Safety
///
/// `from` must be `len` bytes that are mapped readable for the length of the call, `to` must
/// be `len` bytes that the caller may write and that nobody else uses meanwhile.
pub(super) unsafe fn copy_out(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: the caller's promise covers both ranges, and a private buffer and a mapping that
    // no reference reaches cannot overlap.
    unsafe { std::ptr::copy_nonoverlapping(from, to, len) };
}

/// Copies `len` bytes into a mapping.
///
/// # Safety
///
/// `to` must be `len` bytes that are mapped writable for the length of the call, `from` must
/// be `len` bytes that nobody writes meanwhile.
pub(super) unsafe fn copy_in(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: as in `copy_out`, with the directions exchanged.
    unsafe { std::ptr::copy_nonoverlapping(from, to, len) };
}

/// Sets `len` bytes of a mapping to `byte`.
///
/// # Safety
///
/// `to` must be `len` bytes that are mapped writable for the length of the call.
pub(super) unsafe fn fill(to: *mut u8, byte: u8, len: usize) {
    // SAFETY: the caller's promise covers the range.
    unsafe { std::ptr::write_bytes(to, byte, len) };
}
