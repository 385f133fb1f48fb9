//! The routines for 64-bit ARM, and the registers that the handler sets.
//!
//! Conventions of every routine: arguments in `x0`, `x1`, `x2`; leaf code without a stack frame;
//! ranges touched in rising order, so that the first fault is at the first lost page. Long loops
//! move the arguments along, all between two accesses, so that a fault finds in them what is left.
//! What the handler sets before it goes on at a landing:
//!
//! | register | meaning |
//! |---|---|
//! | `x3` | bytes to repeat one by one: those before the lost page |
//! | `x4` | bytes after those (copies and fills) |
//! | `x9` | the address that faulted |

mod copy;
mod scalar;
mod search;

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Found, Rest};

pub(super) type CopyRoutine =
    unsafe extern "C" fn(to: *mut u8, from: *const u8, len: usize) -> Rest;
type FillRoutine = unsafe extern "C" fn(to: *mut u8, byte: u32, len: usize) -> Rest;
type CompareRoutine =
    unsafe extern "C" fn(mapping: *const u8, private: *const u8, len: usize) -> Found;
type FindRoutine = unsafe extern "C" fn(mapping: *const u8, byte: u32, len: usize) -> Found;

/// One routine of each sort.
#[derive(Debug, Clone, Copy)]
pub(super) struct Routines {
    pub(super) copy_out: CopyRoutine,
    pub(super) copy_in: CopyRoutine,
    pub(super) fill: FillRoutine,
    pub(super) compare: CompareRoutine,
    pub(super) find: FindRoutine,
}

/// The routines: every processor of this architecture can run them.
const NEON: Routines = Routines {
    copy_out: copy::copy,
    copy_in: copy::copy,
    fill: copy::fill,
    compare: search::compare,
    find: search::find,
};

/// Every set of routines that this processor can run.
#[cfg(test)]
pub(super) fn available() -> Vec<(&'static str, Routines)> {
    vec![("neon", NEON)]
}

/// Whether atomics are single instructions here (`lse`), rather than loops.
static SINGLE: AtomicBool = AtomicBool::new(cfg!(target_feature = "lse"));

/// Asks the processor what it can do.
pub(in crate::sys) fn choose() {
    SINGLE.store(std::arch::is_aarch64_feature_detected!("lse"), Ordering::Relaxed);
}

/// Copies.
///
/// # Safety
///
/// As for [`copy_across`](super::copy_across), the ranges apart.
#[inline(always)]
pub(super) unsafe fn copy_across(to: *mut u8, from: *const u8, len: usize) -> Rest {
    // SAFETY: the caller promises the ranges.
    unsafe { (NEON.copy_in)(to, from, len) }
}

/// Copies out of a mapping.
///
/// # Safety
///
/// As for [`copy_out`](super::copy_out).
#[inline(always)]
pub(super) unsafe fn copy_out(to: *mut u8, from: *const u8, len: usize) -> Rest {
    // SAFETY: the caller promises the ranges.
    unsafe { (NEON.copy_out)(to, from, len) }
}

pub(super) use {copy_across as copy_in, copy_across as copy_inlined};

/// Tells whether so many bytes are copied without a call: none are.
pub(super) fn is_inlined(_len: usize) -> bool {
    false
}

/// Counts what is left of a copy: the routine did.
///
/// # Safety
///
/// Always safe here.
pub(super) unsafe fn count(rest: Rest, _to: *mut u8, _from: *const u8, _len: usize) -> Rest {
    rest
}

/// Counts what is left of a fill: the routine did.
///
/// # Safety
///
/// Always safe here.
pub(super) unsafe fn count_fill(rest: Rest, _to: *mut u8, _byte: u8, _len: usize) -> Rest {
    rest
}

/// Fills.
///
/// # Safety
///
/// As for [`fill`](super::fill()).
#[inline(always)]
pub(super) unsafe fn fill(to: *mut u8, byte: u8, len: usize) -> Rest {
    // SAFETY: the caller promises the range.
    unsafe { (NEON.fill)(to, byte.into(), len) }
}

/// Compares.
///
/// # Safety
///
/// As for [`compare`](super::compare).
#[inline(always)]
pub(super) unsafe fn compare(mapping: *const u8, private: *const u8, len: usize) -> Found {
    // SAFETY: the caller promises the ranges.
    unsafe { (NEON.compare)(mapping, private, len) }
}

/// Searches.
///
/// # Safety
///
/// As for [`find_byte`](super::find_byte).
#[inline(always)]
pub(super) unsafe fn find_byte(mapping: *const u8, byte: u8, len: usize) -> Found {
    // SAFETY: the caller promises the range.
    unsafe { (NEON.find)(mapping, byte.into(), len) }
}
