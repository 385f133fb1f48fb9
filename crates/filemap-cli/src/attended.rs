//! A command that is run for somebody: signals go in, its end comes out.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use shared_child::SharedChild;
use shared_child::unix::SharedChildExt;

use crate::failure::{Failure, Result};
use crate::interrupt::{self, Interrupt};

/// What somebody who holds something for a while waits for.
pub(crate) enum Event {
    /// Somebody wants this process to end.
    Interrupted(Interrupt),
    /// Standard input is at its end.
    InputEnded,
    /// The command that was run has ended, or could not be waited for.
    CommandEnded(io::Result<ExitStatus>),
}

/// Begins to listen for interrupts, instead of dying from them.
///
/// First of all: a Ctrl-C must find somebody to clean up as soon as there is something to.
pub(crate) fn listen() -> Result<(Sender<Event>, Receiver<Event>)> {
    let (sender, events) = mpsc::channel();
    let interrupts = sender.clone();
    interrupt::listen(move |interrupt| drop(interrupts.send(Event::Interrupted(interrupt))))
        .map_err(|error| Failure::broken(format!("could not wait for Ctrl-C: {error}")))?;
    Ok((sender, events))
}

/// Runs a command, and tells the exit code that stands for how it ended.
pub(crate) fn run(
    command: &mut Command,
    sender: Sender<Event>,
    events: &Receiver<Event>,
) -> Result<ExitCode> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let refused = |error| Failure::broken(format!("could not run `{shown}`: {error}"));
    let child = Arc::new(SharedChild::spawn(command).map_err(refused)?);
    let waiting = Arc::clone(&child);
    spawn("command", move || drop(sender.send(Event::CommandEnded(waiting.wait()))))?;
    loop {
        match events.recv() {
            // The terminal told the command, too; what to make of it is the command's choice.
            Ok(Event::Interrupted(Interrupt::Keyboard) | Event::InputEnded) => {}
            Ok(Event::Interrupted(Interrupt::Request(signal))) => {
                // It fails only if the command has ended, and then that event is on its way.
                drop(child.send_signal(signal));
            }
            Ok(Event::CommandEnded(status)) => return Ok(exit_code(status.map_err(refused)?)),
            Err(_) => return Err(Failure::broken(format!("could not wait for `{shown}`"))),
        }
    }
}

/// Passes an exit code through; a death by signal becomes 128 and its number, as in a shell.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(255);
    ExitCode::from(u8::try_from(code).unwrap_or(255))
}

/// Starts a thread for something that is waited for.
pub(crate) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| Failure::broken(format!("could not start a thread: {error}")))
}
