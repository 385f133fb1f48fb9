//! The arguments of the verbs that store and read objects.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::target::target_and_word;
use super::{Offset, TargetArguments};
use crate::failure::{Failure, Result};

/// Store an object, given as JSON, at an offset.
///
/// The object is stored as MessagePack with its length and a checksum, so that `get` and the
/// library's `read_object` return it whole or report what is wrong with it. Integers must fit 64
/// bits; {"$bytes": "00ff"} stands for bytes. Prints its size in bytes.
#[derive(Debug, Args)]
#[command(
    after_help = PUT_EXAMPLES,
    override_usage = "filemap put [OPTIONS] --offset <N> <NAME|FILE|--file <PATH>> <JSON>"
)]
pub(crate) struct Put {
    /// A live name, or the path of a file; left out with --file.
    #[arg(value_name = "NAME|FILE", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) first: OsString,
    /// The object; `-` reads it from standard input.
    #[arg(value_name = "JSON", allow_negative_numbers = true)]
    pub(crate) second: Option<OsString>,
    /// The path of a file, even if a name is spelled the same.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Where the object begins, in bytes from the start; with a minus, from the end.
    #[arg(long, short = 's', value_name = "N", allow_hyphen_values = true)]
    pub(crate) offset: Offset,
}

impl Put {
    /// Returns the target, and the object as it was written.
    pub(crate) fn target_and_object(&self) -> Result<(TargetArguments, &OsStr)> {
        match target_and_word(self.file.as_ref(), Some(&self.first), self.second.as_ref())? {
            (target, Some(object)) => Ok((target, object)),
            (_, None) => Err(Failure::usage("expected a name or a file, and an object")),
        }
    }
}

const PUT_EXAMPLES: &str = concat!(
    which!(),
    sizes!(),
    "
Examples:
  filemap put scores --offset 4KiB '{\"player\": \"Ada\", \"points\": [3, 5]}'
  curl -s https://example.org/state.json | filemap put scores --offset 0 -
  filemap put --file table.bin --offset 0 '[1, 2, 3]'"
);

/// Print, as JSON, the object that is stored at an offset.
///
/// The object may have been stored by `put`, by the library's `write_object`, or by whatever writes
/// its format. Bytes are printed as {"$bytes": "00ff"}. What JSON has not is an error: floats that are
/// not finite, keys that are no text, extension types. A missing, an incomplete and a damaged object
/// are three different errors, and nothing of them is printed.
#[derive(Debug, Args)]
#[command(after_help = GET_EXAMPLES)]
pub(crate) struct Get {
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Where the object begins, in bytes from the start; with a minus, from the end.
    #[arg(long, short = 's', value_name = "N", allow_hyphen_values = true, default_value = "0")]
    pub(crate) offset: Offset,
}

const GET_EXAMPLES: &str = concat!(
    which!(),
    sizes!(),
    "
Examples:
  filemap get scores --offset 4KiB
  filemap get scores --offset 4KiB | jq .points"
);
