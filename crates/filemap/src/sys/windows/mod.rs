//! Windows: the kernel's own section objects, views, names, and objects to wait for.

mod error;
mod file;
mod deadline;
mod sleepers;
pub(super) mod fault;
mod section;
mod mapped_range;
mod mapped_view;
mod plain_map;
#[cfg(feature = "pages")]
mod pages;
mod image;
mod loss;
mod extents;
#[cfg(feature = "holders")]
mod holders;
mod registry;
mod waitable;

/// A descriptor that passes a handle to another process.
pub type OwnedDescriptor = std::os::windows::io::OwnedHandle;

/// A borrowed descriptor.
pub(crate) type BorrowedDescriptor<'handle> = std::os::windows::io::BorrowedHandle<'handle>;

use std::fs::{File, OpenOptions};
use std::path::Path;

use crate::types::{Error, ErrorKind, Operation, Result};

pub(crate) use deadline::Deadline;
pub(super) use error::number_of;
pub(crate) use extents::Extents;
#[cfg(feature = "holders")]
pub(crate) use holders::{holders, residency, viewers};
pub(crate) use mapped_range::page_size;
pub(crate) use mapped_view::MappedView;
#[cfg(feature = "pages")]
pub(crate) use pages::OwnPages;
pub(crate) use plain_map::map_plain;
pub(crate) use registry::{Directory, Entry, LengthLock, set_file_len, set_section_len};
pub(crate) use section::Section;
pub(super) use sleepers::{sleep_while, wake_sleepers};
pub(crate) use waitable::Waitable;

/// Whether ordinary input and output of a file work on the pages that are mapped: Windows does not
/// promise it for files of other machines.
pub(crate) const INPUT_SEES_MAPS: bool = false;

/// Whether a view can reach what a file has grown by since its mapping was made.
pub(crate) const MAPPINGS_GROW: bool = false;

/// Returns a variable of the environment that says where something is; `None` if it is empty.
pub(super) fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Makes a type lend its handle as those of the standard library do: by `lend`, which tells the type
/// that it was lent, and by its number, which `own` has without that.
macro_rules! lends_descriptor {
    ($type:ty, $lend:ident, $own:ident) => {
        impl std::os::windows::io::AsHandle for $type {
            fn as_handle(&self) -> std::os::windows::io::BorrowedHandle<'_> {
                self.$lend()
            }
        }

        impl std::os::windows::io::AsRawHandle for $type {
            fn as_raw_handle(&self) -> std::os::windows::io::RawHandle {
                self.$own().as_raw_handle()
            }
        }
    };
}
pub(crate) use lends_descriptor;

/// Makes a type tell the number of its handle, which `own` has without lending it; null if it has
/// none.
macro_rules! tells_descriptor {
    ($type:ty, $own:ident) => {
        impl std::os::windows::io::AsRawHandle for $type {
            /// Returns the handle.
            fn as_raw_handle(&self) -> std::os::windows::io::RawHandle {
                self.$own().map_or(std::ptr::null_mut(), |own| {
                    std::os::windows::io::AsRawHandle::as_raw_handle(&own)
                })
            }
        }
    };
}
pub(crate) use tells_descriptor;

/// Decides whether processes that this one starts inherit a descriptor.
pub(crate) fn set_inheritable(descriptor: BorrowedDescriptor<'_>, inheritable: bool) -> Result<()> {
    file::set_inheritable(descriptor, inheritable)
}

/// Returns the error as it is: there is no limit of maps to add.
pub(crate) fn exhausted(error: Error) -> Error {
    error
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

/// Installs the handler of faults; a thread needs nothing of its own.
pub(crate) fn prepare_thread() -> Result<()> {
    fault::ensure().map_err(error::from_io(Operation::MapView))
}

/// Returns a section as it is: what mappings of one program share, the kernel shares.
#[cfg(feature = "images")]
#[expect(clippy::unnecessary_wraps, reason = "on other platforms it can fail")]
pub(crate) fn join_image(section: Section) -> Result<Section> {
    Ok(section)
}
