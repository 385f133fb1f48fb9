//! The routines for x86-64, their choice, and the registers that the handler sets.
//!
//! Conventions of every routine: arguments in `rdi`, `rsi`, `rdx`; leaf code without a stack frame;
//! ranges touched in rising order, so that the first fault is at the first lost page. What the
//! handler sets before it goes on at a landing:
//!
//! | register | meaning |
//! |---|---|
//! | `rcx` | bytes to repeat one by one: those before the lost page |
//! | `r8` | bytes after those (copies and fills) |
//! | `r9` | the address that faulted |

#![allow(clippy::fn_to_numeric_cast_any, reason = "routines are kept as pointers, not as numbers")]

mod copy;
mod fill;
mod scalar;
mod search;
mod short;

use std::mem::transmute;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::{Found, Rest};

pub(super) type CopyRoutine =
    unsafe extern "sysv64" fn(to: *mut u8, from: *const u8, len: usize) -> Rest;
type FillRoutine = unsafe extern "sysv64" fn(to: *mut u8, byte: u32, len: usize) -> Rest;
type CompareRoutine =
    unsafe extern "sysv64" fn(mapping: *const u8, private: *const u8, len: usize) -> Found;
type FindRoutine = unsafe extern "sysv64" fn(mapping: *const u8, byte: u32, len: usize) -> Found;

/// One routine of each sort.
#[derive(Debug, Clone, Copy)]
pub(super) struct Routines {
    pub(super) copy: CopyRoutine,
    pub(super) fill: FillRoutine,
    pub(super) compare: CompareRoutine,
    pub(super) find: FindRoutine,
}

/// From this length on, a string instruction fills faster than vectors, where it is good at all.
const LONG: u32 = 16 << 20;
/// No length that is met in practice.
const NEVER: u32 = i32::MAX.cast_unsigned();

const SSE2: Routines = Routines {
    copy: copy::sse2,
    fill: fill::sse2::<NEVER>,
    compare: search::compare_sse2,
    find: search::find_sse2,
};

static COPY: AtomicPtr<()> = AtomicPtr::new(SSE2.copy as *mut ());
static FILL: AtomicPtr<()> = AtomicPtr::new(SSE2.fill as *mut ());
static COMPARE: AtomicPtr<()> = AtomicPtr::new(SSE2.compare as *mut ());
static FIND: AtomicPtr<()> = AtomicPtr::new(SSE2.find as *mut ());

/// Every set of routines that this processor can run, the best last.
pub(super) fn available() -> Vec<(&'static str, Routines)> {
    let strings = is_x86_feature_detected!("ermsb");
    let mut sets = vec![("sse2", SSE2)];
    if is_x86_feature_detected!("avx2") {
        let fill = if strings { fill::avx2::<LONG> } else { fill::avx2::<NEVER> };
        let (compare, find) =
            (search::compare_avx2 as CompareRoutine, search::find_avx2 as FindRoutine);
        sets.push(("avx2", Routines { copy: copy::avx2, fill, compare, find }));
    }
    if is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("bmi2")
    {
        let fill = if strings { fill::avx512::<LONG> } else { fill::avx512::<NEVER> };
        let (compare, find) =
            (search::compare_avx512 as CompareRoutine, search::find_avx512 as FindRoutine);
        sets.push(("avx512", Routines { copy: copy::avx512, fill, compare, find }));
    }
    sets
}

/// Chooses the best routines of this processor. Never from inside the handler: it allocates.
pub(in crate::sys) fn choose() {
    if let Some((_, best)) = available().pop() {
        COPY.store(best.copy as *mut (), Ordering::Relaxed);
        FILL.store(best.fill as *mut (), Ordering::Relaxed);
        COMPARE.store(best.compare as *mut (), Ordering::Relaxed);
        FIND.store(best.find as *mut (), Ordering::Relaxed);
    }
}

/// Copies, short ranges without a call.
///
/// # Safety
///
/// As for [`copy_across`](super::copy_across), the ranges apart.
#[inline(always)]
pub(super) unsafe fn copy_out(to: *mut u8, from: *const u8, len: usize) -> Rest {
    if is_inlined(len) {
        // SAFETY: the caller promises the ranges.
        return unsafe { short::copy(to, from, len) };
    }
    // SAFETY: the caller promises the ranges.
    unsafe { copy_any(to, from, len) }
}

/// Copies through the chosen routine.
///
/// # Safety
///
/// As for [`copy_across`](super::copy_across), the ranges apart.
#[inline(always)]
pub(super) unsafe fn copy_any(to: *mut u8, from: *const u8, len: usize) -> Rest {
    // SAFETY: `COPY` never holds anything but a `CopyRoutine`.
    let copy = unsafe { transmute::<*mut (), CopyRoutine>(COPY.load(Ordering::Relaxed)) };
    // SAFETY: the caller promises the ranges.
    unsafe { copy(to, from, len) }
}

pub(super) use copy_any as copy_across;
pub(super) use copy_out as copy_in;
pub(super) use short::{count, count_fill, is_inlined};

/// Fills, short ranges without a call.
///
/// # Safety
///
/// As for [`fill`](super::fill()).
#[inline(always)]
pub(super) unsafe fn fill(to: *mut u8, byte: u8, len: usize) -> Rest {
    if is_inlined(len) {
        // SAFETY: the caller promises the range.
        return unsafe { short::fill(to, byte, len) };
    }
    // SAFETY: the caller promises the range.
    unsafe { fill_any(to, byte, len) }
}

/// Fills through the chosen routine.
///
/// # Safety
///
/// As for [`fill`](super::fill()).
#[inline(always)]
unsafe fn fill_any(to: *mut u8, byte: u8, len: usize) -> Rest {
    // SAFETY: `FILL` never holds anything but a `FillRoutine`.
    let fill = unsafe { transmute::<*mut (), FillRoutine>(FILL.load(Ordering::Relaxed)) };
    // SAFETY: the caller promises the range.
    unsafe { fill(to, byte.into(), len) }
}

/// Compares through the chosen routine.
///
/// # Safety
///
/// As for [`compare`](super::compare).
#[inline(always)]
pub(super) unsafe fn compare(mapping: *const u8, private: *const u8, len: usize) -> Found {
    // SAFETY: `COMPARE` never holds anything but a `CompareRoutine`.
    let compare = unsafe { transmute::<*mut (), CompareRoutine>(COMPARE.load(Ordering::Relaxed)) };
    // SAFETY: the caller promises the ranges.
    unsafe { compare(mapping, private, len) }
}

/// Searches through the chosen routine.
///
/// # Safety
///
/// As for [`find_byte`](super::find_byte).
#[inline(always)]
pub(super) unsafe fn find_byte(mapping: *const u8, byte: u8, len: usize) -> Found {
    // SAFETY: `FIND` never holds anything but a `FindRoutine`.
    let find = unsafe { transmute::<*mut (), FindRoutine>(FIND.load(Ordering::Relaxed)) };
    // SAFETY: the caller promises the range.
    unsafe { find(mapping, byte.into(), len) }
}
