//! Layer 1, vocabulary: values and the rules between them.
//!
//! Nothing here calls the operating system, allocates a resource or needs `unsafe`; every
//! rule can be read, and tested, as a function of its arguments. May use `std` alone.

mod error;
mod protection;
mod rights;
mod access;
mod page_access;
mod page_run;
mod attributes;
mod flush;
mod advice;
mod name;
mod permissions;
mod residency;
mod quoted;
pub(crate) mod geometry;

pub use access::Access;
pub use advice::Advice;
pub use attributes::Attributes;
pub use error::{Error, ErrorKind, Loss, Operation, Result};
pub use flush::Flush;
pub use name::{Name, Scope};
pub use page_access::{PageAccess, PageProtection};
pub use page_run::{PageRun, PageState};
pub use permissions::Permissions;
pub use protection::Protection;
pub(crate) use quoted::{plain, quoted};
pub use residency::Residency;
pub use rights::Rights;
