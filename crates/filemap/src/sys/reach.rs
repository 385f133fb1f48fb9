//! How far something reaches, which nobody raises again by what was so before a cut.

use crate::sys::sync::{AtomicU64, Ordering};

/// The bits of the word below those of the bytes.
const CUTS: u32 = 16;

/// How many bytes there are from the start of something, as threads note after a look at the system.
///
/// ```text
///  63                          16 15         0
///  |            bytes            |   cuts    |
/// ```
///
/// A note takes the place of the one that was seen before the look, and of no other. To
/// [`cut`](Self::cut) voids the notes of all who looked before: any time may pass between a look and
/// its note, and a thread that goes by the reach after a cut must not find the old one. It is one word,
/// as nobody may wait here: in a forked child nobody may be there who is waited for.
///
/// The number of cuts goes round after 65,536: a note from exactly so many cuts ago takes the place of
/// one of the same bytes.
#[derive(Debug)]
pub(crate) struct Reach(AtomicU64);

/// A reach as it was seen before a look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen(u64);

impl Seen {
    /// Returns how many bytes there were.
    pub(crate) fn bytes(self) -> u64 {
        self.0 >> CUTS
    }
}

impl Reach {
    /// Makes a reach of so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        Self(AtomicU64::new(word(bytes, 0)))
    }

    /// Returns how many bytes there are.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed) >> CUTS
    }

    /// Sets how many bytes there are, for who alone knows.
    pub(crate) fn set(&self, bytes: u64) {
        self.0.store(word(bytes, 0), Ordering::Relaxed);
    }

    /// Returns the reach before a look at the system.
    #[inline]
    pub(crate) fn seen(&self) -> Seen {
        // Who sees a cut looks after it.
        Seen(self.0.load(Ordering::Acquire))
    }

    /// Notes that there are so many bytes by a look that was made after `seen`; false if there was
    /// another note or a cut meanwhile, and this one was not made.
    #[inline]
    pub(crate) fn note(&self, seen: Seen, bytes: u64) -> bool {
        let new = word(bytes, seen.0);
        // What has not changed is not written: others have the line.
        if new == seen.0 {
            return true;
        }
        self.0.compare_exchange(seen.0, new, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Lowers the reach to `bytes` if it is more, after the system was told so; what was seen before
    /// is noted no more.
    pub(crate) fn cut(&self, bytes: u64) {
        let mut present = self.0.load(Ordering::Relaxed);
        loop {
            let new = word(bytes.min(present >> CUTS), present.wrapping_add(1));
            match self.0.compare_exchange_weak(present, new, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => present = other,
            }
        }
    }
}

/// The word of so many bytes, or of as many as it can have, and of the cuts that `other` has.
#[inline]
fn word(bytes: u64, other: u64) -> u64 {
    let most = u64::MAX >> CUTS;
    bytes.min(most) << CUTS | other & ((1 << CUTS) - 1)
}
