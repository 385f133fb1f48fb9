//! What differs between systems: who else has a file.

use std::fs::File;

use filemap::View;

/// Keeps other recorders from a file as long as it is open; false if another one has it.
#[cfg(not(windows))]
pub(crate) fn lock_out(file: &File) -> bool {
    // Where there are no locks nobody is kept away.
    !matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock))
}

/// A lock would keep readers away as well.
#[cfg(windows)]
pub(crate) fn lock_out(_: &File) -> bool {
    true
}

/// Returns whether a view has its bytes in a file, by whatever path.
#[cfg(target_os = "linux")]
pub(crate) fn is_over(view: &View, file: &File) -> bool {
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::MetadataExt as _;
    let own = std::fs::metadata(format!("/proc/self/fd/{}", view.as_raw_fd()));
    let inode = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    own.is_ok_and(|own| file.metadata().is_ok_and(|other| inode(own) == inode(other)))
}

/// Windows does not let a file become shorter while it is mapped.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_over(_: &View, _: &File) -> bool {
    false
}
