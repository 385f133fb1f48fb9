//! The file behind a mapping, for the layer above, whose files grow past their mappings.

use std::fs::{File, OpenOptions};
use std::path::Path;

use crate::model::{FileMapping, View};
use crate::sys::{self, Request, SectionContract as _};
use crate::types::{Access, Flush, OnLoss, Result};

impl FileMapping {
    /// Opens a file that is to be mapped. Does not wait if it is a pipe.
    pub(crate) fn open_file(how: OpenOptions, path: &Path) -> Result<File> {
        sys::open_file(how, path)
    }

    /// Returns true if there is a file.
    pub(crate) fn is_over_file(&self) -> bool {
        self.section().is_file()
    }

    /// Returns true if ordinary input and output of a file work on the pages that are mapped.
    pub(crate) fn input_sees_maps(&self) -> bool {
        sys::INPUT_SEES_MAPS
    }

    /// Returns true if both have the same file.
    pub(crate) fn is_same_file(&self, other: &Self) -> Result<bool> {
        self.section().is_same(other.section())
    }

    /// Returns the file's present length in bytes.
    pub(crate) fn file_len(&self) -> Result<u64> {
        self.section().file_len()
    }

    /// Refuses a length in bytes that this process may not give the file.
    pub(crate) fn check_file_len(&self, len: u64) -> Result<()> {
        self.section().check_file_len(len)
    }

    /// Sets the file's length in bytes.
    pub(crate) fn set_file_len(&self, len: u64) -> Result<()> {
        sys::set_section_len(self.section(), len)
    }

    /// Allocates disk space for a range, and waits until nobody is making the file longer.
    pub(crate) fn preallocate_file(&self, offset: u64, len: u64) -> Result<()> {
        self.section().preallocate_file(offset, len)
    }

    /// Makes a hole of a range of the file.
    pub(crate) fn discard_file(&self, offset: u64, len: u64) -> Result<()> {
        self.section().discard_file(offset, len)
    }

    /// Returns the disk space in bytes that the file takes, what is past its end included.
    pub(crate) fn file_space(&self) -> Result<u64> {
        self.section().file_space()
    }

    /// Reads by ordinary input; returns how many bytes there were before the file's end.
    pub(crate) fn read_file(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        self.section().read_file(offset, buf)
    }

    /// Writes by ordinary output, which makes the file longer where it must.
    pub(crate) fn write_file(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.section().write_file(offset, bytes)
    }

    /// Returns how many bytes a page of the file has, if its bytes are stored through maps alone and
    /// its length is whole pages: large ones.
    pub(crate) fn page_of_maps(&self) -> Option<u64> {
        self.section().page_of_maps()
    }

    /// Flushes a range of the file; a length of 0 reaches to its end.
    pub(crate) fn flush_file(&self, offset: u64, len: u64, flush: Flush) -> Result<()> {
        self.section().flush_file(offset, len, flush)
    }

    /// Maps a window of the file, which may reach past its end.
    ///
    /// Bytes past the end must not be accessed before the file has them.
    pub(crate) fn map_window(&self, access: Access, offset: u64, len: usize) -> Result<View> {
        self.map_request(Request {
            offset,
            len,
            access,
            address: None,
            alignment: 1,
            guarded: true,
            on_loss: OnLoss::Die,
        })
    }
}
