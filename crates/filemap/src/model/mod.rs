//! Layer 3, the object model: handles, views and names, and the rules between them.
//!
//! What Windows promises about the objects is here once, for all platforms. This layer uses `sys`
//! by its contract and `types`, and knows nothing of descriptors, system calls or platforms, nor of
//! the layers above.

mod mapping;
mod options;
mod open;
mod positioned_io;
pub(crate) mod search;
mod view;
#[cfg(feature = "pages")]
mod view_pages;
mod view_losses;
mod view_reach;
mod view_options;
mod plain_view;
mod slots;
mod shared;
mod generation;
mod backing;
mod file;
mod length;
mod extents;
#[cfg(feature = "holders")]
mod residency;
#[cfg(feature = "holders")]
mod holders;
mod named_mapping;
mod registry;
mod waitable;

pub(crate) use crate::sys::{AppendList, Reach, Seen};
pub(crate) use crate::sys::{AtomicCell, AtomicValue, ForeignBytes, UninitBuf, filled};
pub use backing::Backing;
pub use extents::Extents;
pub use length::{LengthLock, set_file_len};
pub use mapping::FileMapping;
pub use named_mapping::NamedMapping;
pub use options::MappingOptions;
pub use plain_view::PlainViewOptions;
pub use positioned_io::PositionedIo;
pub use registry::Registry;
pub use shared::{Shared, Snapshot};
pub use view::View;
pub use view_options::ViewOptions;
pub use waitable::{
    Event, Locked, Mutex, MutexGuard, Semaphore, Signalled, Waitable, WaitableOptions, wait_all,
    wait_any,
};

/// Returns the unit in bytes of view offsets and addresses on Windows, which is 65536 everywhere.
///
/// Views here take any offset; [`ViewOptions::strict`] insists on this unit.
#[must_use]
#[doc(alias = "dwAllocationGranularity")]
#[doc(alias = "GetSystemInfo")]
pub fn granularity() -> usize {
    crate::types::geometry::GRANULARITY
}

/// Prepares the calling thread for the loss of mapped pages.
///
/// Mapping a view does this for the thread that maps. A thread that was started with `SIGBUS`
/// blocked, or `SIGSEGV` where there are reserved mappings, calls this once before it uses views
/// that other threads mapped. Programs that leave all signals to one thread start their threads so.
/// While the signal is blocked, the kernel kills the process at a lost page, whatever handler it has
/// ([sigaction(2)](https://man7.org/linux/man-pages/man2/sigaction.2.html)).
///
/// # Errors
///
/// [`ErrorKind::Other`](crate::ErrorKind::Other) if the process may not handle signals.
pub fn prepare_thread() -> crate::types::Result<()> {
    crate::sys::prepare_thread()
}

/// Returns the size of a page in bytes.
#[must_use]
pub fn page_size() -> usize {
    crate::sys::page_size()
}
