//! Arguments that several verbs share: the name or file, and the range of it.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::Offset;
use crate::failure::{Failure, Result};
use crate::size;

/// A name or a file: a word that may be either, or the option for a path.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct TargetArguments {
    /// A live name; if there is none, the path of a file.
    #[arg(value_name = "NAME|FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) target: Option<OsString>,
    /// The path of a file, even if a name is spelled the same.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
}

/// Returns the target and the word after it, if there is one.
///
/// With `--file` the first word is not the target. The parser of the arguments has no rule for an
/// optional word before another one, so this decides it.
///
/// # Errors
///
/// [`Failure::Broken`] if there are too few words or too many.
pub(super) fn target_and_word<'w>(
    file: Option<&PathBuf>,
    first: Option<&'w OsString>,
    second: Option<&'w OsString>,
) -> Result<(TargetArguments, Option<&'w OsStr>)> {
    let (target, word) = match (file, first, second) {
        (Some(_), word, None) => (None, word),
        (None, Some(target), word) => (Some(target.clone()), word),
        (Some(_), _, Some(_)) => {
            return Err(Failure::usage("with --file, there is one word too many"));
        }
        (None, None, _) => {
            return Err(Failure::usage("expected a name or a file"));
        }
    };
    Ok((TargetArguments { target, file: file.cloned() }, word.map(OsString::as_os_str)))
}

/// A range of a target.
#[derive(Debug, Args)]
pub(crate) struct Part {
    /// Where to begin, in bytes from the start; with a minus, from the end.
    #[arg(long, short = 's', value_name = "N", allow_hyphen_values = true, default_value = "0")]
    pub(crate) offset: Offset,
    /// How many bytes at most; all that follow if not given.
    #[arg(long, short = 'n', value_name = "N", value_parser = size::parse, allow_hyphen_values = true)]
    pub(crate) length: Option<u64>,
}
