//! The routines for x86-64, their choice, and the registers that the handler sets.
//!
//! Conventions of every routine: arguments in `rdi`, `rsi`, `rdx`; leaf code without a stack frame;
//! ranges touched in rising order, so that the first fault is at the first lost page. What the
//! handler sets before it sends a thread to a landing:
//!
//! | register | meaning |
//! |---|---|
//! | `rcx` | bytes to repeat one by one: those before the lost page |
//! | `r8` | bytes after those |
//! | `r9` | the address that faulted |

#![allow(clippy::fn_to_numeric_cast_any, reason = "routines are kept as pointers, not as numbers")]

/// Assembly that runs `$text`, or jumps to the block `lost` if any of it faulted. Such a block has
/// no outputs, and costs nothing on the way without a fault.
macro_rules! attempt_or_lost {
    ($($text:expr),+ $(,)?) => {
        concat!(
            "2:\n",
            $($text, "\n",)+
            "3:\n",
            apart!(),
            "4:\njmp {lost}\n",
            ".popsection\n",
            guarded!("2b" to "3b" => "4b", "0")
        )
    };
}

mod routine;
mod scalar;
pub(super) mod short;

use std::arch::x86_64::__cpuid;
use std::mem::transmute;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::Rest;

type CopyRoutine = unsafe extern "sysv64" fn(to: *mut u8, from: *const u8, len: usize) -> Rest;
type FillRoutine = unsafe extern "sysv64" fn(to: *mut u8, byte: usize, len: usize) -> Rest;

/// One routine of each sort.
#[derive(Debug, Clone, Copy)]
pub(super) struct Routines {
    pub(super) copy: CopyRoutine,
    pub(super) fill: FillRoutine,
}

/// The routines of a width of vectors, with string instructions for long copies and fills or not.
macro_rules! routines {
    ($set:ident, $strings:expr) => {
        Routines {
            copy: if $strings.copy {
                routine::$set::copy::<STRINGS>
            } else {
                routine::$set::copy::<NEVER>
            },
            fill: if $strings.fill {
                routine::$set::fill::<STRINGS>
            } else {
                routine::$set::fill::<NEVER>
            },
        }
    };
}

use routine::{NEVER, STRINGS};

/// Which string instructions are fast.
#[derive(Debug, Clone, Copy)]
struct Strings {
    copy: bool,
    fill: bool,
}

impl Strings {
    fn of_this_processor() -> Self {
        let fill = is_x86_feature_detected!("ermsb");
        let leaf = __cpuid(0);
        let maker = [leaf.ebx, leaf.edx, leaf.ecx].map(u32::to_le_bytes);
        Self { copy: fill && maker == [*b"Genu", *b"ineI", *b"ntel"], fill }
    }
}

const SSE2: Routines = routines!(sse2, Strings { copy: false, fill: false });

static COPY: AtomicPtr<()> = AtomicPtr::new(SSE2.copy as *mut ());
static FILL: AtomicPtr<()> = AtomicPtr::new(SSE2.fill as *mut ());

/// Returns every set of routines that this processor can run, with string instructions and without.
#[cfg(test)]
pub(super) fn every() -> Vec<(&'static str, Routines)> {
    let sets = |strings| available(Strings { copy: strings, fill: strings });
    [sets(false), sets(true)].concat()
}

/// Returns the sets of routines that this processor can run, the best last.
fn available(strings: Strings) -> Vec<(&'static str, Routines)> {
    let mut sets = vec![("sse2", routines!(sse2, strings))];
    if is_x86_feature_detected!("avx2") {
        sets.push(("avx2", routines!(avx2, strings)));
    }
    if is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vl") {
        sets.push(("avx512", routines!(avx512, strings)));
    }
    sets
}

/// Chooses the best routines of this processor. Not to be called by the handler: it allocates.
pub(in crate::sys) fn choose() {
    if let Some((_, best)) = available(Strings::of_this_processor()).pop() {
        COPY.store(best.copy as *mut (), Ordering::Relaxed);
        FILL.store(best.fill as *mut (), Ordering::Relaxed);
    }
}

/// Copies, out of a mapping or into one or from one to another.
///
/// # Safety
///
/// As for [`copy_across`](super::copy_across), the ranges apart.
#[inline(always)]
pub(super) unsafe fn copy(to: *mut u8, from: *const u8, len: usize) -> Rest {
    // SAFETY: `COPY` never holds anything but a `CopyRoutine`.
    let copy = unsafe { transmute::<*mut (), CopyRoutine>(COPY.load(Ordering::Relaxed)) };
    // SAFETY: the caller promises the ranges.
    unsafe { copy(to, from, len) }
}

pub(super) use {copy as copy_out, copy as copy_in};

/// Fills.
///
/// # Safety
///
/// As for [`fill`](super::fill()).
#[inline(always)]
pub(super) unsafe fn fill(to: *mut u8, byte: u8, len: usize) -> Rest {
    // SAFETY: `FILL` never holds anything but a `FillRoutine`.
    let fill = unsafe { transmute::<*mut (), FillRoutine>(FILL.load(Ordering::Relaxed)) };
    // SAFETY: the caller promises the range.
    unsafe { fill(to, byte.into(), len) }
}
