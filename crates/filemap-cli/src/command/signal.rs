//! `filemap signal`: sets an event, or adds to the count of a semaphore.

use std::fmt;

use filemap::ErrorKind;
use serde::Serialize;

use super::Context;
use crate::args::Signal;
use crate::failure::{Failure, Result};
use crate::object::Object;
use crate::output::Printable;

pub(super) fn run(context: &Context<'_>, signal: &Signal) -> Result<()> {
    let done = match signal {
        Signal { reset: true, .. } => Done::Reset,
        Signal { pulse: true, .. } => Done::Pulsed,
        Signal { count: Some(_), .. } => Done::Added,
        _ => Done::Set,
    };
    let object = Object::open(&signal.name, &context.registry, done.purpose())?;
    let refused = |why: &str| {
        let name = object.name();
        let message = format!("could not {} `{}`: {why}", done.purpose(), Printable(&name));
        Err(Failure::broken_as(ErrorKind::WrongObject, message))
    };
    let (mut count, mut before) = (None, None);
    let done = match (&object, done) {
        (Object::Event(event), Done::Set) => event.set().map(|()| done)?,
        (Object::Event(event), Done::Reset) => event.reset().map(|()| done)?,
        (Object::Event(event), Done::Pulsed) => event.pulse().map(|()| done)?,
        (Object::Semaphore(semaphore), Done::Set | Done::Added) => {
            let added = signal.count.and_then(|count| u32::try_from(count).ok()).unwrap_or(1);
            before = Some(semaphore.release(added)?);
            count = Some(added);
            Done::Added
        }
        (Object::Event(_), Done::Added) => {
            return refused("it is an event, and --count is for semaphores");
        }
        (Object::Semaphore(_), Done::Reset) => {
            return refused("it is a semaphore, and --reset is for events");
        }
        (Object::Semaphore(_), Done::Pulsed) => {
            return refused("it is a semaphore, and --pulse is for events");
        }
        (Object::Mutex(_), _) => {
            return refused("it is a mutex, which the thread that owns it gives back");
        }
    };
    let report =
        Report { name: object.name(), kind: object.kind().to_string(), done, count, before };
    context.output.print(&report)
}

#[derive(Debug, Serialize)]
struct Report {
    name: String,
    kind: String,
    done: Done,
    /// What was added to the count of a semaphore.
    count: Option<u32>,
    /// Its count before.
    before: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Done {
    Set,
    Reset,
    Pulsed,
    Added,
}

impl Done {
    /// Returns what follows "could not".
    fn purpose(self) -> &'static str {
        match self {
            Self::Set => "signal",
            Self::Reset => "reset",
            Self::Pulsed => "pulse",
            Self::Added => "add to",
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { done, count, before, .. } = self;
        let name = Printable(&self.name);
        match (done, count, before) {
            (Done::Added, Some(count), Some(before)) => {
                write!(f, "added {count} to `{name}`, which had {before}")
            }
            (Done::Pulsed, ..) => write!(f, "pulsed `{name}`"),
            (Done::Reset, ..) => write!(f, "reset `{name}`"),
            _ => write!(f, "set `{name}`"),
        }
    }
}
