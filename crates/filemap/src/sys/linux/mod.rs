//! Linux: memory files and `mmap`, names as locked directory entries.

mod error;
pub(super) mod barrier;
mod file;
pub(super) mod fault;
mod section;
mod region;
mod pages;
mod image;
mod placing;
mod loss;
mod extents;
mod residency;
mod registry;

/// A descriptor that passes a handle to another process.
pub type OwnedDescriptor = std::os::fd::OwnedFd;

/// A descriptor on loan.
pub type BorrowedDescriptor<'handle> = std::os::fd::BorrowedFd<'handle>;

/// The number of a descriptor.
pub type RawDescriptor = std::os::fd::RawFd;

use std::fs::{File, OpenOptions};
use std::path::Path;

use crate::types::{Operation, Result};

pub(crate) use extents::Extents;
pub(crate) use region::Region;
#[cfg(any(test, fuzzing))]
pub mod fuzzing {
    //! What must be true of what others wrote, whatever that is: for the fuzzer and the tests.

    pub use super::image::fuzzing::image;
    pub use super::registry::fuzzing::{file_name, trailer};
}
pub(crate) use registry::{
    Adopted, Census, Directory, Draft, Entry, Found, KeptLength, Listed, Sighted, set_file_len,
};
pub(crate) use residency::residency;
pub(crate) use section::Section;

/// Whether ordinary input and output of a file work on the pages that are mapped.
pub(crate) const INPUT_SEES_MAPS: bool = true;

/// The number of a descriptor.
pub(crate) fn number(descriptor: BorrowedDescriptor<'_>) -> RawDescriptor {
    std::os::fd::AsRawFd::as_raw_fd(&descriptor)
}

/// Decides whether a descriptor survives `exec`.
pub(crate) fn set_inheritable(descriptor: BorrowedDescriptor<'_>, inheritable: bool) -> Result<()> {
    let mut flags =
        rustix::io::fcntl_getfd(descriptor).map_err(error::during(Operation::DuplicateHandle))?;
    flags.set(rustix::io::FdFlags::CLOEXEC, !inheritable);
    rustix::io::fcntl_setfd(descriptor, flags).map_err(error::during(Operation::DuplicateHandle))
}

/// Opens a file as `how` says, and returns at once where it is a pipe that nobody writes to.
///
/// Files and directories know no waiting, so the flag means nothing to them
/// ([open(2)](https://man7.org/linux/man-pages/man2/open.2.html)).
pub(crate) fn open_file(mut how: OpenOptions, path: &Path) -> Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let opened = how.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path);
    opened.map_err(error::from_io(Operation::OpenFile))
}

/// Opens `SIGBUS` for the calling thread, and puts the handler back where it belongs.
pub(crate) fn prepare_thread() -> Result<()> {
    fault::ensure().map_err(error::from_io(Operation::MapView))
}

/// Bytes in a page.
pub(crate) fn page_size() -> usize {
    rustix::param::page_size()
}
