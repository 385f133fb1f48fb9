//! Child commands: their signals are passed on, and their exit status is awaited.

use std::io;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use shared_child::SharedChild;

use crate::failure::{Failure, Result, Why};
use crate::sys::{self, Interrupt};

/// An event that ends the holding of a name, or comes from the child.
pub(crate) enum Event {
    /// A request to end this process.
    Interrupted(Interrupt),
    /// Standard input has ended.
    InputEnded,
    /// What [`beside`] waits for has been told.
    Done,
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
    let _waiter = spawn("command", move || drop(sender.send(Event::CommandEnded(waiting.wait()))))?;
    loop {
        match events.recv() {
            // The terminal has sent the signal to the child as well, which decides what to do.
            Ok(Event::Interrupted(Interrupt::Keyboard) | Event::InputEnded | Event::Done) => {}
            Ok(Event::Interrupted(Interrupt::Request(request))) => sys::pass_on(request, &child),
            Ok(Event::CommandEnded(status)) => return status.map_err(refused),
            Err(_) => return Err(Failure::broken(format!("could not wait for `{shown}`"))),
        }
    }
}

/// How a wait on another thread ended.
pub(crate) struct Waited<T> {
    /// What the thread told, unless an interrupt came first.
    pub(crate) told: Option<T>,
    /// The interrupt that came.
    pub(crate) interrupt: Option<Interrupt>,
    /// The thread, which may wait on until this process ends, if it has told nothing.
    pub(crate) thread: JoinHandle<()>,
}

/// Waits on another thread for something without a limit, until it tells what came of it, or an
/// interrupt comes.
pub(crate) fn beside<T: Send + 'static>(
    sender: &Sender<Event>,
    events: &Receiver<Event>,
    wait: impl FnOnce(&dyn Fn(T)) + Send + 'static,
) -> Result<Waited<T>> {
    let (result, results) = mpsc::channel();
    let done = sender.clone();
    let thread = spawn("wait", move || {
        wait(&|told| {
            drop(result.send(told));
            drop(done.send(Event::Done));
        });
    })?;
    loop {
        let interrupt = match events.recv() {
            Ok(Event::Interrupted(interrupt)) => Some(interrupt),
            Ok(Event::Done) | Err(_) => None,
            Ok(Event::InputEnded | Event::CommandEnded(_)) => continue,
        };
        // What was taken when the interrupt came is told as well.
        return Ok(Waited { told: results.try_recv().ok(), interrupt, thread });
    }
}

/// Starts a thread with a name.
pub(crate) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| Failure::broken(format!("could not start a thread: {}", Why(&error))))
}
