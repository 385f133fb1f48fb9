//! The arguments of the verbs that record names, and replay and export recordings.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::layouts::{Compiler, FIELDS};
use super::quantity::{rate, speed, time};
use crate::target::name;

#[cfg_attr(
    feature = "sight",
    doc = "Record the bytes of names as they change, to replay or plot them."
)]
#[cfg_attr(
    not(feature = "sight"),
    doc = "Record the bytes of names (needs a build with --features sight)."
)]
///
/// Looks at each mapping at the given rate, and stores what has changed in an MCAP file, which programs
/// that plot can open as well. A frame that is like the one before takes no space. A kill of this process
/// loses two seconds at most.
///
/// With --layout, those programs show fields, and a frame is a whole version of the bytes as far as the
/// program that writes them says so. A frame that somebody was writing whenever it was tried is torn: it is
/// stored apart, and counted.
///
/// Recording does not keep a name alive. It ends when all names have ended, with --wait not even then;
/// after --for; or by Ctrl-C or SIGTERM, in order and with exit code 0. A line then says what was
/// recorded.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap record scores -o scores.mcap                   until the name ends, or Ctrl-C
  filemap record scores -o scores.mcap --rate 10 --for 1min
  filemap record physics graphics -o race.mcap --wait    whenever the names are there
  filemap record telemetry -o race.mcap --layout telemetry.toml")]
pub(crate) struct Record {
    /// The names of the mappings; `/` may stand for `\`.
    #[arg(value_name = "NAME", required = true, value_parser = name)]
    pub(crate) names: Vec<String>,
    /// The file to write, by custom with `.mcap` at its end.
    #[arg(long, short = 'o', value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
    /// How many times a second to look, from 0.01 to 1000.
    #[arg(long, value_name = "HZ", default_value = "60", value_parser = rate, allow_hyphen_values = true)]
    pub(crate) rate: f64,
    /// The layout of the bytes: a TOML file or a C header, and the struct at the start. The second one is
    /// that of the second name, and so on.
    #[arg(long, value_name = "FILE[:TYPE]", value_hint = ValueHint::FilePath, help_heading = FIELDS)]
    pub(crate) layout: Vec<String>,
    /// A field that is changed before the others, and one that is changed after them; or one field,
    /// which is odd while somebody writes.
    #[arg(long, value_name = "BEGIN,END|FIELD", conflicts_with = "tick", requires = "layout", help_heading = FIELDS)]
    pub(crate) seq: Option<String>,
    /// A field that changes with each version.
    #[arg(long, value_name = "FIELD", requires = "layout", help_heading = FIELDS)]
    pub(crate) tick: Option<String>,
    /// Own this mutex during each look. Mutexes of programs under Wine are not to be had outside.
    #[arg(long, value_name = "NAME", value_parser = name, help_heading = FIELDS)]
    pub(crate) lock: Option<String>,
    #[command(flatten)]
    pub(crate) compiler: Compiler,
    /// End after this time: `30s`, `10min`.
    #[arg(long = "for", value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub(crate) duration: Option<humantime::Duration>,
    /// Wait for names that do not exist, and for those that have ended to come back.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Replace FILE if it exists.
    #[arg(long)]
    pub(crate) force: bool,
}

#[cfg_attr(feature = "sight", doc = "Replay a recording under its names.")]
#[cfg_attr(
    not(feature = "sight"),
    doc = "Replay a recording under its names (needs a build with --features sight)."
)]
///
/// Creates the names of the recording, and writes each frame when it is due, until the recording is
/// over: programs that read the names see what they saw then. A name that somebody holds is refused;
/// with --force its bytes are overwritten, if it is large enough.
///
/// With a COMMAND, the names exist as long as it runs, and its exit code becomes this one's. Ctrl-C ends
/// the replay and lets the names go, with exit code 130; SIGTERM with 0.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap replay race.mcap                           in real time
  filemap replay race.mcap --speed 4 --from 1min     four times as fast, from the second minute on
  filemap replay race.mcap --loop -- ./dashboard     over and over, while the dashboard runs
  filemap replay race.mcap physics --step            one frame of one name at each Enter")]
pub(crate) struct Replay {
    /// The recording.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The only name to replay; all of the recording if not given.
    #[arg(value_name = "NAME", value_parser = name)]
    pub(crate) name: Option<String>,
    /// How many times as fast as it was recorded, from 0.01 to 1000.
    #[arg(long, value_name = "X", default_value = "1", value_parser = speed, allow_hyphen_values = true)]
    pub(crate) speed: f64,
    /// Begin again at the end.
    #[arg(long = "loop")]
    pub(crate) again: bool,
    /// Begin this far into the recording: `90s`, `1min`.
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub(crate) from: Option<humantime::Duration>,
    /// Write one frame for each line of standard input: at each Enter.
    #[arg(long, conflicts_with = "speed")]
    pub(crate) step: bool,
    /// Write into names that somebody holds.
    #[arg(long)]
    pub(crate) force: bool,
    /// The command to run while the names are there.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[cfg_attr(feature = "sight", doc = "Export a recording as CSV or JSON.")]
#[cfg_attr(
    not(feature = "sight"),
    doc = "Export a recording as CSV or JSON (needs a build with --features sight)."
)]
///
/// One row, or one object on a line, for each frame of each name, in the order of their times: the time, the
/// seconds since the recording began, the name, the number of the look, whether the frame is torn, and the
/// values of its fields. The bytes of a name that was recorded without a layout are hexadecimal. As CSV, the
/// columns that are no fields have names such as `frame:time`. If a section has more rows in some frames
/// than in others, the cells of those that have fewer are empty.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap export race.mcap --to csv -o race.csv
  filemap export race.mcap --to json | jq -c 'select(.torn | not)'")]
pub(crate) struct Export {
    /// The recording.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The form.
    #[arg(long, value_name = "FORM")]
    pub(crate) to: Form,
    /// Export these fields alone: `wheel[*].temp,rpm`; all if not given.
    #[arg(long, value_name = "GLOB")]
    pub(crate) fields: Option<String>,
    /// The file to write; standard output if not given.
    #[arg(long, short = 'o', value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A table with commas between its columns, and their names above.
    Csv,
    /// An object on each line.
    Json,
}
