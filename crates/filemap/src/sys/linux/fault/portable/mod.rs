//! The same surface without assembly and without a signal handler.
//!
//! For architectures that have no routines here, and for `--cfg filemap_portable_copies`, which
//! keeps this path true by running the tests through it. Nothing in the process is changed; all of
//! it works from addresses alone, so that it serves private and anonymous mappings as well, which a
//! read of the file would not.
//!
//! - **Copies**, and on top of them fills and searches, are
//!   [process_vm_readv(2)](https://man7.org/linux/man-pages/man2/process_vm_readv.2.html) and its
//!   twin, by this process on itself. The kernel then walks the pages as if for another process: a
//!   page that cannot be supplied ends the call with the bytes before it, and raises no signal.
//! - **Single values** and atomics cannot be had that way: no system call promises to move 8 bytes
//!   in one piece, and none adds to them. To look first and then access would be a race. They are
//!   plain atomic instructions, but made by a helper process that shares this one's memory and lives
//!   for the one access: if the page is lost, the helper dies of it, and the caller is told. That
//!   takes tens of microseconds and is as atomic as any.
//! - Where a sandbox forbids the system call, the helper makes the copies too. Where it forbids the
//!   helper, an access ends as a loss without an address.

mod helper;
mod scalar;
mod transfer;

use std::io;

use crate::sys::guard::{Found, Rest};
use crate::sys::platform::fault::opening;

/// Bytes that fills, searches and copies between mappings hold in private memory at a time.
const STEP: usize = 4096;

/// Makes this thread ready to touch mappings: nothing is to be done for lost pages.
///
/// # Errors
///
/// If the process is forbidden to handle signals, and has views whose pages may be closed.
pub(in crate::sys) fn ensure() -> io::Result<()> {
    opening::ensure_if_needed()
}

/// Sends a guarded instruction to its landing: there is none here.
pub(in crate::sys::platform) fn resume(
    _interrupted: &mut libc::ucontext_t,
    _address: usize,
) -> bool {
    false
}

/// Copies from a mapping to private memory.
///
/// # Safety
///
/// As for [`copy_out`](crate::sys::guard::copy_out).
pub(in crate::sys) unsafe fn copy_out(to: *mut u8, from: *const u8, len: usize) -> Rest {
    // SAFETY: the caller promises the ranges.
    unsafe { transfer::read(to, from, len) }
}

/// Copies from private memory to a mapping.
///
/// # Safety
///
/// As for [`copy_in`](crate::sys::guard::copy_in).
pub(in crate::sys) unsafe fn copy_in(to: *mut u8, from: *const u8, len: usize) -> Rest {
    // SAFETY: the caller promises the ranges.
    unsafe { transfer::write(to, from, len) }
}

/// Tells whether so many bytes are copied without a call: none are.
pub(in crate::sys) fn is_inlined(_len: usize) -> bool {
    false
}

pub(in crate::sys) use copy_across as copy_inlined;

/// Counts what is left of a copy: the kernel did.
///
/// # Safety
///
/// Always safe here.
pub(in crate::sys) unsafe fn count(
    rest: Rest,
    _to: *mut u8,
    _from: *const u8,
    _len: usize,
) -> Rest {
    rest
}

/// Counts what is left of a fill: the kernel did.
///
/// # Safety
///
/// Always safe here.
pub(in crate::sys) unsafe fn count_fill(rest: Rest, _to: *mut u8, _byte: u8, _len: usize) -> Rest {
    rest
}

/// Copies from mapping to mapping, step by step.
///
/// # Safety
///
/// As for [`copy_across`](crate::sys::guard::copy_across), the ranges apart.
pub(in crate::sys) unsafe fn copy_across(to: *mut u8, from: *const u8, len: usize) -> Rest {
    let mut held = [0_u8; STEP];
    let mut done = 0;
    while done < len {
        let count = STEP.min(len - done);
        // SAFETY: `done + count <= len`, so the step lies in the caller's range.
        let read = unsafe { transfer::read(held.as_mut_ptr(), from.wrapping_add(done), count) };
        let readable = count - read.len;
        // SAFETY: as above, and `readable` bytes of `held` were read.
        let written = unsafe { transfer::write(to.wrapping_add(done), held.as_ptr(), readable) };
        done += readable - written.len;
        if written.len > 0 {
            return Rest { len: len - done, ..written };
        }
        if read.len > 0 {
            return Rest { len: len - done, ..read };
        }
    }
    Rest { len: 0, address: 0 }
}

/// Fills, step by step.
///
/// # Safety
///
/// As for [`fill`](crate::sys::guard::fill()).
pub(in crate::sys) unsafe fn fill(to: *mut u8, byte: u8, len: usize) -> Rest {
    let held = [byte; STEP];
    let mut done = 0;
    while done < len {
        let count = STEP.min(len - done);
        // SAFETY: `done + count <= len`, so the step lies in the caller's range.
        let written = unsafe { transfer::write(to.wrapping_add(done), held.as_ptr(), count) };
        done += count - written.len;
        if written.len > 0 {
            return Rest { len: len - done, ..written };
        }
    }
    Rest { len: 0, address: 0 }
}

/// Compares, step by step.
///
/// # Safety
///
/// As for [`compare`](crate::sys::guard::compare).
pub(in crate::sys) unsafe fn compare(mapping: *const u8, private: *const u8, len: usize) -> Found {
    // SAFETY: the caller promises `len` bytes that are initialised and not written meanwhile.
    let private = unsafe { std::slice::from_raw_parts(private, len) };
    let differs = |start: usize, held: &[u8]| {
        held.iter().zip(&private[start..]).position(|(one, other)| one != other)
    };
    // SAFETY: the caller promises the mapping.
    unsafe { search(mapping, len, differs) }
}

/// Searches for a byte, step by step.
///
/// # Safety
///
/// As for [`find_byte`](crate::sys::guard::find_byte).
pub(in crate::sys) unsafe fn find_byte(mapping: *const u8, byte: u8, len: usize) -> Found {
    let is_it = |_, held: &[u8]| held.iter().position(|one| *one == byte);
    // SAFETY: the caller promises the mapping.
    unsafe { search(mapping, len, is_it) }
}

/// Searches private copies of a mapping's bytes with `find`, which gets their offset as well.
///
/// # Safety
///
/// `mapping` to `mapping + len` stays mapped, readable, during the call.
unsafe fn search(
    mapping: *const u8,
    len: usize,
    find: impl Fn(usize, &[u8]) -> Option<usize>,
) -> Found {
    let mut held = [0_u8; STEP];
    let mut done = 0;
    while done < len {
        let count = STEP.min(len - done);
        // SAFETY: `done + count <= len`, so the step lies in the caller's range.
        let read = unsafe { transfer::read(held.as_mut_ptr(), mapping.wrapping_add(done), count) };
        let readable = count - read.len;
        if let Some(at) = find(done, &held[..readable]) {
            return Found { at: done + at, address: 0 };
        }
        done += readable;
        if read.len > 0 {
            return Found { at: done, address: read.address.max(Found::UNKNOWN) };
        }
    }
    Found { at: len, address: 0 }
}
