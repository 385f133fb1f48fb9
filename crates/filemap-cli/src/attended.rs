//! A command that is run for somebody: signals go in, its end comes out.

use std::io;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use shared_child::SharedChild;

use crate::failure::{Failure, Result};
use crate::sys::{self, Interrupt};

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
    sys::listen(move |interrupt| drop(interrupts.send(Event::Interrupted(interrupt))))
        .map_err(|error| Failure::broken(format!("could not wait for Ctrl-C: {error}")))?;
    Ok((sender, events))
}

/// Runs a command, and tells how it ended.
pub(crate) fn run(
    command: &mut Command,
    sender: Sender<Event>,
    events: &Receiver<Event>,
) -> Result<ExitStatus> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let refused = |error| Failure::broken(format!("could not run `{shown}`: {error}"));
    let child = Arc::new(SharedChild::spawn(command).map_err(refused)?);
    let waiting = Arc::clone(&child);
    spawn("command", move || drop(sender.send(Event::CommandEnded(waiting.wait()))))?;
    loop {
        match events.recv() {
            // The terminal told the command, too; what to make of it is the command's choice.
            Ok(Event::Interrupted(Interrupt::Keyboard) | Event::InputEnded) => {}
            Ok(Event::Interrupted(Interrupt::Request(request))) => sys::pass_on(request, &child),
            Ok(Event::CommandEnded(status)) => return status.map_err(refused),
            Err(_) => return Err(Failure::broken(format!("could not wait for `{shown}`"))),
        }
    }
}

/// Starts a thread for something that is waited for.
pub(crate) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| Failure::broken(format!("could not start a thread: {error}")))
}
