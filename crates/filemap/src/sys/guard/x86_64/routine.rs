//! Copies and fills of any length for x86-64.
//!
//! `rdi` target, `rsi` source or byte to fill with, `rdx` length. They keep their values, or move
//! along together in the loops, until the routine returns, so that one landing serves every fault.
//! A fill is a copy whose vectors hold the byte from the start: the lines that read the source are
//! comments there.
//!
//! What decides the speed: few instructions for short lengths, where several copies should be in
//! flight at once; wide vectors from 128 bytes; and for long ones, how often a line of the target is
//! read only to be overwritten.
//!
//! - Plain vectors read each line of the target into the caches. That is the best for what stays
//!   there.
//! - String instructions read no line that they overwrite. Intel's copy with them at least as fast
//!   as with vectors from `STRINGS` bytes on. AMD's do not: if the target's place in its page is a
//!   little behind the source's, they are slower by a factor of 5 to 25
//!   (<https://sourceware.org/bugzilla/show_bug.cgi?id=30994>). To fill with them is right on both.
//! - Stores past the caches, from `STREAMED` bytes on, read no line either. They go through the
//!   range in one stream. Several pages at once were faster on Intel's processors, and on some of
//!   AMD's slower than `memcpy` by a factor of 2.

use std::arch::naked_asm;

use super::super::Rest;

/// From this length on, string instructions are used where they are fast.
pub(super) const STRINGS: u32 = 16 << 10;

/// The value of [`STRINGS`] where they are not: no length that is met in practice.
pub(super) const NEVER: u32 = i32::MAX.cast_unsigned();

/// From this length on, stores pass by the caches. Of fewer bytes, much is still there for whoever
/// looks at the copy next, and to read it from memory would cost more than was saved.
const STREAMED: u32 = 16 << 20;

/// Assembly for two vectors, the second `$width` bytes after the first: both are loaded before either
/// is stored.
macro_rules! pair {
    ($read:literal, $mov:literal, $store:literal, $at:expr, $width:literal, $v:literal, $second:literal) => {
        concat!(
            $read, $mov, $v, "0, [rsi", $at, "]\n", $read, $mov, $v, $second, ", [rsi", $at, "+",
            $width, "]\n", $store, "[rdi", $at, "], ", $v, "0\n", $store, "[rdi", $at, "+", $width,
            "], ", $v, $second, "\n",
        )
    };
}

