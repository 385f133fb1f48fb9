//! Copies for x86-64.
//!
//! `rdi` target, `rsi` source, `rdx` length. They keep their values, or move along together in the
//! loops, until the routine returns, so that one landing serves every place of a fault.
//!
//! What decides the speed: few instructions for short lengths, where several copies should be in
//! flight at once; wide vectors from 128 bytes; and for long ones, how much the target is read
//! before it is overwritten. Three ways, of which the caller says from which length on:
//!
//! - plain vectors, which read each line of the target into the caches, and are the fastest where it
//!   is there already;
//! - `rep movsb` (`strings`), which reads no line that it overwrites, where the processor is good at
//!   it. On some, newest ones included, it is slower by a factor of 25 if the target's place in its
//!   page is a little behind the source's
//!   (<https://sourceware.org/bugzilla/show_bug.cgi?id=30994>);
//! - stores past the caches (`streamed`), which read nothing either. They go through four pages at
//!   once, since memory answers several at a time sooner than one after the other. A fault among
//!   them leaves pages behind it written: the landing counts from where the first page is.

use std::arch::naked_asm;

use super::super::Rest;

/// Assembly for fewer than 16 bytes, from label 20 on: two accesses that overlap.
macro_rules! short {
    () => {
        "20:
        cmp edx, 8
        jb 21f
        mov rcx, [rsi]
        mov rax, [rsi+rdx-8]
        mov [rdi], rcx
        mov [rdi+rdx-8], rax
        xor eax, eax
        ret
        21:
        cmp edx, 4
        jb 22f
        mov ecx, [rsi]
        mov eax, [rsi+rdx-4]
        mov [rdi], ecx
        mov [rdi+rdx-4], eax
        xor eax, eax
        ret
        22:
        cmp edx, 1
        jb 24f
        je 23f
        movzx ecx, word ptr [rsi]
        movzx eax, byte ptr [rsi+rdx-1]
        mov [rdi], cx
        mov [rdi+rdx-1], al
        xor eax, eax
        ret
        23:
        movzx ecx, byte ptr [rsi]
        mov [rdi], cl
        24:
        xor eax, eax
        ret"
    };
}

/// Assembly for one or two vectors: both are loaded before any is stored.
macro_rules! pair {
    ($move:literal, $width:literal, $one:literal, $two:literal, $leave:literal) => {
        concat!(
            $move,
            " ",
            $one,
            ", [rsi]\n",
            $move,
            " ",
            $two,
            ", [rsi+rdx-",
            $width,
            "]\n",
            $move,
            " [rdi], ",
            $one,
            "\n",
            $move,
            " [rdi+rdx-",
            $width,
            "], ",
            $two,
            "\n",
            $leave,
            "\nxor eax, eax\nret"
        )
    };
}

