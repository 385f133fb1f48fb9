//! Paths to fields, such as `wheel[3].temp` and `sensor["CPU"].value`.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// Into a field of a struct.
    Field(String),
    /// Into an element of an array, or a row of a section.
    Index(u64),
    /// Into the row of a section whose key this is.
    Key(String),
}

/// A path to a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Path(pub Vec<Step>);

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if index == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Index(at) => write!(f, "[{at}]")?,
                Step::Key(key) => {
                    // Only what would end it is escaped, as it is read.
                    write!(f, "[\"{}\"]", key.replace('\\', "\\\\").replace('"', "\\\""))?;
                }
            }
        }
        Ok(())
    }
}

impl FromStr for Path {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = |why: &str| {
            Err(Error::new(format!(
                "could not read the path `{text}`: {why}; `wheel[3].temp` is one"
            )))
        };
        let (mut steps, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix("[\"") {
                let Some((key, after)) = quoted(inside) else {
                    return refused("a key ends with `\"]`");
                };
                steps.push(Step::Key(key));
                rest = after;
            } else if let Some(inside) = rest.strip_prefix('[') {
                let Some((digits, after)) = inside.split_once(']') else {
                    return refused("a `[` has its `]`");
                };
                let Ok(index) = digits.parse() else {
                    return refused(
                        "a number, or a key in quotation marks, is between `[` and `]`",
                    );
                };
                steps.push(Step::Index(index));
                rest = after;
            } else {
                let inside = match rest.strip_prefix('.') {
                    Some(inside) if !steps.is_empty() => inside,
                    None if steps.is_empty() => rest,
                    _ => return refused("a `.` is between two names"),
                };
                let end = inside.find(['.', '[']).unwrap_or(inside.len());
                if !is_name(&inside[..end]) {
                    return refused("a name has letters, digits and `_`");
                }
                steps.push(Step::Field(inside[..end].to_owned()));
                rest = &inside[end..];
            }
        }
        if steps.is_empty() {
            return refused("it is empty");
        }
        Ok(Self(steps))
    }
}

/// Returns a key up to its `"]`, without its escapes, and what is after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut key = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => key.push(characters.next()?.1),
            '"' => return Some((key, text[at + 1..].strip_prefix(']')?)),
            _ => key.push(character),
        }
    }
    None
}

/// Returns whether a word can be a step of a path.
pub(crate) fn is_name(word: &str) -> bool {
    let part = |character: char| character.is_alphanumeric() || "_$@".contains(character);
    !word.is_empty() && word.chars().all(part) && !word.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_printed_as_it_is_read() {
        for text in [
            "a",
            "wheel[3].temp",
            "m[1][2]",
            "sensor[\"CPU \\\"1\\\"\"].value",
            "a.b.c[0]",
            "s[\"a\tb\\\\ \u{301}\"]",
        ] {
            assert_eq!(text.parse::<Path>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", ".a", "a.", "a[", "a[x]", "a[-1]", "a..b", "a[\"x]", "a b", "1a"] {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
    }
}
