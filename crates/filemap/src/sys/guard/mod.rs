//! Memory accesses that survive the loss of the page they touch.
//!
//! Anyone may truncate a mapped file on Linux, and a disk or a memory file system may fail to
//! supply a page. The next access to such a page is a fault, whose default is the death of the
//! process. Every access to a mapping therefore goes through this module: an instruction that
//! faults is found in a table, and the handler sends the thread to a landing, which returns how much
//! is left. An inlined access returns that it met a lost page.
//!
//! The routines and the table are the same on every platform. How a fault comes to be known, by a
//! signal or by an exception, is the platform's `fault`, which calls [`Registers::resume`].
//!
//! # Memory model
//!
//! No reference to mapped bytes ever exists. Each access is an instruction inside assembly that the
//! optimiser cannot look into, and the mapping is no allocation of the Rust program. A copy is a set
//! of relaxed accesses in no particular order, none wider than a byte as far as the caller may rely
//! on it: a concurrent writer yields a mix of old and new bytes, never undefined behaviour. Aligned
//! values of 1, 2, 4 and 8 bytes, through [`Scalar`] and [`Atomic`], are single accesses and do not
//! tear.
//!
//! # Without assembly
//!
//! On architectures that have none here, and with `--cfg filemap_portable_copies`, the same surface
//! is served by the platform's system calls, which report a lost page by themselves.

#![expect(unsafe_code, reason = "assembly, and what it is called with")]

use std::num::NonZeroUsize;

#[cfg(guard_assembly)]
#[macro_use]
mod table;
#[cfg(guard_assembly)]
mod registers;
mod scalar;
mod overlap;

#[cfg(all(guard_assembly, target_arch = "aarch64"))]
#[path = "aarch64/mod.rs"]
mod machine;
#[cfg(all(guard_assembly, target_arch = "x86_64"))]
#[path = "x86_64/mod.rs"]
mod machine;
#[cfg(not(guard_assembly))]
use crate::sys::platform::fault::portable as machine;

#[cfg(all(guard_assembly, target_arch = "x86_64"))]
use machine::short;
#[cfg(not(all(guard_assembly, target_arch = "x86_64")))]
mod short;

#[cfg(test)]
#[cfg(guard_assembly)]
mod edge_tests;

#[cfg(all(guard_assembly, any(target_os = "linux", windows)))]
pub(super) use machine::choose;
#[cfg(all(guard_assembly, any(target_os = "linux", windows)))]
pub(super) use registers::Registers;
pub(super) use scalar::{Atomic, LOST, Scalar, is_aligned, is_scalar, load, store};
pub(super) use short::{copy as copy_inlined, fill as fill_inlined, is_inlined};
#[cfg(windows)]
pub(super) use table::prepare;

/// A page was lost under an access, which had come so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost {
    /// How many bytes, from the start of the range, were dealt with before the first lost one.
    pub done: usize,
    /// The address whose access failed, if it is known.
    pub address: Option<NonZeroUsize>,
}

/// What is left of an access, in the two registers in which a routine returns it.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) struct Rest {
    /// Bytes not dealt with; 0 is success.
    pub(in crate::sys) len: usize,
    /// The address that faulted, if it is known; means nothing after success.
    pub(in crate::sys) address: usize,
}

impl Rest {
    /// Of an access that came to its end.
    pub(in crate::sys) const NONE: Self = Self { len: 0, address: 0 };
}

/// Copies `len` bytes out of a mapping into private memory; returns how many are left, which are 0
/// unless a page was lost.
///
/// After a loss those of `to` are unspecified.
///
/// # Safety
///
/// - `from` to `from + len` stays mapped, readable, during the call.
/// - `to` to `to + len` is valid for writes and nobody else's, and does not overlap it.
/// - the platform's `fault::ensure` has run after the mapping was made.
#[inline(always)]
pub(in crate::sys) unsafe fn copy_out(to: *mut u8, from: *const u8, len: usize) -> usize {
    // SAFETY: the contract is the same.
    unsafe { machine::copy_out(to, from, len) }.len
}

/// Copies `len` bytes of private memory into a mapping; returns how many are left, which are 0
/// unless a page was lost.
///
/// After a loss some of those may have been written as well.
///
/// # Safety
///
/// - `to` to `to + len` stays mapped, writable, during the call.
/// - `from` to `from + len` is valid for reads, initialised or not, and does not overlap it.
/// - the platform's `fault::ensure` has run after the mapping was made.
#[inline(always)]
pub(in crate::sys) unsafe fn copy_in(to: *mut u8, from: *const u8, len: usize) -> usize {
    // SAFETY: the contract is the same.
    unsafe { machine::copy_in(to, from, len) }.len
}

/// Copies `len` bytes from one place of a mapping to another, in the same mapping or not.
///
/// The ranges may overlap: `to` then holds what `from` held, as with `memmove`. Overlap is judged
/// by address. Two views of the same pages at different addresses are not seen to overlap, and
/// bytes that are both read and written through them end up old or new.
///
/// # Errors
///
/// [`Lost`], at the first byte that could not be read or could not be written; the address is on
/// that side. Bytes of `to` beyond it may have been written as well.
///
/// # Safety
///
/// - `from` to `from + len` stays mapped, readable, during the call.
/// - `to` to `to + len` stays mapped, writable, during the call.
/// - the platform's `fault::ensure` has run after the mappings were made.
pub(in crate::sys) unsafe fn copy_across(
    to: *mut u8,
    from: *const u8,
    len: usize,
) -> Result<(), Lost> {
    let rest = if cfg!(guard_assembly) && to.addr().abs_diff(from.addr()) >= len {
        // SAFETY: the contract is the same, and the ranges are apart: such a copy may be repeated.
        unsafe { machine::copy_in(to, from, len) }
    } else {
        // SAFETY: the contract is the same.
        unsafe { overlap::copy(to, from, len) }
    };
    if rest.len == 0 {
        return Ok(());
    }
    Err(Lost { done: len - rest.len, address: NonZeroUsize::new(rest.address) })
}

/// Sets `len` bytes of a mapping to `byte`; returns how many are left, which are 0 unless a page
/// was lost.
///
/// After a loss some of those may have been set as well.
///
/// # Safety
///
/// - `to` to `to + len` stays mapped, writable, during the call.
/// - the platform's `fault::ensure` has run after the mapping was made.
#[inline(always)]
pub(in crate::sys) unsafe fn fill(to: *mut u8, byte: u8, len: usize) -> usize {
    // SAFETY: the contract is the same.
    unsafe { machine::fill(to, byte, len) }.len
}