/// Assembly for more than two vectors, and the landing.
///
/// `$r`: the registers' common name, without the last digit. `$leave`: what the wide registers need
/// before other code runs. The tail is loaded and stored last, so that the range is touched in
/// rising order.
macro_rules! long {
    ($move:literal, $aligned:literal, $stream:literal, $width:literal, $r:literal, $leave:literal) => {
        concat!(
            "40:
            cmp rdx, 4*", $width, "
            ja 50f
            ", $move, " ", $r, "0, [rsi]
            ", $move, " ", $r, "1, [rsi+", $width, "]
            ", $move, " ", $r, "2, [rsi+rdx-2*", $width, "]
            ", $move, " ", $r, "3, [rsi+rdx-", $width, "]
            ", $move, " [rdi], ", $r, "0
            ", $move, " [rdi+", $width, "], ", $r, "1
            ", $move, " [rdi+rdx-2*", $width, "], ", $r, "2
            ", $move, " [rdi+rdx-", $width, "], ", $r, "3
            ", $leave, "
            xor eax, eax
            ret
            .p2align 5
            50:
            cmp rdx, 8*", $width, "
            ja 60f
            ", $move, " ", $r, "0, [rsi]
            ", $move, " ", $r, "1, [rsi+", $width, "]
            ", $move, " ", $r, "2, [rsi+2*", $width, "]
            ", $move, " ", $r, "3, [rsi+3*", $width, "]
            ", $move, " ", $r, "4, [rsi+rdx-4*", $width, "]
            ", $move, " ", $r, "5, [rsi+rdx-3*", $width, "]
            ", $move, " ", $r, "6, [rsi+rdx-2*", $width, "]
            ", $move, " ", $r, "7, [rsi+rdx-", $width, "]
            ", $move, " [rdi], ", $r, "0
            ", $move, " [rdi+", $width, "], ", $r, "1
            ", $move, " [rdi+2*", $width, "], ", $r, "2
            ", $move, " [rdi+3*", $width, "], ", $r, "3
            ", $move, " [rdi+rdx-4*", $width, "], ", $r, "4
            ", $move, " [rdi+rdx-3*", $width, "], ", $r, "5
            ", $move, " [rdi+rdx-2*", $width, "], ", $r, "6
            ", $move, " [rdi+rdx-", $width, "], ", $r, "7
            ", $leave, "
            xor eax, eax
            ret
            .p2align 5
            60:
            # The first vector, and then on from the next boundary of the target. From here on the
            # arguments say what is left.
            ", $move, " ", $r, "0, [rsi]
            mov rcx, rdi
            neg rcx
            and ecx, ", $width, "-1
            ", $move, " [rdi], ", $r, "0
            add rdi, rcx
            add rsi, rcx
            sub rdx, rcx
            cmp rdx, {streamed}
            jae 70f
            cmp rdx, {strings}
            jae 75f
            .p2align 6
            61:
            ", $move, " ", $r, "0, [rsi]
            ", $move, " ", $r, "1, [rsi+", $width, "]
            ", $move, " ", $r, "2, [rsi+2*", $width, "]
            ", $move, " ", $r, "3, [rsi+3*", $width, "]
            ", $aligned, " [rdi], ", $r, "0
            ", $aligned, " [rdi+", $width, "], ", $r, "1
            ", $aligned, " [rdi+2*", $width, "], ", $r, "2
            ", $aligned, " [rdi+3*", $width, "], ", $r, "3
            add rsi, 4*", $width, "
            add rdi, 4*", $width, "
            sub rdx, 4*", $width, "
            cmp rdx, 4*", $width, "
            ja 61b
            62:
            # The last four vectors, which may overlap what was copied.
            ", $move, " ", $r, "0, [rsi+rdx-4*", $width, "]
            ", $move, " ", $r, "1, [rsi+rdx-3*", $width, "]
            ", $move, " ", $r, "2, [rsi+rdx-2*", $width, "]
            ", $move, " ", $r, "3, [rsi+rdx-", $width, "]
            ", $move, " [rdi+rdx-4*", $width, "], ", $r, "0
            ", $move, " [rdi+rdx-3*", $width, "], ", $r, "1
            ", $move, " [rdi+rdx-2*", $width, "], ", $r, "2
            ", $move, " [rdi+rdx-", $width, "], ", $r, "3
            ", $leave, "
            xor eax, eax
            ret
            70:
            mov ecx, 4096/(2*", $width, ")
            .p2align 6
            71:
            prefetcht0 [rsi+256]
            prefetcht0 [rsi+256+", $width, "]
            prefetcht0 [rsi+4096+256]
            prefetcht0 [rsi+4096+256+", $width, "]
            prefetcht0 [rsi+2*4096+256]
            prefetcht0 [rsi+2*4096+256+", $width, "]
            prefetcht0 [rsi+3*4096+256]
            prefetcht0 [rsi+3*4096+256+", $width, "]
            ", $move, " ", $r, "0, [rsi]
            ", $move, " ", $r, "1, [rsi+", $width, "]
            ", $move, " ", $r, "2, [rsi+4096]
            ", $move, " ", $r, "3, [rsi+4096+", $width, "]
            ", $move, " ", $r, "4, [rsi+2*4096]
            ", $move, " ", $r, "5, [rsi+2*4096+", $width, "]
            ", $move, " ", $r, "6, [rsi+3*4096]
            ", $move, " ", $r, "7, [rsi+3*4096+", $width, "]
            ", $stream, " [rdi], ", $r, "0
            ", $stream, " [rdi+", $width, "], ", $r, "1
            ", $stream, " [rdi+4096], ", $r, "2
            ", $stream, " [rdi+4096+", $width, "], ", $r, "3
            ", $stream, " [rdi+2*4096], ", $r, "4
            ", $stream, " [rdi+2*4096+", $width, "], ", $r, "5
            ", $stream, " [rdi+3*4096], ", $r, "6
            ", $stream, " [rdi+3*4096+", $width, "], ", $r, "7
            add rsi, 2*", $width, "
            add rdi, 2*", $width, "
            sub rdx, 2*", $width, "
            dec ecx
            jnz 71b
            # The other three pages are done as well.
            add rsi, 3*4096
            add rdi, 3*4096
            sub rdx, 3*4096
            cmp rdx, 4*4096+4*", $width, "
            jae 70b
            # Streamed stores are ordered with nothing unless told.
            sfence
            jmp 61b
            75:
            ", $leave, "
            mov rcx, rdx
            xor r8d, r8d
            76:
            rep movsb
            77:
            xor eax, eax
            ret
            79:
            # The landing: the handler has put into rcx how much to repeat, and into r8 the rest.
            sfence
            ", $leave, "
            81:
            rep movsb
            82:
            lea rax, [rcx+r8]
            mov rdx, r9
            ret
            ",
            guarded!("2b" to "75b" => "79b", "1"),
            "\n",
            guarded!("76b" to "77b" => "82b", "4"),
            "\n",
            guarded!("81b" to "82b" => "82b", "4")
        )
    };
}

