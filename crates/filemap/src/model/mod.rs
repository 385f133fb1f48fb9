//! Layer 3, the object model: handles, views and names, and the rules between them.
//!
//! Everything that Windows promises about the objects stands here, once, for all platforms.
//! Knows `sys` by its contract and `types`; knows nothing of descriptors, system calls or
//! platforms, nor of the layers above.

mod mapping;
mod options;
mod view;
mod backing;
mod registry;

pub use backing::Backing;
pub use mapping::FileMapping;
pub use options::MappingOptions;
pub use registry::{NamedMapping, Registry};
pub use view::{View, ViewOptions};

/// Tells the unit in bytes of view offsets and addresses on Windows: 65536, everywhere.
///
/// Views here take any offset; [`ViewOptions::strict`] insists on this unit.
#[must_use]
#[doc(alias = "dwAllocationGranularity")]
#[doc(alias = "GetSystemInfo")]
pub fn granularity() -> usize {
    crate::types::geometry::GRANULARITY
}

/// Tells how many bytes a page of this machine has.
#[must_use]
pub fn page_size() -> usize {
    crate::sys::page_size()
}
