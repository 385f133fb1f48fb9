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

use std::arch::x86_64::__cpuid;
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
    /// Into private memory, which the caller is about to look at.
    pub(super) copy_out: CopyRoutine,
    /// Into a mapping.
    pub(super) copy_in: CopyRoutine,
    pub(super) fill: FillRoutine,
    pub(super) compare: CompareRoutine,
    pub(super) find: FindRoutine,
}

/// From this length on, copies into private memory leave the caches alone: they would fill most of
/// them.
const STREAMED_OUT: u32 = 8 << 20;
/// From this length on, copies into a mapping do. So much fills a processor's own cache, and even
/// who reads it back at once has it sooner.
const STREAMED_IN: u32 = 1 << 20;
/// From this length on, string instructions copy into a mapping and fill faster than vectors, where
/// they are good at it.
const STRINGS: u32 = 16 << 10;
/// The same of fills where they are merely there.
const LONG: u32 = 16 << 20;
/// No length that is met in practice.
const NEVER: u32 = i32::MAX.cast_unsigned();

/// What string instructions are good for on a processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strings {
    Nothing,
    LongFills,
    Much,
}

impl Strings {
    fn of_this_processor() -> Self {
        if !is_x86_feature_detected!("ermsb") {
            return Self::Nothing;
        }
        // Measured on Intel's; of others it is known that they can be very slow at times.
        let leaf = __cpuid(0);
        if [leaf.ebx, leaf.edx, leaf.ecx] == [*b"Genu", *b"ineI", *b"ntel"].map(u32::from_le_bytes)
        {
            Self::Much
        } else {
            Self::LongFills
        }
    }
}

/// The routines of one width of vectors.
macro_rules! routines {
    ($set:ident, $compare:path, $find:path, $strings:expr) => {
        Routines {
            copy_out: copy::$set::<NEVER, STREAMED_OUT>,
            copy_in: match $strings {
                Strings::Much => copy::$set::<STRINGS, STREAMED_IN>,
                _ => copy::$set::<NEVER, STREAMED_IN>,
            },
            fill: match $strings {
                Strings::Much => fill::$set::<STRINGS>,
                Strings::LongFills => fill::$set::<LONG>,
                Strings::Nothing => fill::$set::<NEVER>,
            },
            compare: $compare,
            find: $find,
        }
    };
}

const SSE2: Routines = routines!(sse2, search::compare_sse2, search::find_sse2, Strings::Nothing);

static COPY_OUT: AtomicPtr<()> = AtomicPtr::new(SSE2.copy_out as *mut ());
static COPY_IN: AtomicPtr<()> = AtomicPtr::new(SSE2.copy_in as *mut ());
static FILL: AtomicPtr<()> = AtomicPtr::new(SSE2.fill as *mut ());
static COMPARE: AtomicPtr<()> = AtomicPtr::new(SSE2.compare as *mut ());
static FIND: AtomicPtr<()> = AtomicPtr::new(SSE2.find as *mut ());

/// Every set of routines that this processor can run, the best last.
pub(super) fn available() -> Vec<(&'static str, Routines)> {
    let strings = Strings::of_this_processor();
    let mut sets = vec![("sse2", SSE2)];
    if is_x86_feature_detected!("avx2") {
        sets.push(("avx2", routines!(avx2, search::compare_avx2, search::find_avx2, strings)));
    }
    if is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("bmi2")
    {
        let set = routines!(avx512, search::compare_avx512, search::find_avx512, strings);
        sets.push(("avx512", set));
    }
    sets
}

/// Chooses the best routines of this processor. Never from inside the handler: it allocates.
pub(in crate::sys) fn choose() {
    if let Some((_, best)) = available().pop() {
        COPY_OUT.store(best.copy_out as *mut (), Ordering::Relaxed);
        COPY_IN.store(best.copy_in as *mut (), Ordering::Relaxed);
        FILL.store(best.fill as *mut (), Ordering::Relaxed);
        COMPARE.store(best.compare as *mut (), Ordering::Relaxed);
        FIND.store(best.find as *mut (), Ordering::Relaxed);
    }
}

/// Copies out of a mapping.
///
/// # Safety
///
/// As for [`copy_out`](super::copy_out).
#[inline(always)]
pub(super) unsafe fn copy_out(to: *mut u8, from: *const u8, len: usize) -> Rest {
    // SAFETY: `COPY_OUT` never holds anything but a `CopyRoutine`.
    let copy = unsafe { transmute::<*mut (), CopyRoutine>(COPY_OUT.load(Ordering::Relaxed)) };
    // SAFETY: the caller promises the ranges.
    unsafe { copy(to, from, len) }
}

/// Copies into a mapping, from private memory or from a mapping.
///
/// # Safety
///
/// As for [`copy_across`](super::copy_across), the ranges apart.
#[inline(always)]
pub(super) unsafe fn copy_across(to: *mut u8, from: *const u8, len: usize) -> Rest {
    // SAFETY: `COPY_IN` never holds anything but a `CopyRoutine`.
    let copy = unsafe { transmute::<*mut (), CopyRoutine>(COPY_IN.load(Ordering::Relaxed)) };
    // SAFETY: the caller promises the ranges.
    unsafe { copy(to, from, len) }
}

pub(super) use copy_across as copy_in;
pub(super) use short::{copy as copy_inlined, count, count_fill, is_inlined};

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
