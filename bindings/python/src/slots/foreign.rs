//! Buffers of other types, for the safe code of the package.

use pyo3::ffi;
use pyo3::prelude::*;

use super::arguments::Bytes;

/// The bytes of a buffer, lent by its owner until this is dropped.
pub(crate) struct Foreign {
    bytes: Bytes,
    is_writable: bool,
}

impl Foreign {
    /// The bytes of any buffer.
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        // SAFETY: the object is live while it is borrowed, and its thread attached.
        let bytes = unsafe { Bytes::of(object.as_ptr()) };
        Ok(Self { bytes: bytes.map_err(|_| PyErr::fetch(object.py()))?, is_writable: false })
    }

    /// The bytes of a buffer that may be written.
    pub(crate) fn writable(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        // SAFETY: the object is live while it is borrowed, and its thread attached.
        let bytes = unsafe { Bytes::of_buffer(object.as_ptr(), ffi::PyBUF_WRITABLE) };
        Ok(Self { bytes: bytes.map_err(|_| PyErr::fetch(object.py()))?, is_writable: true })
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len
    }

    /// The bytes, as they are at any moment.
    pub(crate) fn bytes(&self) -> filemap::ForeignBytes<'_> {
        // SAFETY: the owner of the buffer lends the bytes for as long as `self` is borrowed.
        unsafe { self.bytes.foreign() }
    }

    /// A copy of the bytes.
    pub(crate) fn copied(&self) -> Vec<u8> {
        // SAFETY: the owner of the buffer lends the bytes for as long as `self` is there.
        unsafe { self.bytes.fixed() }.into_owned()
    }

    /// Stores bytes from an offset on, as many as there is room for.
    pub(crate) fn store(&self, at: usize, bytes: &[u8]) {
        if !self.is_writable || at > self.bytes.len {
            return;
        }
        for (at, byte) in (at..self.bytes.len).zip(bytes) {
            // SAFETY: the offset is within the buffer.
            let place = unsafe { self.bytes.start.cast_mut().add(at) };
            // SAFETY: the owner of the buffer lends it for writing.
            unsafe { place.write_volatile(*byte) };
        }
    }
}
