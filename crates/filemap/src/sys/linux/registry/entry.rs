//! A handle's hold on a name, and the lock that is all there is to it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::sys::platform::error::during;
use crate::sys::platform::file;
use crate::sys::platform::file::Twin;
use crate::sys::platform::registry::exit::{self, Watch};
use crate::sys::platform::registry::lock::{self, State};
use crate::sys::platform::registry::root::{Inode, Root};
use crate::sys::platform::registry::step::{self, Step};
use crate::types::{Error, ErrorKind, Operation, Result, Rights};

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
    pub(crate) fn duplicate(&self, _rights: Rights, write: bool) -> Result<Self> {
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
        // from claiming the entry, so it is granted.
        if !lock::hold(lock.as_fd()).map_err(during(operation))? {
            return Err(Error::new(ErrorKind::TimedOut, operation));
        }
        step::reached(Step::HeldDuplicate);
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
        let freed = if alone {
            // Given up by hand: a child that another thread is starting has the description
            // until its `exec`, and must not keep the name for so long.
            lock::let_go(lock.as_fd())?;
            step::reached(Step::LetGo);
            free(&self.root, &self.file_name, self.inode, lock.as_fd())
        } else {
            // The lock of a description that another process has is that process's too.
            drop(lock);
            step::reached(Step::Closed);
            free_if_dead(&self.root, &self.file_name)
        };
        match freed {
            // What is not ours to remove is gone for this handle all the same.
            Ok(_) | Err(Errno::NOENT | Errno::PERM | Errno::ACCESS | Errno::ROFS) => Ok(()),
            Err(errno) => Err(errno),
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // The name is dead in any case; a failure leaves its file to the next look.
        let _ignored = self.let_go();
    }
}

/// Looks a name up anew and frees it if nobody holds it; tells whether that was so.
///
/// [`Errno::NOENT`] if there is no such entry.
pub(super) fn free_if_dead(root: &Root, file_name: &str) -> Result<bool, Errno> {
    let opened = root.open_file(file_name, OFlags::RDWR);
    let descriptor = opened.inspect_err(|_| step::reached(Step::NoEntry))?;
    step::reached(Step::OpenedAnew);
    let inode = Inode::of(&rustix::fs::fstat(&descriptor)?);
    free(root, file_name, inode, descriptor.as_fd())
}

/// Frees a name if nobody holds it but, perhaps, this very description; tells whether that was so.
///
/// Of several who give up their locks and then come here, the last to give up finds the name
/// free, or claimed by another who did: so none of them leaves it behind.
pub(super) fn free(
    root: &Root,
    file_name: &str,
    inode: Inode,
    descriptor: BorrowedFd<'_>,
) -> Result<bool, Errno> {
    // Who cannot finish does not begin: a claim stands in the way of those who could.
    if !root.may_remove(inode) {
        return Err(Errno::PERM);
    }
    match lock::claim(descriptor) {
        Ok(true) => {
            step::reached(Step::Claimed);
            remove_if_linked(root, file_name, inode)
        }
        Ok(false) => {
            step::reached(Step::ClaimRefused);
            Ok(false)
        }
        // Only a description that may write can claim.
        Err(Errno::BADF) => {
            step::reached(Step::MayNotClaim);
            match lock::state(descriptor)? {
                State::Free => {
                    step::reached(Step::SawFree);
                    free_if_dead(root, file_name)
                }
                State::Held => {
                    step::reached(Step::SawHeld);
                    Ok(false)
                }
                State::Claimed => {
                    step::reached(Step::SawClaimed);
                    Ok(false)
                }
            }
        }
        Err(errno) => Err(errno),
    }
}

/// Removes the file of a dead name, which is claimed.
///
/// False if the name no longer leads to it: somebody else saw it dead first, and the name may
/// lead to another file by now.
fn remove_if_linked(root: &Root, file_name: &str, locked: Inode) -> Result<bool, Errno> {
    // The count of links alone would not do: a file may have another one, by accident.
    if !root.leads_to(file_name, locked) {
        step::reached(Step::LedElsewhere);
        return Ok(false);
    }
    step::reached(Step::StillLinked);
    root.unlink(file_name)?;
    step::reached(Step::Unlinked);
    Ok(true)
}
