//! The error of everything that reads or uses a layout.

use std::fmt;

/// The result of what may fail with an [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why a layout, a path or a value was refused.
///
/// Its text says what was tried, on what, and what would be right.
#[derive(Debug)]
pub struct Error {
    text: String,
    source: Option<filemap::Error>,
}

impl Error {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), source: None }
    }

    /// Returns the error of the library behind this one, if the memory could not be read or written.
    #[must_use]
    pub fn memory(&self) -> Option<&filemap::Error> {
        self.source.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|error| -> &(dyn std::error::Error + 'static) { error })
    }
}

impl From<filemap::Error> for Error {
    fn from(error: filemap::Error) -> Self {
        Self { text: error.to_string(), source: Some(error) }
    }
}
