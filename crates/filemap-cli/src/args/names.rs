//! The arguments of the verbs that create, list and inspect mappings.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use filemap::{Attributes, Lifetime, Permissions, Protection};

use super::TargetArguments;
use super::quantity::{number, time};
use super::waits::MOST_COUNT;
use crate::size;
use crate::target::name;

/// Show two processes sharing a file by name, step by step, on real content.
///
/// Creates a file in a temporary directory and maps it under a name. A second process that knows
/// only the name reads it, writes past 4 GiB and stores an object; the first one sees both
/// immediately. Then the file is read by ordinary input, the name is shown to be gone, and a third
/// process is killed to show that its name ends with it. Each step is checked; nothing is left behind.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap demo              each step in words; exit code 1 if any of it is not so
  filemap demo --json       the same for a program")]
pub(crate) struct Demo {}

/// Create a mapping, a mutex, an event or a semaphore under a name, and hold it while a command runs or
/// until Ctrl-C.
///
/// A mapping of memory with --size, of a file with --file. If the name exists already, what has it is
/// held, and the output says so, unless --new forbids it; it must be of the same kind. The name exists as
/// long as a process holds it. To hold a mutex is not to own it: `lock` does that.
///
/// Without a COMMAND, a line on standard output reports that the name is held. Ctrl-C ends it, with exit
/// code 130; SIGTERM or the end of input, with 0. Only a terminal and a pipe have an end that counts:
/// with `< /dev/null`, which is what runs in the background gets, the name is held on. With a COMMAND,
/// that line goes to standard error, the command finds the name, and its exit code becomes this one's
/// (128 and the signal's number, if a signal ended it; 127 if there is no such command, 126 if it
/// cannot be run).
#[derive(Debug, Args)]
#[command(
    after_help = CREATE_EXAMPLES,
    group = clap::ArgGroup::new("what")
        .required(true)
        .multiple(true)
        .args(["size", "file", "mutex", "event", "semaphore"])
)]
pub(crate) struct Create {
    /// The name: `scores`, `Local\scores` (the same one), or `Global\scores` (for all users); `/`
    /// may stand for `\`.
    #[arg(value_parser = name)]
    pub(crate) name: String,
    /// The size: required for memory; a file is mapped as it is, or grown to this.
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = size::parse,
        allow_hyphen_values = true
    )]
    pub(crate) size: Option<u64>,
    /// Map this file; with --size and a writable protection, it is created if it does not exist.
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
    /// Create a mutex, which nobody owns.
    #[arg(long, conflicts_with_all = ["event", "semaphore"], conflicts_with_all = OF_MAPPINGS)]
    pub(crate) mutex: bool,
    /// Create an event, which one who waits takes.
    #[arg(long, conflicts_with = "semaphore", conflicts_with_all = OF_MAPPINGS)]
    pub(crate) event: bool,
    /// Make a new event stay set until it is reset: it releases all who wait.
    #[arg(long)]
    pub(crate) manual: bool,
    /// Make a new event set from the start.
    #[arg(long)]
    pub(crate) set: bool,
    /// Create a semaphore, whose count is at most this.
    #[arg(
        long,
        value_name = "MAX",
        value_parser = number(1..=MOST_COUNT),
        allow_hyphen_values = true,
        conflicts_with_all = OF_MAPPINGS
    )]
    pub(crate) semaphore: Option<u64>,
    /// The count of a new semaphore; 0 if not given.
    #[arg(long, value_name = "N", value_parser = number(0..=MOST_COUNT), allow_hyphen_values = true)]
    pub(crate) count: Option<u64>,
    /// What views may do: read-only, read-write, write-copy, execute-read, execute-read-write or
    /// execute-write-copy.
    #[arg(long, default_value = "read-write")]
    pub(crate) protection: Protection,
    /// How pages are provided, with commas between: commit, reserve, large-pages.
    #[arg(long, default_value = "none", hide_default_value = true)]
    pub(crate) attributes: Attributes,
    /// What keeps memory if its holders are killed: `entry`, until the next use of the registry, or
    /// `holders`, so that the kernel frees it at once.
    #[arg(long, default_value = "entry", hide_default_value = true, conflicts_with = "file")]
    pub(crate) lifetime: Lifetime,
    /// Take memory for a page when it is first written, and not for all of it now; when there is none
    /// left, that write fails.
    #[arg(long, conflicts_with = "file")]
    pub(crate) sparse: bool,
    /// Who else may open it, as a file's mode: 600 nobody, 644 others may read, 666 read and write. A
    /// file that is created for it gets this mode too.
    #[arg(long, value_name = "MODE", default_value = "600", allow_hyphen_values = true)]
    pub(crate) mode: Permissions,
    /// Fail if the name exists (exit code 1).
    #[arg(long)]
    pub(crate) new: bool,
    /// The command to run while the name is held.
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
  filemap create job --size 4K --new -- ./backup    one at a time: 1 if it is running
  filemap create ready --event --manual             an event that stays set
  filemap create slots --semaphore 4 --count 4      a semaphore"
);

