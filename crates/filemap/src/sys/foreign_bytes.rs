//! Bytes outside of every mapping that other code may change.

#![expect(unsafe_code, reason = "bytes that are known by their address")]

use std::marker::PhantomData;

use crate::sys::guard;

/// Bytes that are known by their address and their number, and that other code may change at any time:
/// the buffer of another language.
///
/// ```
/// use filemap::{Access, FileMapping, ForeignBytes, PositionedIo, Protection};
///
/// let view = FileMapping::create(4096, Protection::ReadWrite)?.map(Access::Write)?;
/// let array = [7_u8; 3];
/// // SAFETY: the array has three bytes, and lives to the end.
/// let bytes = unsafe { ForeignBytes::new(array.as_ptr(), array.len()) };
/// assert_eq!(view.write_foreign_at(bytes, 100)?, 3);
/// assert_eq!(view.read::<[u8; 4]>(100)?, [7, 7, 7, 0]);
/// # Ok::<(), filemap::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ForeignBytes<'place> {
    start: *const u8,
    len: usize,
    place: PhantomData<&'place u8>,
}

impl<'place> ForeignBytes<'place> {
    /// Returns the `len` bytes at `start`.
    ///
    /// # Safety
    ///
    /// For all of `'place` the bytes must be readable, and lie in one allocation of at most
    /// `isize::MAX` bytes. They may change meanwhile, and what is copied is then old, new or mixed.
    #[must_use]
    pub unsafe fn new(start: *const u8, len: usize) -> Self {
        Self { start, len, place: PhantomData }
    }

    /// Returns how many bytes there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.len
    }

    /// Returns whether there are no bytes.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The address of the first byte.
    pub(super) fn start(self) -> *const u8 {
        self.start
    }

    /// Copies the bytes, as they are at the moment.
    pub(crate) fn to_vec(self) -> Vec<u8> {
        let mut copy = Vec::with_capacity(self.len);
        let to: *mut u8 = copy.as_mut_ptr();
        // SAFETY: the bytes are readable, the vector has room for them, and the guard's copy takes
        // bytes that change as they are. No page of either is lost, or the process ends as at any
        // other access to it.
        let left = unsafe { guard::copy_out(to, self.start, self.len) };
        // SAFETY: so many bytes of the vector were written.
        unsafe { copy.set_len(self.len - left) };
        copy
    }

    /// The first `len` bytes, or all if there are less.
    pub(crate) fn first(self, len: usize) -> Self {
        Self { len: len.min(self.len), ..self }
    }
}
