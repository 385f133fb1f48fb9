//! Layer 3, the object model: handles, views and names, and the rules between them.
//!
//! Everything that Windows promises about the objects stands here, once, for all platforms.
//! Knows `sys` by its contract and `types`; knows nothing of descriptors, system calls or
//! platforms, nor of the layers above.

mod mapping;
mod options;
mod view;
mod view_options;
mod backing;
mod length;
mod holder;
mod residency;
mod registry;

pub use crate::sys::{AtomicCell, AtomicValue};
pub(crate) use crate::sys::{Keeper, Latest, Lending, Lent, Unfinished};
pub use backing::Backing;
pub use holder::{Holder, Holders};
pub use length::{KeptLength, set_file_len};
pub use mapping::FileMapping;
pub use options::MappingOptions;
pub use registry::{NamedMapping, Registry};
pub use residency::Extents;
pub use view::View;
pub use view_options::ViewOptions;

/// Tells the unit in bytes of view offsets and addresses on Windows: 65536, everywhere.
///
/// Views here take any offset; [`ViewOptions::strict`] insists on this unit.
#[must_use]
#[doc(alias = "dwAllocationGranularity")]
#[doc(alias = "GetSystemInfo")]
pub fn granularity() -> usize {
    crate::types::geometry::GRANULARITY
}

/// Makes the calling thread able to survive the loss of mapped pages.
///
/// Mapping a view does this for the thread that maps. A thread that was started with `SIGBUS`
/// blocked, or `SIGSEGV` where there are reserved mappings, as programs do that leave all signals to one thread, calls this once before it
/// touches views that others mapped: with the signal blocked, the kernel kills at a lost page,
/// whatever any handler would do
/// ([sigaction(2)](https://man7.org/linux/man-pages/man2/sigaction.2.html)).
///
/// # Errors
///
/// [`ErrorKind::Other`](crate::ErrorKind::Other) if the process may not handle signals.
pub fn prepare_thread() -> crate::types::Result<()> {
    crate::sys::prepare_thread()
}

/// Tells how many bytes a page of this machine has.
#[must_use]
pub fn page_size() -> usize {
    crate::sys::page_size()
}
