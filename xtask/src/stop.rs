//! Why a verb, or a step of one, did not pass.

use std::fmt::Display;
use std::io;

/// The reason.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It was not run: something is missing.
    Skipped(String),
    /// It was run, and this is wrong.
    Failed(String),
    /// Its arguments are not understood.
    Misused,
}

/// What a verb comes to.
pub(crate) type Done<T = ()> = Result<T, Stop>;

pub(crate) fn skipped<T>(why: impl Into<String>) -> Done<T> {
    Err(Stop::Skipped(why.into()))
}

pub(crate) fn failed<T>(what: impl Into<String>) -> Done<T> {
    Err(Stop::Failed(what.into()))
}

/// Names the subject of an error.
pub(crate) fn about<E: Display>(subject: impl Display) -> impl FnOnce(E) -> Stop {
    move |err| Stop::Failed(format!("{subject}: {err}"))
}

impl From<io::Error> for Stop {
    fn from(err: io::Error) -> Self {
        Self::Failed(err.to_string())
    }
}

impl From<String> for Stop {
    fn from(what: String) -> Self {
        Self::Failed(what)
    }
}
