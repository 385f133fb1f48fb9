//! Linux: memory files and `mmap`, names as locked directory entries.

mod error;
mod file;
mod fault;
mod section;
mod region;
mod registry;

/// A descriptor that passes a handle to another process.
pub type OwnedDescriptor = std::os::fd::OwnedFd;

/// A descriptor on loan.
pub type BorrowedDescriptor<'handle> = std::os::fd::BorrowedFd<'handle>;

use crate::types::{Operation, Result};

pub(crate) use region::Region;
pub(crate) use registry::{Adopted, Directory, Draft, Entry, Found, Listed};
pub(crate) use section::Section;

/// Decides whether a descriptor survives `exec`.
pub(crate) fn set_inheritable(descriptor: BorrowedDescriptor<'_>, inheritable: bool) -> Result<()> {
    let mut flags =
        rustix::io::fcntl_getfd(descriptor).map_err(error::during(Operation::DuplicateHandle))?;
    flags.set(rustix::io::FdFlags::CLOEXEC, !inheritable);
    rustix::io::fcntl_setfd(descriptor, flags).map_err(error::during(Operation::DuplicateHandle))
}

/// Bytes in a page.
pub(crate) fn page_size() -> usize {
    rustix::param::page_size()
}
