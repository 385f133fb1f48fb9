//! The arguments of the verbs that read, write, compare and watch bytes.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::layouts::{As, AsParser, Assignment, Meaning};
use super::quantity::{columns, interval, number, time};
use super::target::target_and_word;
use super::{Offset, Part, TargetArguments};
use crate::failure::{Failure, Result};
use crate::hex;
use crate::size;
use crate::value::Order;

/// Show bytes as a hex dump, as numbers, or pass them on as they are.
///
/// The dump has offset, hex and text; rows like the one above are folded into `*`; the last line
/// is the offset after the last byte. Reading ends at the end of the target. On a terminal the rows
/// are as long as its width allows.
#[derive(Debug, Args)]
#[command(after_help = READ_EXAMPLES)]
pub(crate) struct Read {
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    #[command(flatten)]
    pub(crate) part: Part,
    /// Write the bytes themselves to standard output.
    #[arg(long, conflicts_with_all = ["json", "kind", "layout"])]
    pub(crate) raw: bool,
    #[command(flatten)]
    pub(crate) rows: Rows,
    #[command(flatten)]
    pub(crate) meaning: Meaning,
    /// Show these fields alone: `wheel[*].temp,rpm`; as JSON, by their paths.
    #[arg(long, value_name = "GLOB")]
    pub(crate) fields: Option<String>,
    /// Print fields as CSV: a line of paths, a line of values.
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
}

const READ_EXAMPLES: &str = concat!(
    which!(),
    sizes!(),
    "
Examples:
  filemap read scores
  filemap read scores --offset 0x100 --length 64
  filemap read scores -s -64                        the last 64 bytes
  filemap read scores --as f64                      columns of numbers
  filemap read scores --raw | sha256sum
  filemap read ./log.bin --offset 4G --raw > tail.bin
  filemap read scores --json | jq -r .hex
  filemap read car --as 'time:f64 rpm:f32 name:char[64]'    fields
  filemap read car --layout car.toml --json | jq .wheel[3].temp
  filemap read car --layout State.h:Car --fields 'wheel[*].temp' --csv"
);

/// How bytes are shown in rows.
#[derive(Debug, Args)]
pub(crate) struct Rows {
    /// Show numbers of this type instead of bytes, or fields: `time:f64 rpm:f32`.
    #[arg(long = "as", value_name = "TYPE|FIELDS", value_parser = AsParser)]
    pub(crate) kind: Option<As>,
    /// The byte order of the numbers.
    #[arg(long, value_name = "ORDER", default_value = "little", requires = "kind")]
    pub(crate) order: Order,
    /// The number of bytes, or of numbers, in a row.
    #[arg(long, short = 'c', value_name = "N", value_parser = columns, allow_hyphen_values = true)]
    pub(crate) columns: Option<u8>,
}

/// Write bytes at an offset: a text, hexadecimal, or standard input; or values into fields.
///
/// A file grows as needed, and is created if a path with a `/` in it, or after --file, leads to none.
/// A mapping that `create` made cannot grow: --text and --hex then write all or nothing, and
/// standard input is written as far as it fits.
///
/// With --layout, or fields after --as, each FIELD=VALUE is a value to write: a number, a text, the name
/// of an enumeration's value, flags with `|` between them, hexadecimal bytes. All are checked before
/// the first one is written.
#[derive(Debug, Args)]
#[command(
    after_help = WRITE_EXAMPLES,
    override_usage = "filemap write [OPTIONS] <NAME|FILE|--file <PATH>> --offset <N> [--text <TEXT>|--hex <HEX>]\n       \
                      filemap write [OPTIONS] <NAME|FILE|--file <PATH>> <--layout <FILE>|--as <FIELDS>> <FIELD=VALUE>..."
)]
pub(crate) struct Write {
    /// A live name, or the path of a file; left out with --file. Then values of fields.
    #[arg(value_name = "NAME|FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) words: Vec<OsString>,
    /// The path of a file, even if a name is spelled the same.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Where to begin, in bytes from the start; with a minus, from the end.
    #[arg(long, short = 's', value_name = "N", allow_hyphen_values = true)]
    pub(crate) offset: Option<Offset>,
    /// The bytes of this text, with no newline after it.
    #[arg(long, value_name = "TEXT", group = "what", allow_hyphen_values = true)]
    pub(crate) text: Option<OsString>,
    /// These bytes, two digits each; spaces, `:`, `-` and `_` between bytes are ignored.
    #[arg(long, value_name = "HEX", value_parser = hex::parse, group = "what", allow_hyphen_values = true)]
    pub(crate) hex: Option<Bytes>,
    /// The fields of the bytes: `time:f64 rpm:f32`.
    #[arg(long = "as", value_name = "FIELDS", conflicts_with = "what", id = "kind")]
    pub(crate) fields: Option<String>,
    #[command(flatten)]
    pub(crate) meaning: Meaning,
    /// Tell readers of a new version: change its counters before and after, as programs do.
    #[arg(long)]
    pub(crate) bump: bool,
}

