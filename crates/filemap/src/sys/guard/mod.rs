//! Memory accesses that survive the loss of the page they touch.
//!
//! Anyone may truncate a mapped file on Linux, and a disk or a memory file system may fail to
//! supply a page. The next access to such a page is a fault, whose default is the death of the
//! process. Every access to a mapping therefore goes through this module: an instruction that
//! faults is found in a table, and execution goes on at a landing that reports the loss as a
//! [`Lost`].
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

#[cfg(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
))]
#[macro_use]
mod table;
#[cfg(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
))]
mod registers;
mod scalar;
mod overlap;

#[cfg(all(target_arch = "x86_64", target_pointer_width = "64", not(filemap_portable_copies)))]
mod x86_64;
#[cfg(all(target_arch = "x86_64", target_pointer_width = "64", not(filemap_portable_copies)))]
use x86_64 as machine;

#[cfg(all(target_arch = "aarch64", not(filemap_portable_copies)))]
mod aarch64;
#[cfg(all(target_arch = "aarch64", not(filemap_portable_copies)))]
use aarch64 as machine;

#[cfg(not(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
)))]
use crate::sys::platform::fault::portable as machine;

#[cfg(test)]
#[cfg(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
))]
mod exact;

#[cfg(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
))]
#[cfg(any(target_os = "linux", windows))]
pub(super) use machine::choose;
#[cfg(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
))]
#[cfg(any(target_os = "linux", windows))]
pub(super) use registers::Registers;
pub(crate) use scalar::{Atomic, Scalar};
#[cfg(windows)]
pub(super) use table::prepare;

/// Says that a page was lost under an access, and how far the access had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// How many bytes, from the start of the range, were dealt with before the first lost one.
    pub done: usize,
    /// The address whose access failed, if it is known.
    pub address: Option<NonZeroUsize>,
}

/// What a routine hands back, in two registers: how much of its range is left, and why.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest {
    /// Bytes not dealt with; 0 is success. More than there were if that was not counted yet.
    pub(super) len: usize,
    /// The address that faulted; means nothing after success.
    pub(super) address: usize,
}

impl Rest {
    /// What is left of `len` bytes, as a loss.
    fn lost(self, len: usize) -> Lost {
        Lost { done: len - self.len, address: NonZeroUsize::new(self.address) }
    }
}

/// What is left of an access that was to be had at once and was not.
///
/// In two registers, so that one call beside what is inlined may take it on: its caller then needs
/// nothing after that call, and saves nothing for it.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub(crate) struct Unfinished(Rest);

impl Unfinished {
    /// Nothing was tried.
    pub(crate) const UNTRIED: Self = Self(Rest { len: 0, address: 0 });

    /// Turns what a copy hands back into its caller's result.
    #[inline(always)]
    fn of(rest: Rest) -> Result<(), Self> {
        if rest.len == 0 { Ok(()) } else { Err(Self(rest)) }
    }

    /// A value was tried, which is one access: nothing is to be counted.
    #[inline(always)]
    pub(crate) fn value(lost: Lost) -> Self {
        let address = lost.address.map_or(Found::UNKNOWN, NonZeroUsize::get);
        Self(Rest { len: address, address })
    }

    /// Tells whether it was tried, and a page was lost under it.
    #[inline(always)]
    pub(crate) fn was_tried(self) -> bool {
        self.0.len != 0
    }

    /// Tells whether a copy of these ranges can have left it, and not one through another view.
    pub(crate) fn is_of(self, to: *mut u8, from: *const u8, len: usize) -> bool {
        let Rest { len: left, address } = self.0;
        let inside = |start: usize| (start..start.saturating_add(len)).contains(&address);
        left != 0 && (address == 0 || inside(to.addr()) || inside(from.addr()))
    }

    /// What was lost under a value.
    pub(crate) fn value_lost(self) -> Lost {
        Found { at: 0, address: self.0.address }.lost()
    }

