//! The command line: verbs, options and their help.

macro_rules! which {
    () => {
        "\
A live name wins. If there is none, a word with a `/` in it, or of an existing file, or with a
drive in front, is a path. With --file it is always a path. `Local/x` is the name `Local\\x`.
"
    };
}

macro_rules! sizes {
    () => {
        "\
Sizes and offsets are bytes: 4096, 0x1000, 64KiB, 1.5G. K, M, G, T, P, E are steps of 1024.
An offset with a minus counts from the end.
"
    };
}

mod quantity;
mod target;
mod names;
mod waits;
mod bytes;
mod objects;
mod layouts;
mod recordings;
mod kernel32;
mod dotnet;
mod wine;
mod shell;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use self::bytes::{Cmp, Copy, Fill, Find, Flush, Read, Rows, Watch, Write};
pub(crate) use self::dotnet::Dotnet;
pub(crate) use self::kernel32::Kernel32;
#[cfg(feature = "sight")]
pub(crate) use self::layouts::{Abi, Compiler, LayoutForm, Meaning, Whole};
pub(crate) use self::layouts::{As, Assignment, LayoutArguments};
pub(crate) use self::names::{Create, Demo, DemoPartner, Gc, Info, Ls, Open, Role};
pub(crate) use self::objects::{Get, Put};
#[cfg(feature = "sight")]
pub(crate) use self::recordings::Form;
pub(crate) use self::recordings::{Export, Record, Replay};
pub(crate) use self::shell::{Completions, Man};
pub(crate) use self::target::{Part, TargetArguments};
pub(crate) use self::waits::{Lock, Signal, Wait};
pub(crate) use self::wine::{
    At, Map, Wine, WineAttach, WineLearn, WineLs, WineMirror, WineProfiles, WinePublish,
    WineReceiver, WineRun, WineVerb,
};
use crate::offset::Offset;

const EXAMPLES: &str = "\
Examples:
  filemap demo                                 see what it does, on a real file
  filemap create scores --size 1MiB            hold 1 MiB under the name `scores` until Ctrl-C
  filemap watch scores                         in another terminal: see its bytes change
  filemap write scores --offset 10 --text hi   in a third one: write into it
  filemap read scores                          and look at it
  filemap copy scores backup.bin               keep its bytes in a file
  filemap ls                                   see who holds what
  filemap lock backup -- ./backup              run it when no other one runs

Exit codes: 0 done; 1 no or none (no such name, name taken, nothing found, not alike, demo refuted);
2 error; 3 abandoned mutex; 130 ended by Ctrl-C, 143 by SIGTERM.";

/// Windows' file mapping objects for Linux: shared memory and files under a name.
///
/// A name is visible to all processes of a user, and exists as long as a process holds it: when the
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
    /// Add the kind of an error and its Win32 code to its message.
    #[arg(long, short = 'v', global = true, help_heading = EVERY_VERB)]
    pub(crate) verbose: bool,
    /// Use the names in this directory, instead of those of `FILEMAP_DIR` or of the system.
    #[arg(long, global = true, value_name = "DIR", help_heading = EVERY_VERB)]
    pub(crate) registry: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Demo(Demo),
    Create(Create),
    Open(Open),
    Ls(Ls),
    Info(Info),
    Wait(Wait),
    Signal(Signal),
    Lock(Lock),
    Read(Read),
    Write(Write),
    Fill(Fill),
    Find(Find),
    Cmp(Cmp),
    Copy(Copy),
    Watch(Watch),
    Layout(LayoutArguments),
    Record(Record),
    Replay(Replay),
    Export(Export),
    Flush(Flush),
    Put(Put),
    Get(Get),
    Gc(Gc),
    Kernel32(Kernel32),
    Dotnet(Dotnet),
    Wine(Wine),
    Completions(Completions),
    Man(Man),
    #[command(hide = true)]
    DemoPartner(DemoPartner),
    #[command(hide = true)]
    WineReceiver(WineReceiver),
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
