//! Failures of verbs, and their exit codes.

use std::fmt;
use std::io;

use filemap::ErrorKind;
use serde::Serialize;

/// The result of everything that a verb does.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A failure, as `main` reports it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The output was closed by its reader. It counts as success.
    OutputClosed,
    /// The answer is "no" or "none": exit code 1.
    No(Reason),
    /// The answer is "no", and the output says so already: exit code 1.
    NoSilently,
    /// An error: exit code 2.
    Broken(Reason),
    /// The end by an interrupt, or by a command that cannot be run, with the exit code of a shell.
    Ended(u8, Reason),
    /// The end by an interrupt of what has no end of its own, with the exit code of a shell.
    Interrupted(u8),
}

/// The message of a failure, with its kind for programs.
#[derive(Debug, Serialize)]
pub(crate) struct Reason {
    /// Begins with "could not".
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// What `GetLastError` would return; `null` for an error that is not the library's.
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

    /// Returns what `--verbose` adds to the message.
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
    /// Returns an error; `message` begins with "could not".
    pub(crate) fn broken(message: impl Into<String>) -> Self {
        Self::Broken(Reason::said(message))
    }

    /// Returns an error of arguments that do not belong together; `why` says what is wrong.
    pub(crate) fn usage(why: impl fmt::Display) -> Self {
        let message = format!("could not understand the arguments: {why}");
        Self::broken_as(ErrorKind::InvalidArgument, message)
    }

    /// Returns an error of a kind that the library has.
    pub(crate) fn broken_as(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Broken(Reason::of_kind(kind, message))
    }

    /// Returns the end with an exit code of its own; `message` begins with "could not".
    pub(crate) fn ended(code: u8, message: impl Into<String>) -> Self {
        Self::Ended(code, Reason::said(message))
    }

    /// Adds what is left behind to the message.
    pub(crate) fn leaving(mut self, what: &str) -> Self {
        if let Self::No(reason) | Self::Broken(reason) | Self::Ended(_, reason) = &mut self {
            reason.message.push_str("; ");
            reason.message.push_str(what);
        }
        self
    }

    /// Returns the answer "no"; `message` begins with "could not".
    pub(crate) fn no(message: impl Into<String>) -> Self {
        Self::No(Reason::said(message))
    }

    /// Returns the answer "no", of a kind that the library has.
    pub(crate) fn no_as(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::No(Reason::of_kind(kind, message))
    }

    /// Returns the message, if there is one.
    pub(crate) fn reason(&self) -> Option<&Reason> {
        match self {
            Self::OutputClosed | Self::NoSilently | Self::Interrupted(_) => None,
            Self::No(reason) | Self::Broken(reason) | Self::Ended(_, reason) => Some(reason),
        }
    }

    /// Returns whether a name or a file was not found, or the folder that it would be in.
    pub(crate) fn is_not_found(&self) -> bool {
        let code = self.reason().and_then(|reason| reason.win32_code);
        let missing = [ErrorKind::NotFound, ErrorKind::PathNotFound];
        code.is_some_and(|code| missing.map(ErrorKind::win32_code).contains(&code))
    }

    /// Returns whether a wait was over before it came to something.
    #[cfg(feature = "sight")]
    pub(crate) fn is_timed_out(&self) -> bool {
        let code = self.reason().and_then(|reason| reason.win32_code);
        code == Some(ErrorKind::TimedOut.win32_code())
    }

    /// Returns the failure for an error of the output.
    pub(crate) fn from_output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::OutputClosed
        } else {
            Self::broken(format!("could not write the output: {}", Why(error)))
        }
    }
}

/// The reason that the system gives for an error of input or output, without its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Why<'e>(pub(crate) &'e io::Error);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind() {
            // It has a text of its own.
            _ if self.0.raw_os_error().is_none() => self.0.fmt(f),
            io::ErrorKind::NotFound => f.write_str("it does not exist"),
            io::ErrorKind::PermissionDenied => f.write_str("access is denied"),
            io::ErrorKind::AlreadyExists => f.write_str("it exists already"),
            io::ErrorKind::NotADirectory => f.write_str("a part of its path is no folder"),
            io::ErrorKind::StorageFull => f.write_str("there is no space left"),
            _ => {
                let text = self.0.to_string();
                f.write_str(text.split(" (os error").next().unwrap_or_default())
            }
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
