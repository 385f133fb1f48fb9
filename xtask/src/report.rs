//! What the automation prints. It is the one place that writes to the terminal.

use std::fmt::Display;
use std::io::{self, Write as _};

/// Prints `text` as a line of output.
pub(crate) fn say(text: &str) {
    // Whoever closed the pipe has read enough: that is no failure of the work itself.
    drop(writeln!(io::stdout().lock(), "{text}"));
}

/// Prints `text` as a line about something that is wrong.
pub(crate) fn complain(text: &str) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// Prints that `what` was skipped: the one form of it, in which tests print it as well and CI
/// finds it.
pub(crate) fn skip(what: &str, why: impl Display) {
    say(&format!("skipped: {what}: {why}"));
}
