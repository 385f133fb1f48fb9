//! Handles that are still open when the process ends in good order.
//!
//! The kernel lets go of their names in any case; what would stay is the memory, until somebody
//! uses the registry again. So a handler at exit removes the entries that nobody else holds.

#![expect(unsafe_code, reason = "two calls that register functions with the C library")]

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

use rustix::fs::{AtFlags, FlockOperation};

use crate::sys::platform::registry::root::Root;

static OPEN: Mutex<BTreeMap<u64, Held>> = Mutex::new(BTreeMap::new());

/// Counts the forks that this process has been part of, as parent or as child.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// An open handle, as the handler at exit needs to know it.
#[derive(Debug)]
struct Held {
    root: Arc<Root>,
    file_name: Arc<str>,
    descriptor: RawFd,
    forks: u64,
    shared: bool,
}

/// An open handle's place in the list, given up when it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    ticket: u64,
}

impl Watch {
    /// Begins to watch the handle whose lock is in `descriptor`.
    ///
    /// The descriptor's number is kept, so the watch must end before, or as soon as, it is
    /// closed; one that is late costs no more than a look at another file's inode.
    pub(super) fn begin(
        root: &Arc<Root>,
        file_name: &Arc<str>,
        descriptor: BorrowedFd<'_>,
    ) -> Self {
        static TICKETS: AtomicU64 = AtomicU64::new(0);
        prepare();
        let ticket = TICKETS.fetch_add(1, Ordering::Relaxed);
        let held = Held {
            root: Arc::clone(root),
            file_name: Arc::clone(file_name),
            descriptor: descriptor.as_raw_fd(),
            forks: FORKS.load(Ordering::Relaxed),
            shared: false,
        };
        OPEN.lock().unwrap_or_else(PoisonError::into_inner).insert(ticket, held);
        Self { ticket }
    }

    /// Notes that another process may get the descriptor, and with it the lock.
    pub(super) fn share(&self) {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = open.get_mut(&self.ticket) {
            held.shared = true;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        OPEN.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.ticket);
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
        // SAFETY: as above; the function stores to an atomic, which is allowed in a child.
        let _ignored = unsafe { libc::pthread_atfork(None, Some(count_fork), Some(count_fork)) };
    });
}

extern "C" fn count_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// Removes the entries that only this process holds.
///
/// Other threads may still run, so no descriptor is closed: its lock is raised instead. That
/// is right for a description of one process alone; one that a fork may have shared is left,
/// since its lock is the other process's as well.
extern "C" fn release_all() {
    // A thread that holds the list now is not going to let go of it.
    let Ok(open) = OPEN.try_lock() else { return };
    let forks = FORKS.load(Ordering::Relaxed);
    for held in open.values() {
        if held.shared || held.forks != forks {
            continue;
        }
        // SAFETY: the number was a descriptor when the handle was opened, and is taken from
        // the list before or as soon as it is closed; a system call on a number that has come
        // to mean another file, or none, is defined, and found out below.
        let descriptor = unsafe { BorrowedFd::borrow_raw(held.descriptor) };
        let identity = |stat: rustix::fs::Stat| (stat.st_dev, stat.st_ino);
        let named =
            rustix::fs::statat(held.root.descriptor(), &*held.file_name, AtFlags::SYMLINK_NOFOLLOW);
        let (Ok(named), Ok(own)) = (named, rustix::fs::fstat(descriptor)) else { continue };
        if identity(named) != identity(own) {
            continue;
        }
        // A lock that cannot be raised is lost; another handle of this process, which is why
        // it could not, then finds itself alone.
        if rustix::fs::flock(descriptor, FlockOperation::NonBlockingLockExclusive).is_ok() {
            // Nobody is left to be told of a failure.
            let _ignored = held.root.unlink(&held.file_name);
        }
    }
}
