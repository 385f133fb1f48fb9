//! Holding a name: while a command runs, or until somebody wants an end.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::absolute;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use filemap::FileMapping;
use serde::Serialize;
use shared_child::SharedChild;

use super::Context;
use super::ls::BackingReport;
use crate::failure::{Failure, Result};
use crate::output::Printable;
use crate::size::Readable;
use crate::sys::{self, Interrupt};

/// What the holder of a name waits for.
enum Event {
    Interrupted(Interrupt),
    InputEnded,
    CommandEnded(io::Result<ExitStatus>),
}

/// Somebody who waits for the end, and misses no wish for it from the beginning on.
pub(super) struct Waiting {
    sender: Sender<Event>,
    events: Receiver<Event>,
}

impl Waiting {
    pub(super) fn begin() -> Result<Self> {
        let (sender, events) = mpsc::channel();
        let interrupts = sender.clone();
        sys::listen(move |interrupt| drop(interrupts.send(Event::Interrupted(interrupt))))
            .map_err(|error| Failure::broken(format!("could not wait for Ctrl-C: {error}")))?;
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
            spawn("input", move || {
                // Whatever is typed is of no interest. An input that cannot be read has ended, too.
                drop(io::copy(&mut io::stdin().lock(), &mut io::sink()));
                drop(sender.send(Event::InputEnded));
            })?;
        }
        // Every event is the end. A channel that nobody can write to is one as well.
        drop(events.recv());
        Ok(())
    }

    /// Runs a command, and tells how it ended.
    fn run_command(
        self,
        context: &Context<'_>,
        program: &OsString,
        arguments: &[OsString],
    ) -> Result<ExitStatus> {
        let Self { sender, events } = self;
        let mut command = Command::new(program);
        command.args(arguments);
        if let Some(directory) = &context.common.registry {
            // The command is to find the name, wherever it goes.
            command.env("FILEMAP_DIR", absolute(directory).unwrap_or_else(|_| directory.clone()));
        }
        let shown = program.to_string_lossy();
        let refused = |error| Failure::broken(format!("could not run `{shown}`: {error}"));
        let child = Arc::new(SharedChild::spawn(&mut command).map_err(refused)?);
        let waiting = Arc::clone(&child);
        spawn("command", move || drop(sender.send(Event::CommandEnded(waiting.wait()))))?;
        loop {
            match events.recv() {
                // The terminal told the command, too; what to make of it is the command's choice.
                Ok(Event::Interrupted(Interrupt::Keyboard) | Event::InputEnded) => {}
                Ok(Event::Interrupted(Interrupt::Request(request))) => {
                    sys::pass_on(request, &child);
                }
                Ok(Event::CommandEnded(status)) => return status.map_err(refused),
                Err(_) => return Err(Failure::broken(format!("could not wait for `{shown}`"))),
            }
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| Failure::broken(format!("could not start a thread: {error}")))
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
