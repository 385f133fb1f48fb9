//! Copies and fills of 8 bytes and of 16 to 64 for x86-64, inlined where they are used.
//!
//! A call of a routine costs as much as such a copy does, and what a caller must save around it
//! costs as much again. Where the length is known when the caller is compiled, nothing but the
//! accesses is left of this. Where it is not, three comparisons find the right ones; more would cost
//! every place of use more than they spare the lengths between.
//!
//! All is loaded before any is stored, by vectors that every processor has. Accesses overlap where
//! the length is no multiple of theirs, and touch the ranges in rising order.

use std::arch::asm;
use std::arch::x86_64::_mm_set1_epi8;

use super::super::Rest;
use super::super::table;
use super::{copy_across, fill_any};

/// Tells whether so many bytes are copied and filled here.
#[inline(always)]
pub(in super::super) fn is_inlined(len: usize) -> bool {
    (16..=LONGEST).contains(&len) || len == 8
}

/// The longest that are. No address that is ever mapped is as low: see [`uncounted`].
const LONGEST: usize = 64;

/// A copy of 16 bytes between memory and a register. Programs for processors that have the newer
/// encoding use that alone: to mix the two is slow.
#[cfg(not(target_feature = "avx"))]
macro_rules! vector {
    ($rest:literal) => {
        concat!("movups ", $rest)
    };
}

/// The same of 8 bytes, the lower half of a register.
#[cfg(not(target_feature = "avx"))]
macro_rules! half {
    ($rest:literal) => {
        concat!("movlps ", $rest)
    };
}

/// A copy of 16 bytes between memory and a register. Programs for processors that have the newer
/// encoding use that alone: to mix the two is slow.
#[cfg(target_feature = "avx")]
macro_rules! vector {
    ($rest:literal) => {
        concat!("vmovups ", $rest)
    };
}

/// The same of 8 bytes, the lower half of a register.
#[cfg(target_feature = "avx")]
macro_rules! half {
    ($rest:literal) => {
        concat!("vmovlps ", $rest)
    };
}

/// Assembly that runs `$text`, and comes to its end with 0 in `r9`, or with the address at which it
/// faulted.
macro_rules! attempt {
    ($($text:expr),+ $(,)?) => {
        concat!(
            "xor r9d, r9d\n2:\n",
            $($text, "\n",)+
            "3:\n",
            guarded!("2b" to "3b" => "3b", "4")
        )
    };
}

/// Copies, out of a mapping or into one.
///
/// # Safety
///
/// As for [`copy_across`](super::super::copy_across), the ranges apart, with a length that
/// [`is_inlined`].
#[inline(always)]
pub(in super::super) unsafe fn copy(to: *mut u8, from: *const u8, len: usize) -> Rest {
    let faulted: usize;
    if len > 32 {
        // SAFETY: touches bytes that the caller promises, or faults and goes on.
        unsafe {
            asm!(
                attempt!(
                    vector!("{first}, [{from}]"),
                    vector!("{second}, [{from}+16]"),
                    vector!("{third}, [{from}+{len}-32]"),
                    vector!("{last}, [{from}+{len}-16]"),
                    vector!("[{to}], {first}"),
                    vector!("[{to}+16], {second}"),
                    vector!("[{to}+{len}-32], {third}"),
                    vector!("[{to}+{len}-16], {last}"),
                ),
                to = in(reg) to,
                from = in(reg) from,
                len = in(reg) len,
                first = out(xmm_reg) _,
                second = out(xmm_reg) _,
                third = out(xmm_reg) _,
                last = out(xmm_reg) _,
                out("r9") faulted,
                options(nostack),
            );
        }
    } else if len > 8 {
        // SAFETY: as above.
        unsafe {
            asm!(
                attempt!(
                    vector!("{first}, [{from}]"),
                    vector!("{last}, [{from}+{len}-16]"),
                    vector!("[{to}], {first}"),
                    vector!("[{to}+{len}-16], {last}"),
                ),
                to = in(reg) to,
                from = in(reg) from,
                len = in(reg) len,
                first = out(xmm_reg) _,
                last = out(xmm_reg) _,
                out("r9") faulted,
                options(nostack),
            );
        }
    } else {
        // SAFETY: as above.
        unsafe {
            asm!(
                attempt!("mov {all}, [{from}]", "mov [{to}], {all}"),
                to = in(reg) to,
                from = in(reg) from,
                all = out(reg) _,
                out("r9") faulted,
                options(nostack),
            );
        }
    }
    uncounted(faulted)
}

