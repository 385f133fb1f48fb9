//! Single values: the standard library's atomics, in a helper.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use super::helper::{self, Outcome};
use crate::sys::guard::{Atomic, Scalar};

/// Makes one access in a helper.
///
/// # Safety
///
/// As for [`helper::run`].
unsafe fn attempt<T>(access: impl FnOnce() -> T) -> Option<T> {
    let mut result = None;
    // SAFETY: the caller promises that the access only touches memory.
    let outcome = unsafe { helper::run(|| result = Some(access())) };
    result.filter(|_| outcome == Outcome::Done)
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
        unsafe { attempt(operation) }
    }};
}

macro_rules! scalar {
    ($type:ty, $atomic:ty) => {
        impl Scalar for $type {
            unsafe fn load(from: *const Self) -> Option<Self> {
                access!($atomic, from.cast_mut(), cell => cell.load(Relaxed))
            }

            unsafe fn store(to: *mut Self, value: Self) -> Option<()> {
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
            unsafe fn atomic_load(cell: *const Self) -> Option<Self> {
                access!($atomic, cell.cast_mut(), cell => cell.load(SeqCst))
            }

            unsafe fn atomic_store(cell: *mut Self, value: Self) -> Option<()> {
                access!($atomic, cell, cell => cell.store(value, SeqCst))
            }

            unsafe fn compare_exchange(cell: *mut Self, current: Self, new: Self) -> Option<Self> {
                access!($atomic, cell, cell => {
                    let (Ok(before) | Err(before)) =
                        cell.compare_exchange(current, new, SeqCst, SeqCst);
                    before
                })
            }

            unsafe fn fetch_add(cell: *mut Self, value: Self) -> Option<Self> {
                access!($atomic, cell, cell => cell.fetch_add(value, SeqCst))
            }
        }
    };
}

atomic!(u32, AtomicU32);
atomic!(u64, AtomicU64);
