//! Single values in a mapping: what a machine must offer for each width.

use std::ptr::NonNull;

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// A value that a mapping can hold in one piece: 1, 2, 4 or 8 bytes, aligned to its size.
///
/// Each access is one instruction, so it sees or leaves a whole value even while others write. It
/// orders nothing else: for that, use [`Atomic`]. Each returns `None` if the page is lost, and has
/// then done nothing.
///
/// # Safety of every function
///
/// The address is a multiple of the value's size; the value stays mapped, readable or writable as
/// the function has it, during the call; the platform's `fault::ensure` has run after the mapping was
/// made.
pub trait Scalar: Copy {
    /// Reads the value at `from`.
    ///
    /// # Safety
    ///
    /// See [`Scalar`].
    unsafe fn load(from: *const Self) -> Option<Self>;

    /// Writes the value at `to`.
    ///
    /// # Safety
    ///
    /// See [`Scalar`].
    unsafe fn store(to: *mut Self, value: Self) -> Option<()>;
}

/// A value on which threads and processes can agree: 4 or 8 bytes.
///
/// Every operation is sequentially consistent, as [`SeqCst`](std::sync::atomic::Ordering::SeqCst) is
/// on the standard library's atomics, and works against them and against those of any other
/// language in any other process. Those that write need a mapping that may be read as well.
pub trait Atomic: Scalar + PartialEq {
    /// Reads the value; nothing after it happens before it.
    ///
    /// # Safety
    ///
    /// See [`Scalar`].
    unsafe fn atomic_load(cell: *const Self) -> Option<Self>;

    /// Does what [`atomic_load`](Self::atomic_load) does if `ways` has the bit [`LOST`] not set, and
    /// else returns `None`.
    ///
    /// # Safety
    ///
    /// See [`Scalar`].
    #[inline(always)]
    unsafe fn atomic_load_unless(cell: *const Self, ways: u32) -> Option<Self> {
        if ways & LOST != 0 {
            return None;
        }
        // SAFETY: the contract is the same.
        unsafe { Self::atomic_load(cell) }
    }

    /// Writes the value; nothing before it happens after it, nor a later load before it.
    ///
    /// # Safety
    ///
    /// See [`Scalar`].
    unsafe fn atomic_store(cell: *mut Self, value: Self) -> Option<()>;

    /// Writes the value and returns the one before.
    ///
    /// # Safety
    ///
    /// See [`Scalar`].
    #[inline]
    unsafe fn swap(cell: *mut Self, value: Self) -> Option<Self> {
        // SAFETY: the contract is the same.
        unsafe { Self::update(cell, |_| value) }
    }

    /// Writes `new` if the value is `current`, and returns the one before, by which the caller sees
    /// whether it was written. Never fails without cause.
    ///
    /// # Safety
    ///
    /// See [`Scalar`].
    unsafe fn compare_exchange(cell: *mut Self, current: Self, new: Self) -> Option<Self>;

    /// Adds, wrapping around, and returns the value before.
    ///
    /// # Safety
    ///
    /// See [`Scalar`].
    unsafe fn fetch_add(cell: *mut Self, value: Self) -> Option<Self>;

    /// Writes what `change` makes of the value, and returns the one before. `change` is called
    /// again if somebody else wrote in between.
    ///
    /// # Safety
    ///
    /// See [`Scalar`].
    #[inline]
    unsafe fn update(cell: *mut Self, mut change: impl FnMut(Self) -> Self) -> Option<Self> {
        // SAFETY: the contract is the same.
        let mut seen = unsafe { Self::atomic_load(cell) }?;
        loop {
            // SAFETY: the contract is the same.
            let before = unsafe { Self::compare_exchange(cell, seen, change(seen)) }?;
            if before == seen {
                return Some(before);
            }
            seen = before;
        }
    }
}

/// What a guarded instruction sets in a register if its page is lost.
pub(in crate::sys) const LOST: u32 = 1;

/// Returns whether a value of so many bytes is one that a [`Scalar`] can stand for.
#[inline(always)]
pub(in crate::sys) const fn is_scalar(len: usize) -> bool {
    matches!(len, 1 | 2 | 4 | 8)
}

/// Returns whether a value of `len` bytes at an address can be accessed in one piece: the address is
/// a multiple of its size, which some processors of 32 bits do not ask of the type.
#[inline(always)]
pub(in crate::sys) fn is_aligned(at: NonNull<u8>, len: usize) -> bool {
    at.addr().get().is_multiple_of(len)
}

/// Reads a value that [`is_scalar`] in one piece; returns `None` if its page is lost.
///
/// # Safety
///
/// See [`Scalar`].
#[inline(always)]
pub(in crate::sys) unsafe fn load<T: FromBytes>(from: NonNull<u8>) -> Option<T> {
    // The size is known when this is compiled, and all branches but one go away.
    let load: unsafe fn(NonNull<u8>) -> Option<T> = match size_of::<T>() {
        1 => load_as::<u8, T>,
        2 => load_as::<u16, T>,
        4 => load_as::<u32, T>,
        _ => load_as::<u64, T>,
    };
    // SAFETY: the contract is the same.
    unsafe { load(from) }
}

/// Writes a value that [`is_scalar`] in one piece; returns `None` if its page is lost.
///
/// # Safety
///
/// See [`Scalar`].
#[inline(always)]
pub(in crate::sys) unsafe fn store(to: NonNull<u8>, bytes: &[u8]) -> Option<()> {
    let store: unsafe fn(NonNull<u8>, &[u8]) -> Option<()> = match bytes.len() {
        1 => store_as::<u8>,
        2 => store_as::<u16>,
        4 => store_as::<u32>,
        _ => store_as::<u64>,
    };
    // SAFETY: the contract is the same.
    unsafe { store(to, bytes) }
}

/// Reads a value as the scalar that is as long.
///
/// # Safety
///
/// As for [`Scalar`].
#[inline(always)]
unsafe fn load_as<S, T>(from: NonNull<u8>) -> Option<T>
where
    S: Scalar + IntoBytes + Immutable,
    T: FromBytes,
{
    // SAFETY: the contract is the same.
    let value = unsafe { S::load(from.cast().as_ptr()) }?;
    Some(value_of(value.as_bytes()))
}

/// Writes a value as the scalar that is as long.
///
/// # Safety
///
/// As for [`Scalar`].
#[inline(always)]
unsafe fn store_as<S: Scalar + FromBytes>(to: NonNull<u8>, bytes: &[u8]) -> Option<()> {
    // SAFETY: the contract is the same.
    unsafe { S::store(to.cast().as_ptr(), value_of(bytes)) }
}

/// The value that has these bytes, which are as many as it has.
#[inline(always)]
fn value_of<T: FromBytes>(bytes: &[u8]) -> T {
    T::read_from_bytes(bytes).unwrap_or_else(|_| T::new_zeroed())
}
