//! Faults at pages that are open by now: raced for by several threads, or refused for good.
//!
//! Where the processor tells how a page was touched, that decides. Where it does not, the touch is
//! made once more: it succeeds if another thread has opened the page meanwhile, and comes back at
//! once if the page does not allow it.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Places for threads, by their numbers. Two that share one make each other's touches last longer.
const PLACES: usize = 64;

/// How often a touch is made once more.
const MOST: usize = 31;

/// The address that each place's thread met last, above the number of times.
static LAST: [AtomicUsize; PLACES] = [const { AtomicUsize::new(0) }; PLACES];

/// Tells whether a touch of `address` is to be made once more by this thread.
///
/// Takes no lock, allocates nothing, cannot panic.
pub(super) fn once_more(address: usize) -> bool {
    let (place, key) = place(address);
    let last = place.load(Ordering::Relaxed);
    let count = if last & !MOST == key { last & MOST } else { 0 };
    let again = count < MOST;
    place.store(if again { key | (count + 1) } else { 0 }, Ordering::Relaxed);
    again
}

/// Forgets what was met before: a page was opened, so the next fault begins anew.
pub(super) fn forget(address: usize) {
    place(address).0.store(0, Ordering::Relaxed);
}

fn place(address: usize) -> (&'static AtomicUsize, usize) {
    // Never the number of nobody: threads have numbers of one and above.
    let thread = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned() as usize;
    let key = address.rotate_left(7) ^ thread.wrapping_mul(0x9E37_79B9);
    (&LAST[thread % PLACES], key & !MOST)
}
