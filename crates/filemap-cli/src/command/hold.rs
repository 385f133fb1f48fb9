//! Holding a name: while a command runs, or until an interrupt.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use filemap::{FileMapping, NamedMapping, ObjectKind};
use serde::Serialize;

use super::Context;
use super::ls::BackingReport;
use super::state::StateReport;
use crate::attended::{self, Event};
use crate::failure::Result;
use crate::object::Object;
use crate::output::Printable;
use crate::size::Readable;
use crate::sys::{self, Interrupt};

/// The receiver of interrupts, which misses none from its creation on.
pub(super) struct Waiting {
    sender: Sender<Event>,
    events: Receiver<Event>,
}

impl Waiting {
    pub(super) fn begin() -> Result<Self> {
        let (sender, events) = attended::listen()?;
        Ok(Self { sender, events })
    }

    /// Waits up to this time, and returns the exit code for an interrupt that arrived.
    pub(super) fn interrupted_within(&self, time: Duration) -> Option<u8> {
        match self.events.recv_timeout(time) {
            Ok(Event::Interrupted(interrupt)) => Some(interrupt.exit_code()),
            _ => None,
        }
    }

    /// Reports that the name is held, holds it to the end, and returns the exit code.
    pub(super) fn hold(
        self,
        context: &Context<'_>,
        handle: impl Hold,
        command: &[OsString],
    ) -> Result<ExitCode> {
        // A background process that reads from the terminal is stopped.
        let until_input_ends = sys::input_ends() && !sys::is_in_background();
        let ends = command.is_empty().then_some(if until_input_ends {
            "Ctrl-C or end of input lets go"
        } else {
            "Ctrl-C or SIGTERM lets go"
        });
        let held = handle.report(context, ends);
        let ended = match command.split_first() {
            Some((program, arguments)) => {
                context.output.print_aside(&held)?;
                sys::exit_code(self.run_command(context, program, arguments)?)
            }
            None => {
                context.output.print(&held)?;
                self.wait_for_the_end(until_input_ends)?
            }
        };
        handle.close()?;
        Ok(ended)
    }

    /// Waits for Ctrl-C, a request to end, or the end of input, and returns the exit code.
    fn wait_for_the_end(self, until_input_ends: bool) -> Result<ExitCode> {
        let Self { sender, events } = self;
        if until_input_ends {
            attended::spawn("input", move || {
                // Input is ignored. One that cannot be read counts as ended.
                drop(io::copy(&mut io::stdin().lock(), &mut io::sink()));
                drop(sender.send(Event::InputEnded));
            })?;
        }
        // Every event ends it, and so does a channel without senders. A request to end is how a
        // service manager has the name let go, and no failure.
        Ok(match events.recv() {
            Ok(Event::Interrupted(Interrupt::Keyboard)) => ExitCode::from(sys::INTERRUPTED),
            _ => ExitCode::SUCCESS,
        })
    }

    /// Runs the command, which finds the name, and returns its exit status.
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

/// What keeps a name while it is held.
pub(super) trait Hold {
    /// Returns the line that reports the held name; `ends` is what ends it, if not a command does.
    fn report(&self, context: &Context<'_>, ends: Option<&'static str>) -> Held;

    /// Lets the name go.
    fn close(self) -> Result<()>;
}

impl Hold for FileMapping {
    fn report(&self, _context: &Context<'_>, ends: Option<&'static str>) -> Held {
        Held {
            name: self.name().map(ToString::to_string).unwrap_or_default(),
            kind: ObjectKind::Mapping.to_string(),
            what: What::Mapping {
                size: self.size(),
                protection: self.protection().to_string(),
                attributes: self.attributes().to_string(),
                backing: BackingReport::from(&self.backing()),
            },
            existed: self.existed(),
            process: std::process::id(),
            ends,
        }
    }

    fn close(self) -> Result<()> {
        Ok(self.close()?)
    }
}

impl Hold for Object {
    fn report(&self, context: &Context<'_>, ends: Option<&'static str>) -> Held {
        let name = self.name();
        // One that existed may be another than what was asked for.
        let listed = context.registry.inspect(&*name).ok();
        let state = listed.as_ref().and_then(|listed: &NamedMapping| StateReport::of(listed));
        Held {
            name,
            kind: self.kind().to_string(),
            what: What::Object { state },
            existed: self.existed(),
            process: std::process::id(),
            ends,
        }
    }

    fn close(self) -> Result<()> {
        Ok(())
    }
}

/// The line that reports the held name.
#[derive(Debug, Serialize)]
pub(super) struct Held {
    name: String,
    kind: String,
    #[serde(flatten)]
    what: What,
    existed: bool,
    process: u32,
    /// What ends it, if not a command does.
    #[serde(skip)]
    ends: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum What {
    Mapping { size: u64, protection: String, attributes: String, backing: BackingReport },
    Object { state: Option<StateReport> },
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "holding `{}`", Printable(&self.name))?;
        if self.existed {
            write!(f, ", which existed already")?;
        }
        match &self.what {
            What::Mapping { size, protection, backing, .. } => {
                write!(f, ": {}, {protection}, {backing}", Readable(*size))?;
            }
            What::Object { state: Some(state) } => write!(f, ": {}, {state}", self.kind)?,
            What::Object { state: None } => write!(f, ": {}", self.kind)?,
        }
        self.ends.map_or(Ok(()), |ends| write!(f, "; {ends}"))
    }
}
