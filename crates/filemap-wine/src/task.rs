//! What the helper is told to do: a file of lines, each a word and its fields.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::field;
use crate::report::Report;
use crate::sys::{file, system};

/// A line of the file.
#[derive(Debug)]
pub(crate) struct Line(Vec<String>);

impl Line {
    pub(crate) fn word(&self) -> &str {
        self.text(0)
    }

    /// A field, or an empty text if there is none.
    pub(crate) fn text(&self, at: usize) -> &str {
        self.0.get(at).map_or("", String::as_str)
    }

    pub(crate) fn number(&self, at: usize) -> u64 {
        self.text(at).parse().unwrap_or(0)
    }
}

/// Reads the file at a path of the system around Wine.
///
/// # Errors
///
/// The system's code.
pub(crate) fn read(path: &str) -> Result<Vec<Line>, u32> {
    let text = file::read(&system::outside(path))?;
    let text = String::from_utf8(text).map_err(|_| system::INVALID_DATA)?;
    let line = |line: &str| line.split('\t').map(field::decode).collect::<Option<_>>().map(Line);
    text.lines().map(line).collect::<Option<_>>().ok_or(system::INVALID_DATA)
}

/// Reads the file as [`read`] does; none if it cannot, which the report says.
pub(crate) fn read_or_report(path: &str, report: &mut Report) -> Option<Vec<Line>> {
    read(path).map_err(|code| report.say("untold", &[&code.to_string()])).ok()
}
