//! Copies between ranges that overlap.
//!
//! A guarded copy that faults is redone from its start, which is right only while its source is
//! untouched. Overlapping ranges therefore go through a private buffer, in the direction in which no
//! byte is overwritten before it was read.

use super::{Lost, copy_in, copy_out};

/// Bytes per step: below the sizes at which copies change to slower-starting instructions.
const STEP: usize = 1024;

/// Copies `len` bytes between ranges that overlap.
///
/// # Safety
///
/// As for [`copy_across`](super::copy_across).
#[cold]
pub(super) unsafe fn copy(to: *mut u8, from: *const u8, len: usize) -> Result<(), Lost> {
    if to.cast_const() <= from {
        // SAFETY: this function's own contract is the same.
        unsafe { forwards(to, from, len) }
    } else {
        // SAFETY: this function's own contract is the same.
        unsafe { backwards(to, from, len) }
    }
}

/// Copies in rising order, for a target below its source.
///
/// # Safety
///
/// As for [`copy_across`](super::copy_across).
unsafe fn forwards(to: *mut u8, from: *const u8, len: usize) -> Result<(), Lost> {
    let mut start = 0;
    while start < len {
        let count = STEP.min(len - start);
        // SAFETY: `start + count <= len`, so the step lies in the caller's ranges.
        unsafe { step(to, from, start, count) }?;
        start += count;
    }
    Ok(())
}

/// Copies in falling order, for a target above its source.
///
/// A lost page does not end it: the steps below are still to be made, because their bytes count as
/// copied. Only the lowest loss is reported.
///
/// # Safety
///
/// As for [`copy_across`](super::copy_across).
unsafe fn backwards(to: *mut u8, from: *const u8, len: usize) -> Result<(), Lost> {
    let mut result = Ok(());
    let mut end = len;
    while end > 0 {
        let count = STEP.min(end);
        end -= count;
        // SAFETY: `end + count <= len`, so the step lies in the caller's ranges.
        let copied = unsafe { step(to, from, end, count) };
        if copied.is_err() {
            result = copied;
        }
    }
    result
}

/// Copies `count` bytes at `start`, all read before any is written.
///
/// # Safety
///
/// As for [`copy_across`](super::copy_across), for ranges longer than `start + count`; `count` is
/// at most [`STEP`].
unsafe fn step(to: *mut u8, from: *const u8, start: usize, count: usize) -> Result<(), Lost> {
    let mut held = [0_u8; STEP];
    let private = held.as_mut_ptr();
    // SAFETY: the caller promises that the source reaches beyond `start`.
    let from = unsafe { from.add(start) };
    // SAFETY: the caller promises the source; `held` is ours and has `STEP >= count` bytes.
    let read = unsafe { copy_out(private, from, count) }
        // SAFETY: as above, and it is what the copy left.
        .map_err(|unfinished| unsafe { unfinished.copy_lost(private, from, count) });
    // What was read before a loss still counts, if it can be written.
    let readable = read.map_or_else(|lost| lost.done, |()| count);
    // SAFETY: the caller promises that the target reaches beyond `start`.
    let to = unsafe { to.add(start) };
    // SAFETY: the caller promises the target; `readable <= count` bytes of `held` are initialised.
    let written = unsafe { copy_in(to, private, readable) }
        // SAFETY: as above, and it is what the copy left.
        .map_err(|unfinished| unsafe { unfinished.copy_lost(to, private, readable) });
    written.and(read).map_err(|lost| Lost { done: start + lost.done, ..lost })
}
