//! `NAME|FILE`: what one word on the command line means.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use filemap::{ErrorKind, MappedFile, NamedMapping, Registry};

use crate::args::TargetArguments;
use crate::failure::{Failure, Result};
use crate::output::Printable;

/// What a verb works on.
#[derive(Debug)]
pub(crate) enum Target {
    /// A mapping that has a name now.
    Name(Box<NamedMapping>),
    /// A file, which may not exist.
    File(PathBuf),
}

/// What a target is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Nothing is changed; a file must exist.
    Reading,
    /// A file is made if there is none.
    Writing,
}

impl Target {
    /// Finds what the arguments mean: a live name, else a path, if it looks like one or is one.
    ///
    /// # Errors
    ///
    /// [`Failure::No`] if it is neither; whatever the registry says about the name otherwise.
    pub(crate) fn find(arguments: &TargetArguments, registry: &Registry) -> Result<Self> {
        let word = match (&arguments.file, &arguments.target) {
            (Some(path), _) => return Ok(Self::File(path.clone())),
            (None, Some(word)) => word,
            (None, None) => return Err(Failure::broken("could not tell which name or file")),
        };
        let looks_like_a_path = is_like_a_path(word) || Path::new(word).exists();
        // A name is text. A word that is not can still be a path.
        let Some(name) = word.to_str() else {
            return Ok(Self::File(word.into()));
        };
        match registry.inspect(name) {
            Ok(entry) if entry.is_live() || !looks_like_a_path => Ok(Self::Name(Box::new(entry))),
            Ok(_) => Ok(Self::File(word.into())),
            Err(error) if looks_like_a_path => match error.kind() {
                ErrorKind::NotFound
                | ErrorKind::PathNotFound
                | ErrorKind::InvalidName
                | ErrorKind::InvalidPath
                | ErrorKind::NameTooLong
                | ErrorKind::WrongObject => Ok(Self::File(word.into())),
                // The name may well be live, and is only out of reach: the file is not meant.
                _ => Err(error.into()),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Failure::no_as(
                ErrorKind::NotFound,
                format!("could not find `{name}`: no mapping has this name, and no file is there"),
            )),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens it, to read or write at any offset.
    ///
    /// # Errors
    ///
    /// What the library says.
    pub(crate) fn open(&self, registry: &Registry, purpose: Purpose) -> Result<MappedFile> {
        let mut options = MappedFile::options().registry(registry);
        if purpose == Purpose::Reading {
            options = options.read_only().must_exist();
        }
        Ok(match self {
            Self::Name(entry) => options.open_by_name(&entry.name().to_string())?,
            Self::File(path) => options.open(path)?,
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(entry) => write!(f, "`{}`", Printable(&entry.name().to_string())),
            Self::File(path) => write!(f, "`{}`", Printable(&path.to_string_lossy())),
        }
    }
}

fn is_like_a_path(word: &OsStr) -> bool {
    word.as_encoded_bytes().contains(&b'/') || Path::new(word).is_absolute()
}
