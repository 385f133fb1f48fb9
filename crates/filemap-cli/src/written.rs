//! A target that is written to, and the file that is made for it.

use std::fs;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use filemap::{ErrorKind, MappedFile, MappedFileOptions, Registry};
use tempfile::TempPath;

use crate::failure::{Failure, Result, Why};
use crate::output::Printable;
use crate::target::Target;

/// The name of a file that is made, until everything is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Making {
    /// Its own.
    AtOnce,
    /// A temporary one beside its own, so that what looks whole is whole.
    Beside,
}

/// A target that is open for writing. A file that was made for it is removed again, unless this is
/// finished.
#[derive(Debug)]
pub(crate) struct Written {
    file: MappedFile,
    made: Option<Made>,
}

/// A file that was not there before, which is removed when this is dropped, unless it is kept.
#[derive(Debug)]
struct Made {
    path: PathBuf,
    /// Its name once it is whole, if it does not have that yet.
    becomes: Option<PathBuf>,
    kept: bool,
}

impl Drop for Made {
    fn drop(&mut self) {
        if !self.kept {
            // The write has failed, and that is the error to report.
            drop(fs::remove_file(&self.path));
        }
    }
}

impl Written {
    /// Opens a target for writing, and makes a file where there is none.
    pub(crate) fn open(target: &Target, registry: &Registry, making: Making) -> Result<Self> {
        let options = || MappedFile::options().registry(registry);
        let present = |file| Self { file, made: None };
        let path = match target {
            Target::Name(entry) => return Ok(present(options().open_by_name(entry.name())?)),
            Target::File(path) => path,
        };
        match options().must_exist().open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            opened => return Ok(present(opened?)),
        }
        // A link may lead to where a file is to be made.
        let path = &led_to(path);
        let made = match making {
            Making::Beside => match Self::make(options(), &beside(path), Some(path)) {
                // The name alone is not: it was looked for.
                Err(error) if error.kind() == ErrorKind::NameTooLong => {
                    Self::make(options(), &beside(&path.with_file_name("filemap")), Some(path))
                }
                made => made,
            },
            Making::AtOnce => Self::make(options(), path, None),
        };
        match made {
            // Somebody made it meanwhile.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Ok(present(options().open(path)?))
            }
            made => Ok(made?),
        }
    }

    fn make(
        options: MappedFileOptions,
        path: &Path,
        becomes: Option<&Path>,
    ) -> filemap::Result<Self> {
        let file = options.create_new().open(path)?;
        let (path, becomes) = (path.to_owned(), becomes.map(Path::to_owned));
        Ok(Self { file, made: Some(Made { path, becomes, kept: false }) })
    }

    /// Returns whether there was no file before.
    pub(crate) fn is_new(&self) -> bool {
        self.made.is_some()
    }

    /// Returns the temporary path of a new file, if it has one.
    pub(crate) fn part(&self) -> Option<&Path> {
        self.made.as_ref().filter(|made| made.becomes.is_some()).map(|made| made.path.as_path())
    }

    /// Closes what is complete, and gives a new file its name.
    pub(crate) fn finish(self) -> Result<()> {
        let Self { file, made } = self;
        file.close()?;
        let Some(mut made) = made else { return Ok(()) };
        if let Some(name) = &made.becomes {
            let renamed = TempPath::try_from_path(&made.path)
                .and_then(|part| part.persist_noclobber(name).map_err(io::Error::from));
            renamed.map_err(|error| {
                let name = name.to_string_lossy();
                let name = Printable(&name);
                Failure::broken(format!("could not make `{name}`: {}", Why(&error)))
            })?;
        }
        made.kept = true;
        Ok(())
    }

    /// Keeps what is not complete, under its temporary name.
    pub(crate) fn keep_part(mut self) {
        if let Some(made) = &mut self.made {
            made.kept = true;
        }
    }
}

impl Deref for Written {
    type Target = MappedFile;

    fn deref(&self) -> &MappedFile {
        &self.file
    }
}

/// Returns where a path leads by links of which the last leads to no file yet.
fn led_to(path: &Path) -> PathBuf {
    /// As many as the system follows.
    const MOST: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST {
        let Ok(next) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(next);
    }
    path
}

/// Returns a path beside another one, which says that the file is not complete.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}
