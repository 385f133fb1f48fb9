//! Windows' file mapping objects: memory and files, mapped, shared by name, and gone with their
//! last user.
//!
//! ```
//! use filemap::{Access, FileMapping, Protection};
//!
//! // One process makes a mapping under a name ...
//! let name = format!("Local\\readme-{}", std::process::id());
//! let made = FileMapping::options().name(&name).size(4096).create()?;
//! made.map(Access::Write)?.write_at(7, b"hello")?;
//!
//! // ... another opens it by that name alone, and sees the same bytes.
//! let found = FileMapping::open(&name)?;
//! let mut seen = [0; 5];
//! found.map(Access::Read)?.read_at(7, &mut seen)?;
//! assert_eq!(&seen, b"hello");
//! # Ok::<(), filemap::Error>(())
//! ```
//!
//! # The words
//!
//! - A [`FileMapping`] is a handle to memory or a file that can be mapped. Its [`Protection`]
//!   says what all views may do, its [`Rights`] what this handle may ask for.
//! - A [`View`] is a range of it in this process, with an [`Access`]. It copies bytes in and
//!   out and lends none, because other processes may change them at any time.
//! - A [`Name`] lives exactly as long as a handle is open somewhere, crash included; a view
//!   does not keep it, but keeps the memory. A [`Registry`] holds the names.
//! - A [`MappedFile`] is a file by offset: reads, writes, objects, at any 64-bit offset, of a
//!   file that grows as it is written.
//! - A [`Flush`] is about the disk alone: everybody sees a store at once.
//! - An [`Error`] says what was tried, on what, and why it failed, and has Windows' code.
//!
//! Offsets and sizes are bytes. Nothing here panics for what it is given.

// Layers, each of which uses only those above it in this list.
mod types;
mod sys;
mod model;
mod file;

#[cfg(feature = "json")]
pub use file::Json;
#[cfg(feature = "objects")]
pub use file::{Codec, Postcard, Sink};
pub use file::{Cursor, MappedFile, MappedFileOptions};
pub use model::{
    AtomicCell, AtomicValue, Backing, Extents, FileMapping, Holder, Holders, KeptLength,
    MappingOptions, NamedMapping, Registry, View, ViewOptions, granularity, page_size,
    prepare_thread, set_file_len,
};
// What the fuzzer reaches besides the public interface: see `fuzz/`.
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub use sys::fuzzing;
pub use sys::{BorrowedDescriptor, OwnedDescriptor, RawBytes};
pub use types::{
    Access, Advice, Attributes, Error, ErrorKind, Flush, Loss, Name, Operation, PageAccess,
    PageProtection, PageRun, PageState, Permissions, Protection, Residency, Result, Rights, Scope,
};
