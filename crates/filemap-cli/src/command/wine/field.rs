//! The lines that this command and its helper write for each other: a word and fields, separated by
//! tabs. In a field no byte up to a space, and no `%`, stands for itself.

use std::fmt::Write as _;

/// Returns a line.
pub(super) fn line(word: &str, fields: &[&str]) -> String {
    let mut line = word.to_owned();
    for field in fields {
        line.push('\t');
        for sign in field.chars() {
            match sign {
                '\0'..=' ' | '%' | '\x7f' => {
                    // A text takes all that is written to it.
                    let _ignored = write!(line, "%{:02x}", u32::from(sign));
                }
                _ => line.push(sign),
            }
        }
    }
    line.push('\n');
    line
}

/// A line that the helper wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line(Vec<String>);

impl Line {
    pub(super) fn read(line: &str) -> Self {
        let field = |field: &str| String::from_utf8_lossy(&decoded(field.as_bytes())).into_owned();
        Self(line.trim_end_matches(['\r', '\n']).split('\t').map(field).collect())
    }

    pub(super) fn word(&self) -> &str {
        self.text(0)
    }

    /// A field, or an empty text if there is none.
    pub(super) fn text(&self, at: usize) -> &str {
        self.0.get(at).map_or("", String::as_str)
    }

    pub(super) fn number<T: std::str::FromStr + Default>(&self, at: usize) -> T {
        self.text(at).parse().unwrap_or_default()
    }
}

fn decoded(mut rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let digit = |at: usize| tail.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (digit(0), digit(1)) {
            (Some(high), Some(low)) if *first == b'%' => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                rest = &tail[2..];
            }
            _ => bytes.push(*first),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let fields = ["", "Local\\a b", "50%\t\n", "Größe 名"];
        let read = Line::read(&line("word", &fields));

        assert_eq!(read.word(), "word");
        assert_eq!([1, 2, 3, 4].map(|at| read.text(at)), fields);
        assert_eq!((read.text(5), read.number::<u64>(1)), ("", 0));
    }

    #[test]
    fn what_is_no_field_is_taken_as_it_is() {
        assert_eq!(Line::read("a\t%zz%4").text(1), "%zz%4");
    }
}
