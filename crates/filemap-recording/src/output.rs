//! The file that a recorder writes: nobody else's, and not the bytes that it records.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use filemap::{Access, FileMapping, Registry, Scope};

use crate::error::{Error, Result};
use crate::sys;

/// A file that was created or is replaced; one that was created is removed again unless it is kept.
#[derive(Debug)]
pub(crate) struct Output {
    file: File,
    path: PathBuf,
    is_new: bool,
}

impl Output {
    /// Creates the file, or empties the one that is there if that is asked for.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if it is there and is not to be replaced, if another recorder writes it, or if the
    /// bytes of a name are in it. It is as it was then.
    pub(crate) fn create(
        path: &Path,
        replaces: bool,
        mappings: &[FileMapping],
        registry: &Registry,
    ) -> Result<Self> {
        let refused = |error| Error::file("create", path, error);
        if is_among_names(path, registry) {
            return Err(refused(io::Error::other("names have their memory in this directory")));
        }
        let mut options = File::options();
        options.write(true);
        let (file, is_new) = match options.create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && replaces => {
                (options.create_new(false).open(path).map_err(refused)?, false)
            }
            created => (created.map_err(refused)?, true),
        };
        let output = Self { file, path: path.to_owned(), is_new };
        if !sys::lock_out(&output.file) {
            return Err(refused(io::Error::other("another recorder is writing it")));
        }
        for mapping in mappings {
            if sys::is_over(&mapping.map(Access::Read)?, &output.file) {
                return Err(refused(io::Error::other("it has the bytes that are to be recorded")));
            }
        }
        // Of a device that is written to there is nothing to be taken away.
        if output.file.metadata().map_err(refused)?.is_file() {
            output.file.set_len(0).map_err(refused)?;
        }
        Ok(output)
    }

    /// Returns the file, whose lock lasts as long as any copy of it.
    pub(crate) fn file(&self) -> Result<File> {
        self.file.try_clone().map_err(|error| Error::file("write", &self.path, error))
    }

    /// Lets the file stay.
    pub(crate) fn keep(mut self) {
        self.is_new = false;
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.is_new {
            // It says why it could not be written, and there is nothing in it.
            drop(fs::remove_file(&self.path));
        }
    }
}

/// Returns whether a file would lie among the memory of names.
fn is_among_names(path: &Path, registry: &Registry) -> bool {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.canonicalize(),
        _ => Path::new(".").canonicalize(),
    };
    let Ok(folder) = folder else { return false };
    [Scope::Local, Scope::Global].into_iter().any(|scope| {
        let names = registry.path(scope).ok().flatten().and_then(|path| path.canonicalize().ok());
        names.is_some_and(|names| names == folder)
    })
}
