//! Copies and fills for 64-bit ARM, with pairs of 16-byte registers.

use std::arch::naked_asm;

use super::super::Rest;

/// Copies: `x0` target, `x1` source, `x2` length.
///
/// # Safety
///
/// As for [`copy_across`](super::super::copy_across), the ranges apart.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn copy(_: *mut u8, _: *const u8, _: usize) -> Rest {
    naked_asm!(
        "2:
        add x5, x0, x2
        add x6, x1, x2
        cmp x2, #32
        b.hi 30f
        cmp x2, #16
        b.hs 23f
        tbz x2, #3, 21f
        ldr x7, [x1]
        ldr x8, [x6, #-8]
        str x7, [x0]
        str x8, [x5, #-8]
        mov x0, xzr
        ret
        21:
        tbz x2, #2, 22f
        ldr w7, [x1]
        ldr w8, [x6, #-4]
        str w7, [x0]
        str w8, [x5, #-4]
        mov x0, xzr
        ret
        22:
        cbz x2, 24f
        // One, two or three bytes: the first, the middle, the last.
        lsr x10, x2, #1
        ldrb w7, [x1]
        ldrb w8, [x1, x10]
        ldrb w9, [x6, #-1]
        strb w7, [x0]
        strb w8, [x0, x10]
        strb w9, [x5, #-1]
        24:
        mov x0, xzr
        ret
        23:
        ldr q0, [x1]
        ldr q1, [x6, #-16]
        str q0, [x0]
        str q1, [x5, #-16]
        mov x0, xzr
        ret
        .p2align 4
        30:
        cmp x2, #64
        b.hi 40f
        ldp q0, q1, [x1]
        ldp q2, q3, [x6, #-32]
        stp q0, q1, [x0]
        stp q2, q3, [x5, #-32]
        mov x0, xzr
        ret
        .p2align 4
        40:
        ldp q0, q1, [x1]
        ldp q2, q3, [x1, #32]
        stp q0, q1, [x0]
        stp q2, q3, [x0, #32]
        add x1, x1, #64
        add x0, x0, #64
        sub x2, x2, #64
        cmp x2, #64
        b.hi 40b
        ldp q0, q1, [x6, #-64]
        ldp q2, q3, [x6, #-32]
        stp q0, q1, [x5, #-64]
        stp q2, q3, [x5, #-32]
        mov x0, xzr
        ret
        79:
        // The landing: the handler has put into x3 how much to repeat, and into x4 the rest.
        cmp x3, #8
        b.lo 82f
        80:
        ldr x7, [x1]
        str x7, [x0]
        add x1, x1, #8
        add x0, x0, #8
        sub x3, x3, #8
        cmp x3, #8
        b.hs 80b
        82:
        cbz x3, 84f
        83:
        ldrb w7, [x1], #1
        strb w7, [x0], #1
        subs x3, x3, #1
        b.ne 83b
        84:
        add x0, x3, x4
        mov x1, x9
        ret",
        guarded!("2b" to "79b" => "79b", "1"),
        // A fault among eight bytes: once more, one by one.
        guarded!("80b" to "82b" => "82b", "4"),
        guarded!("83b" to "84b" => "84b", "4"),
    )
}

/// Fills: `x0` target, `w1` byte, `x2` length.
///
/// # Safety
///
/// As for [`fill`](super::super::fill).
#[unsafe(naked)]
pub(super) unsafe extern "C" fn fill(_: *mut u8, _: u32, _: usize) -> Rest {
    naked_asm!(
        "2:
        add x5, x0, x2
        dup v0.16b, w1
        cmp x2, #32
        b.hi 30f
        cmp x2, #16
        b.hs 23f
        tbz x2, #3, 21f
        str d0, [x0]
        str d0, [x5, #-8]
        mov x0, xzr
        ret
        21:
        tbz x2, #2, 22f
        str s0, [x0]
        str s0, [x5, #-4]
        mov x0, xzr
        ret
        22:
        cbz x2, 24f
        // One, two or three bytes: the first, the middle, the last.
        lsr x10, x2, #1
        strb w1, [x0]
        strb w1, [x0, x10]
        strb w1, [x5, #-1]
        24:
        mov x0, xzr
        ret
        23:
        str q0, [x0]
        str q0, [x5, #-16]
        mov x0, xzr
        ret
        .p2align 4
        30:
        cmp x2, #64
        b.hi 40f
        stp q0, q0, [x0]
        stp q0, q0, [x5, #-32]
        mov x0, xzr
        ret
        .p2align 4
        40:
        stp q0, q0, [x0]
        stp q0, q0, [x0, #32]
        add x0, x0, #64
        sub x2, x2, #64
        cmp x2, #64
        b.hi 40b
        stp q0, q0, [x5, #-64]
        stp q0, q0, [x5, #-32]
        mov x0, xzr
        ret
        79:
        // The landing: the handler has put into x3 how much to repeat, and into x4 the rest.
        cmp x3, #8
        b.lo 82f
        80:
        str d0, [x0]
        add x0, x0, #8
        sub x3, x3, #8
        cmp x3, #8
        b.hs 80b
        82:
        cbz x3, 84f
        83:
        strb w1, [x0], #1
        subs x3, x3, #1
        b.ne 83b
        84:
        add x0, x3, x4
        mov x1, x9
        ret",
        guarded!("2b" to "79b" => "79b", "2"),
        // A fault among eight bytes: once more, one by one.
        guarded!("80b" to "82b" => "82b", "4"),
        guarded!("83b" to "84b" => "84b", "4"),
    )
}