impl Write {
    /// Returns the target, and the values of fields after it.
    pub(crate) fn target_and_fields(&self) -> Result<(TargetArguments, Vec<Assignment>)> {
        let (target, fields) = match (&self.file, self.words.split_first()) {
            (Some(_), _) => (None, &self.words[..]),
            (None, Some((target, fields))) => (Some(target.clone()), fields),
            (None, None) => return Err(Failure::usage("expected a name or a file")),
        };
        let assignment = |word: &OsString| {
            // What stands for bytes that are no text would be written in their place.
            let Some(text) = word.to_str() else {
                let word = word.to_string_lossy();
                return Err(Failure::usage(format!("`{word}`: expected UTF-8")));
            };
            text.parse().map_err(|why| Failure::usage(format!("`{text}`: {why}")))
        };
        let fields = fields.iter().map(assignment).collect::<Result<_>>()?;
        Ok((TargetArguments { target, file: self.file.clone() }, fields))
    }
}

/// Bytes given as one argument. An alias, because clap reads a plain `Vec` as many arguments.
pub(crate) type Bytes = Vec<u8>;

const WRITE_EXAMPLES: &str = concat!(
    which!(),
    sizes!(),
    "
Examples:
  filemap write scores --offset 10 --text 'hello, world'
  filemap write scores --offset 0x20 --hex 'de ad be ef'
  date | filemap write scores --offset 0
  filemap write ./log.bin --offset 5G --text 'far out'      grows it, sparsely
  filemap write car --layout State.h:Car rpm=8500 'wheel[3].temp=80.5' --bump"
);

/// Fill a range with one byte, or with a repeated pattern.
///
/// With zeros by default, and to the end if no length is given. A file grows as needed, and is created
/// as by `write`; a mapping that `create` made cannot grow.
#[derive(Debug, Args)]
#[command(after_help = FILL_EXAMPLES)]
pub(crate) struct Fill {
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    #[command(flatten)]
    pub(crate) part: Part,
    /// The bytes of this text, repeated.
    #[arg(long, value_name = "TEXT", group = "what", allow_hyphen_values = true)]
    pub(crate) text: Option<OsString>,
    /// These bytes, repeated; written as for `write`.
    #[arg(long, value_name = "HEX", value_parser = hex::parse, group = "what", allow_hyphen_values = true)]
    pub(crate) hex: Option<Bytes>,
}

const FILL_EXAMPLES: &str = concat!(
    which!(),
    sizes!(),
    "
Examples:
  filemap fill scores                               zeros everywhere
  filemap fill scores --offset 1K --length 512 --hex ff
  filemap fill ./disk.img --length 1G --hex deadbeef
  filemap fill scores -s -16 --text '-='            the last 16 bytes"
);

