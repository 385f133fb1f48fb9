//! Words that several verbs have: which name or file, and which part of it.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::Offset;
use crate::failure::{Failure, Result};
use crate::size;

/// A name or a file: one word that is looked up, or a path for certain.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct TargetArguments {
    /// A live name; if there is none, the path of a file.
    #[arg(value_name = "NAME|FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) target: Option<OsString>,
    /// The path of a file, whatever names there are.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
}

/// Tells a target and the word after it apart.
///
/// An optional word before another one is more than the parser of the arguments can tell apart, if
/// an option stands between them. So it is done here: with a file, the only word is the other one.
///
/// # Errors
///
/// A sentence, if there are too few words or too many.
pub(super) fn target_and_word<'w>(
    file: Option<&PathBuf>,
    first: Option<&'w OsString>,
    second: Option<&'w OsString>,
) -> Result<(TargetArguments, Option<&'w OsStr>)> {
    let (target, word) = match (file, first, second) {
        (Some(_), word, None) => (None, word),
        (None, Some(target), word) => (Some(target.clone()), word),
        (Some(_), _, Some(_)) => {
            return Err(Failure::broken(
                "could not tell what to do: with --file, there is one word too many",
            ));
        }
        (None, None, _) => {
            return Err(Failure::broken("could not tell what to do: expected a name or a file"));
        }
    };
    Ok((TargetArguments { target, file: file.cloned() }, word.map(OsString::as_os_str)))
}

/// Which part of a target is meant.
#[derive(Debug, Args)]
pub(crate) struct Part {
    /// Where to begin, in bytes from the start; with a minus, from the end.
    #[arg(long, short = 's', value_name = "N", allow_hyphen_values = true, default_value = "0")]
    pub(crate) offset: Offset,
    /// How many bytes at most; all that follow if not given.
    #[arg(long, short = 'n', value_name = "N", value_parser = size::parse)]
    pub(crate) length: Option<u64>,
}
