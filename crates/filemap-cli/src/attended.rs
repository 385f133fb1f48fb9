//! Child commands: their signals are passed on, and their exit status is awaited.

use std::io;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use shared_child::SharedChild;

use crate::failure::{Failure, Result, Why};
use crate::sys::{self, Interrupt};

/// An event that ends the holding of a name, or comes from the child.
pub(crate) enum Event {
    /// A request to end this process.
    Interrupted(Interrupt),
    /// Standard input has ended.
    InputEnded,
    /// The child has ended, or could not be waited for.
    CommandEnded(io::Result<ExitStatus>),
}

/// Starts to receive interrupts, which then no longer kill the process.
///
/// Callers do this first: a Ctrl-C must be handled as soon as there is something to clean up.
pub(crate) fn listen() -> Result<(Sender<Event>, Receiver<Event>)> {
    let (sender, events) = mpsc::channel();
    let interrupts = sender.clone();
    sys::listen(move |interrupt| drop(interrupts.send(Event::Interrupted(interrupt))))
        .map_err(|error| Failure::broken(format!("could not wait for Ctrl-C: {}", Why(&error))))?;
    Ok((sender, events))
}

/// Runs a command and returns its exit status.
pub(crate) fn run(
    command: &mut Command,
    sender: Sender<Event>,
    events: &Receiver<Event>,
) -> Result<ExitStatus> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let refused = |error| Failure::broken(format!("could not run `{shown}`: {}", Why(&error)));
    let child = SharedChild::spawn(command).map_err(|error| {
        // As shells report it: 127 for a command that is not there, 126 for one that does not run.
        let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
        Failure::ended(code, format!("could not run `{shown}`: {}", Why(&error)))
    })?;
    let child = Arc::new(child);
    let waiting = Arc::clone(&child);
    spawn("command", move || drop(sender.send(Event::CommandEnded(waiting.wait()))))?;
    loop {
        match events.recv() {
            // The terminal has sent the signal to the child as well, which decides what to do.
            Ok(Event::Interrupted(Interrupt::Keyboard) | Event::InputEnded) => {}
            Ok(Event::Interrupted(Interrupt::Request(request))) => sys::pass_on(request, &child),
            Ok(Event::CommandEnded(status)) => return status.map_err(refused),
            Err(_) => return Err(Failure::broken(format!("could not wait for `{shown}`"))),
        }
    }
}

/// Starts a thread with a name.
pub(crate) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| Failure::broken(format!("could not start a thread: {}", Why(&error))))
}
