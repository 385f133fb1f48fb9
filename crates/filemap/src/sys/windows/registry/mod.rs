//! Names that live exactly as long as a handle: the kernel's own.
//!
//! A name goes to the kernel as it is, and what has it is a section that any program can open. What
//! the kernel does not tell about a section is in a *record*: a small section of its own, whose
//! name is made of the first one's. It tells the protection, who made it and when, and the path of
//! a file. Every handle of this library holds both; sections of other programs have no record, and
//! are known by what the kernel tells.
//!
//! ```text
//!  create: open the section --- there: take the record as well, if there is one
//!             | absent
//!          make the record ---- it existed: somebody is creating or closing: start over
//!             | new
//!          make the section --- it existed: another program was faster: let go, start over
//!             | new
//!          a live handle
//!
//!  close:  the section first, then the record
//! ```
//!
//! So whoever finds a section of this library's finds its record complete, and nobody takes the
//! record of an earlier object for a new one's: it keeps others from creating until it is gone.
//!
//! A registry of its own has the same names with a prefix that is made of its directory's path.

mod directory;
mod record;
mod security;
mod list;
mod objects;
mod length;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;

use std::os::windows::io::{AsHandle as _, BorrowedHandle, OwnedHandle};
use std::sync::Arc;

pub(crate) use directory::Directory;
pub(crate) use length::{KeptLength, set_file_len};
pub(crate) use list::{Census, Listed, Sighted};

use crate::sys::platform::{Section, file, section};
use crate::sys::{Content, Space};
use crate::types::{Attributes, Name, Operation, Permissions, Protection, Result, Rights};

/// An object that is to get a name.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) protection: Protection,
    pub(crate) attributes: Attributes,
    /// Bytes; 0 over a file means the file's length.
    pub(crate) size: u64,
    /// The file, if it is not to be memory.
    pub(crate) file: Option<Section>,
    /// The object is as long as its file, always.
    pub(crate) follows_file: bool,
    pub(crate) space: Space,
    /// Who else may open it.
    pub(crate) permissions: Permissions,
}

/// An object that has a name, with everything that is known about it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) section: Section,
    pub(crate) entry: Entry,
    pub(crate) name: Name,
    pub(crate) protection: Protection,
    pub(crate) attributes: Attributes,
    pub(crate) rights: Rights,
    pub(crate) content: Content,
}

/// What a descriptor from another handle turned out to be.
#[derive(Debug)]
pub(crate) enum Adopted {
    /// The handle of a name in this registry.
    Named(Found),
    /// An object that has a name in another registry.
    #[expect(dead_code, reason = "what only the kernel knows of is foreign here")]
    Unnamed {
        section: Section,
        protection: Protection,
        attributes: Attributes,
        rights: Rights,
        content: Content,
    },
    /// Some file or memory.
    Foreign(OwnedHandle),
}

/// One handle's hold on a name: the kernel's own, with the record's beside it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Closed before the record is.
    object: Arc<OwnedHandle>,
    record: Option<OwnedHandle>,
}

impl Entry {
    /// Makes another hold with these rights.
    pub(crate) fn duplicate(&self, rights: Rights, _write: bool) -> Result<Self> {
        let object = Arc::new(section::duplicate(self.object.as_handle(), rights)?);
        let record = self
            .record
            .as_ref()
            .map(|record| file::duplicate(record.as_handle(), None, Operation::DuplicateHandle));
        Ok(Self { object, record: record.transpose()? })
    }

    /// The handle that keeps the name.
    pub(crate) fn lock(&self) -> Option<BorrowedHandle<'_>> {
        Some(self.object.as_handle())
    }

    /// Notes that another process may have the handle: the kernel counts by itself.
    #[expect(clippy::unused_self, reason = "other platforms have to note it")]
    pub(crate) fn lend(&self) {}

    /// Gives up the hold without letting go of the name: the handle lives on elsewhere.
    pub(crate) fn give_away(self) -> Option<OwnedHandle> {
        let Self { object, .. } = self;
        match Arc::try_unwrap(object) {
            Ok(object) => Some(object),
            Err(shared) => file::duplicate(shared.as_handle(), None, Operation::CloseHandle).ok(),
        }
    }

    /// Lets go of the name, which is free if nobody else holds it.
    #[expect(clippy::unnecessary_wraps, reason = "other platforms can fail at it")]
    pub(crate) fn release(self) -> Result<()> {
        drop(self);
        Ok(())
    }
}
