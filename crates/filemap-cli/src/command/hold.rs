//! Holding a name: while a command runs, or until somebody wants an end.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use filemap::FileMapping;
use serde::Serialize;

use super::Context;
use super::ls::BackingReport;
use crate::attended::{self, Event};
use crate::failure::Result;
use crate::output::Printable;
use crate::size::Readable;
use crate::sys;

/// Somebody who waits for the end, and misses no wish for it from the beginning on.
pub(super) struct Waiting {
    sender: Sender<Event>,
    events: Receiver<Event>,
}

impl Waiting {
    pub(super) fn begin() -> Result<Self> {
        let (sender, events) = attended::listen()?;
        Ok(Self { sender, events })
    }

    /// Waits so long, and tells whether the end was asked for meanwhile.
    pub(super) fn is_interrupted_within(&self, time: Duration) -> bool {
        self.events.recv_timeout(time).is_ok()
    }

    /// Holds the mapping until the end, says so, and tells the exit code.
    pub(super) fn hold(
        self,
        context: &Context<'_>,
        mapping: FileMapping,
        command: &[OsString],
    ) -> Result<ExitCode> {
        let held = Held::new(&mapping, command.is_empty());
        let ended = match command.split_first() {
            Some((program, arguments)) => {
                context.output.print_aside(&held)?;
                Some(self.run_command(context, program, arguments)?)
            }
            None => {
                context.output.print(&held)?;
                self.wait_for_the_end()?;
                None
            }
        };
        mapping.close()?;
        Ok(ended.map_or(ExitCode::SUCCESS, sys::exit_code))
    }

    /// Waits for Ctrl-C, a request to end, or the end of input.
    fn wait_for_the_end(self) -> Result<()> {
        let Self { sender, events } = self;
        // In the background nobody types, and whoever tries to read is stopped.
        if !sys::is_in_background() {
            attended::spawn("input", move || {
                // Whatever is typed is of no interest. An input that cannot be read has ended, too.
                drop(io::copy(&mut io::stdin().lock(), &mut io::sink()));
                drop(sender.send(Event::InputEnded));
            })?;
        }
        // Every event is the end. A channel that nobody can write to is one as well.
        drop(events.recv());
        Ok(())
    }

    /// Runs the command, which finds the name, and tells how it ended.
    fn run_command(
        self,
        context: &Context<'_>,
        program: &OsString,
        arguments: &[OsString],
    ) -> Result<ExitStatus> {
        let Self { sender, events } = self;
        let mut command = Command::new(program);
        command.args(arguments);
        context.lead_to_names(&mut command);
        attended::run(&mut command, sender, &events)
    }
}

/// The line that tells that the name is held.
#[derive(Debug, Serialize)]
struct Held {
    name: String,
    size: u64,
    protection: String,
    attributes: String,
    backing: BackingReport,
    existed: bool,
    process: u32,
    #[serde(skip)]
    until_the_end: bool,
}

impl Held {
    fn new(mapping: &FileMapping, until_the_end: bool) -> Self {
        Self {
            name: mapping.name().map(ToString::to_string).unwrap_or_default(),
            size: mapping.size(),
            protection: mapping.protection().to_string(),
            attributes: mapping.attributes().to_string(),
            backing: BackingReport::from(&mapping.backing()),
            existed: mapping.existed(),
            process: std::process::id(),
            until_the_end,
        }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "holding `{}`", Printable(&self.name))?;
        if self.existed {
            write!(f, ", which existed already")?;
        }
        write!(f, ": {}, {}, {}", Readable(self.size), self.protection, self.backing)?;
        if self.until_the_end {
            write!(f, "; Ctrl-C or end of input lets go")?;
        }
        Ok(())
    }
}
