//! Windows: the kernel's own section objects, views and names.

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
pub type OwnedDescriptor = std::os::windows::io::OwnedHandle;

/// A descriptor on loan.
pub type BorrowedDescriptor<'handle> = std::os::windows::io::BorrowedHandle<'handle>;

/// The number of a descriptor.
pub type RawDescriptor = std::os::windows::io::RawHandle;

use std::fs::{File, OpenOptions};
use std::path::Path;

use crate::types::{Error, ErrorKind, Operation, Result};

pub(crate) use extents::Extents;
pub(crate) use region::Region;
#[cfg(any(test, fuzzing))]
pub use registry::fuzzing;
pub(crate) use registry::{
    Adopted, Census, Directory, Draft, Entry, Found, KeptLength, Listed, Sighted, set_file_len,
};
pub(crate) use residency::residency;
pub(crate) use section::Section;

/// Whether ordinary input and output of a file work on the pages that are mapped: Windows does not
/// promise it for files of other machines.
pub(crate) const INPUT_SEES_MAPS: bool = false;

/// The number of a descriptor.
pub(crate) fn number(descriptor: BorrowedDescriptor<'_>) -> RawDescriptor {
    std::os::windows::io::AsRawHandle::as_raw_handle(&descriptor)
}

/// Decides whether processes that this one starts inherit a descriptor.
pub(crate) fn set_inheritable(descriptor: BorrowedDescriptor<'_>, inheritable: bool) -> Result<()> {
    file::set_inheritable(descriptor, inheritable)
}

/// Opens a file as `how` says.
pub(crate) fn open_file(how: OpenOptions, path: &Path) -> Result<File> {
    how.open(path).map_err(|error| {
        // Windows says that access is denied, whatever the folder's permissions.
        if path.is_dir() {
            return Error::new(ErrorKind::WrongObject, Operation::OpenFile)
                .because("it is a directory, and only files can be mapped")
                .caused_by(error);
        }
        error::from_io(Operation::OpenFile)(error)
    })
}

/// Sees to it that faults are handled; a thread needs nothing of its own.
pub(crate) fn prepare_thread() -> Result<()> {
    fault::ensure().map_err(error::from_io(Operation::MapView))
}

/// Bytes in a page.
pub(crate) fn page_size() -> usize {
    placing::page_size()
}
