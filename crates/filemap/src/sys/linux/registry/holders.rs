//! The way to an object through a process that holds it, by `/proc`.

use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags};

/// Opens the file with this device and inode through the descriptor of any process that has it
/// open and that this process may look into: those of the same user
/// ([proc_pid_fd(5)](https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html)).
///
/// Slow, as it looks at every descriptor of every process; for what no path leads to.
pub(super) fn open(identity: (u64, u64), flags: OFlags) -> Option<OwnedFd> {
    processes().flat_map(descriptors).find_map(|path| {
        let is_it = |path: &PathBuf| {
            std::fs::metadata(path).is_ok_and(|found| (found.dev(), found.ino()) == identity)
        };
        if !is_it(&path) {
            return None;
        }
        let opened = rustix::fs::open(&path, flags | OFlags::CLOEXEC, Mode::empty()).ok()?;
        // The number may have come to mean another file since it was looked at.
        let found = rustix::fs::fstat(&opened).ok()?;
        ((found.st_dev, found.st_ino) == identity).then_some(opened)
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
