//! The process's own surroundings: its command line, its output, paths and time.

use alloc::vec::Vec;

use super::functions::{GetCommandLineW, GetStdHandle, Sleep};
use super::handle::Handle;

/// `ERROR_INVALID_DATA`.
pub(crate) const INVALID_DATA: u32 = 13;

/// `STD_OUTPUT_HANDLE`.
const OUTPUT: u32 = -11_i32 as u32;

const QUOTE: u16 = b'"' as u16;
const SPACE: u16 = b' ' as u16;
const TAB: u16 = b'\t' as u16;

/// Returns the command line of this process.
pub(crate) fn command_line() -> Vec<u16> {
    // SAFETY: it has no preconditions.
    let start = unsafe { GetCommandLineW() };
    let mut line = Vec::new();
    for at in 0.. {
        // SAFETY: the line ends with a zero, before which the loop has not stopped.
        let unit = unsafe { start.add(at) };
        // SAFETY: as above.
        match unsafe { unit.read() } {
            0 => break,
            unit => line.push(unit),
        }
    }
    line
}

/// Splits the first word off a command line, and returns it without its quotes.
///
/// A word with quotes inside it is not one of the command's.
pub(crate) fn split_word(line: &[u16]) -> (&[u16], &[u16]) {
    let line = trimmed(line);
    if let [QUOTE, rest @ ..] = line {
        let end = rest.iter().position(|unit| *unit == QUOTE).unwrap_or(rest.len());
        return (&rest[..end], trimmed(rest.get(end + 1..).unwrap_or(&[])));
    }
    let end = line.iter().position(|unit| [SPACE, TAB].contains(unit)).unwrap_or(line.len());
    (&line[..end], trimmed(&line[end..]))
}

fn trimmed(line: &[u16]) -> &[u16] {
    let start = line.iter().position(|unit| ![SPACE, TAB].contains(unit)).unwrap_or(line.len());
    &line[start..]
}

/// Returns a text with a zero behind it.
pub(crate) fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// Returns how Wine calls a path of the system around it, whatever drives a prefix has; with a zero.
pub(crate) fn outside(path: &str) -> Vec<u16> {
    let slash = |unit: u16| if unit == u16::from(b'/') { u16::from(b'\\') } else { unit };
    "\\\\?\\unix".encode_utf16().chain(path.encode_utf16()).map(slash).chain([0]).collect()
}

/// Standard output, which stays open.
pub(crate) fn output() -> Handle {
    // SAFETY: it has no preconditions.
    Handle::borrowed(unsafe { GetStdHandle(OUTPUT) })
}

pub(crate) fn sleep(milliseconds: u32) {
    // SAFETY: it has no preconditions.
    unsafe { Sleep(milliseconds) };
}
