//! Output: text or JSON on standard output, failures on standard error.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;

use crate::args::Common;
use crate::failure::{Failure, Result};

/// The exit code of an answer "no" or "none".
pub(crate) const NO: u8 = 1;
/// The exit code of an error.
const BROKEN: u8 = 2;

/// The output of a verb, in the requested form.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Output {
    json: bool,
    verbose: bool,
}

impl Output {
    /// Returns an output of the form that the options request.
    pub(crate) fn new(common: &Common) -> Self {
        Self { json: common.json, verbose: common.verbose }
    }

    /// Returns whether JSON was requested.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Returns whether standard output gets colour: a terminal does, unless `NO_COLOR` is set.
    pub(crate) fn has_colour(self) -> bool {
        !self.json && anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
    }

    /// Returns the width of the terminal in characters, or `None` if standard output is no terminal.
    pub(crate) fn width(self) -> Option<usize> {
        let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
        // A terminal that does not know its width reports zero.
        Some(usize::from(width.0)).filter(|width| *width > 0)
    }

    /// Prints a report on standard output: its JSON on one line, or its text.
    ///
    /// # Errors
    ///
    /// [`Failure::OutputClosed`] if nobody reads it.
    pub(crate) fn print(self, report: &(impl Serialize + fmt::Display)) -> Result<()> {
        let stdout = anstream::stdout().lock();
        self.print_to(stdout, report)
    }

    /// Prints a report on standard error, for verbs whose standard output belongs to a child.
    ///
    /// # Errors
    ///
    /// [`Failure::OutputClosed`] if nobody reads it.
    pub(crate) fn print_aside(self, report: &(impl Serialize + fmt::Display)) -> Result<()> {
        let stderr = anstream::stderr().lock();
        self.print_to(stderr, report)
    }

    fn print_to(self, mut out: impl Write, report: &(impl Serialize + fmt::Display)) -> Result<()> {
        let text = if self.json {
            serde_json::to_string(report)
                .map_err(|error| Failure::broken(format!("could not write JSON: {error}")))?
        } else {
            report.to_string()
        };
        if !text.is_empty() {
            writeln!(out, "{text}").map_err(|error| Failure::from_output(&error))?;
        }
        out.flush().map_err(|error| Failure::from_output(&error))
    }

    /// Prints a sentence on standard error about what was printed, and is no part of it.
    pub(crate) fn note(self, sentence: &str) {
        let text = if self.json {
            serde_json::json!({ "note": sentence }).to_string()
        } else {
            format!("filemap: {}", Printable(sentence))
        };
        // If standard error is closed, nobody wants it.
        drop(writeln!(anstream::stderr().lock(), "{text}"));
    }

    /// Prints bytes as they are, through `write`, on standard output.
    ///
    /// # Errors
    ///
    /// [`Failure::OutputClosed`] if nobody reads them; those of `write`.
    pub(crate) fn stream(
        self,
        write: impl FnOnce(&mut io::BufWriter<io::StdoutLock<'_>>) -> Result<()>,
    ) -> Result<()> {
        let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
        write(&mut out)?;
        out.flush().map_err(|error| Failure::from_output(&error))
    }

    /// Reports a failure on standard error and returns its exit code.
    pub(crate) fn failed(self, failure: &Failure) -> ExitCode {
        let code = match failure {
            Failure::OutputClosed => return ExitCode::SUCCESS,
            Failure::No(_) | Failure::NoSilently => NO,
            Failure::Broken(_) => BROKEN,
            Failure::Ended(code, _) | Failure::Interrupted(code) => *code,
        };
        if let Some(reason) = failure.reason() {
            let text = if self.json {
                serde_json::json!({ "error": reason }).to_string()
            } else {
                let more = if self.verbose { reason.more() } else { String::new() };
                format!("filemap: {}{more}", Printable(&reason.to_string()))
            };
            // If standard error is closed, the exit code is all that is left.
            drop(writeln!(anstream::stderr().lock(), "{text}"));
        }
        ExitCode::from(code)
    }
}

/// Prints the message of the parser of the arguments: help, the version, or an error.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let code = u8::try_from(error.exit_code()).unwrap_or(BROKEN);
    // What follows `--` is a command's.
    let mut own = std::env::args_os().skip(1).take_while(|word| word != "--");
    if code != 0 && own.any(|word| word == "--json") {
        let output = Output { json: true, verbose: false };
        let text = error.render().to_string();
        let message = text.strip_prefix("error: ").unwrap_or(&text);
        return output.failed(&Failure::usage(one_line(message)));
    }
    // A closed pipe is no failure: `filemap --help | head -1` has all it needs.
    drop(error.print());
    ExitCode::from(code)
}

/// Returns the first paragraph of a message on one line.
fn one_line(message: &str) -> String {
    let lines = message.lines().map(str::trim);
    lines
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
        .filter(|line| !line.is_empty() && !line.starts_with("[subcommands:"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Refuses to print bytes as they are to a terminal, which would take some of them for orders.
///
/// # Errors
///
/// [`Failure::Broken`] if standard output is a terminal.
pub(crate) fn refuse_terminal() -> Result<()> {
    if io::stdout().is_terminal() {
        return Err(Failure::broken(
            "could not print the bytes: standard output is a terminal, which may act on them; \
             `| less` or `> FILE` takes them, and `filemap read` shows them",
        ));
    }
    Ok(())
}

/// Returns a table without borders, with two spaces between columns.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if !header.is_empty() {
        table.set_header(header.iter().copied());
    }
    table
}

/// Returns the lines of a table. Columns of numbers are aligned to the right; on a terminal, cells
/// that are too long for it are broken.
pub(crate) fn lines(table: &mut Table, numbers: &[usize]) -> String {
    if let Some(width) = Output::default().width() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    }
    unbroken_lines(table, numbers)
}

/// Returns the lines of a table, or `None` if the terminal is too narrow for them.
pub(crate) fn lines_that_fit(table: &mut Table, numbers: &[usize]) -> Option<String> {
    let lines = unbroken_lines(table, numbers);
    let longest = lines.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    Output::default().width().is_none_or(|width| longest <= width).then_some(lines)
}

fn unbroken_lines(table: &mut Table, numbers: &[usize]) -> String {
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if numbers.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Foreign text, with control characters escaped: a name cannot move the cursor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printable<'t>(pub(crate) &'t str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if is_printable(character) {
                write!(f, "{character}")?;
            } else {
                write!(f, "{}", character.escape_default())?;
            }
        }
        Ok(())
    }
}

/// Returns whether a terminal shows a character and does nothing else with it.
pub(crate) fn is_printable(character: char) -> bool {
    !character.is_control() && !is_invisible(character)
}

/// Returns whether a character is invisible and reorders or breaks the line around it.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_others_are_not() {
        assert_eq!(Printable("a\u{1b}[2J\tb\nGröße 名").to_string(), "a\\u{1b}[2J\\tb\\nGröße 名");
    }

    #[test]
    fn a_table_has_two_spaces_between_columns_and_none_at_the_end() {
        let mut sizes = table(&["name", "size", "note"]);
        sizes.add_row(["a", "1 KiB", ""]);
        sizes.add_row(["longer", "10 KiB", "x"]);

        assert_eq!(
            lines(&mut sizes, &[1]),
            "name      size  note\na        1 KiB\nlonger  10 KiB  x"
        );
    }
}
