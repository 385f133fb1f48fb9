//! The routines for 64-bit ARM, and the registers that the handler sets.
//!
//! Conventions of every routine: arguments in `x0`, `x1`, `x2`; leaf code without a stack frame;
//! ranges touched in rising order, so that the first fault is at the first lost page. Long loops
//! move the arguments along, all between two accesses, so that a fault finds in them what is left.
//! What the handler sets before it sends a thread to a landing:
//!
//! | register | meaning |
//! |---|---|
//! | `x3` | bytes to repeat one by one: those before the lost page |
//! | `x4` | bytes after those |
//! | `x9` | the address that faulted |

mod routine;
mod scalar;

use std::sync::atomic::{AtomicBool, Ordering};

use super::Rest;

/// Whether to compare and exchange is a single instruction here (`lse`), rather than a loop.
static SINGLE: AtomicBool = AtomicBool::new(cfg!(target_feature = "lse"));

/// Asks the processor what it can do.
pub(in crate::sys) fn choose() {
    SINGLE.store(std::arch::is_aarch64_feature_detected!("lse"), Ordering::Relaxed);
}

pub(super) use {routine::copy as copy_in, routine::copy as copy_out};

/// Fills.
///
/// # Safety
///
/// As for [`fill`](super::fill()).
#[inline(always)]
pub(super) unsafe fn fill(to: *mut u8, byte: u8, len: usize) -> Rest {
    // SAFETY: the caller promises the range.
    unsafe { routine::fill(to, byte.into(), len) }
}