/// Fills.
///
/// # Safety
///
/// As for [`fill`](super::super::fill()), with a length that [`is_inlined`].
#[inline(always)]
pub(super) unsafe fn fill(to: *mut u8, byte: u8, len: usize) -> Rest {
    // SAFETY: every processor of this architecture has these vectors.
    let bytes = unsafe { _mm_set1_epi8(byte.cast_signed()) };
    let faulted: usize;
    if len > 32 {
        // SAFETY: touches bytes that the caller promises, or faults and goes on.
        unsafe {
            asm!(
                attempt!(
                    vector!("[{to}], {bytes}"),
                    vector!("[{to}+16], {bytes}"),
                    vector!("[{to}+{len}-32], {bytes}"),
                    vector!("[{to}+{len}-16], {bytes}"),
                ),
                to = in(reg) to,
                len = in(reg) len,
                bytes = in(xmm_reg) bytes,
                out("r9") faulted,
                options(nostack),
            );
        }
    } else if len > 8 {
        // SAFETY: as above.
        unsafe {
            asm!(
                attempt!(vector!("[{to}], {bytes}"), vector!("[{to}+{len}-16], {bytes}")),
                to = in(reg) to,
                len = in(reg) len,
                bytes = in(xmm_reg) bytes,
                out("r9") faulted,
                options(nostack),
            );
        }
    } else {
        // SAFETY: as above.
        unsafe {
            asm!(
                attempt!(half!("[{to}], {bytes}")),
                to = in(reg) to,
                bytes = in(xmm_reg) bytes,
                out("r9") faulted,
                options(nostack),
            );
        }
    }
    uncounted(faulted)
}

/// What is left, by the address that faulted; 0 if none did.
///
/// To count is for [`count`]. Until then more is left than there was: the address itself, which
/// costs nothing to make.
#[inline(always)]
fn uncounted(faulted: usize) -> Rest {
    Rest { len: faulted, address: faulted }
}

/// Counts what is left of a copy, if nobody did.
///
/// It is made once more, up to the page that was lost, as the landing of a routine does.
///
/// # Safety
///
/// As for [`copy_across`](super::super::copy_across), the ranges apart; `rest` is what a copy of
/// them handed back.
pub(in super::super) unsafe fn count(rest: Rest, to: *mut u8, from: *const u8, len: usize) -> Rest {
    let before = |start: usize| table::before(start, len, rest.address);
    // SAFETY: no more than the ranges that the caller promises.
    counted(rest, len, before(to.addr()).min(before(from.addr())), |len| unsafe {
        copy_across(to, from, len)
    })
}

/// Counts what is left of a fill, if nobody did, in the same way.
///
/// # Safety
///
/// As for [`fill`](super::super::fill()); `rest` is what a fill of them handed back.
pub(in super::super) unsafe fn count_fill(rest: Rest, to: *mut u8, byte: u8, len: usize) -> Rest {
    // SAFETY: no more than the range that the caller promises.
    counted(rest, len, table::before(to.addr(), len, rest.address), |len| unsafe {
        fill_any(to, byte, len)
    })
}

/// Does `again` what lies before the lost page, if nobody has counted what is left of `len` bytes.
fn counted(rest: Rest, len: usize, before: usize, again: impl FnOnce(usize) -> Rest) -> Rest {
    if rest.len <= len {
        return rest;
    }
    let repeated = again(before);
    let address = if repeated.len == 0 { rest.address } else { repeated.address };
    // Should the page be back by now: it was lost all the same.
    let done = (before - repeated.len).min(len - 1);
    Rest { len: len - done, address }
}
