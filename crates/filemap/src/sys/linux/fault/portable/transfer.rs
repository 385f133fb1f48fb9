//! Copies by system call, or by the helper where that is forbidden.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};

use super::helper;
use crate::sys::guard::Rest;

/// The kernel or a sandbox has refused the system calls once.
static FORBIDDEN: AtomicBool = AtomicBool::new(false);

/// Which of the two ranges is a mapping's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Read,
    Write,
}

/// Copies from a mapping to private memory.
///
/// # Safety
///
/// As for [`copy_out`](crate::sys::guard::copy_out).
pub(in crate::sys) unsafe fn copy_out(to: *mut u8, from: *const u8, len: usize) -> Rest {
    // SAFETY: the caller promises the ranges.
    unsafe { transfer(to, from.cast_mut(), len, Direction::Read) }
}

/// Copies from private memory to a mapping.
///
/// # Safety
///
/// As for [`copy_in`](crate::sys::guard::copy_in).
pub(in crate::sys) unsafe fn copy_in(to: *mut u8, from: *const u8, len: usize) -> Rest {
    // SAFETY: the caller promises the ranges.
    unsafe { transfer(from.cast_mut(), to, len, Direction::Write) }
}

/// Copies between `private` and `mapping`, of which the source is only read.
///
/// # Safety
///
/// As for [`copy_out`] and [`copy_in`].
unsafe fn transfer(private: *mut u8, mapping: *mut u8, len: usize, way: Direction) -> Rest {
    let mut done = 0;
    while done < len {
        let private = private.wrapping_add(done);
        let mapping = mapping.wrapping_add(done);
        // SAFETY: `done < len`, so what is left lies in the caller's ranges.
        match unsafe { call(private, mapping, len - done, way) } {
            Some(0) => return Rest { len: len - done, address: mapping.addr() },
            Some(count) => done += count,
            None => {
                // SAFETY: as above.
                return unsafe { by_helper(private, mapping, len - done, way) };
            }
        }
    }
    Rest::NONE
}

/// Asks the kernel to copy, and returns how far it came; nothing, if it may not be asked.
///
/// # Safety
///
/// As for [`transfer`].
unsafe fn call(private: *mut u8, mapping: *mut u8, len: usize, way: Direction) -> Option<usize> {
    if FORBIDDEN.load(Ordering::Relaxed) {
        return None;
    }
    let (local, remote) = (vector(private, len), vector(mapping, len));
    let (local, remote) = (&raw const local, &raw const remote);
    // SAFETY: has no preconditions.
    let this = unsafe { libc::getpid() };
    let count = match way {
        // SAFETY: the kernel checks the mapping; the caller promises the private range.
        Direction::Read => unsafe { libc::process_vm_readv(this, local, 1, remote, 1, 0) },
        // SAFETY: as above.
        Direction::Write => unsafe { libc::process_vm_writev(this, local, 1, remote, 1, 0) },
    };
    if let Ok(count) = usize::try_from(count) {
        return Some(count);
    }
    match std::io::Error::last_os_error().raw_os_error() {
        Some(libc::EFAULT | libc::ENOMEM) => Some(0),
        _ => {
            FORBIDDEN.store(true, Ordering::Relaxed);
            None
        }
    }
}

fn vector(base: *mut u8, len: usize) -> libc::iovec {
    libc::iovec { iov_base: base.cast(), iov_len: len }
}

/// Copies in the helper, page by page of the mapping, so that the pages that were finished give
/// the count.
///
/// # Safety
///
/// As for [`transfer`].
unsafe fn by_helper(private: *mut u8, mapping: *mut u8, len: usize, way: Direction) -> Rest {
    const PAGE: usize = 4096;
    let mut done = 0_usize;
    // Volatile, because the helper may end at any byte, and the count must be in memory by then.
    let progress = &raw mut done;
    let (from, to) = match way {
        Direction::Read => (mapping, private),
        Direction::Write => (private, mapping),
    };
    let copies = || {
        let mut at = 0;
        while at < len {
            let end = len.min(((mapping.addr() + at) & !(PAGE - 1)) + PAGE - mapping.addr());
            while at < end {
                let place = |base: *mut u8| base.wrapping_add(at).cast::<MaybeUninit<u8>>();
                // SAFETY: `at < len`, so the byte lies in the caller's range.
                let byte = unsafe { place(from).read_volatile() };
                // SAFETY: as above.
                unsafe { place(to).write_volatile(byte) };
                at += 1;
            }
            // SAFETY: the count outlives the helper.
            unsafe { progress.write_volatile(at) };
        }
    };
    // SAFETY: touches memory and nothing else.
    let outcome = unsafe { helper::run(copies) };
    // SAFETY: the helper is gone.
    let done = unsafe { progress.read_volatile() };
    match outcome {
        helper::Outcome::Lost => Rest { len: len - done, address: mapping.addr() + done },
        helper::Outcome::Done => Rest::NONE,
        helper::Outcome::Refused => Rest { len, address: 0 },
    }
}