    /// How far a copy came, of `len` bytes from `from` to `to`.
    ///
    /// # Safety
    ///
    /// As for [`copy_across`], the ranges apart; it is what a copy of them left.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn copy_lost(self, to: *mut u8, from: *const u8, len: usize) -> Lost {
        // SAFETY: the caller promises the ranges.
        let rest = unsafe { machine::count(self.0, to, from, len) };
        rest.lost(len)
    }
}

/// What a search hands back, in two registers: where it ended, and whether a fault ended it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// Offset of what was sought, or the length if it is not there, or the first lost byte.
    pub(super) at: usize,
    /// 0, or the address that faulted.
    pub(super) address: usize,
}

impl Found {
    /// An address for a loss whose own is not known: nothing is ever mapped there.
    pub(super) const UNKNOWN: usize = 1;

    /// Turns the end of a search through `len` bytes into the caller's result.
    #[inline(always)]
    fn of(self, len: usize) -> Result<Option<usize>, Lost> {
        if self.address == 0 { Ok((self.at != len).then_some(self.at)) } else { Err(self.lost()) }
    }

    /// Apart, so that the path of success carries nothing of it.
    #[cold]
    #[inline(never)]
    fn lost(self) -> Lost {
        let known = Some(self.address).filter(|address| *address != Found::UNKNOWN);
        Lost { done: self.at, address: known.and_then(NonZeroUsize::new) }
    }
}

/// Tells whether so many bytes are copied by [`copy_inlined`], and filled without a call.
#[inline(always)]
pub(crate) fn is_inlined(len: usize) -> bool {
    machine::is_inlined(len)
}

/// Copies `len` bytes between a mapping and private memory without a call.
///
/// # Errors
///
/// [`Unfinished`], which [`copy_lost`](Unfinished::copy_lost) tells more of.
///
/// # Safety
///
/// As for [`copy_out`] or [`copy_in`], with a length that [`is_inlined`].
#[inline(always)]
pub(crate) unsafe fn copy_inlined(
    to: *mut u8,
    from: *const u8,
    len: usize,
) -> Result<(), Unfinished> {
    // SAFETY: the two ranges are what this function's own contract asks for.
    let rest = unsafe { machine::copy_inlined(to, from, len) };
    Unfinished::of(rest)
}

/// Copies `len` bytes out of a mapping into private memory.
///
/// After a loss the bytes of `to` beyond [`Lost::done`] are unspecified.
///
/// # Errors
///
/// [`Unfinished`], which [`copy_lost`](Unfinished::copy_lost) tells more of.
///
/// # Safety
///
/// - `from` to `from + len` stays mapped, readable, during the call.
/// - `to` to `to + len` is valid for writes and nobody else's, and does not overlap it.
/// - [`ensure`] has run after the mapping was made.
#[inline(always)]
pub(crate) unsafe fn copy_out(to: *mut u8, from: *const u8, len: usize) -> Result<(), Unfinished> {
    // SAFETY: the two ranges are what this function's own contract asks for.
    let rest = unsafe { machine::copy_out(to, from, len) };
    Unfinished::of(rest)
}

/// Copies `len` bytes of private memory into a mapping.
///
/// After a loss, bytes of the mapping beyond [`Lost::done`] may have been written as well.
///
/// # Errors
///
/// [`Unfinished`], which [`copy_lost`](Unfinished::copy_lost) tells more of.
///
/// # Safety
///
/// - `to` to `to + len` stays mapped, writable, during the call.
/// - `from` to `from + len` is valid for reads, initialised, and does not overlap it.
/// - [`ensure`] has run after the mapping was made.
#[inline(always)]
pub(crate) unsafe fn copy_in(to: *mut u8, from: *const u8, len: usize) -> Result<(), Unfinished> {
    // SAFETY: the two ranges are what this function's own contract asks for.
    let rest = unsafe { machine::copy_in(to, from, len) };
    Unfinished::of(rest)
}

