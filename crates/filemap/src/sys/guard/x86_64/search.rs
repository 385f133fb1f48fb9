//! Comparing and searching for x86-64.
//!
//! `rdi` position in the mapping, `rsi` position in the private bytes (or the byte), `rdx` what is
//! left: these go on together, so that a fault finds them telling how far the search has come.
//! `r10` is the whole length. The result is an offset in `rax`, and in `rdx` 0 or the address that
//! faulted.

use std::arch::naked_asm;

use super::super::Found;

/// Assembly for the ends: 90 nothing found, 91 found `rax` bytes on, 95 the landing of a comparison.
macro_rules! compare_ends {
    ($leave:literal) => {
        concat!(
            "90:
            ", $leave, "
            mov rax, r10
            xor edx, edx
            ret
            91:
            ", $leave, "
            add rax, r10
            sub rax, rdx
            xor edx, edx
            ret
            95:
            # The landing: the handler has put into rcx how much to look at one by one.
            ", $leave, "
            jrcxz 98f
            96:
            movzx eax, byte ptr [rdi]
            97:
            cmp al, [rsi]
            jne 99f
            inc rdi
            inc rsi
            dec rdx
            dec rcx
            jnz 96b
            # Everything was there after all: the handler did not know where the fault was.
            test rdx, rdx
            jz 90b
            98:
            mov rax, r10
            sub rax, rdx
            mov rdx, r9
            ret
            99:
            xor eax, eax
            jmp 91b
            ",
            guarded!("2b" to "90b" => "95b", "3"),
            "\n",
            guarded!("96b" to "98b" => "98b", "4")
        )
    };
}

/// The same for a search for one byte.
macro_rules! find_ends {
    ($leave:literal) => {
        concat!(
            "90:
            ", $leave, "
            mov rax, r10
            xor edx, edx
            ret
            91:
            ", $leave, "
            add rax, r10
            sub rax, rdx
            xor edx, edx
            ret
            95:
            # The landing: the handler has put into rcx how much to look at one by one.
            ", $leave, "
            jrcxz 98f
            96:
            cmp [rdi], sil
            97:
            je 99f
            inc rdi
            dec rdx
            dec rcx
            jnz 96b
            # Everything was there after all: the handler did not know where the fault was.
            test rdx, rdx
            jz 90b
            98:
            mov rax, r10
            sub rax, rdx
            mov rdx, r9
            ret
            99:
            xor eax, eax
            jmp 91b
            ",
            guarded!("2b" to "90b" => "95b", "3"),
            "\n",
            guarded!("96b" to "97b" => "98b", "4")
        )
    };
}

/// Assembly that compares fewer than 16 bytes, 8, 4, 2 and 1 at a time.
macro_rules! compare_short {
    () => {
        "20:
        cmp edx, 8
        jb 21f
        mov rax, [rdi]
        xor rax, [rsi]
        jnz 24f
        add rdi, 8
        add rsi, 8
        sub rdx, 8
        21:
        cmp edx, 4
        jb 22f
        mov eax, [rdi]
        xor eax, [rsi]
        jnz 24f
        add rdi, 4
        add rsi, 4
        sub rdx, 4
        22:
        cmp edx, 2
        jb 23f
        movzx eax, word ptr [rdi]
        movzx ecx, word ptr [rsi]
        xor eax, ecx
        jnz 24f
        add rdi, 2
        add rsi, 2
        sub rdx, 2
        23:
        test edx, edx
        jz 90f
        movzx eax, byte ptr [rdi]
        movzx ecx, byte ptr [rsi]
        xor eax, ecx
        jz 90f
        24:
        bsf rax, rax
        shr eax, 3
        jmp 91f"
    };
}

/// Assembly that searches fewer bytes than a vector has, one by one.
macro_rules! find_short {
    () => {
        "20:
        xor eax, eax
        test edx, edx
        jz 90f
        21:
        cmp [rdi], sil
        je 91f
        inc rdi
        dec rdx
        jnz 21b"
    };
}

