//! Hex dumps: bytes in rows, as hexadecimal and text, or as numbers.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::value::{Order, Type};

/// The default number of bytes in a row.
pub(crate) const ROW: usize = 16;

/// The shape of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Bytes in a row.
    pub(crate) row: usize,
    /// Digits of the offset.
    pub(crate) digits: usize,
    /// The type of numbers, or `None` for bytes with their text.
    pub(crate) numbers: Option<(Type, Order)>,
}

impl Shape {
    /// Returns the shape of rows for a target of `len` bytes: with the given number of columns, or as
    /// many as fit into `width` characters.
    pub(crate) fn fitting(
        numbers: Option<(Type, Order)>,
        columns: Option<u8>,
        width: Option<usize>,
        len: u64,
    ) -> Self {
        // As wide in the first row as the last one will need.
        let digits = if len > u64::from(u32::MAX) { 12 } else { 8 };
        let size = numbers.map_or(1, |(kind, _)| kind.size());
        let mut shape = Self { row: ROW, digits, numbers };
        if let Some(columns) = columns {
            shape.row = usize::from(columns) * size;
            return shape;
        }
        // A power of two keeps the offsets easy to read.
        while shape.row > size && width.is_some_and(|width| shape.width() > width) {
            shape.row /= 2;
        }
        shape
    }

    /// Returns the number of characters in a whole row.
    pub(crate) fn width(self) -> usize {
        self.digits
            + match self.numbers {
                Some((kind, _)) => 1 + self.row / kind.size() * (kind.width() + 1),
                None => 1 + self.row * 3 + self.row.div_ceil(8) + 2 + self.row + 1,
            }
    }

    /// Returns the number of bytes in a cell.
    pub(crate) fn cell(self) -> usize {
        self.numbers.map_or(1, |(kind, _)| kind.size())
    }

    /// Returns the text of a cell, padded to the common width; too few bytes for a number are shown
    /// in hexadecimal.
    pub(crate) fn text(self, bytes: &[u8]) -> String {
        let one_by_one = || bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match self.numbers {
            Some((kind, order)) => {
                let text = kind.read(bytes, order).map_or_else(one_by_one, |one| one.to_string());
                format!("{text:>width$}", width = kind.width())
            }
            None => one_by_one(),
        }
    }
}

/// A hex dump that is written as its bytes arrive, in pieces of any length.
///
/// ```text
/// 00000000  66 69 6c 65 6d 61 70 0a  00 00 00 00 00 00 00 00  |filemap.........|
/// 00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
/// *
/// 00001000
/// ```
///
/// Rows equal to the one above are folded into `*`; the last line is the offset after the last byte.
#[derive(Debug)]
pub(crate) struct Dump {
    /// The offset of `row`.
    offset: u64,
    row: Vec<u8>,
    /// The previous row if it was whole, and otherwise empty.
    above: Vec<u8>,
    folding: bool,
    shape: Shape,
    colour: bool,
}

impl Dump {
    /// Returns a dump of the bytes from `offset` on.
    pub(crate) fn new(offset: u64, shape: Shape, colour: bool) -> Self {
        let row = Vec::with_capacity(shape.row);
        Self { offset, row, above: Vec::new(), folding: false, shape, colour }
    }