/// Find bytes or a text.
///
/// One row for each match: its offset, and the bytes there and after it. Matches do not overlap. Exit
/// code 1 if there is none.
#[derive(Debug, Args)]
#[command(
    after_help = FIND_EXAMPLES,
    override_usage = "filemap find [OPTIONS] <NAME|FILE|--file <PATH>> <TEXT|--hex <HEX>>"
)]
pub(crate) struct Find {
    /// A live name, or the path of a file; left out with --file.
    #[arg(value_name = "NAME|FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) first: Option<OsString>,
    /// The text to find.
    #[arg(value_name = "TEXT")]
    pub(crate) second: Option<OsString>,
    /// The path of a file, even if a name is spelled the same.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// The bytes to find; written as for `write`.
    #[arg(long, short = 'x', value_name = "HEX", value_parser = hex::parse, allow_hyphen_values = true)]
    pub(crate) hex: Option<Bytes>,
    #[command(flatten)]
    pub(crate) part: Part,
    /// Ignore the case of ASCII letters.
    #[arg(long, short = 'i')]
    pub(crate) ignore_case: bool,
    /// Search for the text in UTF-16, little-endian, as Windows programs keep it in memory.
    #[arg(long, conflicts_with = "hex")]
    pub(crate) utf16: bool,
    /// Stop after this many matches.
    #[arg(long, short = 'm', value_name = "N", value_parser = number(1..=u64::MAX), allow_hyphen_values = true)]
    pub(crate) max_count: Option<u64>,
    /// Only print the number of matches.
    #[arg(long, conflicts_with = "max_count")]
    pub(crate) count: bool,
}

impl Find {
    /// Returns the target, and the text to find if there is one.
    pub(crate) fn target_and_text(&self) -> Result<(TargetArguments, Option<&OsStr>)> {
        target_and_word(self.file.as_ref(), self.first.as_ref(), self.second.as_ref())
    }
}

const FIND_EXAMPLES: &str = concat!(
    which!(),
    sizes!(),
    "
Examples:
  filemap find scores hello
  filemap find scores -i error --max-count 1        the first one alone
  filemap find scores --hex 'de ad be ef' --count
  filemap find ./memory.dmp --utf16 kernel32
  filemap find scores hello --json | jq '.places[].offset'"
);

/// Compare two names, files, or standard input (`-`), byte by byte.
///
/// Prints nothing if they are equal, and otherwise the rows that differ, one above the other. Exit
/// code 0 if they are equal, 1 if not.
#[derive(Debug, Args)]
#[command(after_help = CMP_EXAMPLES)]
pub(crate) struct Cmp {
    /// A live name, or the path of a file.
    #[arg(value_name = "ONE", value_hint = ValueHint::AnyPath)]
    pub(crate) one: OsString,
    /// Another name or file; `-` is standard input.
    #[arg(value_name = "OTHER", value_hint = ValueHint::AnyPath)]
    pub(crate) other: OsString,
    #[command(flatten)]
    pub(crate) part: Part,
    /// Where to begin in OTHER, if not at the same offset as in ONE.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) other_offset: Option<Offset>,
    /// Show this many differences; all are counted.
    #[arg(long, short = 'm', value_name = "N", default_value = "8", value_parser = number(0..=u64::MAX), allow_hyphen_values = true)]
    pub(crate) max_count: u64,
    /// Print nothing; the exit code is the answer.
    #[arg(long, short = 'q', conflicts_with = "json")]
    pub(crate) quiet: bool,
}

const CMP_EXAMPLES: &str = concat!(
    sizes!(),
    "
Examples:
  filemap cmp scores backup.bin
  filemap cmp scores backup.bin --offset 4K --length 1M
  filemap cmp ./disk.img ./disk.img --offset 0 --other-offset 1G --length 64K
  zcat backup.gz | filemap cmp scores - && echo alike"
);

/// Copy between files, names, and standard input or output (`-`).
///
/// A destination that is no live name is a file, which is created if it does not exist. Without
/// --from, --to and --length everything is copied, and a file then gets the length of the source. With
/// one of them, only that range is written, and the bytes around it stay. Holes of the source take no
/// space in a new file.
///
/// On a terminal a bar shows progress and speed. After Ctrl-C, the bytes copied so far stay, and the
/// error names the command that continues. A mapping that `create` made cannot grow: if it is too
/// small, nothing is written.
#[derive(Debug, Args)]
#[command(after_help = COPY_EXAMPLES)]
pub(crate) struct Copy {
    /// A live name, the path of a file, or `-` for standard input.
    #[arg(value_name = "SOURCE", value_hint = ValueHint::AnyPath)]
    pub(crate) source: OsString,
    /// A live name, the path of a file, or `-` for standard output.
    #[arg(value_name = "DESTINATION", value_hint = ValueHint::AnyPath)]
    pub(crate) destination: OsString,
    /// Where to begin in the source; with a minus, from its end.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) from: Option<Offset>,
    /// Where to begin in the destination; with a minus, from its end.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) to: Option<Offset>,
    /// How many bytes at most; all that follow if not given.
    #[arg(long, short = 'n', value_name = "N", value_parser = size::parse, allow_hyphen_values = true)]
    pub(crate) length: Option<u64>,
}

