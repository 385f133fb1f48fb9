//! Verbs about names and mappings as a whole.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use filemap::{Attributes, Permissions, Protection};

use super::TargetArguments;
use crate::size;
use crate::target::name;

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
    /// The name: `scores`, `Local\scores` (the same one), or `Global\scores` (for all users); `/`
    /// does for `\`.
    #[arg(value_parser = name)]
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
  filemap create scores --size 64K &                held in the background, until `kill %1`
  filemap create lock --size 4K --new -- ./backup   one at a time: 1 if it is running"
);

/// Hold a mapping that exists under a name, while a command runs or until Ctrl-C.
///
/// The name then lives at least as long as this: also when its creator is gone. Nothing is made
/// if there is none (exit code 1). All else is as for `create`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap open scores                       keep it, until Ctrl-C
  filemap open scores -- ./report           keep it while the report is made
  filemap open scores --wait 30s -- ./use   as soon as somebody has created it")]
pub(crate) struct Open {
    /// The name, as it was given to `create`; `/` does for `\`.
    #[arg(value_parser = name)]
    pub(crate) name: String,
    /// Wait so long for the name to be there: `500ms`, `10s`, `5min`.
    #[arg(long, value_name = "TIME")]
    pub(crate) wait: Option<humantime::Duration>,
    /// What to run while the name is held.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// List the names there are.
///
/// One row per name: its size, what views may do, what is behind it, how many processes hold it,
/// its age. `dead` is what a crash left: nobody can open it, and it is cleared at the next use, or
/// by `gc`.
///
/// `?` holders: it is held by nobody that can be seen, such as another user's process or another
/// container's. With --long, a row for each process that holds a name or has views of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap ls
  filemap ls --long                 which process has how many handles and views
  filemap ls --json | jq -r '.[] | select(.live) | .name'
  filemap ls --json | jq '.[] | {name, processes: [.holders[].process]}'")]
pub(crate) struct Ls {
    /// Show who holds each name.
    #[arg(long, short = 'l', alias = "holders")]
    pub(crate) long: bool,
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

/// Tell all that is known about a name or a file, and where its bytes are.
///
/// The bar shows the bytes from first to last: in memory, in memory and not on the disk yet, on the
/// disk alone, in holes. Looking brings nothing in. Who has the bytes mapped is told with or without
/// a name.
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
  filemap info ./log.bin --json | jq .residency
  filemap info --file scores        the file `scores`, whatever names there are"
);

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
