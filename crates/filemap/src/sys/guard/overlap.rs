//! Copies between mapped ranges that may overlap.
//!
//! A guarded copy that faults is repeated from its start, which is right only while its source is
//! untouched. Overlapping ranges therefore go through a private buffer, in the direction in which no
//! byte is overwritten before it was read.

use super::Rest;
use super::machine::{copy_in, copy_out};

/// Bytes per step: few enough to stay in the first cache.
const STEP: usize = 1024;

/// Copies `len` bytes, from the start on if the target lies below its source, else from the end on.
///
/// From the end on, a lost page does not end it: the steps before are still to be made, because
/// their bytes count as copied. The lowest loss is what is returned.
///
/// # Safety
///
/// As for [`copy_across`](super::copy_across).
#[cold]
pub(super) unsafe fn copy(to: *mut u8, from: *const u8, len: usize) -> Rest {
    let rising = to.cast_const() <= from;
    let mut left = Rest::NONE;
    let mut done = 0;
    while done < len && (left.len == 0 || !rising) {
        let count = STEP.min(len - done);
        let start = if rising { done } else { len - done - count };
        // SAFETY: `start + count <= len`, so the step lies in the caller's ranges.
        let rest = unsafe { step(to.wrapping_add(start), from.wrapping_add(start), count) };
        if rest.len > 0 {
            left = Rest { len: rest.len + (len - start - count), ..rest };
        }
        done += count;
    }
    left
}

/// Copies `count` bytes, all read before any is written.
///
/// # Safety
///
/// As for [`copy_across`](super::copy_across); `count` is at most [`STEP`].
unsafe fn step(to: *mut u8, from: *const u8, count: usize) -> Rest {
    let mut held = [0_u8; STEP];
    // SAFETY: the caller promises the source; `held` is ours and has `STEP >= count` bytes.
    let unread = unsafe { copy_out(held.as_mut_ptr(), from, count) };
    // What was read before a loss still counts, if it can be written.
    // SAFETY: the caller promises the target; `held` is initialised.
    let unwritten = unsafe { copy_in(to, held.as_ptr(), count - unread.len) };
    if unwritten.len == 0 { unread } else { Rest { len: unwritten.len + unread.len, ..unwritten } }
}
