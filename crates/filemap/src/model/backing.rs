use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use crate::model::{FileMapping, View};
use crate::sys::{self, Content, Request, SectionContract as _};
use crate::types::{Access, Flush, Result};

/// What a mapping is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backing {
    /// Memory alone.
    Memory,
    /// A file.
    #[non_exhaustive]
    File {
        /// Where the file was when the mapping was named; empty if that is not known.
        path: PathBuf,
    },
}

impl Backing {
    pub(crate) fn of(content: &Content) -> Self {
        match content {
            Content::Memory | Content::Held => Self::Memory,
            Content::File(path) => Self::File { path: path.clone() },
        }
    }
}

/// The file behind a mapping, for the layer above, whose files grow past their mappings and
/// have names of their own in errors.
impl FileMapping {
    /// Opens a file that is to be mapped, without waiting for what is not a file.
    pub(crate) fn open_file(how: OpenOptions, path: &Path) -> Result<File> {
        sys::open_file(how, path)
    }

    /// Tells whether there is a file.
    pub(crate) fn is_over_file(&self) -> bool {
        self.section().is_file()
    }

    /// Tells whether the mapping is as long as its file, however long that is.
    pub(crate) fn follows_file(&self) -> bool {
        self.is_over_file() && self.section().size() == 0
    }

    /// Tells whether ordinary input and output, and maps of a file, are the same pages.
    pub(crate) fn input_sees_maps(&self) -> bool {
        sys::INPUT_SEES_MAPS
    }

    /// Tells whether both stand for one file.
    pub(crate) fn is_same_file(&self, other: &Self) -> Result<bool> {
        self.section().is_same(other.section())
    }

    /// Asks for the file's present length in bytes.
    pub(crate) fn file_len(&self) -> Result<u64> {
        self.section().file_len()
    }

    /// Refuses a length in bytes that this process may not give the file.
    pub(crate) fn check_file_len(&self, len: u64) -> Result<()> {
        self.section().check_file_len(len)
    }

    /// Sets the file's length in bytes.
    pub(crate) fn set_file_len(&self, len: u64) -> Result<()> {
        self.section().set_file_len(len)
    }

    /// Sets disk space aside for the first `len` bytes, and makes the file that long.
    pub(crate) fn reserve_file(&self, len: u64) -> Result<()> {
        self.section().reserve_file(len)
    }

    /// Waits until nobody is making the file longer, and sets space aside for a range that is
    /// about to be stored to.
    pub(crate) fn settle_file(&self, offset: u64, len: u64) -> Result<()> {
        self.section().settle_file(offset, len)
    }

    /// Reads by ordinary file input; tells how many bytes there were before the file's end.
    pub(crate) fn read_file(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        self.section().read_file(offset, buf)
    }

    /// Writes by ordinary file output, which makes the file longer where it must.
    pub(crate) fn write_file(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.section().write_file(offset, bytes)
    }

    /// Flushes a range of the file; a length of 0 reaches to its end.
    pub(crate) fn flush_file(&self, offset: u64, len: u64, flush: Flush) -> Result<()> {
        self.section().flush_file(offset, len, flush)
    }

    /// Maps a window of the file, which may reach past its end.
    ///
    /// Bytes past the end must not be touched before the file has them.
    pub(crate) fn map_window(&self, access: Access, offset: u64, len: usize) -> Result<View> {
        self.map_request(Request {
            offset,
            len,
            access,
            address: None,
            alignment: 1,
            guarded: true,
        })
    }
}
