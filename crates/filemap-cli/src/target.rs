//! Targets: the mapping or the file that a word `NAME|FILE` stands for.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use filemap::{ErrorKind, MappedFile, NamedMapping, Registry};

use crate::args::TargetArguments;
use crate::failure::{Failure, Result};
use crate::output::Printable;

/// The target of a verb.
#[derive(Debug)]
pub(crate) enum Target {
    /// A mapping with a live name.
    Name(Box<NamedMapping>),
    /// A file, which may not exist.
    File(PathBuf),
}

/// The purpose for which a target is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Reading: a file must exist.
    Reading,
    /// Changing: a file must exist.
    Changing,
}

/// Returns the name for a word: `Local/x` is `Local\x`, because a shell removes a `\`.
///
/// # Errors
///
/// None: the library reports an invalid name.
pub(crate) fn name(word: &str) -> std::result::Result<String, Infallible> {
    let meant = SCOPES.iter().find_map(|scope| {
        let base = word.strip_prefix(scope)?.strip_prefix('/')?;
        Some(format!("{scope}\\{base}"))
    });
    Ok(meant.unwrap_or_else(|| word.to_owned()))
}

const SCOPES: [&str; 2] = ["Local", "Global"];

/// Returns advice about a name that was not found.
pub(crate) fn remedy(name: &str) -> String {
    match SCOPES.iter().find_map(|scope| Some((scope, name.strip_prefix(scope)?))) {
        Some((scope, base)) if base.starts_with(char::is_alphanumeric) => {
            format!("; if {scope}\\{base} is meant, quote it or write {scope}/{base}")
        }
        _ => "; `filemap ls` lists the names there are".to_owned(),
    }
}

impl Target {
    /// Finds the target of a word without an option `--file` beside it.
    ///
    /// # Errors
    ///
    /// Those of [`find`](Self::find).
    pub(crate) fn of_word(word: &OsStr, registry: &Registry) -> Result<Self> {
        Self::find(&TargetArguments { target: Some(word.to_owned()), file: None }, registry)
    }

    /// Finds the target of the arguments: a live name, or else a path, if it looks like one or exists.
    ///
    /// # Errors
    ///
    /// [`Failure::No`] if it is neither; otherwise those of the registry about the name.
    pub(crate) fn find(arguments: &TargetArguments, registry: &Registry) -> Result<Self> {
        let word = match (&arguments.file, &arguments.target) {
            (Some(path), _) => return Ok(Self::File(path.clone())),
            (None, Some(word)) => word,
            (None, None) => {
                return Err(Failure::broken("could not find a name or a file in the arguments"));
            }
        };
        let looks_like_a_path = is_like_a_path(word) || Path::new(word).exists();
        // Names are UTF-8. Another word can still be a path.
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
                // No name can be used, so nobody means one by what can only be a path by its looks.
                ErrorKind::UntrustedRegistry if is_like_a_path(word) => Ok(Self::File(word.into())),
                // The name may be live and only be out of reach, so the file is not taken instead.
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

    /// Returns whether a write past its end makes it longer.
    pub(crate) fn can_grow(&self) -> bool {
        match self {
            Self::Name(entry) => entry.size().is_none(),
            Self::File(_) => true,
        }
    }

    /// Opens it for reading or changing at any offset.
    ///
    /// # Errors
    ///
    /// Those of the library.
    pub(crate) fn open(&self, registry: &Registry, purpose: Purpose) -> Result<MappedFile> {
        let mut options = MappedFile::options().registry(registry);
        options = match purpose {
            Purpose::Reading => options.read_only().must_exist(),
            Purpose::Changing => options.must_exist(),
        };
        Ok(match self {
            Self::Name(entry) => options.open_by_name(entry.name())?,
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