    /// Adds the bytes that follow.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub(crate) fn push(&mut self, out: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            bytes = self.skip_folded(bytes);
            let (now, later) = bytes.split_at(bytes.len().min(self.shape.row - self.row.len()));
            self.row.extend_from_slice(now);
            bytes = later;
            if self.row.len() == self.shape.row {
                self.end_row(out)?;
            }
        }
        Ok(())
    }

    /// Adds `count` zeros, in constant time for a hole of any size.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub(crate) fn push_zeros(&mut self, out: &mut impl Write, count: u64) -> io::Result<()> {
        let row = self.shape.row as u64;
        let zeros = vec![0; self.shape.row];
        let mut rest = count;
        while rest > 0 {
            if self.row.is_empty() && self.folding && self.above == zeros && rest >= row {
                let rows = rest / row;
                self.offset = self.offset.saturating_add(rows * row);
                rest -= rows * row;
            } else {
                let now = rest.min(row - self.row.len() as u64);
                self.push(out, &zeros[..usize::try_from(now).unwrap_or(0)])?;
                rest -= now;
            }
        }
        Ok(())
    }

    /// Skips whole rows that are folded, which is much faster than to copy them.
    fn skip_folded<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        if !self.folding || !self.row.is_empty() || self.above.is_empty() {
            return bytes;
        }
        let rows = bytes.chunks_exact(self.shape.row).take_while(|row| *row == self.above).count();
        let (folded, rest) = bytes.split_at(rows * self.shape.row);
        self.advance(folded.len());
        rest
    }

    fn advance(&mut self, len: usize) {
        self.offset = self.offset.saturating_add(u64::try_from(len).unwrap_or(0));
    }

    /// Writes the last, incomplete row, and the offset after the last byte.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub(crate) fn finish(mut self, out: &mut impl Write) -> io::Result<()> {
        if !self.row.is_empty() {
            self.end_row(out)?;
        }
        writeln!(out, "{:0digits$x}", self.offset, digits = self.shape.digits)
    }

    fn end_row(&mut self, out: &mut impl Write) -> io::Result<()> {
        let whole = self.row.len() == self.shape.row;
        if whole && self.row == self.above {
            if !self.folding {
                writeln!(out, "*")?;
            }
            self.folding = true;
        } else {
            self.folding = false;
            let line = line(self.offset, &self.row, self.shape, self.colour, &[]);
            writeln!(out, "{line}")?;
        }
        self.advance(self.row.len());
        if whole {
            std::mem::swap(&mut self.above, &mut self.row);
        } else {
            self.above.clear();
        }
        self.row.clear();
        Ok(())
    }
}

/// Returns one row: its offset, its cells, and their text; the bytes of `lit` are highlighted.
pub(crate) fn line(
    offset: u64,
    row: &[u8],
    shape: Shape,
    colour: bool,
    lit: &[std::ops::Range<usize>],
) -> String {
    let mut line = Line { text: String::with_capacity(128), colour, style: None };
    let is_lit = |at: usize| lit.iter().any(|range| range.contains(&at));
    line.plain(&format!("{offset:0digits$x} ", digits = shape.digits));
    if shape.numbers.is_some() {
        for (index, cell) in row.chunks(shape.cell()).enumerate() {
            let first = cell.iter().find(|byte| **byte != 0).copied().unwrap_or(0);
            line.text.push(' ');
            line.styled(style_of(first, is_lit(index * shape.cell())), &shape.text(cell));
        }
        line.plain("");
        return line.text;
    }
    for column in 0..shape.row {
        if column % 8 == 0 {
            line.plain(" ");
        }
        match row.get(column) {
            Some(byte) => line.styled(style_of(*byte, is_lit(column)), &format!("{byte:02x}")),
            None => line.plain("  "),
        }
        // The space between two highlighted bytes is highlighted, too.
        if is_lit(column) && is_lit(column + 1) && column + 1 < row.len() && column % 8 != 7 {
            line.text.push(' ');
        } else if is_lit(column) {
            line.plain(" ");
        } else {
            line.text.push(' ');
        }
    }
    line.plain(" |");
    for (column, byte) in row.iter().enumerate() {
        let shown = if is_printable(*byte) { char::from(*byte) } else { '.' };
        line.styled(style_of(*byte, is_lit(column)), shown.encode_utf8(&mut [0; 4]));
    }
    line.plain("|");
    line.text
}

