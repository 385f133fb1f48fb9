//! `filemap wine publish`: native names for programs for Windows.

use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use filemap::{Backing, ErrorKind, FileMapping};
use serde::Serialize;

use super::field::{Line, line};
use super::prefix::Prefix;
use super::run::{PAGE, text};
use super::work::Work;
use super::{helper, refusals};
use crate::args::WinePublish;
use crate::attended::{self, Event};
use crate::command::Context;
use crate::failure::{Failure, Result, Why};
use crate::output::Printable;
use crate::sys::{self, Interrupt};

/// How often is looked whether the helper still runs.
const INTERVAL: Duration = Duration::from_millis(100);

/// How long Wine may take to name the memory.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn run(context: &Context<'_>, publish: &WinePublish) -> Result<ExitCode> {
    let (_sender, events) = attended::listen()?;
    let mut mappings = Vec::new();
    let mut task = String::new();
    for name in &publish.names {
        let mapping = context.registry.open(&**name)?;
        task += &told(context, &mapping, publish.read_only)?;
        mappings.push(mapping);
    }
    let prefix = Prefix::find_or_start(&publish.at)?;
    let work = Work::begin()?;
    let helper = helper::find(publish.at.helper.helper.as_deref(), &work)?;
    let task = work.write("task", task)?;
    let mut command = prefix.command();
    command.arg(helper).arg("publish").arg(task).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| prefix.unstarted(Why(&error)))?;
    let (sender, lines) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        attended::spawn("helper", move || {
            for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
                if sender.send(Line::read(&line)).is_err() {
                    return;
                }
            }
        })?;
    }
    let mut child = Ending(child);
    named(&lines)?;
    context.output.print(&Published { names: publish.names.clone() })?;
    loop {
        match events.recv_timeout(INTERVAL) {
            Ok(Event::Interrupted(Interrupt::Keyboard)) => {
                return Ok(ExitCode::from(sys::INTERRUPTED));
            }
            Ok(Event::Interrupted(Interrupt::Request(_))) => return Ok(ExitCode::SUCCESS),
            _ => {}
        }
        while lines.try_recv().is_ok() {}
        if lines.try_recv() == Err(TryRecvError::Disconnected) {
            drop(child.0.wait());
            return Err(Failure::broken(
                "could not publish any longer: the helper inside Wine was killed, or Wine ended",
            ));
        }
    }
}

/// The line by which the helper names a mapping.
fn told(context: &Context<'_>, mapping: &FileMapping, read_only: bool) -> Result<String> {
    let name = mapping.name().map(ToString::to_string).unwrap_or_default();
    let word = if read_only || !mapping.protection().is_writable() { "show" } else { "map" };
    let path = match mapping.backing() {
        Backing::File { path, .. } => path,
        Backing::Memory if mapping.lifetime() == Some(filemap::Lifetime::Entry) => {
            context.registry.inspect(&*name)?.entry().to_owned()
        }
        _ => {
            return Err(Failure::broken_as(
                ErrorKind::NotSupported,
                format!(
                    "could not publish `{}`: its memory is at no path that Wine could open; create \
                     the name without --lifetime holders",
                    Printable(&name)
                ),
            ));
        }
    };
    let size = mapping.size();
    let whole = size.checked_next_multiple_of(PAGE).unwrap_or(size);
    Ok(line(word, &[&name, &text(&path)?, &whole.to_string()]))
}

/// Waits until Wine has all names.
fn named(lines: &Receiver<Line>) -> Result<()> {
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) if line.word() == "all" => return Ok(()),
            Ok(line) => refusals::check(&line, "")?,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Err(Failure::broken(
                    "could not publish: the helper did not run inside Wine; does `wine` work by \
                     itself?",
                ));
            }
        }
    }
}

/// A child that is ended when this ends.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[derive(Debug, Serialize)]
struct Published {
    names: Vec<String>,
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("publishing ")?;
        for (at, name) in self.names.iter().enumerate() {
            let between = if at > 0 { ", " } else { "" };
            write!(f, "{between}`{}`", Printable(name))?;
        }
        f.write_str(" to programs for Windows; Ctrl-C lets go")
    }
}
