//! Single values: the standard library's atomics, in a helper.

use std::num::NonZeroUsize;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use super::helper::{self, Outcome};
use crate::sys::guard::{Atomic, Lost, Scalar};

/// Makes one access in a helper.
///
/// # Safety
///
/// As for [`helper::run`]; `address` is that of the value.
unsafe fn attempt<T>(address: usize, access: impl FnOnce() -> T) -> Result<T, Lost> {
    let mut result = None;
    // SAFETY: the caller promises that the access only touches memory.
    let outcome = unsafe { helper::run(|| result = Some(access())) };
    match (outcome, result) {
        (Outcome::Done, Some(value)) => Ok(value),
        (Outcome::Refused, _) => Err(Lost { done: 0, address: None }),
        _ => Err(Lost { done: 0, address: NonZeroUsize::new(address) }),
    }
}

/// An operation of the standard library's atomic on the value at `$cell`.
macro_rules! access {
    ($atomic:ty, $cell:expr, $value:ident => $access:expr) => {{
        let cell: *mut Self = $cell;
        let operation = || {
            // SAFETY: the caller promises an aligned value that stays mapped.
            let $value = unsafe { <$atomic>::from_ptr(cell) };
            $access
        };
        // SAFETY: one atomic operation, and nothing else.
        unsafe { attempt(cell.addr(), operation) }
    }};
}

macro_rules! scalar {
    ($type:ty, $atomic:ty) => {
        impl Scalar for $type {
            unsafe fn load(from: *const Self) -> Result<Self, Lost> {
                access!($atomic, from.cast_mut(), cell => cell.load(Relaxed))
            }

            unsafe fn store(to: *mut Self, value: Self) -> Result<(), Lost> {
                access!($atomic, to, cell => cell.store(value, Relaxed))
            }
        }
    };
}

scalar!(u8, AtomicU8);
scalar!(u16, AtomicU16);
scalar!(u32, AtomicU32);
scalar!(u64, AtomicU64);

macro_rules! atomic {
    ($type:ty, $atomic:ty) => {
        impl Atomic for $type {
            unsafe fn atomic_load(cell: *const Self) -> Result<Self, Lost> {
                access!($atomic, cell.cast_mut(), cell => cell.load(SeqCst))
            }

            unsafe fn atomic_store(cell: *mut Self, value: Self) -> Result<(), Lost> {
                access!($atomic, cell, cell => cell.store(value, SeqCst))
            }

            unsafe fn swap(cell: *mut Self, value: Self) -> Result<Self, Lost> {
                access!($atomic, cell, cell => cell.swap(value, SeqCst))
            }

            unsafe fn compare_exchange(
                cell: *mut Self,
                current: Self,
                new: Self,
            ) -> Result<Result<Self, Self>, Lost> {
                access!($atomic, cell, cell => cell.compare_exchange(current, new, SeqCst, SeqCst))
            }

            unsafe fn fetch_add(cell: *mut Self, value: Self) -> Result<Self, Lost> {
                access!($atomic, cell, cell => cell.fetch_add(value, SeqCst))
            }

            unsafe fn fetch_and(cell: *mut Self, value: Self) -> Result<Self, Lost> {
                access!($atomic, cell, cell => cell.fetch_and(value, SeqCst))
            }

            unsafe fn fetch_or(cell: *mut Self, value: Self) -> Result<Self, Lost> {
                access!($atomic, cell, cell => cell.fetch_or(value, SeqCst))
            }
        }
    };
}

atomic!(u32, AtomicU32);
atomic!(u64, AtomicU64);
