//! The arguments of the verbs about mutexes, events and semaphores.

use std::ffi::OsString;

use clap::Args;

use super::quantity::{number, time};
use crate::target::name;

/// The most that the count of a semaphore can be, as on Windows.
pub(super) const MOST_COUNT: u64 = i32::MAX.unsigned_abs() as u64;

/// Wait until a mutex, an event or a semaphore is signalled.
///
/// Of several names the first that is signalled is enough, and no other is changed; with --all, all
/// are signalled at once, and before that none is changed. What is waited for is taken, as Windows
/// has it: one from the count of a semaphore; an event, which is then not set, unless it resets by hand;
/// a mutex, which is given back when this ends. So to wait for a mutex is to wait until nobody owns
/// it: `lock` keeps it while a command runs.
///
/// Exit codes: 0 signalled; 1 the time is over; 3 signalled, but the last owner of a mutex ended while
/// it owned it, which is told once; 2 an error, such as a name that nobody holds.
///
/// With --appears or --gone, existence is waited for, and names of mappings will do as well.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap wait ready                      until the event `ready` is set
  filemap wait ready --timeout 10s        for ten seconds at most: 1 if they are over
  filemap wait stop work                  until one of the two is signalled; prints which
  filemap wait left right --all           until both are, at once
  filemap wait scores --appears           until somebody holds the name
  filemap wait scores --gone              until nobody does")]
pub(crate) struct Wait {
    /// The names, as they were given to `create`; `/` may stand for `\`.
    #[arg(value_name = "NAME", required = true, value_parser = name)]
    pub(crate) names: Vec<String>,
    /// Wait until it is so of all names, and not of one of them.
    #[arg(long)]
    pub(crate) all: bool,
    /// How long to wait at most: `500ms`, `10s`, `5min`; with `0s`, only look.
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub(crate) timeout: Option<humantime::Duration>,
    /// Wait until a name exists: until a process holds it.
    #[arg(long)]
    pub(crate) appears: bool,
    /// Wait until a name does not exist.
    #[arg(long, conflicts_with = "appears")]
    pub(crate) gone: bool,
}

/// Set an event, or add to the count of a semaphore.
///
/// A mutex is not signalled: the thread that owns it gives it back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap signal ready              set the event `ready`, or add 1 to the semaphore `ready`
  filemap signal ready --reset      from now on it is not set
  filemap signal slots --count 3    add 3")]
pub(crate) struct Signal {
    /// The name, as it was given to `create`; `/` may stand for `\`.
    #[arg(value_parser = name)]
    pub(crate) name: String,
    /// Reset the event.
    #[arg(long)]
    pub(crate) reset: bool,
    /// Release who waits for the event at this moment, one process or, if it resets by hand, all; then
    /// it is not set.
    #[arg(long, conflicts_with = "reset")]
    pub(crate) pulse: bool,
    /// Add so many to the count of the semaphore.
    #[arg(
        long,
        value_name = "N",
        value_parser = number(1..=MOST_COUNT),
        allow_hyphen_values = true,
        conflicts_with_all = ["reset", "pulse"]
    )]
    pub(crate) count: Option<u64>,
}

/// Own a mutex while a command runs: one at a time, as flock(1) is for files.
///
/// The mutex is created if nobody holds its name, and is gone with the last who does. Its exit code is
/// that of the command (128 and the signal's number, if a signal ended it; 127 if there is no such
/// command, 126 if it cannot be run); 1 if the time is over. If the last owner ended while it owned the
/// mutex, a line on standard error says so, and the command runs: it looks after what may be half
/// changed.
///
/// This process owns the mutex, and not the command: if this is killed, the next gets the mutex, though
/// the command may still run.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap lock backup -- ./backup                   after the one that is running
  filemap lock backup --timeout 0s -- ./backup      not if one is running: 1
  filemap lock backup -- sh -c './a && ./b'         both under one lock")]
pub(crate) struct Lock {
    /// The name of the mutex; `/` may stand for `\`.
    #[arg(value_parser = name)]
    pub(crate) name: String,
    /// How long to wait at most: `500ms`, `10s`, `5min`; with `0s`, not at all.
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub(crate) timeout: Option<humantime::Duration>,
    /// The command to run.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}
