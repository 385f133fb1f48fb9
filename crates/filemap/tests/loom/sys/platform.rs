//! The files of Linux.

#[path = "pages/mod.rs"]
pub(crate) mod pages;
#[path = "zeros/mod.rs"]
pub(crate) mod zeros;

/// In place of the count of forks: what a claim sets it to.
pub(crate) mod fork {
    use std::sync::atomic::{AtomicUsize, Ordering};

    thread_local! {
        static GENERATION: AtomicUsize = const { AtomicUsize::new(0) };
    }

    pub(crate) fn generation() -> usize {
        GENERATION.with(|generation| generation.load(Ordering::Relaxed))
    }

    /// Makes the process a forked child, or its parent again.
    pub(crate) fn set_generation(number: usize) {
        GENERATION.with(|generation| generation.store(number, Ordering::Relaxed));
    }
}
