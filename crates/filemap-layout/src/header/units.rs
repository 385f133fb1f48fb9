//! Units of fields, out of the comments behind them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What comments call a unit, in small letters, and how it is written. Capital letters count where a
/// symbol has one.
const WORDS: [(&str, &str); 71] = [
    ("meters", "m"),
    ("metres", "m"),
    ("meter", "m"),
    ("metre", "m"),
    ("meters/sec", "m/s"),
    ("meters/second", "m/s"),
    ("meters per second", "m/s"),
    ("metres per-second", "m/s"),
    ("metres per second", "m/s"),
    ("meters/sec^2", "m/s^2"),
    ("meters/second^2", "m/s^2"),
    ("metres per-second^2", "m/s^2"),
    ("radians", "rad"),
    ("radians/sec", "rad/s"),
    ("radians/second", "rad/s"),
    ("radians per-second", "rad/s"),
    ("radians per second", "rad/s"),
    ("radians/sec^2", "rad/s^2"),
    ("degrees", "deg"),
    ("seconds", "s"),
    ("secs", "s"),
    ("sec", "s"),
    ("milliseconds", "ms"),
    ("microseconds", "us"),
    ("minutes", "min"),
    ("celsius", "°C"),
    ("degrees celsius", "°C"),
    ("kelvin", "K"),
    ("fahrenheit", "°F"),
    ("liters", "l"),
    ("litres", "l"),
    ("percent", "%"),
    ("kilograms", "kg"),
    ("newtons", "N"),
    ("newton meters", "Nm"),
    ("newton-meters", "Nm"),
    ("volts", "V"),
    ("watts", "W"),
    ("kilopascal", "kPa"),
    ("kilometres", "km"),
    ("kilometers", "km"),
    ("millimeters", "mm"),
    ("millimetres", "mm"),
    ("centimetres", "cm"),
    ("centimeters", "cm"),
    ("m/s", "m/s"),
    ("m/s^2", "m/s^2"),
    ("m/s2", "m/s^2"),
    ("km/h", "km/h"),
    ("kph", "km/h"),
    ("kmh", "km/h"),
    ("mph", "mph"),
    ("rad", "rad"),
    ("rad/s", "rad/s"),
    ("deg", "deg"),
    ("deg/s", "deg/s"),
    ("°c", "°C"),
    ("°f", "°F"),
    ("°", "deg"),
    ("kpa", "kPa"),
    ("psi", "psi"),
    ("rpm", "rpm"),
    ("1/min", "1/min"),
    ("hz", "Hz"),
    ("khz", "kHz"),
    ("nm", "Nm"),
    ("kg", "kg"),
    ("mm", "mm"),
    ("ms", "ms"),
    ("mv", "mV"),
    ("%", "%"),
];

/// Symbols that are words of other meanings as well: they count in brackets, or as all that is said.
const SYMBOLS: [(&str, &str); 18] = [
    ("m", "m"),
    ("s", "s"),
    ("us", "us"),
    ("µs", "us"),
    ("km", "km"),
    ("cm", "cm"),
    ("MHz", "MHz"),
    ("GHz", "GHz"),
    ("MB", "MB"),
    ("Pa", "Pa"),
    ("bar", "bar"),
    ("kN", "kN"),
    ("N", "N"),
    ("K", "K"),
    ("V", "V"),
    ("W", "W"),
    ("kW", "kW"),
    ("mW", "mW"),
];

/// The longest rest of a line in which a unit is looked for, in bytes.
const LONGEST: usize = 1024;

/// The texts of headers, for the comments in them.
pub(super) struct Texts {
    known: RefCell<HashMap<PathBuf, Vec<u8>>>,
}

impl Texts {
    pub(super) fn new(path: &Path, text: &str) -> Self {
        let known = HashMap::from([(path.to_owned(), text.as_bytes().to_vec())]);
        Self { known: RefCell::new(known) }
    }

    /// Returns the unit of the field whose declaration ends at `offset` of a header.
    pub(super) fn unit(&self, path: &Path, offset: usize) -> Option<String> {
        let mut known = self.known.borrow_mut();
        let text =
            known.entry(path.to_owned()).or_insert_with(|| fs::read(path).unwrap_or_default());
        let rest = text.get(offset..)?;
        // Many fields may be on one line, which is not gone through for each of them.
        let rest = &rest[..rest.len().min(LONGEST)];
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = String::from_utf8_lossy(&rest[..end]);
        unit(comment(&line)?).map(str::to_owned)
    }
}

/// Returns the comment that is all that follows a declaration, whose end `line` is.
fn comment(line: &str) -> Option<&str> {
    let (end, after) = line.split_once(';')?;
    if end.contains("//") || end.contains("/*") {
        return None;
    }
    let after = after.trim();
    let inside = match after.strip_prefix("/*") {
        Some(inside) => inside.strip_suffix("*/")?,
        None => after.strip_prefix("//")?,
    };
    Some(inside.trim_start_matches(['/', '!', '*', '<']).trim())
}

/// Returns the unit that a comment names beyond doubt: it says nothing else, has it in brackets, or
/// after `UNITS =`.
fn unit(comment: &str) -> Option<&'static str> {
    if let Some(unit) = named(comment) {
        return Some(unit);
    }
    let mut found = None;
    for inside in brackets(comment) {
        let (name, value) = inside.split_once('=').unwrap_or(("", inside));
        let is_unit = name.is_empty() || ["UNIT", "UNITS"].contains(&name.trim());
        let unit = named(value).filter(|_| is_unit);
        if unit.is_some() && found.is_some() && found != unit {
            return None;
        }
        found = found.or(unit);
    }
    found
}

fn brackets(comment: &str) -> impl Iterator<Item = &str> {
    let parts = comment.split(['(', '[']).skip(1);
    parts.filter_map(|part| part.split([')', ']']).next())
}

fn named(text: &str) -> Option<&'static str> {
    let text = text.trim().trim_end_matches(['.', ',']).trim();
    let text = text.strip_prefix("in ").unwrap_or(text);
    let symbol = SYMBOLS.iter().find(|(symbol, _)| *symbol == text);
    let word = || {
        let small = text.to_lowercase();
        WORDS.iter().find(|(word, _)| *word == small)
    };
    symbol.or_else(word).map(|(_, unit)| *unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_found_behind_many_fields_of_one_line() {
        let mut text = "int a; ".repeat(10_000);
        text.push_str("int last; // m\nint next;");
        let texts = Texts::new(Path::new("a.h"), &text);
        let unit = |offset| texts.unit(Path::new("a.h"), offset);

        assert_eq!(unit(text.find("; // m").unwrap()).as_deref(), Some("m"));
        assert_eq!(unit(5), None);
        assert_eq!(unit(text.len() - 1), None);
    }

    #[test]
    fn a_comment_that_plainly_is_a_unit_is_one() {
        for (line, is) in [
            ("; // m/s", Some("m/s")),
            ("[4]; // temperature (Kelvin)", Some("K")),
            (", b; /* [km/h] */", Some("km/h")),
            ("; // [ RANGE = 0.0f->... ]   [ UNITS = Metres per-second ]", Some("m/s")),
            ("; ///< in meters", Some("m")),
            ("; // velocity (meters/sec) in local coordinates", Some("m/s")),
            ("; // s", Some("s")),
            ("; // m is the mass", None),
            ("; // (s) or (m)", None),
            ("; // [ UNSET = s ]", None),
            ("; int other; // m", None),
            ("; // seconds since the start of the session", None),
            (";", None),
        ] {
            assert_eq!(comment(line).and_then(unit), is, "{line}");
        }
    }
}
