//! How long memory lives whose holders are killed.

use std::str::FromStr;

use crate::types::{Error, Result, words};

/// How long the memory of a name lives: it decides what a killed process leaves.
///
/// Either way the name is gone with its last handle, and memory stays while a view is mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Lifetime {
    /// As long as the name's entry in the registry, which has the bytes.
    ///
    /// A program without this library can map the entry, and other users can open the name if its
    /// [`Permissions`](crate::Permissions) allow it. If its holders are killed, the memory stays until
    /// somebody uses the registry.
    #[default]
    Entry,
    /// As long as its handles and views: the kernel frees it at the kill.
    ///
    /// Whoever opens the name gets the memory from a process that holds it, and so must be able to
    /// look into one: a process of the same user, in the same PID namespace or an inner one. A kill
    /// leaves an entry without the memory, of one page.
    Holders,
}

words!(Lifetime[2] {
    Entry = "entry",
    Holders = "holders",
});

impl FromStr for Lifetime {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        words::parse("lifetime", Self::ALL, word)
    }
}
