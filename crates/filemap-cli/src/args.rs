//! The words of the command line, and the help that teaches them.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use filemap::{Attributes, Permissions, Protection};

use crate::failure::Failure;
use crate::{hex, size};

macro_rules! which {
    () => {
        "\
A live name wins. If there is none, a word with a `/` in it, or of an existing file, or with a
drive in front, is a path. With --file it is always a path.
"
    };
}

macro_rules! sizes {
    () => {
        "\
Sizes and offsets are bytes: 4096, 0x1000, 64KiB, 1.5G. K, M, G, T, P, E are steps of 1024.
"
    };
}

const EXAMPLES: &str = "\
Examples:
  filemap demo                                 see what it does, on a real file
  filemap create scores --size 1MiB            hold 1 MiB under the name `scores` until Ctrl-C
  filemap write scores --offset 10 --text hi   in another terminal: write into it
  filemap read scores                          and look at it
  filemap ls                                   see who holds what

Exit codes: 0 done; 1 no or none (no such name, name taken, no object, demo refuted); 2 error.";

/// Windows' file mapping objects for Linux: shared memory and files under a name.
///
/// A name is known to all processes of a user, and lives as long as somebody holds it: when the
/// last holder ends, even by a crash, the name is gone.
#[derive(Debug, Parser)]
#[command(name = "filemap", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

const EVERY_VERB: &str = "Options of every verb";

/// Options of every verb.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Print JSON, one value on one line; errors too, with their Win32 code.
    #[arg(long, global = true, help_heading = EVERY_VERB)]
    pub(crate) json: bool,
    /// Use the names in this directory, instead of those of `FILEMAP_DIR` or of the system.
    #[arg(long, global = true, value_name = "DIR", help_heading = EVERY_VERB)]
    pub(crate) registry: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Demo(Demo),
    Create(Create),
    Ls(Ls),
    Info(Info),
    Gc(Gc),
    Read(Read),
    Write(Write),
    Put(Put),
    Get(Get),
    #[command(hide = true)]
    DemoPartner(DemoPartner),
}

/// Show two processes sharing a file by name, step by step, on real content.
///
/// Makes a file in a temporary directory and maps it under a name. A second process that knows
/// only the name reads it, writes past 4 GiB and stores an object; this one sees both at once.
/// Then the file is read the ordinary way, the name is shown to be gone, and a third process is
/// killed to show that its name goes with it. Each step is checked; nothing is left behind.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap demo              each step in words; exit code 1 if any of it is not so
  filemap demo --json       the same for a program")]
pub(crate) struct Demo {}

