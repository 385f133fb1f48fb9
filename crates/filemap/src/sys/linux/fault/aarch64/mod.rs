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

use super::table::{self, Kind};
use super::{Found, Rest};

pub(crate) use super::handler::ensure;

pub(super) type CopyRoutine =
    unsafe extern "C" fn(to: *mut u8, from: *const u8, len: usize) -> Rest;
type FillRoutine = unsafe extern "C" fn(to: *mut u8, byte: u32, len: usize) -> Rest;
type CompareRoutine =
    unsafe extern "C" fn(mapping: *const u8, private: *const u8, len: usize) -> Found;
type FindRoutine = unsafe extern "C" fn(mapping: *const u8, byte: u32, len: usize) -> Found;

/// One routine of each sort.
#[derive(Debug, Clone, Copy)]
pub(super) struct Routines {
    pub(super) copy: CopyRoutine,
    pub(super) fill: FillRoutine,
    pub(super) compare: CompareRoutine,
    pub(super) find: FindRoutine,
}

/// The routines: every processor of this architecture can run them.
const NEON: Routines =
    Routines { copy: copy::copy, fill: copy::fill, compare: search::compare, find: search::find };

/// Every set of routines that this processor can run.
#[cfg(test)]
pub(super) fn available() -> Vec<(&'static str, Routines)> {
    vec![("neon", NEON)]
}

/// Whether atomics are single instructions here (`lse`), rather than loops.
static SINGLE: AtomicBool = AtomicBool::new(cfg!(target_feature = "lse"));

/// Asks the processor what it can do.
pub(super) fn choose() {
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
    unsafe { (NEON.copy)(to, from, len) }
}

pub(super) use copy_across as copy_in;
pub(super) use copy_across as copy_out;

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

/// Sends the interrupted thread to the landing of its instruction, if it has one.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a register and a `usize` are of one size here"
)]
pub(super) fn resume(context: &mut libc::ucontext_t, address: usize) -> bool {
    let machine = &mut context.uc_mcontext;
    let Some(landing) = table::find(machine.pc as usize) else {
        return false;
    };
    machine.pc = landing.pc as u64;
    if landing.kind == Kind::Value {
        return true;
    }

    let registers = &mut machine.regs;
    registers[9] = address as u64;
    let len = registers[2] as usize;
    let mut first = table::before(registers[0] as usize, len, address);
    match landing.kind {
        Kind::Copy => {
            first = first.min(table::before(registers[1] as usize, len, address));
            registers[3] = first as u64;
            registers[4] = (len - first) as u64;
        }
        Kind::Fill => {
            registers[3] = first as u64;
            registers[4] = (len - first) as u64;
        }
        Kind::Search => registers[3] = first as u64,
        Kind::Value | Kind::Count => {}
    }
    true
}
