//! `filemap create`: holds a name.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, absolute};
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use filemap::{ErrorKind, FileMapping};
use serde::Serialize;
use shared_child::SharedChild;

use super::Context;
use super::ls::BackingReport;
use crate::args::Create;
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

pub(super) fn run(context: &Context<'_>, create: &Create) -> Result<ExitCode> {
    let (sender, events) = mpsc::channel();
    // First of all: a Ctrl-C must find somebody to clean up as soon as there is something to.
    let interrupts = sender.clone();
    sys::listen(move |interrupt| drop(interrupts.send(Event::Interrupted(interrupt))))
        .map_err(|error| Failure::broken(format!("could not wait for Ctrl-C: {error}")))?;
    let mapping = make(context, create)?;
    let held = Held::new(&mapping, create);
    let ended = match create.command.split_first() {
        Some((program, arguments)) => {
            context.output.print_aside(&held)?;
            Some(run_command(context, program, arguments, sender, &events)?)
        }
        None => {
            context.output.print(&held)?;
            wait_for_the_end(sender, &events)?;
            None
        }
    };
    mapping.close()?;
    Ok(ended.map_or(ExitCode::SUCCESS, sys::exit_code))
}

fn make(context: &Context<'_>, create: &Create) -> Result<FileMapping> {
    let backing = match &create.file {
        Some(path) => Some(BackingFile::open(path, create)?),
        None => None,
    };
    let mut options = FileMapping::options()
        .name(&create.name)
        .registry(&context.registry)
        .size(create.size.unwrap_or(0))
        .protection(create.protection)
        .attributes(create.attributes)
        .permissions(create.mode);
    if let Some(backing) = &backing {
        options = options.file(&backing.file);
    }
    let made = if create.new { options.create_new() } else { options.create() };
    if let Some(backing) = &backing
        && made.as_ref().is_ok_and(|mapping| !mapping.existed())
    {
        backing.keep();
    }
    Ok(made?)
}

/// The file to map. One that was made for it goes away again, unless it is mapped in the end.
struct BackingFile<'p> {
    file: File,
    made: std::cell::Cell<Option<&'p Path>>,
}

impl<'p> BackingFile<'p> {
    fn open(path: &'p Path, create: &Create) -> Result<Self> {
        let writable = create.protection.is_writable();
        let refused = |error: io::Error| {
            let message = format!("could not open `{}`: {error}", path.display());
            match error.kind() {
                io::ErrorKind::NotFound => Failure::no_as(ErrorKind::NotFound, message),
                io::ErrorKind::PermissionDenied => {
                    Failure::broken_as(ErrorKind::AccessDenied, message)
                }
                _ => Failure::broken(message),
            }
        };
        // Opening a pipe would wait for somebody at its other end.
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            let message = format!("could not map `{}`: it is not a regular file", path.display());
            return Err(Failure::broken_as(ErrorKind::WrongObject, message));
        }
        let mut options = File::options();
        options.read(true).write(writable);
        match options.open(path) {
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && writable && create.size.is_some() =>
            {
                match options.create_new(true).open(path) {
                    Ok(file) => Ok(Self { file, made: Some(path).into() }),
                    Err(error) => Err(refused(error)),
                }
            }
            Ok(file) => Ok(Self { file, made: None.into() }),
            Err(error) => Err(refused(error)),
        }
    }

    fn keep(&self) {
        self.made.set(None);
    }
}

impl Drop for BackingFile<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.made.get() {
            // The failure that brought us here is the one to report.
            drop(fs::remove_file(path));
        }
    }
}

/// Waits for Ctrl-C, a request to end, or the end of input.
fn wait_for_the_end(sender: Sender<Event>, events: &Receiver<Event>) -> Result<()> {
    spawn("input", move || {
        // Whatever is typed is of no interest. An input that cannot be read has ended, too.
        drop(io::copy(&mut io::stdin().lock(), &mut io::sink()));
        drop(sender.send(Event::InputEnded));
    })?;
    // Every event is the end. A channel that nobody can write to is one as well.
    drop(events.recv());
    Ok(())
}

/// Runs a command, and tells how it ended.
fn run_command(
    context: &Context<'_>,
    program: &OsString,
    arguments: &[OsString],
    sender: Sender<Event>,
    events: &Receiver<Event>,
) -> Result<ExitStatus> {
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
            Ok(Event::Interrupted(Interrupt::Request(request))) => sys::pass_on(request, &child),
            Ok(Event::CommandEnded(status)) => return status.map_err(refused),
            Err(_) => return Err(Failure::broken(format!("could not wait for `{shown}`"))),
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
    for_a_command: bool,
}

impl Held {
    fn new(mapping: &FileMapping, create: &Create) -> Self {
        Self {
            name: mapping.name().map_or_else(|| create.name.clone(), ToString::to_string),
            size: mapping.size(),
            protection: mapping.protection().to_string(),
            attributes: mapping.attributes().to_string(),
            backing: BackingReport::from(&mapping.backing()),
            existed: mapping.existed(),
            process: std::process::id(),
            for_a_command: !create.command.is_empty(),
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
        if !self.for_a_command {
            write!(f, "; Ctrl-C or end of input lets go")?;
        }
        Ok(())
    }
}