/// The options that are about mappings alone.
const OF_MAPPINGS: [&str; 6] = ["size", "file", "protection", "attributes", "lifetime", "sparse"];

/// Hold an existing mapping by its name, while a command runs or until Ctrl-C.
///
/// The name then exists at least as long as this process, even if its creator ends. Nothing is
/// created if there is none (exit code 1). Everything else is as for `create`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap open scores                       keep it, until Ctrl-C
  filemap open scores -- ./report           keep it while the report is made
  filemap open scores --wait 30s -- ./use   as soon as somebody has created it")]
pub(crate) struct Open {
    /// The name, as it was given to `create`; `/` may stand for `\`.
    #[arg(value_parser = name)]
    pub(crate) name: String,
    /// Wait up to this time for the name to exist: `500ms`, `10s`, `5min`.
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub(crate) wait: Option<humantime::Duration>,
    /// The command to run while the name is held.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// List the existing names.
///
/// One row per mapping: its size, its protection, what backs it, how many processes hold it, its age.
/// Then one per mutex, event and semaphore: who owns it, whether it is set, or its count; and how many
/// threads wait for it.
/// `dead` is what a crash left: it cannot be opened, and is freed at its next use, or by `gc`.
///
/// `?` holders: no visible process holds it, but perhaps one of another user or another container.
/// With --long, a row for each process that holds a name or has views of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap ls
  filemap ls --long                 which process has how many handles and views
  filemap ls --json | jq -r '.[] | select(.live) | .name'
  filemap ls --json | jq '.[] | select(.kind == \"mutex\") | {name, owner: .state.owner}'
  filemap ls --json | jq '.[] | {name, processes: [.holders[].process]}'")]
pub(crate) struct Ls {
    /// Show who holds each name.
    #[arg(long, short = 'l', alias = "holders")]
    pub(crate) long: bool,
}

/// Free the memory that crashed processes left behind.
///
/// Their names are dead already: they cannot be opened, and using such a name frees it. This frees
/// all of them. A name that a live process holds is never touched; memory that is still mapped is
/// freed with its last view.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap gc --dry-run              what there is to free
  filemap gc")]
pub(crate) struct Gc {
    /// Only list the names that would be freed.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Show everything known about a name or a file, and where its bytes are.
///
/// Of a mutex, an event or a semaphore: who owns it, whether it is set, or its count, and how many threads
/// wait for it. It is not waited for, and stays as it is.
///
/// The bar shows the bytes from first to last: in memory, in memory and not on the disk yet, on the
/// disk alone, in holes. It brings no page into memory. The processes that have the bytes mapped are
/// listed for a file as well as for a name. Disk space that is `set aside` holds no data: it lies past
/// the end of the file, or in its holes.
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
