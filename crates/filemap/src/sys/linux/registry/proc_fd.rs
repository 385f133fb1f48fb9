//! Opening a file through a process that has it open, by `/proc`.

#![expect(unsafe_code, reason = "descriptors of this process are tried by their numbers")]

use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use rustix::fs::{AtFlags, Mode, OFlags, StatxFlags};
use rustix::io::Errno;
use rustix::process::DumpableBehavior;

use crate::sys::platform::file::{self, Identity};
use crate::sys::platform::memory_file;
use crate::types::Operation;

/// A descriptor of a process, by their numbers; a process of 0 is none.
///
/// By the time that it is used the numbers may mean something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    pub(super) process: u32,
    pub(super) number: u32,
}

impl Place {
    /// The place of a descriptor of this process.
    pub(super) fn of(descriptor: BorrowedFd<'_>) -> Self {
        let number = u32::try_from(descriptor.as_raw_fd()).unwrap_or(0);
        Self { process: std::process::id(), number }
    }

    fn path(self) -> PathBuf {
        format!("/proc/{}/fd/{}", self.process, self.number).into()
    }

    /// Returns true if other processes of this user find the file at this place of this process.
    ///
    /// The system shows a process that is protected from being looked into as the superuser's.
    pub(super) fn shows(self, identity: Identity) -> bool {
        let is_protected = rustix::process::dumpable_behavior() != Ok(DumpableBehavior::Dumpable);
        let user = rustix::process::geteuid().as_raw();
        self.has(identity)
            && (!is_protected
                || std::fs::symlink_metadata(self.path()).is_ok_and(|link| link.uid() == user))
    }

    fn has(self, Identity { device, inode, .. }: Identity) -> bool {
        let flags = AtFlags::STATX_DONT_SYNC;
        match rustix::fs::statx(rustix::fs::CWD, self.path(), flags, StatxFlags::INO) {
            Ok(found) => {
                let at = rustix::fs::makedev(found.stx_dev_major, found.stx_dev_minor);
                (at, found.stx_ino) == (device, inode)
            }
            // Some sandboxes know no `statx`.
            Err(Errno::NOSYS | Errno::PERM) => std::fs::metadata(self.path())
                .is_ok_and(|found| (found.dev(), found.ino()) == (device, inode)),
            Err(_) => false,
        }
    }
}

/// What is looked for among what processes have open.
#[derive(Clone, Copy)]
pub(super) struct Sought<'a> {
    pub(super) identity: Identity,
    pub(super) is_memory: bool,
    /// The mode to open it in.
    pub(super) flags: OFlags,
    /// Returns true if what belongs to a user may be taken.
    pub(super) trusts: &'a dyn Fn(u32) -> bool,
}

impl Sought<'_> {
    /// Returns true if a descriptor is of it, and its owner is trusted.
    fn is_it(&self, descriptor: BorrowedFd<'_>) -> bool {
        self.identify(descriptor)
            .is_ok_and(|(found, owner)| found == self.identity && (self.trusts)(owner))
    }

    fn identify(&self, descriptor: BorrowedFd<'_>) -> Result<(Identity, u32), Errno> {
        if self.is_memory {
            return memory_file::identity(descriptor);
        }
        Ok((file::identity(descriptor)?, rustix::fs::fstat(descriptor)?.st_uid))
    }
}

/// Opens a file that has no known path, through a descriptor of any process that this process may
/// look into ([proc_pid_fd(5)](https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html)), and
/// returns the place of that.
///
/// Slow if the file is not at the place `known`, as it looks at every descriptor of every process.
pub(super) fn open(sought: Sought<'_>, known: Place) -> Option<(OwnedFd, Place)> {
    let known = (known.process != 0).then_some(known);
    let found = known.into_iter().chain(numbers("/proc").flat_map(places)).find_map(|place| {
        if !place.has(sought.identity) {
            return None;
        }
        let flags = sought.flags | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened = rustix::fs::open(place.path(), flags, Mode::empty()).ok()?;
        // The descriptor may have been replaced since.
        sought.is_it(opened.as_fd()).then_some((opened, place))
    });
    found.or_else(|| own(sought))
}

/// Finds a descriptor of this process where `/proc` does not show it, and duplicates it.
fn own(sought: Sought<'_>) -> Option<(OwnedFd, Place)> {
    /// As many as a process may have open by default, and more.
    const MOST: RawFd = 1 << 16;
    if std::fs::metadata("/proc/self").is_ok() {
        return None;
    }
    (0..MOST).find_map(|number| {
        // SAFETY: takes numbers, and fails if this one is no descriptor. Whatever it is at this
        // moment is duplicated, and then looked at.
        let twin = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 0) };
        if twin < 0 {
            return None;
        }
        // SAFETY: the descriptor was made by the call above, and nobody else knows it.
        let twin = unsafe { OwnedFd::from_raw_fd(twin) };
        let mode = file::mode(twin.as_fd(), Operation::OpenMapping).ok()?;
        let is_it = sought.identify(twin.as_fd()).is_ok_and(|found| found.0 == sought.identity)
            && mode.read
            && (mode.write || sought.flags == OFlags::RDONLY);
        let place = Place { process: std::process::id(), number: number.cast_unsigned() };
        is_it.then_some((twin, place))
    })
}

/// Opens memory at the place where it was found last, or not at all.
///
/// No file system is asked that could keep this process waiting, whatever the place is by now: the
/// text of the link, the link itself, and what is known of its target without a look come from the
/// kernel alone, and tell memory from all else, whose devices have other numbers.
pub(super) fn open_memory(sought: Sought<'_>, known: Place) -> Option<OwnedFd> {
    if known.process == 0 {
        return None;
    }
    let path = known.path();
    let link = rustix::fs::readlink(&path, Vec::new()).ok()?;
    if !link.to_bytes().starts_with(b"/memfd:") {
        return None;
    }
    let place = rustix::fs::open(&path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
    // What is opened is what the descriptor names, whatever the number means by now.
    sought.is_it(place.as_fd()).then(|| file::reopen(&place, sought.flags).ok())?
}

fn places(process: u32) -> impl Iterator<Item = Place> {
    numbers(&format!("/proc/{process}/fd")).map(move |number| Place { process, number })
}

/// The files of a directory whose names are numbers.
fn numbers(directory: &str) -> impl Iterator<Item = u32> + use<> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}
