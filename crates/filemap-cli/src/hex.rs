//! Bytes as hexadecimal: read from an argument, and laid out as a dump.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

/// Bytes in one row of a dump.
pub(crate) const ROW: usize = 16;

/// Reads bytes from pairs of hexadecimal digits; spaces, `:`, `-` and `_` between pairs are
/// ignored, and so is `0x` in front of them.
///
/// # Errors
///
/// A sentence that says which part is not a byte.
pub(crate) fn parse(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let words = text.split(|between: char| between.is_whitespace() || ":-_".contains(between));
    for word in words.filter(|word| !word.is_empty()) {
        let digits = word.strip_prefix("0x").unwrap_or(word);
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(format!("`{word}` is not hexadecimal"));
        }
        if digits.len() % 2 != 0 {
            return Err(format!("`{word}` ends within a byte: each byte needs two digits"));
        }
        for start in (0..digits.len()).step_by(2) {
            let byte = u8::from_str_radix(&digits[start..start + 2], 16);
            bytes.push(byte.map_err(|_| format!("`{word}` is not hexadecimal"))?);
        }
    }
    Ok(bytes)
}

/// Writes bytes as pairs of hexadecimal digits, nothing between them.
///
/// # Errors
///
/// What the writer reports.
pub(crate) fn write_plain(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
    out.write_all(&text)
}

/// A hex dump that is written while its bytes arrive, in pieces of any length.
///
/// ```text
/// 00000000  66 69 6c 65 6d 61 70 0a  00 00 00 00 00 00 00 00  |filemap.........|
/// 00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
/// *
/// 00001000
/// ```
///
/// A row like the one above it is folded into `*`; the last line is the offset after the last byte.
#[derive(Debug)]
pub(crate) struct Dump {
    /// Where `row` begins.
    offset: u64,
    row: Vec<u8>,
    above: Option<[u8; ROW]>,
    folding: bool,
    digits: usize,
    colour: bool,
}

impl Dump {
    /// Begins a dump of the bytes from `offset` on, in a target that is `len` bytes long.
    pub(crate) fn new(offset: u64, len: u64, colour: bool) -> Self {
        // The column is as wide at the first row as the last one will need it.
        let digits = if offset.max(len) > u64::from(u32::MAX) { 12 } else { 8 };
        Self { offset, row: Vec::with_capacity(ROW), above: None, folding: false, digits, colour }
    }

    /// Adds the bytes that follow.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    pub(crate) fn push(&mut self, out: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            bytes = self.skip_folded(bytes);
            let (now, later) = bytes.split_at(bytes.len().min(ROW - self.row.len()));
            self.row.extend_from_slice(now);
            bytes = later;
            if self.row.len() == ROW {
                self.end_row(out)?;
            }
        }
        Ok(())
    }

    /// Passes over rows that are folded anyway: a large hole is read no slower than it is copied.
    fn skip_folded<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let Some(above) = self.above.filter(|_| self.folding && self.row.is_empty()) else {
            return bytes;
        };
        let rows = bytes.chunks_exact(ROW).take_while(|row| **row == above).count();
        let (folded, rest) = bytes.split_at(rows * ROW);
        self.advance(folded.len());
        rest
    }

    fn advance(&mut self, len: usize) {
        self.offset = self.offset.saturating_add(u64::try_from(len).unwrap_or(0));
    }

    /// Writes what is left, and the offset after the last byte.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    pub(crate) fn finish(mut self, out: &mut impl Write) -> io::Result<()> {
        if !self.row.is_empty() {
            self.end_row(out)?;
        }
        writeln!(out, "{:0digits$x}", self.offset, digits = self.digits)
    }

    fn end_row(&mut self, out: &mut impl Write) -> io::Result<()> {
        let whole: Option<[u8; ROW]> = self.row.as_slice().try_into().ok();
        if whole.is_some() && whole == self.above {
            if !self.folding {
                writeln!(out, "*")?;
            }
            self.folding = true;
        } else {
            self.folding = false;
            let line = self.line();
            out.write_all(line.as_bytes())?;
        }
        self.above = whole;
        self.advance(self.row.len());
        self.row.clear();
        Ok(())
    }

    fn line(&self) -> String {
        let mut line = Line { text: String::with_capacity(128), colour: self.colour, style: None };
        line.plain(&format!("{:0digits$x} ", self.offset, digits = self.digits));
        for column in 0..ROW {
            if column % 8 == 0 {
                line.text.push(' ');
            }
            match self.row.get(column) {
                Some(byte) => line.styled(*byte, &format!("{byte:02x}")),
                None => line.plain("  "),
            }
            line.text.push(' ');
        }
        line.plain(" |");
        for byte in &self.row {
            let shown = if is_printable(*byte) { char::from(*byte) } else { '.' };
            line.styled(*byte, shown.encode_utf8(&mut [0; 4]));
        }
        line.plain("|\n");
        line.text
    }
}

