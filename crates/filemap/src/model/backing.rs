//! What a mapping is made of.

use std::path::PathBuf;

use crate::sys::Content;

/// What a mapping is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backing {
    /// Memory alone.
    Memory,
    /// A file.
    #[non_exhaustive]
    File {
        /// The file's path when the mapping was named; empty if it is not known.
        path: PathBuf,
    },
}

impl Backing {
    pub(crate) fn of(content: &Content) -> Self {
        match content {
            Content::Memory | Content::Held | Content::Waitable(_) => Self::Memory,
            Content::File(path) => Self::File { path: path.clone() },
        }
    }
}
