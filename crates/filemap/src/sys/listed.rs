//! One name as a listing shows it.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::sys::Content;
use crate::types::{Attributes, Name, ObjectState, Permissions, Protection};

/// What is known about a name whose object was not opened.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) name: Name,
    /// Bytes; none if the mapping is as long as its file.
    pub(crate) size: Option<u64>,
    pub(crate) protection: Protection,
    pub(crate) attributes: Attributes,
    pub(crate) content: Content,
    /// None of a mapping, and if it is not known.
    pub(crate) state: Option<ObjectState>,
    /// How many threads waited for the object; none of a mapping, and if it is not known.
    pub(crate) waiters: Option<u32>,
    /// The process that created it; 0 if that is not known.
    pub(crate) creator: u32,
    pub(crate) created: SystemTime,
    /// Whether a handle existed.
    pub(crate) is_live: bool,
    /// Whether a holder took the name from it, or another program did.
    pub(crate) is_withdrawn: bool,
    /// Where the entry is.
    pub(crate) path: PathBuf,
    /// Who else may open it; none if something else than this library decided that.
    pub(crate) permissions: Option<Permissions>,
    /// Which file the entry is, without its generation.
    #[cfg(all(feature = "holders", target_os = "linux"))]
    pub(in crate::sys) entry: crate::sys::platform::Identity,
    /// Which file has the mapping's bytes; all zeros if the entry has them.
    #[cfg(all(feature = "holders", target_os = "linux"))]
    pub(in crate::sys) backing: crate::sys::platform::Identity,
}