/// One line of a dump; a style is written only where it changes.
struct Line {
    text: String,
    colour: bool,
    style: Option<Style>,
}

impl Line {
    fn plain(&mut self, text: &str) {
        self.change(None);
        self.text.push_str(text);
    }

    fn styled(&mut self, byte: u8, text: &str) {
        self.change(Some(style_of(byte)));
        self.text.push_str(text);
    }

    fn change(&mut self, style: Option<Style>) {
        if !self.colour || self.style == style {
            return;
        }
        if let Some(before) = self.style {
            self.text.push_str(&before.render_reset().to_string());
        }
        if let Some(after) = style {
            self.text.push_str(&after.render().to_string());
        }
        self.style = style;
    }
}

fn is_printable(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_graphic()
}

/// Nothing is faint, text stands out, and the rest is of a third kind.
fn style_of(byte: u8) -> Style {
    if byte == 0 {
        Style::new().dimmed()
    } else if is_printable(byte) {
        AnsiColor::Cyan.on_default()
    } else {
        AnsiColor::Yellow.on_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dumped(offset: u64, pieces: &[&[u8]]) -> String {
        let mut out = Vec::new();
        let mut dump = Dump::new(offset, 0, false);
        for piece in pieces {
            dump.push(&mut out, piece).unwrap();
        }
        dump.finish(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_row_shows_offset_bytes_and_text() {
        assert_eq!(
            dumped(0, &[b"filemap: a name\n"]),
            "00000000  66 69 6c 65 6d 61 70 3a  20 61 20 6e 61 6d 65 0a  |filemap: a name.|\n\
             00000010\n"
        );
    }

    #[test]
    fn a_short_last_row_keeps_its_columns() {
        assert_eq!(
            dumped(0x20, &[b"abc"]),
            "00000020  61 62 63                                          |abc|\n00000023\n"
        );
    }

    #[test]
    fn repeated_rows_are_folded_and_the_end_is_told() {
        let dump = dumped(0, &[&[0; 64], b"end"]);

        let lines: Vec<_> = dump.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[0].starts_with("00000000  00 00"));
        assert_eq!(lines[1], "*");
        assert!(lines[2].starts_with("00000040  65 6e 64"));
        assert_eq!(lines[3], "00000043");
    }

    #[test]
    fn pieces_of_any_length_make_the_same_dump() {
        let bytes: Vec<u8> = (0..=255).chain([7; 100]).collect();
        let whole = dumped(5, &[&bytes]);

        for len in [1, 3, 15, 16, 17, 255] {
            let pieces: Vec<_> = bytes.chunks(len).collect();
            assert_eq!(dumped(5, &pieces), whole, "pieces of {len}");
        }
    }

    #[test]
    fn offsets_past_32_bits_widen_the_whole_column() {
        let mut out = Vec::new();
        let mut dump = Dump::new(0, 1 << 33, false);
        dump.push(&mut out, b"x").unwrap();
        dump.finish(&mut out).unwrap();

        assert!(String::from_utf8(out).unwrap().starts_with("000000000000  78 "));
    }

    #[test]
    fn colour_adds_sequences_and_changes_no_character() {
        let mut out = Vec::new();
        let mut dump = Dump::new(0, 0, true);
        dump.push(&mut out, b"\0\0ab\xff").unwrap();
        dump.finish(&mut out).unwrap();

        let coloured = String::from_utf8(out).unwrap();
        assert!(coloured.contains('\u{1b}'));
        let plain = anstream::adapter::strip_str(&coloured).to_string();
        assert_eq!(plain, dumped(0, &[b"\0\0ab\xff"]));
    }

    #[test]
    fn pairs_of_digits_are_bytes_whatever_stands_between_them() {
        for text in ["00ff10", "00 ff 10", "00:FF:10", "0x00ff10", "0x00 0xff 0x10", "00-ff_10"] {
            assert_eq!(parse(text), Ok(vec![0, 255, 16]), "{text}");
        }
        assert_eq!(parse(""), Ok(vec![]));
    }

    #[test]
    fn what_is_not_pairs_of_digits_is_refused() {
        for text in ["0", "fff", "0x", "zz", "+1", "00 f", "é1"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
