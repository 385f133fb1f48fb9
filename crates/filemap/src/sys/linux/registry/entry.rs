//! One handle's hold on a name.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;

use crate::sys::platform::error::during;
use crate::sys::platform::registry::exit::Registration;
use crate::sys::platform::registry::root::{Inode, Root};
use crate::sys::platform::registry::{lock, removal};
use crate::sys::platform::step::{self, Step};
use crate::sys::platform::{file, fork, generation};
use crate::types::{Error, ErrorKind, Operation, Result, Rights};

/// A description of the entry's file with a shared lock on it.
///
/// No page is ever mapped through this description: a mapped page would keep the description
/// alive, and with it the name.
#[derive(Debug)]
pub(crate) struct Entry {
    root: Arc<Root>,
    file_name: Arc<str>,
    /// The file that is locked.
    inode: Inode,
    /// Dropped before the lock is closed, since it knows the descriptor's number.
    registration: Option<Registration>,
    /// None once the hold was given up, which consumes the entry.
    lock: Option<OwnedFd>,
    /// Whether another process may have the description. Shared by all handles of this process
    /// that share the description.
    lent: Arc<AtomicBool>,
    /// The value of [`fork::forks`] when the handle was made, before anybody could have it.
    forks: Option<u64>,
}

impl Entry {
    /// A hold by a description that has its shared lock already.
    pub(super) fn new(
        root: Arc<Root>,
        file_name: impl Into<Arc<str>>,
        inode: Inode,
        lock: OwnedFd,
    ) -> Self {
        let file_name = file_name.into();
        let registration = Some(Registration::new(&root, &file_name, inode, lock.as_fd()));
        let (lock, lent, forks) = (Some(lock), Arc::default(), fork::forks());
        Self { root, file_name, inode, registration, lock, lent, forks }
    }

    /// Makes another handle's hold on the same name.
    ///
    /// The descriptor is what passes the handle to another process, and its mode is what limits
    /// the handle there: `write` decides whether it can write.
    pub(crate) fn duplicate(&self, _rights: Rights, write: bool) -> Result<Self> {
        let operation = Operation::DuplicateHandle;
        let Some(lock) = &self.lock else { return Err(Error::new(ErrorKind::Other, operation)) };
        let duplicate = |write| file::duplicate(lock.as_fd(), write, operation);
        let (lock, shares) = match duplicate(write) {
            // What the entry leads to may be written by more users than the entry.
            Err(error) if write && error.kind() == ErrorKind::AccessDenied => duplicate(false)?,
            duplicated => duplicated?,
        };
        if !shares {
            // A new description needs its own lock. It is granted: this handle's lock keeps
            // everybody from claiming the entry.
            if !lock::hold(lock.as_fd(), lock::ENTRY).map_err(during(operation))? {
                return Err(Error::new(ErrorKind::TimedOut, operation));
            }
            step::reached(Step::HeldDuplicate);
        }
        let (root, file_name) = (Arc::clone(&self.root), Arc::clone(&self.file_name));
        let mut twin = Self::new(root, file_name, self.inode, lock);
        if shares {
            (twin.lent, twin.forks) = (Arc::clone(&self.lent), self.forks);
        }
        Ok(twin)
    }

    /// The descriptor that keeps the name.
    pub(crate) fn lock(&self) -> Option<BorrowedFd<'_>> {
        self.lock.as_ref().map(AsFd::as_fd)
    }

    /// Records that another process may have the descriptor, or may get it while it is open.
    pub(crate) fn lend(&self) {
        self.lent.store(true, Ordering::Relaxed);
    }

    /// Takes the name from the mapping, for all who have handles of it.
    pub(crate) fn withdraw(&self) -> Result<()> {
        removal::withdraw(&self.root, &self.file_name, self.inode)
    }

    /// Ends the generation of the name's bytes, for all who have handles and views of them.
    pub(crate) fn end_generation(&self) -> Result<()> {
        let lock =
            self.lock().ok_or_else(|| Error::new(ErrorKind::Other, Operation::WithdrawName))?;
        generation::end(lock, Operation::WithdrawName)
    }

    /// Returns true if the name no longer leads to the mapping.
    pub(crate) fn is_withdrawn(&self) -> bool {
        !self.root.leads_to(&self.file_name, self.inode)
    }

    /// Returns the descriptor, which keeps the name from then on.
    pub(crate) fn give_away(mut self) -> Option<OwnedFd> {
        self.lend();
        drop(self.registration.take());
        self.lock.take()
    }

    /// Gives up the hold, and removes the entry if nobody else holds it.
    pub(crate) fn release(mut self) -> Result<()> {
        self.close().map_err(during(Operation::CloseHandle))
    }

    fn close(&mut self) -> Result<(), Errno> {
        drop(self.registration.take());
        let Some(lock) = self.lock.take() else { return Ok(()) };
        let is_exclusive = Arc::strong_count(&self.lent) == 1
            && self.forks.is_some()
            && self.forks == fork::forks()
            && !self.lent.load(Ordering::Relaxed);
        let removed = if is_exclusive {
            // Unlocked explicitly: when another thread is starting a program, its child has the
            // description until `exec`, and closing alone would leave the lock until then.
            lock::let_go(lock.as_fd())?;
            step::reached(Step::LetGo);
            removal::remove(&self.root, &self.file_name, self.inode, lock.as_fd())
        } else {
            // Unlocking would take the lock from the other users of the description as well.
            drop(lock);
            step::reached(Step::Closed);
            removal::remove_if_dead(&self.root, &self.file_name)
        };
        self.root.sweep();
        match removed {
            // An entry that this user may not remove is left to its owner; the handle is closed.
            Ok(_) | Err(Errno::NOENT | Errno::PERM | Errno::ACCESS | Errno::ROFS) => Ok(()),
            Err(errno) => Err(errno),
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // After a failure the name is dead all the same, and the next look removes its file.
        let _ignored = self.close();
    }
}
