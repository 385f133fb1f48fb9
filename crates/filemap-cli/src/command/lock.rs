//! `filemap lock`: runs a command while this process owns a mutex.

use std::fmt;
use std::process::{Command, ExitCode};
use std::sync::mpsc;
use std::time::Duration;

use filemap::Mutex;
use serde::Serialize;

use super::Context;
use super::wait::{interrupted, over};
use crate::args::Lock;
use crate::attended::{self, Waited};
use crate::failure::{Failure, Result};
use crate::output::Printable;
use crate::sys;

pub(super) fn run(context: &Context<'_>, lock: &Lock) -> Result<ExitCode> {
    let Some((program, arguments)) = lock.command.split_first() else {
        return Err(Failure::usage("expected a command after `--`"));
    };
    let (sender, events) = attended::listen()?;
    let mutex = Mutex::options().registry(&context.registry).name(&lock.name).create()?;
    let name = mutex.name().map(ToString::to_string).unwrap_or_default();
    let names = [name.clone()];
    let existed = mutex.existed();
    let timeout = lock.timeout.map(Into::into);
    // A thread owns a mutex, and this one has interrupts to see to.
    let (release, released) = mpsc::channel::<()>();
    let waited = attended::beside(&sender, &events, move |told| match take(&mutex, timeout) {
        Ok(Some(locked)) => {
            told(Ok(Some(locked.is_abandoned())));
            // Until the command has ended.
            let _ended = released.recv();
        }
        Ok(None) => told(Ok(None)),
        Err(error) => told(Err(error)),
    })?;
    let Waited { told: Some(owned), interrupt, thread } = waited else {
        return Err(interrupted(waited.interrupt, &names));
    };
    let ended = match (owned, interrupt) {
        (_, Some(interrupt)) => Err(interrupted(Some(interrupt), &names)),
        (Ok(None), _) => Err(over(&names)),
        (Err(error), _) => Err(error.into()),
        (Ok(Some(abandoned)), None) => {
            let owned = Owned { name, existed, abandoned };
            context.output.print_aside(&owned).and_then(|()| {
                let mut command = Command::new(program);
                command.args(arguments);
                context.lead_to_names(&mut command);
                attended::run(&mut command, sender, &events)
            })
        }
    };
    drop(release);
    // The mutex is given back before this process ends.
    let _ended = thread.join();
    Ok(sys::exit_code(ended?))
}

fn take(mutex: &Mutex, timeout: Option<Duration>) -> filemap::Result<Option<filemap::Locked<'_>>> {
    match timeout {
        None => mutex.lock().map(Some),
        Some(time) => mutex.lock_for(time),
    }
}

/// What is told before the command runs: in words, what is not as it should be.
#[derive(Debug, Serialize)]
struct Owned {
    name: String,
    existed: bool,
    abandoned: bool,
}

impl fmt::Display for Owned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.abandoned {
            return Ok(());
        }
        let name = Printable(&self.name);
        write!(f, "filemap: `{name}` was abandoned: its last owner ended while it owned it")
    }
}
