//! Second processes: this program again, in a role.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use clap::{Subcommand, ValueEnum};

use crate::Result;

/// What a second process is for.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Role {
    /// Holds names, until its input ends.
    #[command(hide = true)]
    Hold {
        library: String,
        /// Where the registry is.
        folder: PathBuf,
        count: usize,
        /// What the names made by bare calls begin with.
        family: String,
    },
    /// Adds to a number, or answers messages, as often as each line of its input says.
    #[command(hide = true)]
    Answer { library: String, means: Means, path: PathBuf },
}

impl Role {
    /// Returns the library that it uses: see [`crate::LIBRARY`].
    pub(crate) fn library(&self) -> &str {
        match self {
            Self::Hold { library, .. } | Self::Answer { library, .. } => library,
        }
    }
}

/// How two processes reach each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Means {
    /// Both add to one number, an `AtomicCell`.
    Sum,
    /// The same, an `AtomicU64` in a memmap2 map.
    BareSum,
    /// Messages: each stores to an `AtomicCell` that the other waits for, spinning.
    Spin,
    /// The same, by `AtomicU64`.
    BareSpin,
    /// Messages by two pipes.
    Pipe,
}

impl Means {
    /// Returns the word for it on the command line.
    pub(crate) fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// What a second process prints when it has done what it was asked for.
pub(crate) const READY: &str = "ready";

/// Bytes of a message by a pipe.
pub(crate) const MESSAGE: [u8; 8] = [1; 8];

/// A second process, which ends when this is dropped or this process dies: its input ends then.
#[derive(Debug)]
pub(crate) struct Second {
    child: Child,
    /// None at the very end.
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Second {
    /// Starts this program with these arguments, those of a role, and waits for it to be ready.
    pub(crate) fn start(arguments: &[&OsStr]) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments);
        Self::of(&mut command)
    }

    /// Starts another program, and waits for it to be ready.
    pub(crate) fn of(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // A terminal interrupts the first process alone.
        command.process_group(0);
        let mut child = command.spawn()?;
        let to = child.stdin.take();
        let from = BufReader::new(child.stdout.take().ok_or("a second process has no output")?);
        let mut second = Self { child, to, from };
        second.wait()?;
        Ok(second)
    }

    /// Has it work so often.
    pub(crate) fn begin(&mut self, count: usize) -> Result<()> {
        Ok(writeln!(self.input()?, "{count}")?)
    }

    /// Waits for it to be ready.
    pub(crate) fn wait(&mut self) -> Result<()> {
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        if line.trim_end() == READY { Ok(()) } else { Err("a second process failed".into()) }
    }

    /// Asks it for a number with a line.
    pub(crate) fn ask(&mut self, line: &str) -> Result<f64> {
        writeln!(self.input()?, "{line}")?;
        let mut answer = String::new();
        self.from.read_line(&mut answer)?;
        Ok(answer.trim_end().parse()?)
    }

    /// Sends a message by its input, and waits for the answer by its output.
    pub(crate) fn exchange(&mut self) -> Result<()> {
        self.input()?.write_all(&MESSAGE)?;
        let mut answer = MESSAGE;
        Ok(self.from.read_exact(&mut answer)?)
    }

    fn input(&mut self) -> Result<&mut ChildStdin> {
        self.to.as_mut().ok_or_else(|| "a second process has no input".into())
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        drop(self.to.take());
        // It may have died already.
        let _ignored = self.child.wait();
    }
}
