//! Layer 2, the backend: everything that differs between platforms.
//!
//! What a platform must supply, under the same names:
//!
//! | name | what it is |
//! |---|---|
//! | `Section` | the object behind a mapping: memory, or a file |
//! | `Region` | a mapped range of a section; the only way to its bytes |
//! | `Directory` | the names of one registry |
//! | `Entry` | a name held by one handle |
//! | `KeptLength` | a file that is not to become shorter |
//! | `Census` | who holds names, and who has views |
//! | `Extents` | which parts of a section take space |
//! | `residency` | how much of a section is in memory |
//! | `AtomicCell`, `AtomicValue` | a value that threads and processes agree on |
//! | `OwnedDescriptor`, `BorrowedDescriptor` | what passes a handle to another process |
//! | `RawDescriptor`, `number` | by what handles are told apart |
//! | `set_inheritable` | whether child processes get a descriptor |
//! | `open_file` | opening what is to be mapped |
//! | `set_file_len` | changing the length of what may be mapped |
//! | `prepare_thread` | what a thread needs to survive a lost page |
//! | `page_size` | bytes in a page |
//! | `INPUT_SEES_MAPS` | whether input and output of a file, and maps of it, are the same pages |
//!
//! The traits of `contract` say the same to the compiler. Everything here is safe to call:
//! each function checks what its `unsafe` relies on. This layer knows `types` and nothing of
//! the layers above; `unsafe`, system crates and platform `cfg`s stand here and nowhere else.

mod contract;
mod guard;
mod untouched;
mod span;
mod copying;

#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod platform;

#[cfg(all(windows, target_arch = "x86_64"))]
#[path = "windows/mod.rs"]
mod platform;

#[cfg(not(any(target_os = "linux", all(windows, target_arch = "x86_64"))))]
#[path = "nowhere.rs"]
mod platform;

mod cell;
mod latest;
mod lending;
mod raw;

pub use cell::{AtomicCell, AtomicValue};
pub(crate) use contract::{Content, RegionContract, Request, SectionContract, Space, Wanted};
pub(crate) use copying::Copying;
pub(crate) use guard::Unfinished;
pub(crate) use latest::Latest;
pub(crate) use lending::{Keeper, Lending, Lent};
#[cfg(any(test, fuzzing))]
pub use platform::fuzzing;
pub(crate) use platform::{
    Adopted, Census, Directory, Draft, Entry, Extents, Found, INPUT_SEES_MAPS, KeptLength, Listed,
    Region, Section, Sighted, number, open_file, page_size, prepare_thread, residency,
    set_file_len, set_inheritable,
};
pub use platform::{BorrowedDescriptor, OwnedDescriptor, RawDescriptor};
pub use raw::RawBytes;
