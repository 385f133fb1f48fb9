//! Windows' file mapping objects: memory and files, mapped, shared by name, and gone with their
//! last user.
//!
//! ```
//! use filemap::{Access, FileMapping, PositionedIo};
//!
//! // One process makes a mapping under a name ...
//! let name = format!("Local\\readme-{}", std::process::id());
//! let made = FileMapping::options().name(&name).size(4096).create()?;
//! made.map(Access::Write)?.write_all_at(b"hello", 7)?;
//!
//! // ... another opens it by that name alone, and sees the same bytes.
//! let found = FileMapping::open(&name)?;
//! let mut seen = [0; 5];
//! found.map(Access::Read)?.read_exact_at(&mut seen, 7)?;
//! assert_eq!(&seen, b"hello");
//! # Ok::<(), filemap::Error>(())
//! ```
//!
//! # The words
//!
//! - A [`FileMapping`] is a handle to memory or a file that can be mapped. Its [`Protection`] limits
//!   all views, its [`Rights`] limit those of this handle.
//! - A [`View`] is a range of it in this process, with an [`Access`]. It copies bytes in and out,
//!   and never returns a reference to them, because other processes may change them at any time.
//! - A [`Name`] lives exactly as long as a handle is open in some process, crashes included; a view
//!   keeps the memory, and not the name. A [`Registry`] has the names.
//! - A [`MappedFile`] is a file by offset: reads, writes, objects, at any 64-bit offset, of a
//!   file that grows as it is written.
//! - A [`Mutex`], an [`Event`] or a [`Semaphore`] is what threads of any processes wait for, alone or
//!   several at once ([`wait_any`], [`wait_all`]).
//! - A [`Shared`] value is replaced by one writer, and read whole by everybody.
//! - A [`Flush`] is about the disk alone: everybody sees a store without it.
//! - An [`Error`] says what was tried, on what, and why it failed, and has Windows' code.
//!
//! Offsets and sizes are bytes. No argument makes a function panic.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `objects` (default) | `MappedFile::write_object` and `read_object`, for any serde type |
//! | `pages` | `View::commit`, `protect` and `pages_at`; mappings with [`Attributes::RESERVE`] |
//! | `images` | mappings with [`Attributes::IMAGE`]; brings `pages` |
//! | `holders` | who holds names and has views; how much of a mapping is in memory |
//!
//! A mapping that needs a feature which a build lacks cannot be created or opened:
//! [`ErrorKind::NotSupported`], and the error names the feature.

/// The traits of values that are read and written: derive `FromBytes`, `IntoBytes` and `Immutable`
/// for your own.
pub use zerocopy;

/// The example for authors of tools that read what games under Wine publish.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/wine.md")]
mod wine {}

/// The examples of the README, which are run as well.
#[cfg(all(doctest, feature = "objects"))]
#[doc = include_str!("../../../README.md")]
mod readme {}

// The layers; each uses only those before it in this list.
mod types;
mod sys;
mod model;
mod file;

#[cfg(feature = "objects")]
pub use file::{Codec, MessagePack, Sink};
pub use file::{Cursor, MappedFile, MappedFileOptions};
pub use model::{
    Backing, Event, Extents, FileMapping, LengthLock, Locked, MappingOptions, Mutex, MutexGuard,
    NamedMapping, PlainViewOptions, PositionedIo, Registry, Semaphore, Shared, Signalled, Snapshot,
    View, ViewOptions, Waitable, WaitableOptions, granularity, page_size, prepare_thread,
    set_file_len, wait_all, wait_any,
};
// What the fuzzer calls besides the public interface: see `fuzz/`.
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub use sys::fuzzing;
pub use sys::{AtomicCell, AtomicValue, AtomicWord, ForeignBytes, OwnedDescriptor, SystemAdvice};
pub use types::{
    Access, Advice, Attributes, Error, ErrorKind, Flush, Lifetime, Loss, LostRange, MutexOwner,
    Name, ObjectKind, ObjectState, OnLoss, Operation, Permissions, Protection, Result, Rights,
    Scope,
};
#[cfg(feature = "holders")]
pub use types::{Holder, Holders, Residency};
#[cfg(feature = "pages")]
pub use types::{PageAccess, PageProtection, PageRun, PageState};
