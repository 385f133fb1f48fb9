//! The arguments that say what bytes mean, and those of the verb `layout`.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, ValueEnum, ValueHint};

use crate::failure::Failure;
use crate::target::name;
use crate::value::Type;

pub(super) const FIELDS: &str = "Options for fields";

/// What the bytes mean, and how a copy of them is known to be whole.
#[derive(Debug, Clone, Args)]
pub(crate) struct Meaning {
    /// Show fields as a TOML file or a C header lays them out; TYPE is the struct at the start.
    #[arg(long, value_name = "FILE[:TYPE]", value_hint = ValueHint::FilePath, conflicts_with = "kind", help_heading = FIELDS)]
    pub(crate) layout: Option<String>,
    #[command(flatten)]
    pub(crate) compiler: Compiler,
    #[command(flatten)]
    pub(crate) whole: Whole,
}

/// How a copy is known to be whole.
#[derive(Debug, Clone, Args)]
pub(crate) struct Whole {
    /// A field that is changed before the others, and one that is changed after them; or one field,
    /// which is odd while somebody writes.
    #[arg(long, value_name = "BEGIN,END|FIELD", group = "counted", help_heading = FIELDS)]
    pub(crate) seq: Option<String>,
    /// A field that changes with each version.
    #[arg(long, value_name = "FIELD", group = "counted", help_heading = FIELDS)]
    pub(crate) tick: Option<String>,
    /// Own this mutex while copying. Mutexes of programs under Wine are not to be had outside.
    #[arg(long, value_name = "NAME", value_parser = name, help_heading = FIELDS)]
    pub(crate) lock: Option<String>,
}

/// How a header is compiled.
#[derive(Debug, Clone, Args)]
pub(crate) struct Compiler {
    /// Define a macro of a header.
    #[arg(long, short = 'D', value_name = "NAME[=VALUE]", help_heading = FIELDS)]
    pub(crate) define: Vec<String>,
    /// A folder of headers that a header includes.
    #[arg(long, short = 'I', value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = FIELDS)]
    pub(crate) include: Vec<PathBuf>,
    /// A header that comes before the header.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = FIELDS)]
    pub(crate) before: Vec<PathBuf>,
    /// The compiler whose offsets a header has; `auto` takes the one whose size the memory has.
    #[arg(long, value_name = "ABI", default_value = "auto", help_heading = FIELDS)]
    pub(crate) abi: Abi,
}

/// The compiler whose offsets a header has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Abi {
    /// The one whose size the memory has.
    Auto,
    /// Programs of 64 bits on Windows, also under Wine.
    WindowsX64,
    /// Programs of 32 bits on Windows, also under Wine.
    WindowsX86,
    /// Programs of 64 bits on Linux.
    LinuxX64,
}

impl Meaning {
    /// Returns whether fields were asked for.
    pub(crate) fn is_given(&self, kind: Option<&As>) -> bool {
        self.layout.is_some() || matches!(kind, Some(As::Words(_)))
    }