/// Compares with 16-byte vectors.
///
/// # Safety
///
/// As for [`compare`](super::super::compare).
#[unsafe(naked)]
#[rustfmt::skip]
pub(super) unsafe extern "sysv64" fn compare_sse2(_: *const u8, _: *const u8, _: usize) -> Found {
    naked_asm!(
        "2:
        mov r10, rdx
        cmp rdx, 16
        jb 20f
        .p2align 5
        30:
        movups xmm0, [rdi]
        movups xmm1, [rsi]
        pcmpeqb xmm0, xmm1
        pmovmskb eax, xmm0
        xor eax, 0xffff
        jnz 31f
        add rdi, 16
        add rsi, 16
        sub rdx, 16
        cmp rdx, 16
        jae 30b
        jmp 20f
        31:
        bsf eax, eax
        jmp 91f",
        compare_short!(),
        compare_ends!(""),
    )
}

/// Compares with 32-byte vectors.
///
/// # Safety
///
/// As for [`compare`](super::super::compare); the processor has AVX2.
#[unsafe(naked)]
#[rustfmt::skip]
pub(super) unsafe extern "sysv64" fn compare_avx2(_: *const u8, _: *const u8, _: usize) -> Found {
    naked_asm!(
        "2:
        mov r10, rdx
        cmp rdx, 16
        jb 20f
        cmp rdx, 128
        jb 40f
        .p2align 5
        30:
        vmovdqu ymm0, [rdi]
        vmovdqu ymm1, [rdi+32]
        vmovdqu ymm2, [rdi+64]
        vmovdqu ymm3, [rdi+96]
        vpcmpeqb ymm0, ymm0, [rsi]
        vpcmpeqb ymm1, ymm1, [rsi+32]
        vpcmpeqb ymm2, ymm2, [rsi+64]
        vpcmpeqb ymm3, ymm3, [rsi+96]
        vpand ymm0, ymm0, ymm1
        vpand ymm2, ymm2, ymm3
        vpand ymm0, ymm0, ymm2
        vpmovmskb eax, ymm0
        # All ones plus one is zero.
        inc eax
        jnz 40f
        sub rdi, -128
        sub rsi, -128
        add rdx, -128
        cmp rdx, 128
        jae 30b
        40:
        cmp rdx, 32
        jb 50f
        41:
        vmovdqu ymm0, [rdi]
        vpcmpeqb ymm0, ymm0, [rsi]
        vpmovmskb eax, ymm0
        xor eax, -1
        jnz 51f
        add rdi, 32
        add rsi, 32
        sub rdx, 32
        cmp rdx, 32
        jae 41b
        50:
        cmp edx, 16
        jb 20f
        vmovdqu xmm0, [rdi]
        vpcmpeqb xmm0, xmm0, [rsi]
        vpmovmskb eax, xmm0
        xor eax, 0xffff
        jnz 51f
        add rdi, 16
        add rsi, 16
        sub rdx, 16
        jmp 20f
        51:
        bsf eax, eax
        jmp 91f",
        compare_short!(),
        compare_ends!("vzeroupper"),
    )
}

