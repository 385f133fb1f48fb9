//! Linux: memory files and `mmap`, names as locked directory entries.

mod error;
mod environment;
mod file;
mod fork;
mod deadline;
mod futex;
mod sleepers;
pub(super) mod fault;
mod memory_file;
mod commit_limit;
mod control_group;
mod section;
mod mapped_range;
mod address;
mod large_pages;
mod mapped_view;
mod plain_map;
#[cfg(feature = "pages")]
mod pages;
#[cfg(guard_assembly)]
mod zeros;
#[cfg(feature = "images")]
mod image;
mod loss;
mod extents;
#[cfg(feature = "holders")]
mod residency;
#[cfg(feature = "holders")]
mod holders;
mod step;
mod registry;
mod generation;
mod waitable;

/// A descriptor that passes a handle to another process.
pub type OwnedDescriptor = std::os::fd::OwnedFd;

/// A borrowed descriptor.
pub(crate) type BorrowedDescriptor<'handle> = std::os::fd::BorrowedFd<'handle>;

use std::fs::{File, OpenOptions};
use std::path::Path;

use crate::types::{Operation, Result};

pub(crate) use deadline::Deadline;
pub(super) use environment::variable;
pub(crate) use error::exhausted;
pub(super) use error::number_of;
pub(crate) use extents::Extents;
#[cfg(feature = "holders")]
pub(in crate::sys) use file::Identity;
pub(crate) use generation::Generation;
#[cfg(feature = "holders")]
pub(crate) use holders::{holders, viewers};
#[cfg(all(any(test, fuzzing), feature = "images"))]
pub(in crate::sys) use image::fuzzing;
#[cfg(feature = "images")]
pub(crate) use image::join as join_image;
pub(crate) use mapped_view::MappedView;
#[cfg(feature = "pages")]
pub(crate) use pages::OwnPages;
pub(crate) use plain_map::map_plain;
pub(crate) use registry::{Directory, Entry, LengthLock, set_file_len, set_section_len};
#[cfg(feature = "holders")]
pub(crate) use residency::residency;
pub(crate) use section::Section;
pub(super) use sleepers::{sleep_while, wake_sleepers};
pub(crate) use waitable::Waitable;
#[cfg(guard_assembly)]
pub(crate) use zeros::ZeroPages;

/// Whether ordinary input and output of a file work on the pages that are mapped.
pub(crate) const INPUT_SEES_MAPS: bool = true;

/// Whether a view can reach what a file has grown by since its mapping was made.
pub(crate) const MAPPINGS_GROW: bool = true;

/// Makes a type lend its descriptor as those of the standard library do: by `lend`, which tells the
/// type that it was lent, and by its number, which `own` has without that.
macro_rules! lends_descriptor {
    ($type:ty, $lend:ident, $own:ident) => {
        impl std::os::fd::AsFd for $type {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.$lend()
            }
        }

        impl std::os::fd::AsRawFd for $type {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.$own().as_raw_fd()
            }
        }
    };
}
pub(crate) use lends_descriptor;

/// Makes a type tell the number of its descriptor, which `own` has without lending it; -1 if it has
/// none.
macro_rules! tells_descriptor {
    ($type:ty, $own:ident) => {
        impl std::os::fd::AsRawFd for $type {
            /// Returns the number of the handle; -1 if there is none, as of an object in a mapping.
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.$own().map_or(-1, |own| std::os::fd::AsRawFd::as_raw_fd(&own))
            }
        }
    };
}
pub(crate) use tells_descriptor;

/// Decides whether a descriptor survives `exec`.
pub(crate) fn set_inheritable(descriptor: BorrowedDescriptor<'_>, inheritable: bool) -> Result<()> {
    let mut flags =
        rustix::io::fcntl_getfd(descriptor).map_err(error::during(Operation::DuplicateHandle))?;
    flags.set(rustix::io::FdFlags::CLOEXEC, !inheritable);
    rustix::io::fcntl_setfd(descriptor, flags).map_err(error::during(Operation::DuplicateHandle))
}

/// Opens a file as `how` says, and does not wait where it is a pipe that nobody writes to.
///
/// The flag has no effect on files and directories
/// ([open(2)](https://man7.org/linux/man-pages/man2/open.2.html)).
pub(crate) fn open_file(mut how: OpenOptions, path: &Path) -> Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let opened = how.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path);
    opened.map_err(error::from_io(Operation::OpenFile))
}

/// Unblocks `SIGBUS` for the calling thread, and puts the handler back on top.
pub(crate) fn prepare_thread() -> Result<()> {
    fault::ensure().map_err(error::from_io(Operation::MapView))
}

/// Bytes in a page.
pub(crate) fn page_size() -> usize {
    rustix::param::page_size()
}
