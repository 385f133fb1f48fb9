//! Files to measure on, which go away with the run.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::machine;

/// Where files are memory: no disk has a part in the figures.
const MEMORY: &str = "/dev/shm";

/// A directory for the files of one table.
#[derive(Debug)]
pub(crate) struct Place {
    directory: TempDir,
    pub(crate) file_system: String,
}

impl Place {
    /// A place in memory.
    pub(crate) fn in_memory() -> io::Result<Self> {
        Self::of(tempfile::tempdir_in(MEMORY)?)
    }

    /// A place where temporary files are, on a disk as a rule.
    pub(crate) fn on_disk() -> io::Result<Self> {
        Self::of(tempfile::tempdir()?)
    }

    fn of(directory: TempDir) -> io::Result<Self> {
        let file_system = machine::file_system(directory.path());
        Ok(Self { directory, file_system })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Bytes that its file system has free.
    pub(crate) fn free(&self) -> io::Result<u64> {
        let state = rustix::fs::statvfs(self.path())?;
        Ok(state.f_bfree * state.f_frsize)
    }

    /// A file of `len` bytes, none of them a hole.
    pub(crate) fn file(&self, len: u64) -> io::Result<(PathBuf, File)> {
        let path = self.path().join("file");
        let mut file = File::create_new(&path)?;
        let chunk: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
        for _ in 0..len / chunk.len() as u64 {
            file.write_all(&chunk)?;
        }
        // Pages that are being written out would fault anew.
        file.sync_all()?;
        let file = File::options().read(true).write(true).open(&path)?;
        Ok((path, file))
    }
}
