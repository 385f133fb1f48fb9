//! Layer 4, files by offset: the interface that most programs want.
//!
//! Knows `model` and `types`: all bytes go through views, all names through mappings.

mod whole;
mod windows;
mod mapped_file;
mod length;
mod router;
mod options;
mod bytes;
mod values;
mod search;
mod cursor;
#[cfg(feature = "objects")]
mod objects;

pub use cursor::Cursor;
pub use mapped_file::MappedFile;
#[cfg(feature = "objects")]
pub use objects::{Codec, MessagePack, Sink};
pub use options::MappedFileOptions;
