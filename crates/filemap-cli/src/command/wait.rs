//! `filemap wait`: waits until objects are signalled, or until names exist or do not.

use std::fmt;
use std::process::ExitCode;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use filemap::{ErrorKind, Name, Registry, Signalled, wait_all, wait_any};
use serde::Serialize;

use super::Context;
use crate::args::Wait;
use crate::attended::{self, Event};
use crate::failure::{Failure, Result};
use crate::object::Object;
use crate::output::Printable;
use crate::sys::{INTERRUPTED, Interrupt};

/// The exit code of a wait that took a mutex whose last owner ended while it owned it.
const ABANDONED: u8 = 3;

/// The time between two looks at which names exist.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) fn run(context: &Context<'_>, wait: &Wait) -> Result<ExitCode> {
    let (sender, events) = attended::listen()?;
    if wait.appears || wait.gone {
        let report = existence(context, wait, &events)?;
        context.output.print(&report)?;
        return Ok(ExitCode::SUCCESS);
    }
    let objects = open(&wait.names, &context.registry)?;
    let names: Vec<_> = objects.iter().map(Object::name).collect();
    let (all, timeout) = (wait.all, wait.timeout.map(Into::into));
    let waited = attended::beside(&sender, &events, move |told| {
        let taken = take(&objects, all, timeout);
        drop(objects);
        told(taken);
    })?;
    let Some(taken) = waited.told else { return Err(interrupted(waited.interrupt, &names)) };
    let Some(Signalled { index, is_abandoned }) = taken? else { return Err(over(&names)) };
    let names = if all { names } else { vec![names[index].clone()] };
    let outcome = if is_abandoned { Outcome::Abandoned } else { Outcome::Signalled };
    context.output.print(&Report { names, outcome })?;
    Ok(if is_abandoned { ExitCode::from(ABANDONED) } else { ExitCode::SUCCESS })
}

fn open(names: &[String], registry: &Registry) -> Result<Vec<Object>> {
    let open = |name: &String| {
        Object::open(name, registry, "wait for").map_err(|failure| match failure {
            // The answer "no" is that of the time.
            Failure::No(reason) => Failure::Broken(reason),
            failure => failure,
        })
    };
    names.iter().map(open).collect()
}

/// Waits, and gives back the mutexes that were taken.
fn take(
    objects: &[Object],
    all: bool,
    timeout: Option<Duration>,
) -> filemap::Result<Option<Signalled>> {
    let list: Vec<_> = objects.iter().map(Object::waitable).collect();
    let wait = || if all { wait_all(&list, timeout) } else { wait_any(&list, timeout) };
    let taken = loop {
        let taken = wait()?;
        if taken.is_some() || timeout.is_some() {
            break taken;
        }
    };
    if let Some(Signalled { index, .. }) = taken {
        let taken = if all { objects } else { &objects[index..=index] };
        for object in taken {
            if let Object::Mutex(mutex) = object {
                mutex.unlock()?;
            }
        }
    }
    Ok(taken)
}

/// Waits until one of the names exists or is gone, or all of them.
fn existence(context: &Context<'_>, wait: &Wait, events: &Receiver<Event>) -> Result<Report> {
    let names =
        wait.names.iter().map(|name| Name::parse(name)).collect::<filemap::Result<Vec<_>>>()?;
    let begun = Instant::now();
    loop {
        let mut so = Vec::new();
        for name in &names {
            if exists(context, name)? == wait.appears {
                so.push(name.to_string());
            }
        }
        if so.len() == names.len() || (!wait.all && !so.is_empty()) {
            let outcome = if wait.appears { Outcome::Appeared } else { Outcome::Gone };
            return Ok(Report { names: so, outcome });
        }
        let left = wait.timeout.map(|time| time.saturating_sub(begun.elapsed()));
        let shown = || names.iter().map(ToString::to_string).collect::<Vec<_>>();
        if left.is_some_and(|left| left.is_zero()) {
            return Err(over(&shown()));
        }
        let pause = left.map_or(PAUSE, |left| PAUSE.min(left));
        if let Ok(Event::Interrupted(interrupt)) = events.recv_timeout(pause) {
            return Err(interrupted(Some(interrupt), &shown()));
        }
    }
}

fn exists(context: &Context<'_>, name: &Name) -> Result<bool> {
    match context.registry.inspect(name) {
        Ok(listed) => Ok(listed.is_live()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Returns the failure of a wait that was interrupted.
pub(super) fn interrupted(interrupt: Option<Interrupt>, names: &[String]) -> Failure {
    let code = interrupt.map_or(INTERRUPTED, Interrupt::exit_code);
    Failure::ended(code, format!("could not wait any longer for {}: interrupted", Names(names)))
}

/// Returns the failure of a wait whose time is over.
pub(super) fn over(names: &[String]) -> Failure {
    let message = format!("could not wait any longer for {}: the time is over", Names(names));
    Failure::no_as(ErrorKind::TimedOut, message)
}

/// Names, with commas between.
struct Names<'n>(&'n [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let between = if index > 0 { ", " } else { "" };
            write!(f, "{between}`{}`", Printable(name))?;
        }
        Ok(())
    }
}

#[derive(Debug, Serialize)]
struct Report {
    /// The names of which it is so.
    names: Vec<String>,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Signalled,
    /// Signalled, and a mutex among them had an owner that ended while it owned it.
    Abandoned,
    Appeared,
    Gone,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { names, outcome } = self;
        let one = names.len() == 1;
        write!(f, "{} ", Names(names))?;
        f.write_str(match (outcome, one) {
            (Outcome::Signalled, true) => "was signalled",
            (Outcome::Signalled, false) => "were signalled",
            (Outcome::Abandoned, true) => "was abandoned: its last owner ended while it owned it",
            (Outcome::Abandoned, false) => {
                "were signalled, and one was abandoned: its last owner ended while it owned it"
            }
            (Outcome::Appeared, true) => "exists",
            (Outcome::Appeared, false) => "exist",
            (Outcome::Gone, true) => "is gone",
            (Outcome::Gone, false) => "are gone",
        })
    }
}
