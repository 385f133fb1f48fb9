//! Files whose length is kept: on Windows the kernel does that for every mapped file.

use std::fs::File;

use crate::sys::platform::error::from_io;
use crate::sys::platform::{Section, file};
use crate::types::{Operation, Result};

/// Keeps a file's length, as its section does already.
#[derive(Debug)]
pub(crate) struct LengthLock;

impl LengthLock {
    /// Keeps the length of a file once it is mapped.
    #[expect(clippy::unnecessary_wraps, reason = "on other platforms it can fail")]
    pub(crate) fn of_file(_file: &File) -> Result<Self> {
        Ok(Self)
    }

    /// Keeps the length of the file behind a section.
    #[expect(clippy::unnecessary_wraps, reason = "on other platforms it can fail")]
    pub(crate) fn of_section(_section: &Section) -> Result<Self> {
        Ok(Self)
    }
}

/// Sets the length of the file behind a section, unless that would make it shorter while it is
/// mapped.
pub(crate) fn set_section_len(section: &Section, len: u64) -> Result<()> {
    set_file_len(section.file(Operation::ResizeFile)?, len)
}

/// Sets a file's length, unless that would make it shorter while it is mapped.
pub(crate) fn set_file_len(file: &File, len: u64) -> Result<()> {
    let operation = Operation::ResizeFile;
    file::allowed(len, operation)?;
    if len > file::length(file, operation)? {
        return file::grow(file, len, operation);
    }
    file.set_len(len).map_err(from_io(operation))
}
