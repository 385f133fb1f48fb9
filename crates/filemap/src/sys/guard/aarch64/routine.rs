//! Copies and fills for 64-bit ARM, with pairs of 16-byte registers.
//!
//! A fill is a copy whose registers hold the byte from the start: the lines that read the source
//! are comments there.

use std::arch::naked_asm;

use super::super::Rest;

/// Assembly of a routine: `x0` target, `x1` source or byte, `x2` length.
///
/// `$read` stands before each line that reads the source, `$fill` sets the registers of a fill, and
/// the others are the second to the fourth vector.
macro_rules! routine {
    ($read:literal, $fill:literal, $q1:literal, $q2:literal, $q3:literal) => {
        naked_asm!(
            concat!(
                "2:
                add x5, x0, x2
                ", $fill, "
                ", $read, "add x6, x1, x2
                cmp x2, #32
                b.hi 30f
                cmp x2, #16
                b.hs 23f
                tbz x2, #3, 21f
                ", $read, "ldr x7, [x1]
                ", $read, "ldr x8, [x6, #-8]
                str x7, [x0]
                str x8, [x5, #-8]
                mov x0, xzr
                ret
                21:
                tbz x2, #2, 22f
                ", $read, "ldr w7, [x1]
                ", $read, "ldr w8, [x6, #-4]
                str w7, [x0]
                str w8, [x5, #-4]
                mov x0, xzr
                ret
                22:
                cbz x2, 24f
                // One, two or three bytes: the first, the middle, the last.
                lsr x10, x2, #1
                ", $read, "ldrb w7, [x1]
                ", $read, "ldrb w8, [x1, x10]
                ", $read, "ldrb w9, [x6, #-1]
                strb w7, [x0]
                strb w8, [x0, x10]
                strb w9, [x5, #-1]
                24:
                mov x0, xzr
                ret
                23:
                ", $read, "ldr q0, [x1]
                ", $read, "ldr q1, [x6, #-16]
                str q0, [x0]
                str ", $q1, ", [x5, #-16]
                mov x0, xzr
                ret
                .p2align 4
                30:
                cmp x2, #64
                b.hi 40f
                ", $read, "ldp q0, q1, [x1]
                ", $read, "ldp q2, q3, [x6, #-32]
                stp q0, ", $q1, ", [x0]
                stp ", $q2, ", ", $q3, ", [x5, #-32]
                mov x0, xzr
                ret
                .p2align 4
                40:
                ", $read, "ldp q0, q1, [x1]
                ", $read, "ldp q2, q3, [x1, #32]
                stp q0, ", $q1, ", [x0]
                stp ", $q2, ", ", $q3, ", [x0, #32]
                ", $read, "add x1, x1, #64
                add x0, x0, #64
                sub x2, x2, #64
                cmp x2, #64
                b.hi 40b
                ", $read, "ldp q0, q1, [x6, #-64]
                ", $read, "ldp q2, q3, [x6, #-32]
                stp q0, ", $q1, ", [x5, #-64]
                stp ", $q2, ", ", $q3, ", [x5, #-32]
                mov x0, xzr
                ret
                79:
                // The landing: the handler has put into x3 how much to repeat, into x4 the rest.
                cmp x3, #8
                b.lo 82f
                80:
                ", $read, "ldr x7, [x1]
                str x7, [x0]
                ", $read, "add x1, x1, #8
                add x0, x0, #8
                sub x3, x3, #8
                cmp x3, #8
                b.hs 80b
                82:
                cbz x3, 84f
                83:
                ", $read, "ldrb w7, [x1], #1
                strb w7, [x0], #1
                subs x3, x3, #1
                b.ne 83b
                84:
                add x0, x3, x4
                mov x1, x9
                ret"
            ),
            guarded!("2b" to "79b" => "79b", "1"),
            // A fault among eight bytes: once more, one by one.
            guarded!("80b" to "82b" => "82b", "2"),
            guarded!("83b" to "84b" => "84b", "2"),
        )
    };
}

/// Copies.
///
/// # Safety
///
/// As for [`copy_across`](super::super::copy_across), the ranges apart.
#[unsafe(naked)]
pub(in super::super) unsafe extern "C" fn copy(_: *mut u8, _: *const u8, _: usize) -> Rest {
    routine!("", "", "q1", "q2", "q3")
}

/// Fills.
///
/// # Safety
///
/// As for [`fill`](super::super::fill).
#[unsafe(naked)]
pub(in super::super) unsafe extern "C" fn fill(_: *mut u8, _: usize, _: usize) -> Rest {
    routine!(
        "// ",
        "dup v0.16b, w1
        umov x7, v0.d[0]
        mov x8, x7
        mov x9, x7",
        "q0",
        "q0",
        "q0"
    )
}
