//! Removing the entry of a name that nobody holds, or that a holder withdraws.

use std::os::fd::{AsFd as _, BorrowedFd};

use rustix::fs::{FileType, OFlags, Stat};
use rustix::io::Errno;

use crate::sys::platform::error::during;
use crate::sys::platform::registry::backoff::Backoff;
use crate::sys::platform::registry::lock::{self, State};
use crate::sys::platform::registry::root::{Inode, Root};
use crate::sys::platform::step::{self, Step};
use crate::types::{Error, Operation};

/// Opens the entry of a name and removes it if nobody holds it; true if it was removed.
///
/// [`Errno::NOENT`] if there is no such entry.
pub(super) fn remove_if_dead(root: &Root, file_name: &str) -> Result<bool, Errno> {
    let opened = root.open_file(file_name, OFlags::RDWR);
    let descriptor = opened.inspect_err(|_| step::reached(Step::NoEntry))?;
    step::reached(Step::OpenedAnew);
    let inode = Inode::of(&rustix::fs::fstat(&descriptor)?);
    remove(root, file_name, inode, descriptor.as_fd())
}

/// Removes the entry behind `descriptor` if no other description holds it; true if it was removed.
///
/// When several closers come here, each has given up its lock before. The last one to give up
/// finds the entry free, or claimed by another closer that removes it: no entry is left behind.
pub(super) fn remove(
    root: &Root,
    file_name: &str,
    inode: Inode,
    descriptor: BorrowedFd<'_>,
) -> Result<bool, Errno> {
    // Without permission to unlink, a claim would only block those who have it.
    if !root.may_remove(inode) {
        return Err(Errno::PERM);
    }
    match lock::claim(descriptor, lock::ENTRY_AND_NAME) {
        Ok(true) => step::reached(Step::Claimed),
        Ok(false) => {
            step::reached(Step::ClaimRefused);
            return Ok(false);
        }
        // The description is read-only, and the claim needs one that can write.
        Err(Errno::BADF) => {
            step::reached(Step::MayNotClaim);
            return Ok(lock::state(descriptor)? == State::Free && remove_if_dead(root, file_name)?);
        }
        Err(errno) => return Err(errno),
    }
    unlink(root, file_name, inode)
}

/// Unlinks a claimed entry, if its name still leads to it; true if it did.
fn unlink(root: &Root, file_name: &str, inode: Inode) -> Result<bool, Errno> {
    // Another process may have removed the file before, and the name may lead to a new one. The
    // count of links would not show that: a file may have a second link by accident.
    if !root.has(file_name, inode) {
        step::reached(Step::LedElsewhere);
        return Ok(false);
    }
    step::reached(Step::StillLinked);
    root.unlink(file_name)?;
    step::reached(Step::Unlinked);
    Ok(true)
}

/// Removes what can be no entry and is in a name's way, as a directory, a link or a socket; true if the
/// name is free.
///
/// It has no lock that could be claimed, so it is taken aside first: what has the name by then is put
/// back if it may be an entry. A directory with content stays aside.
pub(super) fn remove_obstacle(root: &Root, file_name: &str) -> bool {
    let Ok(stat) = root.state(file_name) else { return false };
    if file_name.starts_with('.') || is_opened(&stat) || !root.may_remove(Inode::of(&stat)) {
        return false;
    }
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        return root.unlink_directory(file_name).is_ok() || root.take_aside(file_name, "/").is_ok();
    }
    let Ok(aside) = root.take_aside(file_name, "") else { return false };
    match root.state(&aside) {
        Ok(stat) if !is_opened(&stat) => root.unlink(&aside).is_ok(),
        _ => {
            let _ignored = root.put_back(&aside, file_name);
            false
        }
    }
}

/// Returns true if a look can open the file, and so an entry may be one.
fn is_opened(stat: &Stat) -> bool {
    matches!(FileType::from_raw_mode(stat.st_mode), FileType::RegularFile | FileType::Fifo)
}

/// Takes the name from a live mapping, for a caller who has a handle of it.
///
/// The handle keeps others from removing the entry, and the claim on the name keeps two who withdraw
/// it from each other's way: the second one would unlink what has the name by then. A claim that
/// removes an entry excludes this one too, since a process that ends may drop the handle's lock
/// while another of its threads is here.
pub(super) fn withdraw(root: &Root, file_name: &str, inode: Inode) -> Result<(), Error> {
    let operation = Operation::WithdrawName;
    let mut backoff = Backoff::default();
    loop {
        // The handle's own description may be shared, and with it the claim would be.
        let opened = match root.open_again(file_name, OFlags::RDWR, inode) {
            Err(Errno::NOENT) => {
                step::reached(Step::NoEntry);
                return Ok(());
            }
            opened => opened.map_err(during(operation))?,
        };
        let Some(opened) = opened else {
            step::reached(Step::LedElsewhere);
            return Ok(());
        };
        step::reached(Step::OpenedAnew);
        if !root.may_remove(inode) {
            return Err(during(operation)(Errno::PERM));
        }
        if lock::claim(opened.as_fd(), lock::NAME).map_err(during(operation))? {
            step::reached(Step::ClaimedName);
            return unlink(root, file_name, inode).map(drop).map_err(during(operation));
        }
        step::reached(Step::ClaimRefused);
        backoff.wait(operation)?;
    }
}
