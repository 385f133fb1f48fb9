//! Files that are not to become shorter: the kernel keeps the length of every mapped file.

use std::fs::File;

use crate::sys::platform::error::from_io;
use crate::sys::platform::{Section, file};
use crate::types::{Operation, Result};

/// A hold on a file's length, which its section is already.
#[derive(Debug)]
pub(crate) struct KeptLength;

impl KeptLength {
    /// Keeps the length of a file, as soon as it is mapped.
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

/// Sets a file's length, unless that would make it shorter while it is mapped.
pub(crate) fn set_file_len(file: &File, len: u64) -> Result<()> {
    file::allowed(len, Operation::ResizeFile)?;
    file.set_len(len).map_err(from_io(Operation::ResizeFile))
}
