//! Copies and fills of 8 bytes and of 16 to 64 for x86-64, inlined where they are used.
//!
//! A call of a routine costs as much as such a copy does, and what a caller must save around it
//! costs as much again. Where the length is known when the caller is compiled, only the accesses
//! are left of this. Where it is not, three comparisons find the right ones; more would cost every
//! place of use more than they spare the lengths between.
//!
//! All is loaded before any is stored, by vectors that every processor has. Accesses overlap where
//! the length is no multiple of theirs, and touch the ranges in rising order.

use std::arch::asm;
use std::arch::x86_64::_mm_set1_epi8;

/// A copy of 16 bytes between memory and a register. Programs for processors that have the newer
/// encoding use that alone: to mix the two is slow.
#[cfg(not(target_feature = "avx"))]
macro_rules! vector {
    ($rest:literal) => {
        concat!("movups ", $rest)
    };
}

/// A copy of 16 bytes between memory and a register, in the newer encoding.
#[cfg(target_feature = "avx")]
macro_rules! vector {
    ($rest:literal) => {
        concat!("vmovups ", $rest)
    };
}

/// Runs guarded instructions; the function returns `false` if one of them faulted.
macro_rules! attempt {
    ([$($text:expr),+ $(,)?], $($operand:tt)+) => {
        // SAFETY: touches bytes that the caller promises, or faults and is sent to the landing.
        unsafe {
            asm!(
                attempt_or_lost!($($text),+),
                $($operand)+,
                lost = label { return false },
                options(nostack),
            );
        }
    };
}

/// Returns whether so many bytes are copied and filled here.
#[inline(always)]
pub(in crate::sys) fn is_inlined(len: usize) -> bool {
    (16..=64).contains(&len) || len == 8
}

/// Copies, out of a mapping or into one; returns `false` if a page was lost, having counted nothing.
///
/// # Safety
///
/// As for [`copy_across`](super::super::copy_across), the ranges apart, with a length that
/// [`is_inlined`].
#[inline(always)]
pub(in crate::sys) unsafe fn copy(to: *mut u8, from: *const u8, len: usize) -> bool {
    if len > 32 {
        attempt!(
            [
                vector!("{first}, [{from}]"),
                vector!("{second}, [{from}+16]"),
                vector!("{third}, [{from}+{len}-32]"),
                vector!("{last}, [{from}+{len}-16]"),
                vector!("[{to}], {first}"),
                vector!("[{to}+16], {second}"),
                vector!("[{to}+{len}-32], {third}"),
                vector!("[{to}+{len}-16], {last}"),
            ],
            to = in(reg) to,
            from = in(reg) from,
            len = in(reg) len,
            first = out(xmm_reg) _,
            second = out(xmm_reg) _,
            third = out(xmm_reg) _,
            last = out(xmm_reg) _
        );
    } else if len > 8 {
        attempt!(
            [
                vector!("{first}, [{from}]"),
                vector!("{last}, [{from}+{len}-16]"),
                vector!("[{to}], {first}"),
                vector!("[{to}+{len}-16], {last}"),
            ],
            to = in(reg) to,
            from = in(reg) from,
            len = in(reg) len,
            first = out(xmm_reg) _,
            last = out(xmm_reg) _
        );
    } else {
        attempt!(
            ["mov {all}, [{from}]", "mov [{to}], {all}"],
            to = in(reg) to,
            from = in(reg) from,
            all = out(reg) _
        );
    }
    true
}

/// Fills; returns `false` if a page was lost, having counted nothing.
///
/// # Safety
///
/// As for [`fill`](super::super::fill()), with a length that [`is_inlined`].
#[inline(always)]
pub(in crate::sys) unsafe fn fill(to: *mut u8, byte: u8, len: usize) -> bool {
    // SAFETY: every processor of this architecture has these vectors.
    let bytes = unsafe { _mm_set1_epi8(byte.cast_signed()) };
    if len > 32 {
        attempt!(
            [
                vector!("[{to}], {bytes}"),
                vector!("[{to}+16], {bytes}"),
                vector!("[{to}+{len}-32], {bytes}"),
                vector!("[{to}+{len}-16], {bytes}"),
            ],
            to = in(reg) to,
            len = in(reg) len,
            bytes = in(xmm_reg) bytes
        );
    } else if len > 8 {
        attempt!(
            [vector!("[{to}], {bytes}"), vector!("[{to}+{len}-16], {bytes}")],
            to = in(reg) to,
            len = in(reg) len,
            bytes = in(xmm_reg) bytes
        );
    } else {
        attempt!(
            ["mov [{to}], {bytes}"],
            to = in(reg) to,
            bytes = in(reg) u64::from_le_bytes([byte; 8])
        );
    }
    true
}
