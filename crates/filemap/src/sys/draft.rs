//! A mapping that is to be created under a name.

use std::path::PathBuf;

use crate::sys::{Section, Size, Space};
use crate::types::{Attributes, Lifetime, Permissions, Protection};

/// What a registry is asked to create.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) protection: Protection,
    pub(crate) attributes: Attributes,
    /// The object behind the mapping, if it is there already; none for memory that the registry
    /// makes.
    pub(crate) object: Option<Section>,
    /// Where the object's file is, for a system that does not tell.
    #[cfg_attr(windows, expect(dead_code, reason = "the system has the names"))]
    pub(crate) path: Option<PathBuf>,
    pub(crate) size: Size,
    pub(crate) space: Space,
    #[cfg_attr(windows, expect(dead_code, reason = "all memory lives as long as its holders"))]
    pub(crate) lifetime: Lifetime,
    /// Whether its bytes may become those of the past.
    #[cfg_attr(windows, expect(dead_code, reason = "the system keeps names"))]
    pub(crate) generations: bool,
    /// Who else may open the name.
    pub(crate) permissions: Permissions,
}