/// Copies with 16-byte vectors. From `STRINGS` bytes on with the string instruction, from `STREAMED` on past the
/// caches.
///
/// # Safety
///
/// As for [`copy_across`](super::super::copy_across), the ranges apart.
#[unsafe(naked)]
#[rustfmt::skip]
pub(super) unsafe extern "sysv64" fn sse2<const STRINGS: u32, const STREAMED: u32>(
    _: *mut u8,
    _: *const u8,
    _: usize,
) -> Rest {
    naked_asm!(
        "2:
        cmp rdx, 16
        jb 20f
        cmp rdx, 32
        ja 40f",
        pair!("movups", "16", "xmm0", "xmm1", ""),
        short!(),
        ".p2align 5",
        long!("movups", "movaps", "movntps", "16", "xmm", ""),
        strings = const STRINGS,
        streamed = const STREAMED,
    )
}

/// Copies with 32-byte vectors. From `STRINGS` bytes on with the string instruction, from `STREAMED` on past the
/// caches.
///
/// # Safety
///
/// As for [`copy_across`](super::super::copy_across), the ranges apart; the processor has AVX2.
#[unsafe(naked)]
#[rustfmt::skip]
pub(super) unsafe extern "sysv64" fn avx2<const STRINGS: u32, const STREAMED: u32>(
    _: *mut u8,
    _: *const u8,
    _: usize,
) -> Rest {
    naked_asm!(
        "2:
        cmp rdx, 16
        jb 20f
        cmp rdx, 32
        ja 30f",
        pair!("vmovdqu", "16", "xmm0", "xmm1", ""),
        short!(),
        ".p2align 5
        30:
        cmp rdx, 64
        ja 40f",
        pair!("vmovdqu", "32", "ymm0", "ymm1", "vzeroupper"),
        ".p2align 5",
        long!("vmovdqu", "vmovdqa", "vmovntdq", "32", "ymm", "vzeroupper"),
        strings = const STRINGS,
        streamed = const STREAMED,
    )
}

/// Copies with 64-byte vectors. From `STRINGS` bytes on with the string instruction, from `STREAMED` on past the
/// caches.
///
/// Registers from 16 on leave nothing behind that would slow down older vector code.
///
/// # Safety
///
/// As for [`copy_across`](super::super::copy_across), the ranges apart; the processor has AVX-512
/// with the byte and vector length extensions.
#[unsafe(naked)]
#[rustfmt::skip]
pub(super) unsafe extern "sysv64" fn avx512<const STRINGS: u32, const STREAMED: u32>(
    _: *mut u8,
    _: *const u8,
    _: usize,
) -> Rest {
    naked_asm!(
        "2:
        cmp rdx, 32
        jb 25f
        cmp rdx, 64
        ja 30f",
        pair!("vmovdqu64", "32", "ymm20", "ymm21", ""),
        "25:
        cmp edx, 16
        jb 20f",
        pair!("vmovdqu64", "16", "xmm20", "xmm21", ""),
        short!(),
        ".p2align 5
        30:
        cmp rdx, 128
        ja 40f",
        pair!("vmovdqu64", "64", "zmm20", "zmm21", ""),
        ".p2align 5",
        long!("vmovdqu64", "vmovdqa64", "vmovntdq", "64", "zmm2", ""),
        strings = const STRINGS,
        streamed = const STREAMED,
    )
}