/// Compares with 64-byte vectors; a mask cuts a lone one to length and keeps what lies beyond from
/// faulting.
///
/// # Safety
///
/// As for [`compare`](super::super::compare); the processor has AVX-512 with the byte and vector
/// length extensions, and BMI2.
#[unsafe(naked)]
#[rustfmt::skip]
pub(super) unsafe extern "sysv64" fn compare_avx512(_: *const u8, _: *const u8, _: usize) -> Found {
    naked_asm!(
        "2:
        mov r10, rdx
        cmp rdx, 64
        jb 50f
        vmovdqu64 zmm16, [rdi]
        vpcmpneqb k1, zmm16, [rsi]
        kmovq rax, k1
        test rax, rax
        jnz 51f
        cmp rdx, 128
        jbe 45f
        # On from the next boundary of the mapping's side: 1 to 64 bytes that were equal.
        mov ecx, edi
        or rcx, -64
        neg rcx
        add rdi, rcx
        add rsi, rcx
        sub rdx, rcx
        cmp rdx, 256
        jb 40f
        .p2align 5
        30:
        vmovdqu64 zmm16, [rdi]
        vmovdqu64 zmm17, [rdi+64]
        vmovdqu64 zmm18, [rdi+128]
        vmovdqu64 zmm19, [rdi+192]
        vpxorq zmm16, zmm16, [rsi]
        vpxorq zmm17, zmm17, [rsi+64]
        vpxorq zmm18, zmm18, [rsi+128]
        vpxorq zmm19, zmm19, [rsi+192]
        vporq zmm16, zmm16, zmm17
        vpternlogq zmm16, zmm18, zmm19, 0xfe
        vptestmb k1, zmm16, zmm16
        kortestq k1, k1
        jnz 41f
        add rdi, 256
        add rsi, 256
        sub rdx, 256
        cmp rdx, 256
        jae 30b
        40:
        cmp rdx, 64
        jbe 44f
        41:
        vmovdqu64 zmm16, [rdi]
        vpcmpneqb k1, zmm16, [rsi]
        kmovq rax, k1
        test rax, rax
        jnz 51f
        add rdi, 64
        add rsi, 64
        sub rdx, 64
        cmp rdx, 64
        ja 41b
        44:
        test edx, edx
        jz 90f
        45:
        # The last vector, which may overlap what was compared.
        lea rdi, [rdi+rdx-64]
        lea rsi, [rsi+rdx-64]
        mov edx, 64
        vmovdqu64 zmm16, [rdi]
        vpcmpneqb k1, zmm16, [rsi]
        kmovq rax, k1
        test rax, rax
        jz 90f
        51:
        tzcnt rax, rax
        jmp 91f
        50:
        mov rax, -1
        bzhi rax, rax, rdx
        kmovq k2, rax
        vmovdqu8 zmm16{{k2}}{{z}}, [rdi]
        vpcmpneqb k1{{k2}}, zmm16, [rsi]
        kmovq rax, k1
        test rax, rax
        jnz 51b",
        compare_ends!(""),
    )
}

/// Searches with 16-byte vectors.
///
/// # Safety
///
/// As for [`find_byte`](super::super::find_byte).
#[unsafe(naked)]
#[rustfmt::skip]
pub(super) unsafe extern "sysv64" fn find_sse2(_: *const u8, _: u32, _: usize) -> Found {
    naked_asm!(
        "2:
        mov r10, rdx
        cmp rdx, 16
        jb 20f
        movd xmm1, esi
        punpcklbw xmm1, xmm1
        pshuflw xmm1, xmm1, 0
        punpcklqdq xmm1, xmm1
        .p2align 5
        30:
        movups xmm0, [rdi]
        pcmpeqb xmm0, xmm1
        pmovmskb eax, xmm0
        test eax, eax
        jnz 31f
        add rdi, 16
        sub rdx, 16
        cmp rdx, 16
        jae 30b
        jmp 20f
        31:
        bsf eax, eax
        jmp 91f",
        find_short!(),
        find_ends!(""),
    )
}

