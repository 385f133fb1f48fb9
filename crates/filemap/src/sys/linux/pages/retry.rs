//! How often a touch is retried whose page is open by now.
//!
//! Where the processor reports how a page was touched, that decides. Where it does not, the touch
//! is retried: it succeeds if another thread has opened the page meanwhile, and faults again if the
//! page does not allow it.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Places for threads, by their numbers. Two that share one make each other retry more often.
const PLACES: usize = 64;

/// How often a touch is retried.
const MOST: usize = 31;

/// The address that each place's thread met last, above the number of times.
static LAST: [AtomicUsize; PLACES] = [const { AtomicUsize::new(0) }; PLACES];

/// Returns whether this thread is to retry a touch of `address`.
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

/// Resets the count for this thread, after a page was opened.
pub(super) fn forget(address: usize) {
    place(address).0.store(0, Ordering::Relaxed);
}

fn place(address: usize) -> (&'static AtomicUsize, usize) {
    let thread = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned() as usize;
    let key = address.rotate_left(7) ^ thread.wrapping_mul(0x9E37_79B9);
    (&LAST[thread % PLACES], key & !MOST)
}
