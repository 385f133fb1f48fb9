//! Handles that are still open when the process ends in good order.
//!
//! The kernel lets go of their names in any case; what would stay is the memory, until somebody
//! uses the registry again. So a handler at exit removes the entries that nobody else holds.

#![expect(unsafe_code, reason = "two calls that register functions with the C library")]

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError, TryLockError};

use crate::sys::platform::registry::entry::free_if_dead;
use crate::sys::platform::registry::patience::Patience;
use crate::sys::platform::registry::root::Root;
use crate::sys::platform::registry::step::{self, Step};
use crate::types::Operation;

/// The open handles of this process; a forked child begins a list of its own.
///
/// At the moment of a fork another thread may hold a list's lock, which the child would never
/// see released. What was open then is shared with the parent and not the child's to free.
static OPEN: [Mutex<BTreeMap<u64, Held>>; GENERATIONS] =
    [const { Mutex::new(BTreeMap::new()) }; GENERATIONS];

/// How many forks without `exec` lie between a process and its first list, at most; after that
/// nothing is watched, and a sweep does what the handler at exit would have done.
const GENERATIONS: usize = 8;

/// Counts the forks that led to this process.
static GENERATION: AtomicUsize = AtomicUsize::new(0);

/// Counts the forks that this process has been part of, as parent or as child.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// How many forks this process has been part of since it used the registry first.
///
/// A description that was opened before the last of them may be another process's as well.
pub(super) fn forks() -> u64 {
    FORKS.load(Ordering::Relaxed)
}

/// An open handle, as the handler at exit needs to know it.
#[derive(Debug)]
struct Held {
    root: Arc<Root>,
    file_name: Arc<str>,
    descriptor: RawFd,
}

/// An open handle's place in a list, given up when it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    ticket: u64,
    generation: usize,
}

impl Watch {
    /// Begins to watch the handle whose lock is in `descriptor`.
    ///
    /// The descriptor's number is kept, so the watch must end before it is closed.
    pub(super) fn begin(
        root: &Arc<Root>,
        file_name: &Arc<str>,
        descriptor: BorrowedFd<'_>,
    ) -> Self {
        static TICKETS: AtomicU64 = AtomicU64::new(0);
        prepare();
        let ticket = TICKETS.fetch_add(1, Ordering::Relaxed);
        let generation = GENERATION.load(Ordering::Relaxed);
        let held = Held {
            root: Arc::clone(root),
            file_name: Arc::clone(file_name),
            descriptor: descriptor.as_raw_fd(),
        };
        let watch = Self { ticket, generation };
        watch.change(|open| {
            open.insert(ticket, held);
        });
        watch
    }

    /// Changes the list, unless it is that of a process from which this one was forked.
    fn change(&self, change: impl FnOnce(&mut BTreeMap<u64, Held>)) {
        if self.generation == GENERATION.load(Ordering::Relaxed)
            && let Some(open) = OPEN.get(self.generation)
        {
            change(&mut open.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.change(|open| {
            open.remove(&self.ticket);
        });
    }
}

/// Registers the handlers, once in a process.
fn prepare() {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        // Where one cannot be registered, the next sweep does what it would have done.
        // SAFETY: the function takes nothing, does not unwind, and lives as long as the
        // program, or is run when its library is unloaded.
        let _ignored = unsafe { libc::atexit(release_all) };
        // SAFETY: as above; the functions add to atomics, which is allowed in a child.
        let _ignored = unsafe { libc::pthread_atfork(None, Some(count_fork), Some(begin_anew)) };
    });
}

extern "C" fn count_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

extern "C" fn begin_anew() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    count_fork();
}

/// Lets go of all names that this process holds, and frees those that nobody else does.
///
/// What closing a handle does, for all at once: first every lock of this process is given up,
/// then each name is looked at anew. A lock whose description another process has as well stays
/// taken, and its name stays.
extern "C" fn release_all() {
    let Some(open) = OPEN.get(GENERATION.load(Ordering::Relaxed)) else { return };
    // Another thread that opens or closes a handle has the list for a moment. Only the thread
    // that ends the process is not going to let go of it, if a signal brought it here.
    let mut patience = Patience::default();
    let open = loop {
        match open.try_lock() {
            Ok(open) => break open,
            Err(TryLockError::Poisoned(open)) => break open.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let Ok(()) = patience.wait(Operation::CloseHandle) else { return };
            }
        }
    };
    for held in open.values() {
        // Other threads may still run, so the number is not closed, and cannot come to mean a
        // file of theirs: it becomes one more descriptor of the root.
        // SAFETY: a handle is taken from the list before its descriptor is closed, and the list
        // is locked here, so the number is that descriptor, which is ours to replace.
        let _ignored = unsafe {
            libc::dup3(held.root.descriptor().as_raw_fd(), held.descriptor, libc::O_CLOEXEC)
        };
        step::reached(Step::Replaced);
    }
    for held in open.values() {
        // Nobody is left to be told of a failure.
        let _ignored = free_if_dead(&held.root, &held.file_name);
    }
}
