//! The handles that are open when the process exits.
//!
//! The kernel drops their locks in any case. Their entries, and with them the memory, would stay
//! until somebody uses the registry again, so a handler at exit removes those that nobody else
//! holds.

#![expect(unsafe_code, reason = "a function for the C library, and a descriptor that it replaces")]

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use crate::sys::platform::fork::{self, PerProcess};
use crate::sys::platform::registry::backoff::Backoff;
use crate::sys::platform::registry::removal::remove_if_dead;
use crate::sys::platform::registry::root::{Inode, Root};
use crate::sys::platform::step::{self, Step};
use crate::types::Operation;

/// An open handle's root, file name, and locked file.
type Place = (Arc<Root>, Arc<str>, Inode);

/// The open handles of this process, by the descriptors of their locks.
///
/// The handles in the list of its parent share their descriptions with the parent, which removes
/// their entries. After too many forks in a row no handle is registered, and the next sweep removes
/// what the handler at exit would have removed.
static OPEN: PerProcess<Mutex<BTreeMap<RawFd, Place>>> =
    PerProcess::new([const { Mutex::new(BTreeMap::new()) }; _]);

/// An open handle's place in the list, which dropping removes.
#[derive(Debug)]
pub(super) struct Registration {
    descriptor: RawFd,
    generation: usize,
}

impl Registration {
    /// Lists the handle whose lock is in `descriptor`.
    ///
    /// The registration must be dropped before the descriptor is closed, since the list has its
    /// number.
    pub(super) fn new(
        root: &Arc<Root>,
        file_name: &Arc<str>,
        inode: Inode,
        descriptor: BorrowedFd<'_>,
    ) -> Self {
        install();
        let descriptor = descriptor.as_raw_fd();
        let registration = Self { descriptor, generation: fork::generation() };
        let place = (Arc::clone(root), Arc::clone(file_name), inode);
        registration.with_list(|open| open.insert(descriptor, place));
        registration
    }

    /// Changes the list, unless it is that of a process from which this one was forked.
    fn with_list<T>(&self, change: impl FnOnce(&mut BTreeMap<RawFd, Place>) -> T) {
        if self.generation == fork::generation()
            && let Some(open) = OPEN.get()
        {
            change(&mut open.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.with_list(|open| open.remove(&self.descriptor));
    }
}

/// Registers the handler for exit, once in a process, and has forks counted.
fn install() {
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    fork::count();
    if !INSTALLED.swap(true, Ordering::Relaxed) {
        // Where registering fails, the next sweep removes the entries.
        // SAFETY: the function takes nothing, does not unwind, and lives as long as the
        // program, or is run when its library is unloaded.
        let _ignored = unsafe { libc::atexit(release_all) };
    }
}

/// Closes all handles of this process, and removes the entries that nobody else holds.
///
/// All locks are dropped first, and then each name is looked at anew. Where another process shares
/// a description, its lock stays, and so does the name.
extern "C" fn release_all() {
    let Some(open) = OPEN.get() else { return };
    // Another thread that opens or closes a handle has the mutex for a moment. If a signal handler
    // interrupted that on this very thread, the mutex is never released.
    let mut backoff = Backoff::default();
    let open = loop {
        match open.try_lock() {
            Ok(open) => break open,
            Err(TryLockError::Poisoned(open)) => break open.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let Ok(()) = backoff.wait(Operation::CloseHandle) else { return };
            }
        }
    };
    for (descriptor, (root, _, inode)) in &*open {
        // A program that was told the number may have closed it, and then it is a file of its own.
        if !is_open(*descriptor, *inode) {
            continue;
        }
        // Other threads may still run. If the number were closed, it could come to mean a file of
        // theirs, so it becomes another descriptor of the root.
        // SAFETY: a handle leaves the list before its descriptor is closed, and the list is locked
        // here; what is open under the number is the locked file. So the number is that descriptor,
        // which is this library's to replace.
        let _ignored =
            unsafe { libc::dup3(root.descriptor().as_raw_fd(), *descriptor, libc::O_CLOEXEC) };
        step::reached(Step::Replaced);
    }
    for (root, file_name, _) in open.values() {
        // A failure leaves the entry to the next look.
        let _ignored = remove_if_dead(root, file_name);
    }
}

/// Returns true if this file is open under a number.
fn is_open(number: RawFd, inode: Inode) -> bool {
    // SAFETY: the descriptor is used for this call alone, which only looks, and fails if it is
    // closed.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    rustix::fs::fstat(descriptor).is_ok_and(|stat| Inode::of(&stat) == inode)
}
