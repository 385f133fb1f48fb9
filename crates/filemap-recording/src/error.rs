//! What can go wrong with a recording.

use std::fmt;
use std::io;
use std::path::Path;

/// The result of everything that this crate does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a recording could not be made, read or replayed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A mapping or its name.
    Mapping(filemap::Error),
    /// A layout, or what was read by it.
    Layout(filemap_layout::Error),
    /// The file of the recording, as far as the system has something against it.
    #[non_exhaustive]
    File {
        /// What could not be done, beginning with "could not".
        attempt: String,
        /// What the system says.
        source: io::Error,
        /// What there is all the same, if anything.
        kept: Option<String>,
    },
    /// The content of the file: it is no recording, or it is damaged.
    #[non_exhaustive]
    Content {
        /// What could not be done and why, beginning with "could not".
        message: String,
    },
}

impl Error {
    /// Returns the error of a file of which the system says no; `attempt` is a verb.
    pub(crate) fn file(attempt: &str, path: &Path, source: io::Error) -> Self {
        let attempt = format!("could not {attempt} `{}`", path.display());
        Self::File { attempt, source, kept: None }
    }

    /// Returns the error of a file with other content than expected.
    pub(crate) fn content(path: &Path, why: impl fmt::Display) -> Self {
        Self::Content { message: format!("could not read `{}`: {why}", path.display()) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mapping(error) => error.fmt(f),
            Self::Layout(error) => error.fmt(f),
            Self::File { attempt, source, kept } => {
                write!(f, "{attempt}: {source}")?;
                kept.as_ref().map_or(Ok(()), |kept| write!(f, "; {kept}"))
            }
            Self::Content { message } => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Mapping(error) => Some(error),
            Self::Layout(error) => Some(error),
            Self::File { source, .. } => Some(source),
            Self::Content { .. } => None,
        }
    }
}

impl From<filemap::Error> for Error {
    fn from(error: filemap::Error) -> Self {
        Self::Mapping(error)
    }
}

impl From<filemap_layout::Error> for Error {
    fn from(error: filemap_layout::Error) -> Self {
        Self::Layout(error)
    }
}
