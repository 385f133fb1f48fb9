//! `filemap open`: holds an existing mapping by its name.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use filemap::{ErrorKind, FileMapping};

use super::Context;
use super::hold::Waiting;
use crate::args::Open;
use crate::failure::{Failure, Result};
use crate::output::Printable;

/// The time between two attempts to open a name that does not exist yet.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) fn run(context: &Context<'_>, open: &Open) -> Result<ExitCode> {
    let waiting = Waiting::begin()?;
    let mapping = find(context, open, &waiting)?;
    waiting.hold(context, mapping, &open.command)
}

fn find(context: &Context<'_>, open: &Open, waiting: &Waiting) -> Result<FileMapping> {
    let patience = open.wait.map_or(Duration::ZERO, Into::into);
    let begun = Instant::now();
    loop {
        match context.registry.open(&open.name) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PathNotFound) => {
                let left = patience.saturating_sub(begun.elapsed());
                if left.is_zero() {
                    return Err(error.into());
                }
                if let Some(code) = waiting.interrupted_within(PAUSE.min(left)) {
                    let name = Printable(&open.name);
                    let message = format!("could not wait any longer for `{name}`: interrupted");
                    return Err(Failure::ended(code, message));
                }
            }
            found => return Ok(found?),
        }
    }
}
