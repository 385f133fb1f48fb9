//! What the benchmark prints. It is the one place that writes to the terminal.

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
