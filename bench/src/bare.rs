//! The bytes of a view as the C library's functions see them: what copies are measured against.

#![expect(unsafe_code, reason = "the C library's copies, beside which ours run")]

use std::ffi::c_void;
use std::hint::black_box;

use filemap::View;

/// The address of a view's bytes, which threads may share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bytes(*mut u8);

// SAFETY: what is done with the address says by itself why it may be.
unsafe impl Send for Bytes {}
// SAFETY: as above.
unsafe impl Sync for Bytes {}

impl Bytes {
    pub(crate) fn of(view: &View) -> Self {
        // SAFETY: the view outlives every use here, no page of its file goes away, and the bytes
        // are touched by the C library alone, at offsets inside the view.
        Self(unsafe { view.raw().pointer() }.as_ptr())
    }

    /// The C library's copy out of the mapping, whose length no compiler knows.
    pub(crate) fn copy_out(self, offset: usize, buf: &mut [u8]) {
        // SAFETY: the callers' offsets leave room for the length of the buffer.
        let from = unsafe { self.0.add(offset) }.cast::<c_void>();
        let len = black_box(buf.len());
        // SAFETY: both ranges have these bytes, and a buffer is no part of a mapping.
        unsafe { libc::memcpy(buf.as_mut_ptr().cast(), from, len) };
    }

    /// One load and nothing else, which is the least that reading a value can cost.
    pub(crate) fn load(self, offset: usize) -> u64 {
        #[expect(clippy::cast_ptr_alignment, reason = "the callers' offsets are multiples of 8")]
        // SAFETY: the callers' offsets leave room for a value.
        let at = unsafe { self.0.add(offset) }.cast::<u64>();
        // SAFETY: as above; nobody writes meanwhile.
        unsafe { at.read_volatile() }
    }

    pub(crate) fn copy_in(self, offset: usize, buf: &[u8]) {
        // SAFETY: as in `copy_out`.
        let to = unsafe { self.0.add(offset) }.cast::<c_void>();
        let len = black_box(buf.len());
        // SAFETY: as in `copy_out`; each thread writes to a part of its own.
        unsafe { libc::memcpy(to, buf.as_ptr().cast(), len) };
    }

    pub(crate) fn fill(self, offset: usize, len: usize) {
        // SAFETY: as in `copy_out`.
        let to = unsafe { self.0.add(offset) }.cast::<c_void>();
        // SAFETY: as in `copy_in`.
        unsafe { libc::memset(to, black_box(7), black_box(len)) };
    }
}

/// A number of bytes as people write it.
pub(crate) fn bytes(size: usize) -> String {
    match size {
        0..1024 => format!("{size} B"),
        1024..0x10_0000 => format!("{} KiB", size >> 10),
        0x10_0000..0x4000_0000 => format!("{} MiB", size >> 20),
        _ => format!("{} GiB", size >> 30),
    }
}
