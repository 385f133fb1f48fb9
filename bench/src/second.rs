//! Second processes: this program again, in a role.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::fd::RawFd;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;

use clap::Subcommand;
use filemap::{Access, FileMapping, Registry, View};

use crate::contention::{self, Way};
use crate::processes::{Answerer, Means};
use crate::{Result, report, shm};

/// What a second process is for.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Role {
    /// Holds names, until nothing is to be read any more.
    #[command(hide = true)]
    Hold {
        place: PathBuf,
        /// The number of the first name, and how many there are.
        first: usize,
        count: usize,
        /// Bytes of each.
        len: u64,
        /// Stores to every byte, and keeps it mapped.
        #[arg(long)]
        fill: bool,
        /// Makes as many names by the bare calls, which begin with this.
        #[arg(long)]
        family: Option<String>,
    },
    /// Works on names that others work on, whenever it is told how often.
    #[command(hide = true)]
    Contend { way: Way, place: PathBuf, family: String },
    /// Adds to a number, or answers messages, whenever it is told how often.
    #[command(hide = true)]
    Answer {
        means: Means,
        path: PathBuf,
        /// The numbers of what it inherits: to read from, and to write to.
        descriptors: Vec<RawFd>,
    },
}

/// What a holder calls the object of this number.
pub(crate) fn held_name(number: usize) -> String {
    format!("bench-{number}")
}

/// What it calls the one that it made by the bare calls.
pub(crate) fn bare_name(family: &str, number: usize) -> String {
    format!("{family}-{number}")
}

/// Does what a second process is for.
pub(crate) fn run(role: &Role) -> Result<()> {
    match role {
        Role::Hold { place, first, count, len, fill, family } => {
            // A name may take more than one descriptor.
            shm::raise_file_limit()?;
            let registry = Registry::at(place);
            let numbers = *first..first + count;
            let hold = |number| hold(&registry, number, *len, *fill);
            let _held: Vec<_> = numbers.clone().map(hold).collect::<Result<_>>()?;
            let family = family.iter().flat_map(|family| {
                numbers.clone().map(|number| shm::Name::create(bare_name(family, number), *len))
            });
            let _bare: Vec<_> = family.collect::<Result<_, _>>()?;
            report::say(READY);
            io::copy(&mut io::stdin(), &mut io::sink())?;
        }
        Role::Contend { way, place, family } => {
            let field = contention::Field::new(place, family);
            report::say(READY);
            for line in io::stdin().lines() {
                let [count, seed] = numbers(&line?)?;
                field.work(*way, usize::try_from(count)?, seed)?;
                report::say(READY);
            }
        }
        Role::Answer { means, path, descriptors } => {
            let mut answerer = Answerer::new(*means, path, descriptors)?;
            report::say(READY);
            for line in io::stdin().lines() {
                let [count, _] = numbers(&line?)?;
                answerer.work(usize::try_from(count)?)?;
                report::say(READY);
            }
        }
    }
    Ok(())
}

fn hold(
    registry: &Registry,
    number: usize,
    len: u64,
    fill: bool,
) -> Result<(FileMapping, Option<View>)> {
    let options = FileMapping::options().registry(registry).name(&held_name(number)).size(len);
    let mapping = options.create_new()?;
    let view = if fill { Some(mapping.map(Access::Write)?) } else { None };
    if let Some(view) = &view {
        view.fill(0, view.len(), 1)?;
    }
    Ok((mapping, view))
}

/// The numbers of a line, as many as are wanted.
fn numbers<const COUNT: usize>(line: &str) -> Result<[u64; COUNT]> {
    let words: Vec<u64> = line.split(' ').map(u64::from_str).collect::<Result<_, _>>()?;
    words.try_into().map_err(|_| "a line of another length was expected".into())
}

/// What a second process says when it has done what it was told.
const READY: &str = "ready";

/// A second process, which is told to end when this is dropped.
///
/// It removes its names also if this process dies: nothing is to be read then.
#[derive(Debug)]
pub(crate) struct Second {
    child: Child,
    /// None at the very end.
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Second {
    /// Starts this program in a role, and waits for it to be ready.
    pub(crate) fn start(role: &Role) -> Result<Self> {
        let mut second = Self::begin(role)?;
        second.wait()?;
        Ok(second)
    }

    /// Starts this program in a role, and does not wait.
    pub(crate) fn begin(role: &Role) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments(role)).stdin(Stdio::piped()).stdout(Stdio::piped());
        // What a terminal interrupts is the first process alone.
        command.process_group(0);
        let mut child = command.spawn()?;
        let to = child.stdin.take();
        let from = child.stdout.take().ok_or("a second process has no output")?;
        Ok(Self { child, to, from: BufReader::new(from) })
    }

    /// Tells a contender how often to work.
    pub(crate) fn tell(&mut self, count: usize, seed: u64) -> Result<()> {
        let to = self.to.as_mut().ok_or("a second process has no input")?;
        Ok(writeln!(to, "{count} {seed}")?)
    }

    /// Waits for it to be ready.
    pub(crate) fn wait(&mut self) -> Result<()> {
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        if line.trim_end() == READY { Ok(()) } else { Err("a second process failed".into()) }
    }

    /// Kills it with `SIGKILL`, and does not wait.
    pub(crate) fn kill(&mut self) -> Result<()> {
        Ok(self.child.kill()?)
    }

    /// Waits until nothing is left of it.
    pub(crate) fn reap(&mut self) -> Result<()> {
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        drop(self.to.take());
        // It may be gone already.
        let _ignored = self.child.wait();
    }
}

/// What the command line of a second process is, the opposite of what `clap` does with it.
fn arguments(role: &Role) -> Vec<OsString> {
    match role {
        Role::Hold { place, first, count, len, fill, family } => {
            let mut words = vec!["hold".into(), place.into()];
            words.extend([first.to_string(), count.to_string(), len.to_string()].map(Into::into));
            words.extend(fill.then(|| "--fill".into()));
            words.extend(family.iter().flat_map(|family| ["--family".into(), family.into()]));
            words
        }
        Role::Contend { way, place, family } => {
            vec!["contend".into(), way.word().into(), place.into(), family.into()]
        }
        Role::Answer { means, path, descriptors } => {
            let mut words = vec!["answer".into(), means.word().into(), path.into()];
            words.extend(descriptors.iter().map(|number| number.to_string().into()));
            words
        }
    }
}
