//! A handle's hold on a name, and the lock that is all there is to it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;

use crate::sys::platform::error::{during, from_errno};
use crate::sys::platform::file;
use crate::sys::platform::file::Twin;
use crate::sys::platform::registry::exit::{self, Watch};
use crate::sys::platform::registry::root::{Inode, Root};
use crate::types::{Error, ErrorKind, Operation, Result};

/// One handle's hold on a name: a description of the entry, with a shared lock.
///
/// No page is ever mapped through this description, because mapped pages would keep it, and so
/// the name.
#[derive(Debug)]
pub(crate) struct Entry {
    root: Arc<Root>,
    file_name: Arc<str>,
    /// The file that the lock is on.
    inode: Inode,
    /// Ends before the lock is closed.
    watch: Option<Watch>,
    /// None once it was given up, which consumes the entry.
    lock: Option<OwnedFd>,
    family: Arc<Family>,
    /// The forks that this process had been part of when the lock was taken.
    forks: u64,
}

/// The handles of this process that share one description, and so one lock.
#[derive(Debug, Default)]
struct Family {
    /// Another process may have the description as well.
    lent: AtomicBool,
}

impl Entry {
    /// A hold by a lock that was taken already.
    pub(super) fn new(root: Arc<Root>, file_name: &str, inode: Inode, lock: OwnedFd) -> Self {
        Self::of_family(root, file_name.into(), inode, lock, Arc::default(), exit::forks())
    }

    fn of_family(
        root: Arc<Root>,
        file_name: Arc<str>,
        inode: Inode,
        lock: OwnedFd,
        family: Arc<Family>,
        forks: u64,
    ) -> Self {
        let watch = Some(Watch::begin(&root, &file_name, lock.as_fd()));
        Self { root, file_name, inode, watch, lock: Some(lock), family, forks }
    }

    /// Another handle's hold on the same name.
    ///
    /// The descriptor is what passes the handle to another process, and its mode tells that
    /// process what the handle may do: `write` says whether it can write.
    pub(crate) fn duplicate(&self, write: bool) -> Result<Self> {
        let operation = Operation::DuplicateHandle;
        let Some(lock) = &self.lock else { return Err(Error::new(ErrorKind::Other, operation)) };
        let (lock, shared) = match file::duplicate(lock.as_fd(), write, operation)? {
            Twin::SameDescription(lock) => (lock, true),
            Twin::NewDescription(lock) => (lock, false),
        };
        let (root, file_name) = (Arc::clone(&self.root), Arc::clone(&self.file_name));
        if shared {
            return Ok(Self::of_family(
                root,
                file_name,
                self.inode,
                lock,
                Arc::clone(&self.family),
                self.forks,
            ));
        }
        // A description of its own needs a lock of its own. This handle's lock keeps everybody
        // from an exclusive one, so it is granted.
        if !try_lock(lock.as_fd(), Lock::Shared, operation)? {
            return Err(Error::new(ErrorKind::TimedOut, operation));
        }
        Ok(Self::of_family(root, file_name, self.inode, lock, Arc::default(), exit::forks()))
    }

    /// The descriptor that keeps the name.
    pub(crate) fn lock(&self) -> Option<BorrowedFd<'_>> {
        self.lock.as_ref().map(AsFd::as_fd)
    }

    /// Notes that another process may have the descriptor, or get it while this handle is open.
    pub(crate) fn lend(&self) {
        self.family.lent.store(true, Ordering::Relaxed);
    }

    /// Gives up the hold without letting go of the name: the descriptor lives on elsewhere.
    pub(crate) fn give_away(mut self) -> Option<OwnedFd> {
        self.lend();
        drop(self.watch.take());
        self.lock.take()
    }

    /// Lets go of the name, and frees it if nobody else holds it.
    pub(crate) fn release(mut self) -> Result<()> {
        self.let_go().map_err(during(Operation::CloseHandle))
    }

    fn let_go(&mut self) -> Result<(), Errno> {
        drop(self.watch.take());
        let Some(lock) = self.lock.take() else { return Ok(()) };
        let alone = Arc::strong_count(&self.family) == 1
            && self.forks == exit::forks()
            && !self.family.lent.load(Ordering::Relaxed);
        if !alone {
            drop(lock);
            return free_if_last(&self.root, &self.file_name);
        }
        // A description that is this handle's alone may raise its lock, which spares opening
        // another one, and needs no answer from a child that another thread is starting and
        // that has the descriptor until its `exec`. A refusal costs the lock, as closing does.
        free_if_granted(&self.root, &self.file_name, self.inode, lock.as_fd())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // The name is dead in any case; a failure leaves its file to the next look.
        let _ignored = self.let_go();
    }
}

/// How often a closer looks, while somebody else is looking.
///
/// Somebody who lists names takes the exclusive lock for a moment as well, and what they leave
/// is not freed by them.
const LOOKS: u32 = 3;

/// Frees a name that nobody holds.
///
/// Looks anew, instead of raising a lock that this process had: a description that another
/// process shares, after a fork or because it was passed on, is locked for that process too.
pub(super) fn free_if_last(root: &Root, file_name: &str) -> Result<(), Errno> {
    let descriptor = match root.open_file(file_name, OFlags::RDONLY) {
        Ok(descriptor) => descriptor,
        Err(Errno::NOENT) => return Ok(()),
        Err(errno) => return Err(errno),
    };
    let inode = Inode::of(&rustix::fs::fstat(&descriptor)?);
    free_if_granted(root, file_name, inode, descriptor.as_fd())
}

/// Frees a name if the exclusive lock is granted on this description of it.
///
/// A refusal does not say who refuses. If the *shared* lock is granted then, it was no look, or
/// one that has ended: a second refusal means another holder, who is not waited for. Only a look
/// that goes on is given a moment. A refused raise costs the lock that was to be raised, so of
/// several who close at once the one who comes last is granted it.
fn free_if_granted(
    root: &Root,
    file_name: &str,
    inode: Inode,
    descriptor: BorrowedFd<'_>,
) -> Result<(), Errno> {
    let granted = |how| match rustix::fs::flock(descriptor, how) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(false),
        Err(errno) => Err(errno),
    };
    let exclusive = FlockOperation::NonBlockingLockExclusive;
    for _ in 0..LOOKS {
        if granted(exclusive)? {
            return remove_if_linked(root, file_name, inode).map(drop);
        }
        if granted(FlockOperation::NonBlockingLockShared)? {
            return match granted(exclusive)? {
                true => remove_if_linked(root, file_name, inode).map(drop),
                false => Ok(()),
            };
        }
        std::thread::yield_now();
    }
    Ok(())
}

/// Removes the file of a dead name, under its exclusive lock.
///
/// False if the name no longer leads to it: somebody else saw it dead first, and the name may
/// lead to another file by now.
pub(super) fn remove_if_linked(root: &Root, file_name: &str, locked: Inode) -> Result<bool, Errno> {
    // The count of links alone would not do: a file may have another one, by accident.
    if root.leads_to(file_name, locked) { root.unlink(file_name).map(|()| true) } else { Ok(false) }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Lock {
    Shared,
    Exclusive,
}

/// Tries for a lock and tells whether it was granted; never waits.
pub(super) fn try_lock(
    descriptor: BorrowedFd<'_>,
    lock: Lock,
    operation: Operation,
) -> Result<bool> {
    let how = match lock {
        Lock::Shared => FlockOperation::NonBlockingLockShared,
        Lock::Exclusive => FlockOperation::NonBlockingLockExclusive,
    };
    loop {
        match rustix::fs::flock(descriptor, how) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(from_errno(errno, operation)),
        }
    }
}
