//! The claims of the demonstration, printed as they are checked.

use std::fmt;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::failure::{Failure, Result};
use crate::interruption::Interruption;
use crate::output::{Output, Printable};

/// The claims that were checked so far.
#[derive(Debug)]
pub(super) struct Story {
    output: Output,
    steps: Vec<Step>,
    interruption: Interruption,
}

#[derive(Debug, Serialize)]
struct Step {
    claim: String,
    holds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    instead: Option<String>,
}

impl Story {
    /// Begins the demonstration, which ends at the next claim after an interrupt.
    pub(super) fn new(output: Output, interruption: Interruption) -> Self {
        Self { output, steps: Vec::new(), interruption }
    }

    /// Prints a line that is no claim.
    pub(super) fn tell(&self, text: &str) -> Result<()> {
        if self.output.is_json() { Ok(()) } else { self.output.print(&Line(text)) }
    }

    /// Prints a claim that holds, or fails with what is the case `instead`.
    ///
    /// # Errors
    ///
    /// [`Failure::No`] if it does not hold, [`Failure::Ended`] after an interrupt.
    pub(super) fn check(
        &mut self,
        claim: impl Into<String>,
        holds: bool,
        instead: impl FnOnce() -> String,
    ) -> Result<()> {
        if self.interruption.is_there() {
            return Err(interrupted(&self.interruption));
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

    /// Prints a claim that the steps before have proved.
    ///
    /// # Errors
    ///
    /// [`Failure::Ended`] after an interrupt.
    pub(super) fn claim(&mut self, claim: impl Into<String>) -> Result<()> {
        self.check(claim, true, String::new)
    }

    /// Checks that a call succeeded, and returns its value.
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
                // Not reached: `check` has returned the error.
                Err(unfinished(&error.to_string()))
            }
        }
    }

    /// Prints the outcome.
    pub(super) fn end(&self, outcome: &Result<()>) -> Result<()> {
        let summary = Summary { steps: &self.steps, holds: outcome.is_ok() };
        if self.output.is_json() || summary.holds { self.output.print(&summary) } else { Ok(()) }
    }
}

/// Returns the failure of a demonstration that could not be finished.
pub(super) fn unfinished(why: &str) -> Failure {
    Failure::no(format!("could not finish the demonstration: {why}"))
}

/// Returns the failure of a demonstration that was interrupted.
pub(super) fn interrupted(interruption: &Interruption) -> Failure {
    interruption.failure("could not finish the demonstration: it was interrupted")
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
