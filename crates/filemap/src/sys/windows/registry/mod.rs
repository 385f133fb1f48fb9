//! Names that live exactly as long as a handle: the kernel's own.
//!
//! A name is given to the kernel unchanged, and its object is a section that any program can open.
//! What the kernel does not keep about a section is in a *record*: a small section of its own, whose
//! name is derived from the first one's. It has the protection, who created the mapping and when,
//! and the path of a file. Every handle of this library holds both. Sections of other programs have
//! no record; of them only the kernel's answers are known.
//!
//! ```text
//!  create: open the section --- there: open the record as well, if there is one
//!             | absent
//!          make the record ---- it existed: another process creates or closes: start over
//!             | new
//!          make the section --- it existed: another process was faster: close, start over
//!             | new
//!          a live handle
//!
//!  close:  the section first, then the record
//! ```
//!
//! So a section of this library has a complete record when it can be opened, and a record of an
//! earlier mapping is never taken for a new one's: nobody can create the name until it is gone.
//!
//! Objects to wait for have their names beside those of sections, and no record: what they are, the
//! kernel tells.
//!
//! A registry in a directory has the same names with a prefix that is made of the directory's path.

mod directory;
mod entry;
mod record;
mod security;
mod list;
mod objects;
mod length;
mod waitable;

pub(crate) use directory::Directory;
pub(crate) use entry::Entry;
pub(crate) use length::{LengthLock, set_file_len, set_section_len};
pub(super) use objects::{QUERY, kind_of};
