//! The steps of the demonstration, told as they are checked.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::failure::{Failure, Result};
use crate::output::{Output, Printable};

/// Everything that was checked so far.
#[derive(Debug)]
pub(super) struct Story {
    output: Output,
    steps: Vec<Step>,
    interrupted: Arc<AtomicBool>,
}

#[derive(Debug, Serialize)]
struct Step {
    claim: String,
    holds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    instead: Option<String>,
}

impl Story {
    /// Begins; `interrupted` ends it at the next step.
    pub(super) fn new(output: Output, interrupted: Arc<AtomicBool>) -> Self {
        Self { output, steps: Vec::new(), interrupted }
    }

    /// Says something that is no claim.
    pub(super) fn tell(&self, text: &str) -> Result<()> {
        if self.output.is_json() { Ok(()) } else { self.output.print(&Line(text)) }
    }

    /// Checks a claim and tells it; `instead` says what is the case if it does not hold.
    ///
    /// # Errors
    ///
    /// [`Failure::No`] if it does not hold, or if the demonstration was interrupted.
    pub(super) fn check(
        &mut self,
        claim: impl Into<String>,
        holds: bool,
        instead: impl FnOnce() -> String,
    ) -> Result<()> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(unfinished("it was interrupted"));
        }
        let instead = (!holds).then(instead);
        let step = Step { claim: claim.into(), holds, instead };
        let outcome = match &step.instead {
            None => Ok(()),
            Some(instead) => {
                Err(unfinished(&format!("it is not so that \"{}\": {instead}", step.claim)))
            }
        };
        if !self.output.is_json() {
            self.output.print(&step)?;
        }
        self.steps.push(step);
        outcome
    }

    /// Tells what holds because nothing else could have led here.
    ///
    /// # Errors
    ///
    /// [`Failure::No`] if the demonstration was interrupted.
    pub(super) fn claim(&mut self, claim: impl Into<String>) -> Result<()> {
        self.check(claim, true, String::new)
    }

    /// Checks that something worked, and gives what it made.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub(super) fn succeeds<T, E: fmt::Display>(
        &mut self,
        claim: impl FnOnce(&T) -> String,
        failing_claim: &str,
        result: std::result::Result<T, E>,
    ) -> Result<T> {
        match result {
            Ok(value) => {
                self.claim(claim(&value))?;
                Ok(value)
            }
            Err(error) => {
                self.check(failing_claim, false, || error.to_string())?;
                // A claim that does not hold is an error, so this is not reached.
                Err(unfinished(&error.to_string()))
            }
        }
    }

    /// Tells how it went, once it is over.
    pub(super) fn end(&self, outcome: &Result<()>) -> Result<()> {
        let summary = Summary { steps: &self.steps, holds: outcome.is_ok() };
        if self.output.is_json() || summary.holds { self.output.print(&summary) } else { Ok(()) }
    }
}

/// The failure of a demonstration that did not come to its end.
pub(super) fn unfinished(why: &str) -> Failure {
    Failure::no(format!("could not finish the demonstration: {why}"))
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Line<'t>(&'t str);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mark, style) = if self.holds {
            ("✓", AnsiColor::Green.on_default())
        } else {
            ("✗", AnsiColor::Red.on_default().bold())
        };
        write!(f, "  {style}{mark}{style:#} {}", Printable(&self.claim))
    }
}

#[derive(Debug, Serialize)]
struct Summary<'s> {
    steps: &'s [Step],
    holds: bool,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bold = Style::new().bold();
        write!(f, "\n{bold}All {} of these were checked, and hold.{bold:#}", self.steps.len())
    }
}
