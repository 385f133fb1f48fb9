//! A handle's hold on a name, and the lock that is all there is to it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;

use crate::sys::SectionContract as _;
use crate::sys::platform::Section;
use crate::sys::platform::error::{during, from_errno, from_io};
use crate::sys::platform::registry::exit::Watch;
use crate::sys::platform::registry::root::Root;
use crate::types::{Error, ErrorKind, Operation, Result};

/// One handle's hold on a name.
///
/// For an object in memory the section's own descriptor carries the lock, so a value that owns
/// both must drop the section first.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Ends before the descriptor that it watches is closed, where that is here.
    watch: Option<Watch>,
    /// What carries the lock, if the section does not.
    lock: Option<OwnedFd>,
    root: Arc<Root>,
    file_name: Arc<str>,
    /// Somebody else has the description, and does the closing.
    given_away: bool,
}

impl Entry {
    /// A hold by a lock that is taken already: by `lock`, or by a section's descriptor.
    pub(super) fn new(root: Arc<Root>, file_name: &str, lock: Option<OwnedFd>) -> Self {
        Self { watch: None, lock, root, file_name: file_name.into(), given_away: false }
    }

    /// Completes the hold with the section that came of it: from now on the name is freed
    /// also if the process ends with the handle open.
    pub(super) fn with(mut self, section: &Section) -> Self {
        let descriptor = self.lock().unwrap_or_else(|| section.descriptor());
        self.watch = Some(Watch::begin(&self.root, &self.file_name, descriptor));
        self
    }

    /// Another handle's hold on the same name, over `section`, a duplicate of the first's.
    pub(crate) fn duplicate(&self, section: &Section) -> Result<Self> {
        let operation = Operation::DuplicateHandle;
        let lock = match &self.lock {
            Some(lock) => Some(lock.try_clone().map_err(from_io(operation))?),
            // A description of its own needs a lock of its own. This handle's lock keeps
            // everybody from an exclusive one, so it is granted.
            None if try_lock(section.descriptor(), Lock::Shared, operation)? => None,
            None => return Err(Error::new(ErrorKind::TimedOut, operation)),
        };
        Ok(Self::new(Arc::clone(&self.root), &self.file_name, lock).with(section))
    }

    /// The descriptor that keeps the name, if the section's does not.
    pub(crate) fn lock(&self) -> Option<BorrowedFd<'_>> {
        self.lock.as_ref().map(AsFd::as_fd)
    }

    /// Notes that the descriptor may be passed on, or inherited, while this handle is open.
    pub(crate) fn share(&self) {
        if let Some(watch) = &self.watch {
            watch.share();
        }
    }

    /// Gives up the hold without letting go of the name: the descriptor lives on elsewhere.
    pub(crate) fn give_away(mut self) -> Option<OwnedFd> {
        self.given_away = true;
        self.lock.take()
    }

    /// Lets go of the name, and frees it if nobody else holds it.
    ///
    /// The descriptor that carried the lock must be closed already. Looking anew, instead of
    /// raising the lock of the handle's own description, is right also after a fork: the child
    /// shares that description, and its lock.
    pub(crate) fn release(mut self) -> Result<()> {
        self.given_away = true;
        self.let_go().map_err(during(Operation::CloseHandle))
    }

    fn let_go(&mut self) -> Result<(), Errno> {
        drop(self.watch.take());
        drop(self.lock.take());
        let descriptor = match self.root.open_file(&self.file_name, OFlags::RDONLY) {
            Ok(descriptor) => descriptor,
            Err(Errno::NOENT) => return Ok(()),
            Err(errno) => return Err(errno),
        };
        match rustix::fs::flock(&descriptor, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => remove_if_linked(&self.root, &self.file_name, descriptor.as_fd()).map(drop),
            Err(Errno::WOULDBLOCK) => Ok(()),
            Err(errno) => Err(errno),
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if !self.given_away {
            // The name is dead in any case; a failure leaves its file to the next look.
            let _ignored = self.let_go();
        }
    }
}

/// Removes the file of a dead name, under its exclusive lock.
///
/// False if it was no longer linked: somebody else saw it dead first, and the name may lead to
/// another file by now.
pub(super) fn remove_if_linked(
    root: &Root,
    file_name: &str,
    locked: BorrowedFd<'_>,
) -> Result<bool, Errno> {
    if rustix::fs::fstat(locked)?.st_nlink == 0 {
        return Ok(false);
    }
    root.unlink(file_name).map(|()| true)
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
