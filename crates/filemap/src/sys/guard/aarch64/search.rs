//! Comparing and searching for 64-bit ARM.
//!
//! `x0` position in the mapping, `x1` position in the private bytes (or the byte), `x2` what is
//! left: these go on together. `x10` is the whole length. The result is an offset in `x0`, and in
//! `x1` 0 or the address that faulted.

use std::arch::naked_asm;

use super::super::Found;

/// Compares, 32 bytes at a time; where those differ, one by one.
///
/// # Safety
///
/// As for [`compare`](super::super::compare).
#[unsafe(naked)]
pub(super) unsafe extern "C" fn compare(_: *const u8, _: *const u8, _: usize) -> Found {
    naked_asm!(
        "2:
        mov x10, x2
        cmp x2, #32
        b.lo 40f
        30:
        ldp q0, q1, [x0]
        ldp q2, q3, [x1]
        eor v0.16b, v0.16b, v2.16b
        eor v1.16b, v1.16b, v3.16b
        orr v0.16b, v0.16b, v1.16b
        umaxp v0.4s, v0.4s, v0.4s
        fmov x5, d0
        cbnz x5, 50f
        add x0, x0, #32
        add x1, x1, #32
        sub x2, x2, #32
        cmp x2, #32
        b.hs 30b
        40:
        cmp x2, #8
        b.lo 50f
        ldr x5, [x0]
        ldr x6, [x1]
        cmp x5, x6
        b.ne 50f
        add x0, x0, #8
        add x1, x1, #8
        sub x2, x2, #8
        b 40b
        50:
        cbz x2, 90f
        ldrb w5, [x0]
        ldrb w6, [x1]
        cmp w5, w6
        b.ne 91f
        add x0, x0, #1
        add x1, x1, #1
        sub x2, x2, #1
        b 50b
        90:
        // Nothing was found: the length.
        mov x0, x10
        mov x1, xzr
        ret
        91:
        sub x0, x10, x2
        mov x1, xzr
        ret
        95:
        // The landing: the handler has put into x3 how much to look at one by one.
        cbz x3, 98f
        96:
        ldrb w5, [x0]
        97:
        ldrb w6, [x1]
        cmp w5, w6
        b.ne 91b
        add x0, x0, #1
        add x1, x1, #1
        sub x2, x2, #1
        subs x3, x3, #1
        b.ne 96b
        // Everything was there after all: the handler did not know where the fault was.
        cbz x2, 90b
        98:
        sub x0, x10, x2
        mov x1, x9
        ret",
        guarded!("2b" to "90b" => "95b", "3"),
        guarded!("96b" to "98b" => "98b", "4"),
    )
}

/// Searches, 32 bytes at a time; where the byte is among those, one by one.
///
/// # Safety
///
/// As for [`find_byte`](super::super::find_byte).
#[unsafe(naked)]
pub(super) unsafe extern "C" fn find(_: *const u8, _: u32, _: usize) -> Found {
    naked_asm!(
        "2:
        mov x10, x2
        and w1, w1, #0xff
        dup v1.16b, w1
        cmp x2, #32
        b.lo 50f
        30:
        ldp q2, q3, [x0]
        cmeq v2.16b, v2.16b, v1.16b
        cmeq v3.16b, v3.16b, v1.16b
        orr v2.16b, v2.16b, v3.16b
        umaxp v2.4s, v2.4s, v2.4s
        fmov x5, d2
        cbnz x5, 50f
        add x0, x0, #32
        sub x2, x2, #32
        cmp x2, #32
        b.hs 30b
        50:
        cbz x2, 90f
        ldrb w5, [x0]
        cmp w5, w1
        b.eq 91f
        add x0, x0, #1
        sub x2, x2, #1
        b 50b
        90:
        // Nothing was found: the length.
        mov x0, x10
        mov x1, xzr
        ret
        91:
        sub x0, x10, x2
        mov x1, xzr
        ret
        95:
        // The landing: the handler has put into x3 how much to look at one by one.
        cbz x3, 98f
        96:
        ldrb w5, [x0]
        97:
        cmp w5, w1
        b.eq 91b
        add x0, x0, #1
        sub x2, x2, #1
        subs x3, x3, #1
        b.ne 96b
        // Everything was there after all: the handler did not know where the fault was.
        cbz x2, 90b
        98:
        sub x0, x10, x2
        mov x1, x9
        ret",
        guarded!("2b" to "90b" => "95b", "3"),
        guarded!("96b" to "97b" => "98b", "4"),
    )
}
