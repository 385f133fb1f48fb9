//! The same surface without assembly and without a signal handler.
//!
//! For architectures that have no routines here, and for `--cfg filemap_portable_copies`, which
//! keeps this path true by running the tests through it. Nothing in the process is changed; all of
//! it works from addresses alone, so that it serves private and anonymous mappings as well, which a
//! read of the file would not.
//!
//! - **Copies**, and on top of them fills, are
//!   [process_vm_readv(2)](https://man7.org/linux/man-pages/man2/process_vm_readv.2.html) and its
//!   twin, by this process on itself. The kernel then walks the pages as if for another process: a
//!   page that cannot be supplied ends the call with the bytes before it, and raises no signal.
//! - **Single values** and atomics are plain atomic instructions in a helper process that shares
//!   this one's memory and lives for the one access: if the page is lost, the helper dies of it, and
//!   the access is an error. That takes tens of microseconds and is as atomic as any. No system call
//!   promises to move 8 bytes in one piece, and to look first and then access would be a race.
//! - Where a sandbox forbids the system call, the helper makes the copies too. Where it forbids the
//!   helper, an access ends as a loss without an address.

mod helper;
mod scalar;
mod transfer;

use std::io;

pub(in crate::sys) use transfer::{copy_in, copy_out};

use crate::sys::guard::Rest;

/// Makes this thread ready to touch mappings: nothing is to be done for lost pages.
///
/// # Errors
///
/// None.
#[expect(clippy::unnecessary_wraps, reason = "where there is a handler it can fail")]
pub(in crate::sys) fn ensure() -> io::Result<()> {
    Ok(())
}

pub(in crate::sys) use ensure as put_on_top;

/// Sends a guarded instruction to its landing: there is none here.
#[cfg(feature = "pages")]
pub(in crate::sys::platform) fn resume(
    _interrupted: crate::sys::platform::fault::Interrupted,
    _address: usize,
) -> bool {
    false
}

/// Fills, step by step.
///
/// # Safety
///
/// As for [`fill`](crate::sys::guard::fill()).
pub(in crate::sys) unsafe fn fill(to: *mut u8, byte: u8, len: usize) -> Rest {
    let held = [byte; 4096];
    let mut done = 0;
    while done < len {
        let count = held.len().min(len - done);
        // SAFETY: `done + count <= len`, so the step lies in the caller's range.
        let rest = unsafe { copy_in(to.wrapping_add(done), held.as_ptr(), count) };
        if rest.len > 0 {
            return Rest { len: rest.len + (len - done - count), ..rest };
        }
        done += count;
    }
    Rest::NONE
}
