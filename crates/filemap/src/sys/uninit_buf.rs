//! A buffer that need not have been written before.

#![expect(unsafe_code, reason = "knows how much of memory was written")]

use std::mem::MaybeUninit;

/// A buffer, and how many bytes at its start were written.
pub(crate) struct UninitBuf<'buf> {
    buf: &'buf mut [MaybeUninit<u8>],
    /// Invariant: so many bytes from the start were written.
    written: usize,
}

impl<'buf> UninitBuf<'buf> {
    pub(crate) fn new(buf: &'buf mut [MaybeUninit<u8>]) -> Self {
        Self { buf, written: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.buf.len()
    }

    /// The address of the first byte, which is to be written to.
    pub(super) fn start(&mut self) -> *mut u8 {
        self.buf.as_mut_ptr().cast()
    }

    /// Notes that bytes were written.
    ///
    /// # Safety
    ///
    /// So many bytes from the start were.
    pub(super) unsafe fn set_written(&mut self, len: usize) {
        self.written = len;
    }

    /// Returns the bytes that were written.
    pub(crate) fn written(self) -> &'buf mut [u8] {
        let start = self.buf.as_mut_ptr().cast();
        // SAFETY: the type's invariant, and the buffer is borrowed as long as the slice is.
        unsafe { std::slice::from_raw_parts_mut(start, self.written) }
    }

    /// Writes zeros, and returns all bytes.
    pub(crate) fn zeroed(mut self) -> &'buf mut [u8] {
        self.buf.fill(MaybeUninit::new(0));
        self.written = self.buf.len();
        self.written()
    }
}
