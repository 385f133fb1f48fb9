//! The groups once more, over the library of another revision: see [`crate::against`].

#![expect(clippy::duplicate_mod, reason = "the same rows are compiled for two libraries")]

pub(crate) use filemap_base as library;

/// The word for this library among the arguments of a second process.
pub(crate) const LIBRARY: &str = "base";

#[path = "groups/mod.rs"]
mod groups;

pub(crate) use groups::{play, rows};
