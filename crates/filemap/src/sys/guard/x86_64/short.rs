//! Copies of 8 to 16 bytes for x86-64, inlined where they are used.
//!
//! A call of a routine costs as much as such a copy does. Longer ones were tried here too, and are
//! better off with a routine's wide vectors: what they add to every place of use slows the others
//! down. Both values are loaded before any is stored; the mapping is touched in rising order.

use std::arch::asm;
use std::ops::RangeInclusive;

use super::super::Rest;
use super::super::table;
use super::copy_across;

/// The lengths that are copied here.
pub(super) const LENS: RangeInclusive<usize> = 8..=16;

/// Assembly that runs two instructions, and comes to its end with 0 in `r9`, or with the address at
/// which one of them faulted.
macro_rules! attempt {
    ($first:literal, $last:literal) => {
        concat!(
            "xor r9d, r9d\n2:\n",
            $first,
            "\n",
            $last,
            "\n3:\n",
            guarded!("2b" to "3b" => "3b", "4")
        )
    };
}

/// Copies out of a mapping.
///
/// # Safety
///
/// As for [`copy_out`](super::super::copy_out), with a length among [`LENS`].
#[inline(always)]
pub(super) unsafe fn copy_out(to: *mut u8, from: *const u8, len: usize) -> Rest {
    let (first, last): (u64, u64);
    let faulted: usize;
    // SAFETY: loads bytes that the caller promises, or faults and goes on.
    unsafe {
        asm!(
            attempt!("mov {first}, [{from}]", "mov {last}, [{from}+{len}-8]"),
            from = in(reg) from,
            len = in(reg) len,
            first = out(reg) first,
            last = out(reg) last,
            out("r9") faulted,
            options(nostack),
        );
    }
    if faulted != 0 {
        // SAFETY: the caller's promises are the same.
        return unsafe { repeat(to, from, len, from.addr(), faulted) };
    }
    // SAFETY: the caller promises `len` bytes, and they are at least 8.
    unsafe { to.cast::<u64>().write_unaligned(first) };
    // SAFETY: the last 8 of them.
    unsafe { to.wrapping_add(len - 8).cast::<u64>().write_unaligned(last) };
    Rest { len: 0, address: 0 }
}

/// Copies into a mapping.
///
/// # Safety
///
/// As for [`copy_in`](super::super::copy_in), with a length among [`LENS`].
#[inline(always)]
pub(super) unsafe fn copy_in(to: *mut u8, from: *const u8, len: usize) -> Rest {
    // SAFETY: the caller promises `len` bytes, and they are at least 8.
    let first = unsafe { from.cast::<u64>().read_unaligned() };
    // SAFETY: the last 8 of them.
    let last = unsafe { from.wrapping_add(len - 8).cast::<u64>().read_unaligned() };
    let faulted: usize;
    // SAFETY: stores to bytes that the caller promises, or faults and goes on.
    unsafe {
        asm!(
            attempt!("mov [{to}], {first}", "mov [{to}+{len}-8], {last}"),
            to = in(reg) to,
            len = in(reg) len,
            first = in(reg) first,
            last = in(reg) last,
            out("r9") faulted,
            options(nostack),
        );
    }
    if faulted != 0 {
        // SAFETY: the caller's promises are the same.
        return unsafe { repeat(to, from, len, to.addr(), faulted) };
    }
    Rest { len: 0, address: 0 }
}

/// Copies once more, up to the page that was lost, as the landing of a routine does.
///
/// # Safety
///
/// As for [`copy_across`](super::copy_across).
#[cold]
#[inline(never)]
unsafe fn repeat(to: *mut u8, from: *const u8, len: usize, mapping: usize, faulted: usize) -> Rest {
    let before = table::before(mapping, len, faulted);
    // SAFETY: part of the ranges that the caller promises.
    let rest = unsafe { copy_across(to, from, before) };
    let address = if rest.len == 0 { faulted } else { rest.address };
    // Should the page be back by now: it was lost all the same.
    let done = (before - rest.len).min(len - 1);
    Rest { len: len - done, address }
}
