//! Layer 1, vocabulary: values and the rules between them.
//!
//! Nothing here calls the operating system, allocates a resource or needs `unsafe`: every rule is a
//! function of its arguments. This layer uses only `std`.

#[macro_use]
mod words;
#[macro_use]
mod flags;
mod error;
mod protection;
mod rights;
mod access;
#[cfg(feature = "pages")]
mod page_access;
#[cfg(feature = "pages")]
mod page_run;
mod attributes;
mod flush;
mod advice;
mod lifetime;
mod name;
mod lost_range;
mod object_kind;
mod object_state;
mod on_loss;
mod permissions;
#[cfg(feature = "holders")]
mod residency;
mod quoted;
#[cfg(feature = "holders")]
mod holder;
pub(crate) mod geometry;

pub use access::Access;
pub use advice::Advice;
pub use attributes::Attributes;
pub use error::{Error, ErrorKind, Loss, Operation, Result};
pub use flush::Flush;
#[cfg(feature = "holders")]
pub use holder::{Holder, Holders};
pub use lifetime::Lifetime;
pub use lost_range::LostRange;
pub(crate) use name::GivenName;
pub use name::{Name, Scope};
pub use object_kind::ObjectKind;
pub use object_state::{MutexOwner, ObjectState};
pub use on_loss::OnLoss;
#[cfg(feature = "pages")]
pub use page_access::{PageAccess, PageProtection};
#[cfg(feature = "pages")]
pub use page_run::{PageRun, PageState};
pub use permissions::Permissions;
pub use protection::Protection;
pub(crate) use quoted::{counted, plain, quoted};
#[cfg(feature = "holders")]
pub use residency::Residency;
pub use rights::Rights;
