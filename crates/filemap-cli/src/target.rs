//! `NAME|FILE`: what one word on the command line means.

use std::convert::Infallible;
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
    /// A file must exist.
    Changing,
}

/// A name as it is meant: `Local/x` is `Local\x`, because a shell takes a `\` away.
///
/// # Errors
///
/// None: what is no name is told by the library.
pub(crate) fn name(word: &str) -> std::result::Result<String, Infallible> {
    let meant = SCOPES.iter().find_map(|scope| {
        let base = word.strip_prefix(scope)?.strip_prefix('/')?;
        Some(format!("{scope}\\{base}"))
    });
    Ok(meant.unwrap_or_else(|| word.to_owned()))
}

const SCOPES: [&str; 2] = ["Local", "Global"];

/// What to do about a name that nobody has.
fn remedy(name: &str) -> String {
    match SCOPES.iter().find_map(|scope| Some((scope, name.strip_prefix(scope)?))) {
        Some((scope, base)) if base.starts_with(char::is_alphanumeric) => {
            format!("; if {scope}\\{base} is meant, quote it or write {scope}/{base}")
        }
        _ => "; `filemap ls` lists the names there are".to_owned(),
    }
}

impl Target {
    /// Finds what a word means that has no option `--file` beside it.
    ///
    /// # Errors
    ///
    /// Those of [`find`](Self::find).
    pub(crate) fn of_word(word: &OsStr, registry: &Registry) -> Result<Self> {
        Self::find(&TargetArguments { target: Some(word.to_owned()), file: None }, registry)
    }

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
        let Ok(name) = self::name(name);
        match registry.inspect(&name) {
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
                format!(
                    "could not find `{name}`: no mapping has this name, and no file is there{}",
                    remedy(&name)
                ),
            )),
            Err(error) => Err(error.into()),
        }
    }

    /// Tells whether it becomes longer where it is written past its end.
    pub(crate) fn can_grow(&self) -> bool {
        match self {
            Self::Name(entry) => entry.size().is_none(),
            Self::File(_) => true,
        }
    }

    /// Opens it, to read or write at any offset.
    ///
    /// # Errors
    ///
    /// What the library says.
    pub(crate) fn open(&self, registry: &Registry, purpose: Purpose) -> Result<MappedFile> {
        let mut options = MappedFile::options().registry(registry);
        options = match purpose {
            Purpose::Reading => options.read_only().must_exist(),
            Purpose::Changing => options.must_exist(),
            Purpose::Writing => options,
        };
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
    let is_name = |word: &str| {
        SCOPES
            .iter()
            .any(|scope| word.strip_prefix(scope).is_some_and(|base| base.starts_with('/')))
    };
    let has_folders = word.as_encoded_bytes().contains(&b'/');
    (has_folders && !word.to_str().is_some_and(is_name)) || Path::new(word).is_absolute()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_after_a_scope_is_a_backslash() {
        let Ok(meant) = name("Local/x/y");
        assert_eq!(meant, "Local\\x/y");
        for word in ["x/y", "Localx", "local/x", "./Local/x"] {
            assert_eq!(name(word), Ok(word.to_owned()));
        }
    }

    #[test]
    fn a_backslash_that_the_shell_took_is_missed() {
        assert!(remedy("Localscores").contains("Local\\scores"));
        assert!(!remedy("scores").contains("Local"));
    }
}
