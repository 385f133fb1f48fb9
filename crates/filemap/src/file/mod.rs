//! Layer 4, files by offset: the interface that most programs want.
//!
//! Knows `model` and `types`: all bytes go through views, all names through mappings.

mod mapped_file;
mod options;
mod windows;
mod bytes;
mod cursor;

pub use cursor::Cursor;
pub use mapped_file::MappedFile;
pub use options::MappedFileOptions;
