//! Single values in a mapping: what the machine must offer for each width.

use super::Lost;

/// A value that a mapping can hold in one piece: 1, 2, 4 or 8 bytes, aligned to its size.
///
/// Each access is one instruction, so it sees or leaves a whole value even while others write. It
/// orders nothing else: for that, use [`Atomic`].
pub trait Scalar: Copy {
    /// Reads the value at `from`.
    ///
    /// # Errors
    ///
    /// [`Lost`], with 0 bytes done.
    ///
    /// # Safety
    ///
    /// `from` is aligned to the size of the value, which stays mapped, readable, during the call;
    /// [`ensure`](super::ensure) has run after the mapping was made.
    unsafe fn load(from: *const Self) -> Result<Self, Lost>;

    /// Writes the value at `to`.
    ///
    /// # Errors
    ///
    /// [`Lost`], with 0 bytes done; the mapping is as it was.
    ///
    /// # Safety
    ///
    /// `to` is aligned to the size of the value, which stays mapped, writable, during the call;
    /// [`ensure`](super::ensure) has run after the mapping was made.
    unsafe fn store(to: *mut Self, value: Self) -> Result<(), Lost>;
}

/// A value on which threads and processes can agree: 4 or 8 bytes, aligned to its size.
///
/// Every operation is sequentially consistent, as [`SeqCst`](std::sync::atomic::Ordering::SeqCst) is
/// on the standard library's atomics, and works against them and against those of any other
/// language in any other process. All of them write, or need the right to, but
/// [`atomic_load`](Self::atomic_load).
///
/// # Safety of every function
///
/// `cell` is aligned to the size of the value, which stays mapped, readable and (but for
/// `atomic_load`) writable, during the call; [`ensure`](super::ensure) has run after the mapping was
/// made.
pub trait Atomic: Scalar {
    /// Reads the value; nothing after it happens before it.
    ///
    /// # Errors
    ///
    /// [`Lost`], with 0 bytes done.
    ///
    /// # Safety
    ///
    /// See [`Atomic`].
    unsafe fn atomic_load(cell: *const Self) -> Result<Self, Lost>;

    /// Writes the value; nothing before it happens after it, nor a later load before it.
    ///
    /// # Errors
    ///
    /// [`Lost`], with 0 bytes done; the mapping is as it was.
    ///
    /// # Safety
    ///
    /// See [`Atomic`].
    unsafe fn atomic_store(cell: *mut Self, value: Self) -> Result<(), Lost>;

    /// Writes the value and returns the one before.
    ///
    /// # Errors
    ///
    /// [`Lost`], with 0 bytes done; the mapping is as it was.
    ///
    /// # Safety
    ///
    /// See [`Atomic`].
    unsafe fn swap(cell: *mut Self, value: Self) -> Result<Self, Lost>;

    /// Writes `new` if the value is `current`, and returns the one before: as `Ok` if it was
    /// written, as `Err` if not. Never fails without cause.
    ///
    /// # Errors
    ///
    /// [`Lost`], with 0 bytes done; the mapping is as it was.
    ///
    /// # Safety
    ///
    /// See [`Atomic`].
    unsafe fn compare_exchange(
        cell: *mut Self,
        current: Self,
        new: Self,
    ) -> Result<Result<Self, Self>, Lost>;

    /// Adds, wrapping around, and returns the value before.
    ///
    /// # Errors
    ///
    /// [`Lost`], with 0 bytes done; the mapping is as it was.
    ///
    /// # Safety
    ///
    /// See [`Atomic`].
    unsafe fn fetch_add(cell: *mut Self, value: Self) -> Result<Self, Lost>;

    /// Keeps the bits that `value` has too, and returns the value before.
    ///
    /// # Errors
    ///
    /// [`Lost`], with 0 bytes done; the mapping is as it was.
    ///
    /// # Safety
    ///
    /// See [`Atomic`].
    unsafe fn fetch_and(cell: *mut Self, value: Self) -> Result<Self, Lost>;

    /// Sets the bits that `value` has, and returns the value before.
    ///
    /// # Errors
    ///
    /// [`Lost`], with 0 bytes done; the mapping is as it was.
    ///
    /// # Safety
    ///
    /// See [`Atomic`].
    unsafe fn fetch_or(cell: *mut Self, value: Self) -> Result<Self, Lost>;
}