/// Make a mapping under a name, and hold it while a command runs or until Ctrl-C.
///
/// Over memory with --size, over a file with --file. If the name exists already, what exists is
/// held, and said to be so, unless --new forbids it. The name lives as long as anybody holds it.
///
/// Without a COMMAND, one line on standard output tells when the name is held; end of input,
/// Ctrl-C or a polite kill ends it, with exit code 0. With a COMMAND, that line goes to standard
/// error, the command finds the name, and its exit code becomes this one's (128 and the signal's
/// number, if a signal ended it).
#[derive(Debug, Args)]
#[command(after_help = CREATE_EXAMPLES)]
pub(crate) struct Create {
    /// The name: `scores`, `Local\scores` (the same one), or `Global\scores` (for all users).
    pub(crate) name: String,
    /// How large: needed for memory, in whole pages; a file is mapped as it is, or grown to this.
    #[arg(long, value_name = "SIZE", value_parser = size::parse, required_unless_present = "file")]
    pub(crate) size: Option<u64>,
    /// Map this file; with --size and a writable protection, it is made if there is none.
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
    /// What views may do: read-only, read-write, write-copy, execute-read, execute-read-write or
    /// execute-write-copy.
    #[arg(long, default_value = "read-write")]
    pub(crate) protection: Protection,
    /// How pages are provided, with commas between: commit, reserve, no-cache, write-combine,
    /// large-pages.
    #[arg(long, default_value = "none", hide_default_value = true)]
    pub(crate) attributes: Attributes,
    /// Who else may open it, as a file's mode: 600 nobody, 644 others may read, 666 and write.
    #[arg(long, value_name = "MODE", default_value = "600")]
    pub(crate) mode: Permissions,
    /// Refuse if the name exists (exit code 1).
    #[arg(long)]
    pub(crate) new: bool,
    /// What to run while the name is held.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

const CREATE_EXAMPLES: &str = concat!(
    sizes!(),
    "
Examples:
  filemap create scores --size 1MiB                 1 MiB of memory, until Ctrl-C
  filemap create log --file ./log.bin               a file as it is
  filemap create log --file ./log.bin --size 4G     grown to 4 GiB, sparsely
  filemap create scores --size 64K -- make test     held while the tests run
  filemap create scores --size 64K -- sleep 1d &    held in the background
  filemap create lock --size 4K --new -- ./backup   one at a time: 1 if it is running"
);

/// List the names there are.
///
/// One row per name: size, protection, what is behind it, the process that created it, its age,
/// how many processes hold it. A name is `live` while anybody holds it; `dead` is what a crash
/// left, invisible to everybody else and cleared at the next use, or by `gc`.
///
/// `?` holders: it is held by nobody that can be seen, such as another user's process or another
/// container's. With --holders, one row for each process that holds a name or has views of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap ls
  filemap ls --holders              which process has how many handles and views
  filemap ls --json | jq -r '.[] | select(.live) | .name'
  filemap ls --json | jq '.[] | {name, processes: [.holders[].process]}'")]
pub(crate) struct Ls {
    /// Show who holds each name.
    #[arg(long, short = 'l')]
    pub(crate) holders: bool,
}

/// Free the memory that crashed processes left behind.
///
/// Their names are dead already: nobody can open them, and using a name clears it. This clears
/// all of them. What a live process holds is never touched; memory that somebody still views
/// comes back with the last view.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap gc --dry-run              what there is to free
  filemap gc")]
pub(crate) struct Gc {
    /// Only list what would be freed.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Tell all that is known about a name or a file.
#[derive(Debug, Args)]
#[command(after_help = INFO_EXAMPLES)]
pub(crate) struct Info {
    #[command(flatten)]
    pub(crate) target: TargetArguments,
}

const INFO_EXAMPLES: &str = concat!(
    which!(),
    "
Examples:
  filemap info scores               also which processes hold it
  filemap info ./log.bin            its size, its size on disk, the names it is mapped under
  filemap info --file scores        the file `scores`, whatever names there are"
);

/// Show bytes as a hex dump, or pass them on as they are.
///
/// The dump has offset, hex and text; rows like the one above are folded into `*`; the last line
/// is the offset after the last byte. Reading ends where the target ends.
#[derive(Debug, Args)]
#[command(after_help = READ_EXAMPLES)]
pub(crate) struct Read {
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Where to begin, in bytes from the start.
    #[arg(long, value_name = "N", value_parser = size::parse, default_value = "0")]
    pub(crate) offset: u64,
    /// How many bytes at most; all that follow if not given.
    #[arg(long, value_name = "N", value_parser = size::parse)]
    pub(crate) length: Option<u64>,
    /// Write the bytes themselves to standard output.
    #[arg(long, conflicts_with = "json")]
    pub(crate) raw: bool,
}

const READ_EXAMPLES: &str = concat!(
    which!(),
    sizes!(),
    "
Examples:
  filemap read scores
  filemap read scores --offset 0x100 --length 64
  filemap read scores --raw | sha256sum
  filemap read ./log.bin --offset 4G --raw > tail.bin
  filemap read scores --json | jq -r .hex"
);

/// Write bytes at an offset: a text, hexadecimal, or standard input.
///
/// A file grows as needed, and is made if there is none at a path with a `/` in it or after
/// --file. A name that `create` made cannot grow: --text and --hex then write all or nothing, and
/// input is written until a piece of it does not fit.
#[derive(Debug, Args)]
#[command(after_help = WRITE_EXAMPLES)]
pub(crate) struct Write {
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Where to begin, in bytes from the start.
    #[arg(long, value_name = "N", value_parser = size::parse)]
    pub(crate) offset: u64,
    /// The bytes of this text, with no newline after it.
    #[arg(long, value_name = "TEXT", group = "what")]
    pub(crate) text: Option<OsString>,
    /// These bytes, two digits each; spaces, `:`, `-` and `_` may stand between them.
    #[arg(long, value_name = "HEX", value_parser = hex::parse, group = "what")]
    pub(crate) hex: Option<Bytes>,
}

/// Bytes that an argument spells out. An alias, for clap takes a plain `Vec` for many arguments.
pub(crate) type Bytes = Vec<u8>;

const WRITE_EXAMPLES: &str = concat!(
    which!(),
    sizes!(),
    "
Examples:
  filemap write scores --offset 10 --text 'hello, world'
  filemap write scores --offset 0x20 --hex 'de ad be ef'
  date | filemap write scores --offset 0
  filemap write ./log.bin --offset 5G --text 'far out'      grows it, sparsely"
);

/// Store an object, given as JSON, at an offset.
///
/// The object is stored with its length and a checksum, so that `get` and the library's
/// `read_object` take it back whole or say what is wrong with it. Says how many bytes it takes.
#[derive(Debug, Args)]
#[command(
    after_help = PUT_EXAMPLES,
    override_usage = "filemap put [OPTIONS] --offset <N> <NAME|FILE|--file <PATH>> <JSON>"
)]
pub(crate) struct Put {
    /// A live name, or the path of a file; left out with --file.
    #[arg(value_name = "NAME|FILE", required = true)]
    pub(crate) first: OsString,
    /// The object; `-` reads it from standard input.
    #[arg(value_name = "JSON")]
    pub(crate) second: Option<OsString>,
    /// The path of a file, whatever names there are.
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
    /// Where the object begins, in bytes from the start.
    #[arg(long, value_name = "N", value_parser = size::parse)]
    pub(crate) offset: u64,
}

