//! Recordings as the arguments name them, and what is wrong with one.

use std::io;
use std::path::Path;

use filemap::ErrorKind;
use filemap_recording::{Error, Recording};

use crate::failure::{Failure, Result, Why};
use crate::output::Output;

/// Opens a recording, and says on standard error what of it is damaged.
pub(crate) fn open(path: &Path, output: Output) -> Result<Recording> {
    let recording = Recording::open(path)?;
    if let Some(first) = recording.damage().first() {
        let more = match recording.damage().len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        output.note(&format!("a part of the recording is damaged and left out: {first}{more}"));
    }
    Ok(recording)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Mapping(error) => error.into(),
            Error::Layout(error) => error.into(),
            Error::File { attempt, source, kept, .. } => {
                let kept = kept.map(|kept| format!("; {kept}")).unwrap_or_default();
                let message = format!("{attempt}: {}{kept}", Why(&source));
                match source.kind() {
                    io::ErrorKind::NotFound => Self::no_as(ErrorKind::NotFound, message),
                    io::ErrorKind::AlreadyExists => {
                        let message = format!("{message}; --force replaces it");
                        Self::no_as(ErrorKind::AlreadyExists, message)
                    }
                    io::ErrorKind::PermissionDenied => {
                        Self::broken_as(ErrorKind::AccessDenied, message)
                    }
                    _ => Self::broken(message),
                }
            }
            other => Self::broken(other.to_string()),
        }
    }
}
