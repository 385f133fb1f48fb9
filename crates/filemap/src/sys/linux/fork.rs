//! What is known of forks: that another process may share a description, and that a thread which
//! held a lock may be no more.

#![expect(unsafe_code, reason = "a call that registers functions with the C library")]

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::sys::fork_count::ForkCount;

/// The most forks in a row without `exec` of which each process has its own [`PerProcess`] value.
const GENERATIONS: usize = 8;

/// The number of forks that led to this process.
static GENERATION: AtomicUsize = AtomicUsize::new(0);

static FORKS: ForkCount = ForkCount::new();

thread_local! {
    /// Whether this thread is forking, and has counted that.
    static FORKING: Cell<bool> = const { Cell::new(false) };
}

/// Returns how many forks there were since they are counted; nothing while one is under way.
///
/// A description that was opened at another count, or at none, may be shared with another process.
pub(super) fn forks() -> Option<u64> {
    FORKS.get()
}

/// Returns the number of forks that led to this process, as far as they were counted.
#[inline]
pub(super) fn generation() -> usize {
    GENERATION.load(Ordering::Relaxed)
}

/// Counts forks from now on.
///
/// Nobody waits for a thread that is registering the functions, which in a forked child may be no
/// more. So they may be registered twice, and count once.
pub(super) fn count() {
    static COUNTED: AtomicBool = AtomicBool::new(false);
    if COUNTED.load(Ordering::Acquire) {
        return;
    }
    // Where it fails there is no memory, and no fork either.
    // SAFETY: the functions take nothing, do not unwind, and live as long as the program, or are
    // forgotten when their library is unloaded. What they do is allowed in a forked child.
    let _ignored = unsafe { libc::pthread_atfork(Some(prepare), Some(parent), Some(child)) };
    COUNTED.store(true, Ordering::Release);
}

extern "C" fn prepare() {
    if !FORKING.replace(true) {
        FORKS.begin();
    }
}

extern "C" fn parent() {
    if FORKING.replace(false) {
        FORKS.end();
    }
}

extern "C" fn child() {
    if FORKING.replace(false) {
        FORKS.end_all();
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }
}

/// A value of each process: a forked child has another one.
///
/// Of a lock, and what it protects: a thread of the parent may hold it at the fork, and the child
/// would wait for it for ever.
#[derive(Debug)]
pub(super) struct PerProcess<T>([T; GENERATIONS]);

impl<T> PerProcess<T> {
    pub(super) const fn new(values: [T; GENERATIONS]) -> Self {
        Self(values)
    }

    /// Returns the value of this process; nothing after too many forks in a row.
    pub(super) fn get(&self) -> Option<&T> {
        self.0.get(generation())
    }
}

impl<T> PerProcess<T> {
    /// Returns the values of the processes that were forked to become this one.
    pub(super) fn before(&self) -> &[T] {
        &self.0[..generation().min(GENERATIONS)]
    }
}

impl<T: Default> Default for PerProcess<T> {
    /// Makes the values, and has forks counted.
    fn default() -> Self {
        count();
        Self::new(std::array::from_fn(|_| T::default()))
    }
}
