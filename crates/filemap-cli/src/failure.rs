//! Why a verb ended without doing what it was asked for.

use std::fmt;
use std::io;

use filemap::ErrorKind;
use serde::Serialize;

/// The result of everything that a verb does.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A failure, as `main` reports it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody reads the output any more, so there is nothing left to do. It counts as success.
    OutputClosed,
    /// The answer is "no" or "none": exit code 1.
    No(Reason),
    /// The same, where the output says so already.
    NoSilently,
    /// It could not be done: exit code 2.
    Broken(Reason),
}

/// One sentence, and what a program would want to know.
#[derive(Debug, Serialize)]
pub(crate) struct Reason {
    /// Begins with "could not".
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// What `GetLastError` would tell; `null` where the library was not asked.
    win32_code: Option<u32>,
}

impl Reason {
    fn said(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: None, win32_code: None }
    }

    fn of_kind(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            kind: Some(format!("{kind:?}")),
            win32_code: Some(kind.win32_code()),
        }
    }

    /// What `--verbose` adds to the sentence.
    pub(crate) fn more(&self) -> String {
        match (&self.kind, self.win32_code) {
            (Some(kind), Some(code)) => format!(" ({kind}, Win32 code {code})"),
            _ => String::new(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Failure {
    /// It could not be done; `message` begins with "could not".
    pub(crate) fn broken(message: impl Into<String>) -> Self {
        Self::Broken(Reason::said(message))
    }

    /// It could not be done, and the library has a kind for that.
    pub(crate) fn broken_as(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Broken(Reason::of_kind(kind, message))
    }

    /// The answer is "no"; `message` begins with "could not".
    pub(crate) fn no(message: impl Into<String>) -> Self {
        Self::No(Reason::said(message))
    }

    /// The answer is "no", and the library has a kind for that.
    pub(crate) fn no_as(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::No(Reason::of_kind(kind, message))
    }

    /// The sentence, where there is one.
    pub(crate) fn reason(&self) -> Option<&Reason> {
        match self {
            Self::OutputClosed | Self::NoSilently => None,
            Self::No(reason) | Self::Broken(reason) => Some(reason),
        }
    }

    /// Tells whether what was asked for is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        let not_found = Some(ErrorKind::NotFound.win32_code());
        self.reason().is_some_and(|reason| reason.win32_code == not_found)
    }

    /// What went wrong while the output was written.
    pub(crate) fn from_output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::OutputClosed
        } else {
            Self::broken(format!("could not write the output: {error}"))
        }
    }
}

impl From<filemap::Error> for Failure {
    fn from(error: filemap::Error) -> Self {
        let reason = Reason::of_kind(error.kind(), error.to_string());
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::AlreadyExists | ErrorKind::NoObject => {
                Self::No(reason)
            }
            _ => Self::Broken(reason),
        }
    }
}
