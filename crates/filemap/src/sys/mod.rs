//! Layer 2, the backend: everything that differs between platforms.
//!
//! What a platform must supply, under the same names:
//!
//! | name | what it is |
//! |---|---|
//! | `Section` | the object behind a mapping: memory, or a file |
//! | `MappedView` | the mapped pages of a view |
//! | `ZeroPages` | which lost pages read as zeros, where the system can do that |
//! | `OwnPages` | what they allow, where that is not the same for all (feature `pages`) |
//! | `join_image` | what mappings of one program share (feature `images`) |
//! | `Directory` | the names of one registry |
//! | `Entry` | a name held by one handle |
//! | `Waitable` | an object to wait for |
//! | `Generation` | whether a name's bytes are of the past, where the system does not keep names |
//! | `LengthLock` | a file that is not to become shorter |
//! | `holders`, `viewers` | who holds names, and who has views (feature `holders`) |
//! | `Extents` | which ranges of a section take space |
//! | `residency` | how much of a section is in memory (feature `holders`) |
//! | `AtomicCell`, `AtomicValue` | a value that threads and processes agree on |
//! | `Deadline` | a moment until which a thread sleeps |
//! | `sleep_while`, `wake_sleepers` | threads that sleep at a word of memory |
//! | `OwnedDescriptor`, `BorrowedDescriptor` | what passes a handle to another process |
//! | `RawDescriptor`, `number` | the number by which handles are compared |
//! | `set_inheritable` | whether child processes get a descriptor |
//! | `open_file` | opening what is to be mapped |
//! | `set_section_len` | changing the length of the file behind a section |
//! | `set_file_len` | changing the length of what may be mapped |
//! | `prepare_thread` | what a thread needs to survive a lost page |
//! | `map_plain` | a view by the rules of the system's own call |
//! | `exhausted` | which limit of maps a process has met |
//! | `page_size` | bytes in a page |
//! | `INPUT_SEES_MAPS` | whether input and output of a file, and maps of it, are the same pages |
//! | `MAPPINGS_GROW` | whether a view can reach what a file has grown by since its mapping was made |
//!
//! The traits of `contract` say the same to the compiler. Everything here is safe to call:
//! each function checks what its `unsafe` relies on. This layer knows `types` and nothing of
//! the layers above; `unsafe`, system crates and platform `cfg`s stand here and nowhere else.

mod contract;
mod features;
mod size;
mod guard;
mod reach;
mod span;
#[cfg(not(feature = "pages"))]
mod no_pages;
#[cfg(not(all(target_os = "linux", guard_assembly)))]
mod no_zeros;
#[cfg(not(target_os = "linux"))]
mod no_generation;
mod region;
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

#[cfg(any(target_os = "linux", windows))]
mod system;
mod draft;
mod opened;
mod listed;
mod cell;
mod waitable_kind;
mod waitable;
mod waiting;
pub(crate) mod sync;
mod append_list;
mod foreign_bytes;
mod plain_map;
mod uninit_buf;
#[cfg(target_os = "linux")]
mod fork_count;
mod raw_os_error;

pub(crate) use append_list::AppendList;
pub(crate) use cell::HasRegion;
pub use cell::{AtomicCell, AtomicValue};
use contract::MappedViewContract;
pub(crate) use contract::{Content, Request, SectionContract, Space, Wanted};
pub(crate) use copying::filled;
pub(crate) use draft::Draft;
pub use foreign_bytes::ForeignBytes;
pub(crate) use listed::Listed;
#[cfg(not(target_os = "linux"))]
pub(crate) use no_generation::Generation;
#[cfg(not(feature = "pages"))]
use no_pages::OwnPages;
#[cfg(not(all(target_os = "linux", guard_assembly)))]
use no_zeros::ZeroPages;
pub(crate) use opened::Opened;
pub(crate) use plain_map::PlainMap;
pub use plain_map::SystemAdvice;
#[cfg(target_os = "linux")]
pub(crate) use platform::Generation;
#[cfg(feature = "pages")]
use platform::OwnPages;
pub use platform::OwnedDescriptor;
#[cfg(all(target_os = "linux", guard_assembly))]
use platform::ZeroPages;
#[cfg(feature = "images")]
pub(crate) use platform::join_image;
pub(crate) use platform::{
    BorrowedDescriptor, Deadline, Directory, Entry, Extents, INPUT_SEES_MAPS, LengthLock,
    MAPPINGS_GROW, Section, Waitable, exhausted, lends_descriptor, map_plain, open_file, page_size,
    prepare_thread, set_file_len, set_inheritable, set_section_len, tells_descriptor,
};
#[cfg(feature = "holders")]
pub(crate) use platform::{holders, residency, viewers};
pub(crate) use reach::{Reach, Seen};
pub(crate) use region::Region;
#[cfg(feature = "pages")]
pub(crate) use region::RegionKind;
pub(crate) use size::Size;
pub(crate) use uninit_buf::UninitBuf;
pub(crate) use waitable::WaitableContract;
pub(crate) use waitable_kind::{Initial, NewWaitable, Satisfied, WaitableKind};
pub use waiting::AtomicWord;

/// What the fuzzer calls besides the public interface.
#[cfg(any(test, fuzzing))]
pub mod fuzzing {
    #[cfg(all(feature = "images", target_os = "linux"))]
    pub use crate::sys::platform::fuzzing::image;
}
