//! The files and the buffer that rows work on, removed with the run.

use std::cell::{RefCell, RefMut};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

/// Where a file lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Medium {
    /// A file system without a disk.
    Memory,
    /// The file system of temporary files, its pages in the page cache.
    Disk,
}

impl Medium {
    /// The words for it in the name of a row.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Memory => "in memory",
            Self::Disk => "on disk",
        }
    }
}

/// One directory of files on each medium, and one buffer.
///
/// Both sides of a row use the same: which of two files or buffers happens to lie in large pages
/// would decide more than the calls.
#[derive(Debug)]
pub(crate) struct Scene {
    memory: TempDir,
    disk: TempDir,
    buffer: RefCell<Vec<u8>>,
}

impl Scene {
    pub(crate) fn new() -> io::Result<Self> {
        let (memory, disk) = (tempfile::tempdir_in("/dev/shm")?, tempfile::tempdir()?);
        Ok(Self { memory, disk, buffer: RefCell::default() })
    }

    pub(crate) fn folder(&self, medium: Medium) -> &Path {
        match medium {
            Medium::Memory => self.memory.path(),
            Medium::Disk => self.disk.path(),
        }
    }

    /// Returns the file of this length that all sides share, without holes; makes it if need be.
    pub(crate) fn shared(&self, medium: Medium, len: u64) -> io::Result<PathBuf> {
        let path = self.folder(medium).join(len.to_string());
        if !path.exists() {
            fill(&mut File::create_new(&path)?, len)?;
        }
        Ok(path)
    }

    /// Makes a file of one side alone, without holes.
    pub(crate) fn own(&self, medium: Medium, len: u64) -> io::Result<NamedTempFile> {
        let mut file = NamedTempFile::new_in(self.folder(medium))?;
        fill(file.as_file_mut(), len)?;
        Ok(file)
    }

    /// Returns the buffer, at least `len` bytes long and touched.
    pub(crate) fn buffer(&self, len: usize) -> RefMut<'_, Vec<u8>> {
        let mut buffer = self.buffer.borrow_mut();
        if buffer.len() < len {
            *buffer = vec![1; len];
        }
        buffer
    }
}

fn fill(file: &mut File, len: u64) -> io::Result<()> {
    let chunk: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    let mut left = usize::try_from(len).unwrap_or(usize::MAX);
    while left > 0 {
        let part = &chunk[..left.min(chunk.len())];
        file.write_all(part)?;
        left -= part.len();
    }
    // A page that is being written out faults again at the next store.
    file.sync_all()
}

/// Opens a file to read and to write.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).open(path)
}