/// One line of a dump. A style is written only where it changes.
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

    fn styled(&mut self, style: Style, text: &str) {
        self.change(Some(style));
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

pub(crate) fn is_printable(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_graphic()
}

/// Returns the style of a byte: zeros are dimmed, text and other bytes have a colour each, and
/// highlighted bytes are reversed.
fn style_of(byte: u8, lit: bool) -> Style {
    let style = if byte == 0 {
        Style::new().dimmed()
    } else if is_printable(byte) {
        AnsiColor::Cyan.on_default()
    } else {
        AnsiColor::Yellow.on_default()
    };
    if lit { AnsiColor::Red.on_default().invert().bold() } else { style }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Shape = Shape { row: ROW, digits: 8, numbers: None };

    fn dumped(offset: u64, pieces: &[&[u8]]) -> String {
        let mut out = Vec::new();
        let mut dump = Dump::new(offset, WIDE, false);
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
        let mut dump = Dump::new(0, Shape::fitting(None, None, None, 1 << 33), false);
        dump.push(&mut out, b"x").unwrap();
        dump.finish(&mut out).unwrap();

        assert!(String::from_utf8(out).unwrap().starts_with("000000000000  78 "));
    }

    #[test]
    fn colour_adds_sequences_and_changes_no_character() {
        let mut out = Vec::new();
        let mut dump = Dump::new(0, WIDE, true);
        dump.push(&mut out, b"\0\0ab\xff").unwrap();
        dump.finish(&mut out).unwrap();

        let coloured = String::from_utf8(out).unwrap();
        assert!(coloured.contains('\u{1b}'));
        let plain = anstream::adapter::strip_str(&coloured).to_string();
        assert_eq!(plain, dumped(0, &[b"\0\0ab\xff"]));
    }

    #[test]
    fn a_hole_of_any_size_is_passed_over_as_its_zeros_would_be() {
        for (before, count) in [(0, 0), (0, 5), (3, 16), (3, 1000), (16, 48), (0, 64)] {
            let bytes = [vec![1; before], vec![0; count], vec![2; 20]].concat();
            let mut out = Vec::new();
            let mut dump = Dump::new(0, WIDE, false);
            dump.push(&mut out, &vec![1; before]).unwrap();
            dump.push_zeros(&mut out, count as u64).unwrap();
            dump.push(&mut out, &[2; 20]).unwrap();
            dump.finish(&mut out).unwrap();

            assert_eq!(String::from_utf8(out).unwrap(), dumped(0, &[&bytes]), "{before} {count}");
        }
    }

    #[test]
    fn rows_are_as_long_as_there_is_room_for() {
        let row = |width| Shape::fitting(None, None, Some(width), 0).row;
        assert_eq!((row(200), row(78), row(77), row(45), row(40), row(5)), (16, 16, 8, 8, 4, 1));
        let doubles = Some((Type::F64, Order::Little));
        assert_eq!(Shape::fitting(doubles, None, Some(30), 0).row, 8);
        assert_eq!(Shape::fitting(doubles, Some(3), Some(30), 0).row, 24);
    }

    #[test]
    fn every_row_is_as_wide_as_its_shape_says() {
        for numbers in [None, Some((Type::U16, Order::Little)), Some((Type::F64, Order::Big))] {
            let shape = Shape::fitting(numbers, None, None, 0);
            assert_eq!(line(0, &[0; ROW], shape, false, &[]).len(), shape.width(), "{numbers:?}");
        }
    }

    #[test]
    fn numbers_stand_in_columns_and_a_rest_is_told_byte_by_byte() {
        let mut out = Vec::new();
        let shape = Shape::fitting(Some((Type::U32, Order::Little)), None, None, 0);
        let mut dump = Dump::new(0, shape, false);
        dump.push(&mut out, &[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 7, 8]).unwrap();
        dump.finish(&mut out).unwrap();

        assert_eq!(
            String::from_utf8(out).unwrap(),
            "00000000           1 4294967295       0708\n0000000a\n"
        );
    }
}