/// Copies `len` bytes from one place of a mapping to another, in the same mapping or not.
///
/// The ranges may overlap: `to` then holds what `from` held, as with `memmove`. Overlap is judged
/// by address. Two views of the same pages at different addresses are not seen to overlap, and
/// bytes that are both read and written through them end up old or new.
///
/// # Errors
///
/// [`Lost`], with the number of bytes copied before the first one that could not be read or could
/// not be written; [`Lost::address`] tells the two sides apart. Bytes of `to` beyond it may have
/// been written as well.
///
/// # Safety
///
/// - `from` to `from + len` stays mapped, readable, during the call.
/// - `to` to `to + len` stays mapped, writable, during the call.
/// - [`ensure`] has run after the mappings were made.
#[inline]
pub(crate) unsafe fn copy_across(to: *mut u8, from: *const u8, len: usize) -> Result<(), Lost> {
    if to.addr().abs_diff(from.addr()) < len {
        // SAFETY: the two ranges are what this function's own contract asks for.
        return unsafe { overlap::copy(to, from, len) };
    }
    // SAFETY: the two ranges are what this function's own contract asks for, and they are apart.
    let rest = unsafe { machine::copy_across(to, from, len) };
    if rest.len == 0 { Ok(()) } else { Err(rest.lost(len)) }
}

/// Sets `len` bytes of a mapping to `byte`.
///
/// After a loss, bytes of the mapping beyond [`Lost::done`] may have been set as well.
///
/// # Errors
///
/// What `explain` makes of the number of bytes set before the first lost one.
///
/// # Safety
///
/// - `to` to `to + len` stays mapped, writable, during the call.
/// - [`ensure`] has run after the mapping was made.
#[inline]
pub(crate) unsafe fn fill<E>(
    to: *mut u8,
    byte: u8,
    len: usize,
    explain: impl FnOnce(Lost) -> E,
) -> Result<(), E> {
    // SAFETY: the range is what this function's own contract asks for.
    let rest = unsafe { machine::fill(to, byte, len) };
    if rest.len == 0 {
        return Ok(());
    }
    // SAFETY: as above.
    Err(unsafe { fill_broken_off(rest, to, byte, len, explain) })
}

/// Tells the caller of a fill that it was broken off: how far it came, and what that means.
///
/// One call for all of it, so that the path of success, which is inlined, carries nothing.
///
/// # Safety
///
/// As for [`fill`]; `rest` is what the machine's fill handed back.
#[cold]
#[inline(never)]
unsafe fn fill_broken_off<E>(
    rest: Rest,
    to: *mut u8,
    byte: u8,
    len: usize,
    explain: impl FnOnce(Lost) -> E,
) -> E {
    // SAFETY: the caller promises the range.
    let rest = unsafe { machine::count_fill(rest, to, byte, len) };
    explain(rest.lost(len))
}

/// Compares `len` bytes of a mapping with private ones and returns the offset of the first that
/// differs.
///
/// # Errors
///
/// [`Lost`], if a page was lost before a difference was found; [`Lost::done`] bytes are equal.
///
/// # Safety
///
/// - `mapping` to `mapping + len` stays mapped, readable, during the call.
/// - `private` to `private + len` is valid for reads and initialised.
/// - [`ensure`] has run after the mapping was made.
#[inline]
pub(crate) unsafe fn compare(
    mapping: *const u8,
    private: *const u8,
    len: usize,
) -> Result<Option<usize>, Lost> {
    // SAFETY: the two ranges are what this function's own contract asks for.
    let found = unsafe { machine::compare(mapping, private, len) };
    found.of(len)
}

/// Returns the offset of the first `byte` in `len` bytes of a mapping.
///
/// # Errors
///
/// [`Lost`], if a page was lost before the byte was found; it is not among the first
/// [`Lost::done`] bytes.
///
/// # Safety
///
/// - `mapping` to `mapping + len` stays mapped, readable, during the call.
/// - [`ensure`] has run after the mapping was made.
#[inline]
pub(crate) unsafe fn find_byte(
    mapping: *const u8,
    byte: u8,
    len: usize,
) -> Result<Option<usize>, Lost> {
    // SAFETY: the range is what this function's own contract asks for.
    let found = unsafe { machine::find_byte(mapping, byte, len) };
    found.of(len)
}
