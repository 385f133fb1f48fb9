//! Layer 4, files by offset: the interface that most programs want.
//!
//! Knows `model` and `types`: all bytes go through views, all names through mappings.

mod mapped_file;
mod options;
mod windows;
mod sliding;
mod bytes;
mod reserve;
mod cutting;
mod values;
mod search;
mod cursor;
#[cfg(feature = "objects")]
mod records;
#[cfg(feature = "objects")]
mod scratch;
#[cfg(feature = "objects")]
mod codec;

#[cfg(feature = "json")]
pub use codec::Json;
#[cfg(feature = "objects")]
pub use codec::{Codec, Postcard, Sink};
pub use cursor::Cursor;
pub use mapped_file::MappedFile;
pub use options::MappedFileOptions;