const COPY_EXAMPLES: &str = concat!(
    sizes!(),
    "
Examples:
  filemap copy scores backup.bin                    a name to a file
  filemap copy backup.bin scores                    and back
  filemap copy scores archive --from 4K --to 1M --length 64K
  filemap copy ./disk.img ./other.img --from 3G --to 3G     go on where it stopped
  curl -s https://example.org/table | filemap copy - scores
  filemap copy scores - | gzip > scores.gz"
);

/// Write modified bytes to the disk, and wait for it.
///
/// Other processes see a store without this; it protects against a loss of power, and does nothing
/// for memory.
#[derive(Debug, Args)]
#[command(after_help = FLUSH_EXAMPLES)]
pub(crate) struct Flush {
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    #[command(flatten)]
    pub(crate) part: Part,
    /// How long to wait: `start` does not, `written` waits until the disk has been handed the bytes,
    /// `durable` until they survive a loss of power.
    #[arg(long, value_name = "HOW", default_value = "durable")]
    pub(crate) until: filemap::Flush,
}

const FLUSH_EXAMPLES: &str = concat!(
    which!(),
    sizes!(),
    "
Examples:
  filemap flush ./log.bin
  filemap flush scores --until written --offset 1M --length 64K"
);

#[cfg_attr(feature = "sight", doc = "Watch bytes change, live in the terminal.")]
#[cfg_attr(
    not(feature = "sight"),
    doc = "Watch bytes change (the live view needs a build with --features sight)."
)]
///
/// Changed bytes light up and fade. The arrows scroll, `/` finds, space pauses, `t` shows numbers,
/// `?` lists all keys, `q` quits. Watching does not keep the name alive: it ends with its last user,
/// and its last bytes stay on the screen.
///
/// With --json, each change is a line: its time, its offset, and the new bytes, or with --as the new
/// numbers.
///
/// With --layout, or fields after --as, a table shows each field with its value and its unit: Enter folds,
/// `c` shows what changes, `b` its bytes. With --json, each change of a field is a line.
#[derive(Debug, Args)]
#[command(after_help = WATCH_EXAMPLES)]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    #[command(flatten)]
    pub(crate) part: Part,
    #[command(flatten)]
    pub(crate) rows: Rows,
    #[command(flatten)]
    pub(crate) meaning: Meaning,
    /// Show these fields alone: `wheel[*].temp,rpm`.
    #[arg(long, value_name = "GLOB")]
    pub(crate) fields: Option<String>,
    /// How often to read the bytes: `50ms`, `1s`.
    #[arg(long, short = 'i', value_name = "TIME", default_value = "100ms", value_parser = interval, allow_hyphen_values = true)]
    pub(crate) interval: humantime::Duration,
    /// Wait up to this time for the name or the file to exist: `500ms`, `10s`, `5min`.
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub(crate) wait: Option<humantime::Duration>,
    /// With --json, end after this many changes.
    #[arg(long, short = 'm', value_name = "N", value_parser = number(0..=u64::MAX), requires = "json", allow_hyphen_values = true)]
    pub(crate) max_count: Option<u64>,
}

const WATCH_EXAMPLES: &str = concat!(
    which!(),
    sizes!(),
    "
Examples:
  filemap watch scores
  filemap watch scores --as f64 --offset 4K
  filemap watch ./log.bin --interval 1s
  filemap watch scores --wait 1min                  as soon as somebody has created it
  filemap watch scores --json | jq -r .offset
  filemap watch car --layout State.h:Car            a table of fields; `b` shows the bytes"
);
