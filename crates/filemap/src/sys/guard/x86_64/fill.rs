//! Fills for x86-64.
//!
//! `rdi` target, `esi` byte, `rdx` length. They keep their values, or move along together in the
//! loop, until the routine returns or reaches the string instruction, which is for lengths that no
//! cache holds.

use std::arch::naked_asm;

use super::super::Rest;

/// Assembly for fewer than 16 bytes, from label 20 on.
macro_rules! short {
    () => {
        "20:
        movzx eax, sil
        mov rcx, 0x0101010101010101
        imul rcx, rax
        cmp edx, 8
        jb 21f
        mov [rdi], rcx
        mov [rdi+rdx-8], rcx
        xor eax, eax
        ret
        21:
        cmp edx, 4
        jb 22f
        mov [rdi], ecx
        mov [rdi+rdx-4], ecx
        xor eax, eax
        ret
        22:
        cmp edx, 1
        jb 24f
        je 23f
        mov [rdi], cx
        23:
        mov [rdi+rdx-1], cl
        24:
        xor eax, eax
        ret"
    };
}

/// Assembly for one or two vectors.
macro_rules! pair {
    ($move:literal, $width:literal, $value:literal, $leave:literal) => {
        concat!(
            $move,
            " [rdi], ",
            $value,
            "\n",
            $move,
            " [rdi+rdx-",
            $width,
            "], ",
            $value,
            "\n",
            $leave,
            "\nxor eax, eax\nret"
        )
    };
}

/// Assembly for more than two vectors, and the landing.
macro_rules! long {
    ($move:literal, $aligned:literal, $width:literal, $value:literal, $leave:literal) => {
        concat!(
            "40:
            cmp rdx, 4*", $width, "
            ja 50f
            ", $move, " [rdi], ", $value, "
            ", $move, " [rdi+", $width, "], ", $value, "
            ", $move, " [rdi+rdx-2*", $width, "], ", $value, "
            ", $move, " [rdi+rdx-", $width, "], ", $value, "
            ", $leave, "
            xor eax, eax
            ret
            .p2align 5
            50:
            cmp rdx, 8*", $width, "
            ja 60f
            ", $move, " [rdi], ", $value, "
            ", $move, " [rdi+", $width, "], ", $value, "
            ", $move, " [rdi+2*", $width, "], ", $value, "
            ", $move, " [rdi+3*", $width, "], ", $value, "
            ", $move, " [rdi+rdx-4*", $width, "], ", $value, "
            ", $move, " [rdi+rdx-3*", $width, "], ", $value, "
            ", $move, " [rdi+rdx-2*", $width, "], ", $value, "
            ", $move, " [rdi+rdx-", $width, "], ", $value, "
            ", $leave, "
            xor eax, eax
            ret
            .p2align 5
            60:
            cmp rdx, {strings}
            jae 70f
            # The first vector, and then on from the next boundary. From here on the arguments say
            # what is left.
            mov rcx, rdi
            neg rcx
            and ecx, ", $width, "-1
            ", $move, " [rdi], ", $value, "
            add rdi, rcx
            sub rdx, rcx
            .p2align 6
            61:
            ", $aligned, " [rdi], ", $value, "
            ", $aligned, " [rdi+", $width, "], ", $value, "
            ", $aligned, " [rdi+2*", $width, "], ", $value, "
            ", $aligned, " [rdi+3*", $width, "], ", $value, "
            add rdi, 4*", $width, "
            sub rdx, 4*", $width, "
            cmp rdx, 4*", $width, "
            ja 61b
            ", $move, " [rdi+rdx-4*", $width, "], ", $value, "
            ", $move, " [rdi+rdx-3*", $width, "], ", $value, "
            ", $move, " [rdi+rdx-2*", $width, "], ", $value, "
            ", $move, " [rdi+rdx-", $width, "], ", $value, "
            ", $leave, "
            xor eax, eax
            ret
            70:
            mov rcx, rdx
            xor r8d, r8d
            79:
            # The landing too: the handler has put into rcx how much to repeat, and into r8 the rest.
            movzx eax, sil
            ", $leave, "
            81:
            rep stosb
            82:
            lea rax, [rcx+r8]
            mov rdx, r9
            ret
            ",
            guarded!("2b" to "79b" => "79b", "2"),
            "\n",
            guarded!("81b" to "82b" => "82b", "4")
        )
    };
}

/// Fills with 16-byte vectors, and with the string instruction from `STRINGS` bytes on.
///
/// # Safety
///
/// As for [`fill`](super::super::fill).
#[unsafe(naked)]
#[rustfmt::skip]
pub(super) unsafe extern "sysv64" fn sse2<const STRINGS: u32>(_: *mut u8, _: u32, _: usize) -> Rest {
    naked_asm!(
        "2:
        cmp rdx, 16
        jb 20f
        movd xmm0, esi
        punpcklbw xmm0, xmm0
        pshuflw xmm0, xmm0, 0
        punpcklqdq xmm0, xmm0
        cmp rdx, 32
        ja 40f",
        pair!("movups", "16", "xmm0", ""),
        short!(),
        ".p2align 5",
        long!("movups", "movaps", "16", "xmm0", ""),
        strings = const STRINGS,
    )
}

/// Fills with 32-byte vectors, and with the string instruction from `STRINGS` bytes on.
///
/// # Safety
///
/// As for [`fill`](super::super::fill); the processor has AVX2.
#[unsafe(naked)]
#[rustfmt::skip]
pub(super) unsafe extern "sysv64" fn avx2<const STRINGS: u32>(_: *mut u8, _: u32, _: usize) -> Rest {
    naked_asm!(
        "2:
        cmp rdx, 16
        jb 20f
        vmovd xmm0, esi
        vpbroadcastb ymm0, xmm0
        cmp rdx, 32
        ja 30f",
        pair!("vmovdqu", "16", "xmm0", "vzeroupper"),
        short!(),
        ".p2align 5
        30:
        cmp rdx, 64
        ja 40f",
        pair!("vmovdqu", "32", "ymm0", "vzeroupper"),
        ".p2align 5",
        long!("vmovdqu", "vmovdqa", "32", "ymm0", "vzeroupper"),
        strings = const STRINGS,
    )
}

/// Fills with 64-byte vectors, and with the string instruction from `STRINGS` bytes on.
///
/// # Safety
///
/// As for [`fill`](super::super::fill); the processor has AVX-512 with the byte and vector length
/// extensions.
#[unsafe(naked)]
#[rustfmt::skip]
pub(super) unsafe extern "sysv64" fn avx512<const STRINGS: u32>(_: *mut u8, _: u32, _: usize) -> Rest {
    naked_asm!(
        "2:
        vpbroadcastb zmm16, esi
        cmp rdx, 64
        jb 25f
        cmp rdx, 128
        ja 40f",
        pair!("vmovdqu64", "64", "zmm16", ""),
        "25:
        cmp edx, 32
        jb 26f",
        pair!("vmovdqu64", "32", "ymm16", ""),
        "26:
        cmp edx, 16
        jb 20f",
        pair!("vmovdqu64", "16", "xmm16", ""),
        short!(),
        ".p2align 5",
        long!("vmovdqu64", "vmovdqa64", "64", "zmm16", ""),
        strings = const STRINGS,
    )
}