    /// Refuses options that only fields have, where none were asked for; `own` are those of the verb.
    pub(crate) fn refuse_needless(&self, own: &[(bool, &'static str)]) -> Result<(), Failure> {
        let Self { compiler, whole, .. } = self;
        let these = [
            (whole.seq.is_some(), "--seq"),
            (whole.tick.is_some(), "--tick"),
            (whole.lock.is_some(), "--lock"),
        ];
        let given = own.iter().chain(&these).find(|(given, _)| *given).map(|(_, option)| *option);
        match given.or(compiler.given()) {
            Some(option) => {
                Err(Failure::usage(format!("{option} is about fields: --layout says which")))
            }
            None => Ok(()),
        }
    }
}

impl Compiler {
    /// Returns the first of its options that was given.
    fn given(&self) -> Option<&'static str> {
        let these = [
            (!self.define.is_empty(), "--define"),
            (!self.include.is_empty(), "--include"),
            (!self.before.is_empty(), "--before"),
            (self.abi != Abi::Auto, "--abi"),
        ];
        these.iter().find(|(given, _)| *given).map(|(_, option)| *option)
    }

    /// Refuses its options beside a layout that is no header.
    #[cfg(feature = "sight")]
    pub(crate) fn refuse_needless(&self) -> Result<(), Failure> {
        match self.given() {
            Some(option) => {
                Err(Failure::usage(format!("{option} is about a header, and this layout is none")))
            }
            None => Ok(()),
        }
    }
}

/// The value of `--as`: a type of numbers, or fields as words.
#[derive(Debug, Clone)]
pub(crate) enum As {
    Type(Type),
    /// `time:f64 rpm:f32`.
    #[cfg_attr(not(feature = "sight"), expect(dead_code, reason = "this build has no layouts"))]
    Words(String),
}

/// Parses [`As`], and names the types for completions.
#[derive(Debug, Clone, Copy)]
pub(super) struct AsParser;

impl TypedValueParser for AsParser {
    type Value = As;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<As, clap::Error> {
        match value.to_str() {
            None => Err(clap::Error::new(ErrorKind::InvalidUtf8).with_cmd(command)),
            Some(text) if text.contains(':') => Ok(As::Words(text.to_owned())),
            _ => EnumValueParser::new().parse_ref(command, argument, value).map(As::Type),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Type::value_variants().iter().filter_map(Type::to_possible_value)))
    }
}

/// The value of a field to write: `path=value`.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    pub(crate) path: String,
    #[cfg_attr(not(feature = "sight"), expect(dead_code, reason = "this build has no layouts"))]
    pub(crate) value: String,
}

#[cfg_attr(feature = "sight", doc = "Show the layout of a struct: fields, offsets, sizes, types.")]
#[cfg_attr(
    not(feature = "sight"),
    doc = "Show the layout of a struct (needs a build with --features sight)."
)]
///
/// FILE is a header of C or C++, which takes libclang, or a TOML file, which `--to toml` makes of a header
/// for those who have no libclang. Padding is told as well.
#[derive(Debug, Args)]
#[command(after_help = LAYOUT_EXAMPLES)]
pub(crate) struct LayoutArguments {
    /// The file, and the struct at the start of the memory.
    #[arg(value_name = "FILE[:TYPE]", value_hint = ValueHint::FilePath, required_unless_present = "words")]
    pub(crate) file: Option<String>,
    /// Fields as words, in place of a file: `time:f64 rpm:f32`.
    #[arg(long = "as", value_name = "FIELDS", conflicts_with = "file")]
    pub(crate) words: Option<String>,
    /// Whether the layout fits this name: its size, its sections, its counters. Exit code 1 if not.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) check: Option<OsString>,
    /// Print the layout in this form, to be kept.
    #[arg(long, value_name = "FORM", conflicts_with_all = ["check", "json"])]
    pub(crate) to: Option<LayoutForm>,
    /// Show these fields alone: `wheel[*].temp,rpm`.
    #[arg(long, value_name = "GLOB", conflicts_with_all = ["check", "to"])]
    pub(crate) fields: Option<String>,
    #[command(flatten)]
    pub(crate) compiler: Compiler,
}

/// The form of a layout to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LayoutForm {
    /// A TOML file, which needs no libclang.
    Toml,
    /// A message definition of ROS 1, as recordings have it.
    Ros1,
}

const LAYOUT_EXAMPLES: &str = "\
Examples:
  filemap layout rF2State.h:rF2Telemetry
  filemap layout rF2State.h:rF2Telemetry --to toml > telemetry.toml
  filemap layout telemetry.toml --check '$rFactor2SMMP_Telemetry$'
  filemap layout SharedMemory.h --abi windows-x86 --json | jq '.fields[].path'
  filemap layout --as 'time:f64 rpm:f32 name:char[64]'";

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let split = text.split_once('=').filter(|(path, _)| !path.is_empty());
        let (path, value) = split.ok_or("expected FIELD=VALUE, such as rpm=8500")?;
        Ok(Self { path: path.to_owned(), value: value.to_owned() })
    }
}