impl Put {
    /// Tells where the object goes, and the object.
    ///
    /// An optional word before a required one is more than the parser of the arguments can tell
    /// apart, if an option stands between them. So it is done here.
    pub(crate) fn target_and_object(&self) -> Result<(TargetArguments, &OsStr), Failure> {
        let (target, object) = match (&self.file, &self.second) {
            (Some(_), None) => (None, &self.first),
            (None, Some(object)) => (Some(self.first.clone()), object),
            (Some(_), Some(_)) => {
                return Err(Failure::broken(
                    "could not tell what to do: with --file, the object is the only word",
                ));
            }
            (None, None) => {
                return Err(Failure::broken(
                    "could not tell what to do: expected a name or a file, and an object",
                ));
            }
        };
        Ok((TargetArguments { target, file: self.file.clone() }, object))
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
/// The object must have been stored as JSON, by `put` or by the library's codec `Json`. What is
/// no object, half an object or a damaged one is told apart, and never printed.
#[derive(Debug, Args)]
#[command(after_help = GET_EXAMPLES)]
pub(crate) struct Get {
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Where the object begins, in bytes from the start.
    #[arg(long, value_name = "N", value_parser = size::parse, default_value = "0")]
    pub(crate) offset: u64,
}

const GET_EXAMPLES: &str = concat!(
    which!(),
    sizes!(),
    "
Examples:
  filemap get scores --offset 4KiB
  filemap get scores --offset 4KiB | jq .points"
);

/// A name or a file: one word that is looked up, or a path for certain.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct TargetArguments {
    /// A live name; if there is none, the path of a file.
    #[arg(value_name = "NAME|FILE")]
    pub(crate) target: Option<OsString>,
    /// The path of a file, whatever names there are.
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
}

/// The other processes of the demonstration.
#[derive(Debug, Args)]
pub(crate) struct DemoPartner {
    pub(crate) role: Role,
    pub(crate) name: String,
}

/// What a process of the demonstration does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Role {
    /// Opens a name, reads, writes, stores an object.
    Visit,
    /// Creates a name and holds it until it is killed.
    Hold,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_verb_teaches_with_an_example() {
        let mut command = Arguments::command().disable_help_subcommand(true);
        command.build();
        for verb in command.get_subcommands_mut().filter(|verb| !verb.is_hide_set()) {
            let help = verb.render_long_help().to_string();
            let example = format!("\n  filemap {}", verb.get_name());
            assert!(help.contains(&example), "{help}");
        }
    }

    fn put(words: &[&str]) -> Put {
        match Arguments::try_parse_from(["filemap", "put"].iter().chain(words)).unwrap().verb {
            Verb::Put(put) => put,
            other => panic!("understood as {other:?}"),
        }
    }

    #[test]
    fn put_finds_target_and_object_on_either_side_of_its_options() {
        for words in [["scores", "--offset", "0", "[1]"], ["scores", "[1]", "--offset", "0"]] {
            let put = put(&words);
            let (target, object) = put.target_and_object().unwrap();

            assert_eq!((target.target, object), (Some("scores".into()), "[1]".as_ref()));
        }
    }

    #[test]
    fn put_takes_its_only_word_as_the_object_when_a_file_is_named() {
        let put = put(&["--file", "a", "--offset", "0", "[1]"]);
        let (target, object) = put.target_and_object().unwrap();

        assert_eq!((target.target, object), (None, "[1]".as_ref()));
        assert_eq!(target.file, Some("a".into()));
    }

    #[test]
    fn put_refuses_a_word_too_few_or_too_many() {
        assert!(put(&["scores", "--offset", "0"]).target_and_object().is_err());
        assert!(put(&["--file", "a", "b", "[1]", "--offset", "0"]).target_and_object().is_err());
    }
}