/// Searches with 32-byte vectors.
///
/// # Safety
///
/// As for [`find_byte`](super::super::find_byte); the processor has AVX2.
#[unsafe(naked)]
#[rustfmt::skip]
pub(super) unsafe extern "sysv64" fn find_avx2(_: *const u8, _: u32, _: usize) -> Found {
    naked_asm!(
        "2:
        mov r10, rdx
        cmp rdx, 16
        jb 20f
        vmovd xmm1, esi
        vpbroadcastb ymm1, xmm1
        cmp rdx, 128
        jb 40f
        .p2align 5
        30:
        vpcmpeqb ymm2, ymm1, [rdi]
        vpcmpeqb ymm3, ymm1, [rdi+32]
        vpcmpeqb ymm4, ymm1, [rdi+64]
        vpcmpeqb ymm5, ymm1, [rdi+96]
        vpor ymm2, ymm2, ymm3
        vpor ymm4, ymm4, ymm5
        vpor ymm2, ymm2, ymm4
        vpmovmskb eax, ymm2
        test eax, eax
        jnz 41f
        sub rdi, -128
        add rdx, -128
        cmp rdx, 128
        jae 30b
        40:
        cmp rdx, 32
        jb 50f
        41:
        vpcmpeqb ymm0, ymm1, [rdi]
        vpmovmskb eax, ymm0
        test eax, eax
        jnz 51f
        add rdi, 32
        sub rdx, 32
        cmp rdx, 32
        jae 41b
        50:
        cmp edx, 16
        jb 20f
        vpcmpeqb xmm0, xmm1, [rdi]
        vpmovmskb eax, xmm0
        test eax, eax
        jnz 51f
        add rdi, 16
        sub rdx, 16
        jmp 20f
        51:
        bsf eax, eax
        jmp 91f",
        find_short!(),
        find_ends!("vzeroupper"),
    )
}

/// Searches with 64-byte vectors; a mask cuts a lone one to length and keeps what lies beyond from
/// faulting.
///
/// # Safety
///
/// As for [`find_byte`](super::super::find_byte); the processor has AVX-512 with the byte and vector
/// length extensions, and BMI2.
#[unsafe(naked)]
#[rustfmt::skip]
pub(super) unsafe extern "sysv64" fn find_avx512(_: *const u8, _: u32, _: usize) -> Found {
    naked_asm!(
        "2:
        mov r10, rdx
        vpbroadcastb zmm17, esi
        cmp rdx, 64
        jb 50f
        vpcmpeqb k1, zmm17, [rdi]
        kmovq rax, k1
        test rax, rax
        jnz 51f
        cmp rdx, 128
        jbe 45f
        # On from the next boundary: 1 to 64 bytes that the byte is not among.
        mov ecx, edi
        or rcx, -64
        neg rcx
        add rdi, rcx
        sub rdx, rcx
        cmp rdx, 256
        jb 40f
        .p2align 5
        30:
        vpxorq zmm18, zmm17, [rdi]
        vpxorq zmm19, zmm17, [rdi+64]
        vpxorq zmm20, zmm17, [rdi+128]
        vpxorq zmm21, zmm17, [rdi+192]
        vpminub zmm18, zmm18, zmm19
        vpminub zmm20, zmm20, zmm21
        vpminub zmm18, zmm18, zmm20
        vptestnmb k1, zmm18, zmm18
        kortestq k1, k1
        jnz 41f
        add rdi, 256
        sub rdx, 256
        cmp rdx, 256
        jae 30b
        40:
        cmp rdx, 64
        jbe 44f
        41:
        vpcmpeqb k1, zmm17, [rdi]
        kmovq rax, k1
        test rax, rax
        jnz 51f
        add rdi, 64
        sub rdx, 64
        cmp rdx, 64
        ja 41b
        44:
        test edx, edx
        jz 90f
        45:
        # The last vector, which may overlap what was searched.
        lea rdi, [rdi+rdx-64]
        mov edx, 64
        vpcmpeqb k1, zmm17, [rdi]
        kmovq rax, k1
        test rax, rax
        jz 90f
        51:
        tzcnt rax, rax
        jmp 91f
        50:
        mov rax, -1
        bzhi rax, rax, rdx
        kmovq k2, rax
        vmovdqu8 zmm16{{k2}}{{z}}, [rdi]
        vpcmpeqb k1{{k2}}, zmm16, zmm17
        kmovq rax, k1
        test rax, rax
        jnz 51b",
        find_ends!(""),
    )
}