/// Assembly of a routine.
///
/// Of a width: its instructions, the names of the registers of 16 bytes, 32 bytes and its own, each
/// without the last digit, and what the registers need before other code runs. Of a copy or a fill:
/// what stands before a line that reads the source, the second register, how a fill makes its
/// vectors and its number of 8 bytes, and the string instruction.
///
/// Ranges are touched in rising order, so that the first fault is at the first lost page.
macro_rules! routine {
    (
        $width:literal, $mov:literal, $aligned:literal, $stream:literal,
        $x:literal, $y:literal, $v:literal, $leave:literal;
        $read:literal, $second:literal, $vectors:literal, $number:literal, $string:literal
    ) => {
        concat!(
            "2:
            cmp rdx, 16
            jb 20f
            ", $vectors, "
            cmp rdx, 2*", $width, "
            ja 40f
            .if ", $width, " >= 64
            cmp edx, 64
            jb 31f
            ", pair!($read, $mov, $mov, "", "rdx-64", $v, $second),
            $leave, "
            xor eax, eax
            ret
            31:
            .endif
            .if ", $width, " >= 32
            cmp edx, 32
            jb 32f
            ", pair!($read, $mov, $mov, "", "rdx-32", $y, $second),
            $leave, "
            xor eax, eax
            ret
            32:
            .endif
            ", pair!($read, $mov, $mov, "", "rdx-16", $x, $second),
            $leave, "
            xor eax, eax
            ret
            20:
            ", $number, "
            cmp edx, 8
            jb 21f
            ", $read, "mov rcx, [rsi]
            ", $read, "mov rax, [rsi+rdx-8]
            mov [rdi], rcx
            mov [rdi+rdx-8], rax
            xor eax, eax
            ret
            21:
            cmp edx, 4
            jb 22f
            ", $read, "mov ecx, [rsi]
            ", $read, "mov eax, [rsi+rdx-4]
            mov [rdi], ecx
            mov [rdi+rdx-4], eax
            xor eax, eax
            ret
            22:
            cmp edx, 1
            jb 24f
            je 23f
            ", $read, "movzx ecx, word ptr [rsi]
            ", $read, "movzx eax, byte ptr [rsi+rdx-1]
            mov [rdi], cx
            mov [rdi+rdx-1], al
            xor eax, eax
            ret
            23:
            ", $read, "movzx ecx, byte ptr [rsi]
            mov [rdi], cl
            24:
            xor eax, eax
            ret
            .p2align 5
            40:
            cmp rdx, 4*", $width, "
            ja 50f
            ", pair!($read, $mov, $mov, "", $width, $v, $second),
            pair!($read, $mov, $mov, concat!("+rdx-2*", $width), $width, $v, $second),
            $leave, "
            xor eax, eax
            ret
            .p2align 5
            50:
            cmp rdx, 8*", $width, "
            ja 60f
            ", pair!($read, $mov, $mov, "", $width, $v, $second),
            pair!($read, $mov, $mov, concat!("+2*", $width), $width, $v, $second), "
            51:
            ", pair!($read, $mov, $mov, concat!("+rdx-4*", $width), $width, $v, $second),
            pair!($read, $mov, $mov, concat!("+rdx-2*", $width), $width, $v, $second),
            $leave, "
            xor eax, eax
            ret
            .p2align 5
            60:
            # The first vector, and then on from the next boundary of the target. From here on the
            # arguments say what is left.
            ", $read, $mov, $v, "0, [rsi]
            mov rcx, rdi
            neg rcx
            and ecx, ", $width, "-1
            ", $mov, "[rdi], ", $v, "0
            add rdi, rcx
            ", $read, "add rsi, rcx
            sub rdx, rcx
            cmp rdx, {strings}
            jae 70f
            cmp rdx, {streamed}
            jae 62f
            .p2align 6
            61:
            ", pair!($read, $mov, $aligned, "", $width, $v, $second),
            pair!($read, $mov, $aligned, concat!("+2*", $width), $width, $v, $second),
            $read, "add rsi, 4*", $width, "
            add rdi, 4*", $width, "
            sub rdx, 4*", $width, "
            cmp rdx, 4*", $width, "
            ja 61b
            jmp 51b
            .p2align 6
            62:
            ", pair!($read, $mov, $stream, "", $width, $v, $second),
            pair!($read, $mov, $stream, concat!("+2*", $width), $width, $v, $second),
            $read, "add rsi, 4*", $width, "
            add rdi, 4*", $width, "
            sub rdx, 4*", $width, "
            cmp rdx, 4*", $width, "
            ja 62b
            # Such stores are ordered with nothing unless told.
            sfence
            jmp 51b
            70:
            mov rcx, rdx
            xor r8d, r8d
            jmp 80f
            79:
            # The landing: the handler has put into rcx how much to repeat, and into r8 the rest.
            sfence
            80:
            movzx eax, sil
            ", $leave, "
            81:
            ", $string, "
            82:
            lea rax, [rcx+r8]
            mov rdx, r9
            ret
            ",
            guarded!("2b" to "70b" => "79b", "1"), "\n",
            guarded!("81b" to "82b" => "82b", "2"),
        )
    };
}

/// The routines of one width, in a module: string instructions are used from `STRINGS` bytes on.
macro_rules! routines {
    ($set:ident, $($machine:literal),+; $vectors:literal) => {
        pub(super) mod $set {
            use super::*;

            /// Copies.
            ///
            /// # Safety
            ///
            /// As for [`copy_across`](super::super::super::copy_across), the ranges apart; the
            /// processor has these vectors.
            #[unsafe(naked)]
            pub(in super::super) unsafe extern "sysv64" fn copy<const STRINGS: u32>(
                _: *mut u8,
                _: *const u8,
                _: usize,
            ) -> Rest {
                naked_asm!(
                    routine!($($machine),+; "", "1", "", "", "rep movsb"),
                    strings = const STRINGS,
                    streamed = const STREAMED,
                )
            }

            /// Fills.
            ///
            /// # Safety
            ///
            /// As for [`fill`](super::super::super::fill()); the processor has these vectors.
            #[unsafe(naked)]
            pub(in super::super) unsafe extern "sysv64" fn fill<const STRINGS: u32>(
                _: *mut u8,
                _: usize,
                _: usize,
            ) -> Rest {
                naked_asm!(
                    routine!(
                        $($machine),+;
                        "# ",
                        "0",
                        $vectors,
                        "mov rcx, 0x0101010101010101
                        imul rcx, rsi
                        mov rax, rcx",
                        "rep stosb"
                    ),
                    strings = const STRINGS,
                    streamed = const STREAMED,
                )
            }
        }
    };
}

routines!(
    sse2, "16", "movups ", "movaps ", "movntps ", "xmm", "xmm", "xmm", "";
    "movd xmm0, esi
    punpcklbw xmm0, xmm0
    pshuflw xmm0, xmm0, 0
    punpcklqdq xmm0, xmm0"
);
routines!(
    avx2, "32", "vmovdqu ", "vmovdqa ", "vmovntdq ", "xmm", "ymm", "ymm", "vzeroupper";
    "vmovd xmm0, esi
    vpbroadcastb ymm0, xmm0"
);
// Registers from 16 on leave nothing behind that would slow down older vector code.
routines!(
    avx512, "64", "vmovdqu64 ", "vmovdqa64 ", "vmovntdq ", "xmm2", "ymm2", "zmm2", "";
    "vpbroadcastb zmm20, esi"
);
