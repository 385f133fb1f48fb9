//! The way to an object through a process that holds it, by `/proc`.

use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags, Stat};

use crate::sys::platform::file::{self, Identity};

/// Opens the file with this device and inode through the descriptor of any process that has it
/// open and that this process may look into: those of the same user
/// ([proc_pid_fd(5)](https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html)).
///
/// Slow, as it looks at every descriptor of every process; for what no path leads to.
pub(super) fn open(
    identity: Identity,
    flags: OFlags,
    trusted: impl Fn(&Stat) -> bool,
) -> Option<OwnedFd> {
    processes().flat_map(descriptors).find_map(|path| {
        let is_it = |path: &PathBuf| {
            std::fs::metadata(path)
                .is_ok_and(|found| (found.dev(), found.ino()) == (identity.device, identity.inode))
        };
        if !is_it(&path) {
            return None;
        }
        let flags = flags | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened = rustix::fs::open(&path, flags, Mode::empty()).ok()?;
        // The number may have come to mean another file since it was looked at.
        let found = rustix::fs::fstat(&opened).ok()?;
        (file::identity(opened.as_fd()) == Ok(identity) && trusted(&found)).then_some(opened)
    })
}

fn processes() -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
        let number = entry.file_name();
        number.to_str()?.parse::<u32>().ok()?;
        Some(entry.path())
    })
}

fn descriptors(process: PathBuf) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(process.join("fd")).into_iter().flatten().flatten().map(|entry| entry.path())
}
