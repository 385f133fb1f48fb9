//! `CopyMemory` and related functions, which managed programs call in kernel32.
//!
//! They are the C library's functions under other names. A lost page kills the process, as it does
//! under any other access in C; `filemap_read` and `filemap_write` survive it.

use std::ffi::c_int;

use crate::windows::{LPCVOID, LPVOID, SIZE_T};

/// Copies bytes; the ranges may overlap.
///
/// # Safety
///
/// Both ranges have the given length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlMoveMemory(Destination: LPVOID, Source: LPCVOID, Length: SIZE_T) {
    if Length > 0 {
        // SAFETY: the caller vouches for it. It is the C library's function, because other
        // processes may change mapped bytes meanwhile, which Rust's copies do not allow.
        unsafe { libc::memmove(Destination, Source, Length) };
    }
    crate::boundary::quiet((), || Ok(()));
}

/// `RtlMoveMemory`: the `CopyMemory` of Windows' headers tolerates overlapping ranges as well.
///
/// # Safety
///
/// Those of `RtlMoveMemory`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlCopyMemory(Destination: LPVOID, Source: LPCVOID, Length: SIZE_T) {
    // SAFETY: the caller vouches for it.
    unsafe { RtlMoveMemory(Destination, Source, Length) }
}

/// Sets bytes to one value.
///
/// # Safety
///
/// The range has the given length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlFillMemory(Destination: LPVOID, Length: SIZE_T, Fill: u8) {
    if Length > 0 {
        // SAFETY: as in `RtlMoveMemory`.
        unsafe { libc::memset(Destination, c_int::from(Fill), Length) };
    }
    crate::boundary::quiet((), || Ok(()));
}

/// Sets bytes to 0.
///
/// # Safety
///
/// The range has the given length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlZeroMemory(Destination: LPVOID, Length: SIZE_T) {
    // SAFETY: the caller vouches for it.
    unsafe { RtlFillMemory(Destination, Length, 0) }
}

/// `RtlMoveMemory`.
///
/// # Safety
///
/// Those of `RtlMoveMemory`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CopyMemory(Destination: LPVOID, Source: LPCVOID, Length: SIZE_T) {
    // SAFETY: the caller vouches for it.
    unsafe { RtlMoveMemory(Destination, Source, Length) }
}

/// `RtlMoveMemory`.
///
/// # Safety
///
/// Those of `RtlMoveMemory`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MoveMemory(Destination: LPVOID, Source: LPCVOID, Length: SIZE_T) {
    // SAFETY: the caller vouches for it.
    unsafe { RtlMoveMemory(Destination, Source, Length) }
}

/// `RtlFillMemory`.
///
/// # Safety
///
/// Those of `RtlFillMemory`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FillMemory(Destination: LPVOID, Length: SIZE_T, Fill: u8) {
    // SAFETY: the caller vouches for it.
    unsafe { RtlFillMemory(Destination, Length, Fill) }
}

/// `RtlZeroMemory`.
///
/// # Safety
///
/// Those of `RtlZeroMemory`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ZeroMemory(Destination: LPVOID, Length: SIZE_T) {
    // SAFETY: the caller vouches for it.
    unsafe { RtlZeroMemory(Destination, Length) }
}
