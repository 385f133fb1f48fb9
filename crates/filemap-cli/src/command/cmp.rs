//! `filemap cmp`: compares two names, files or inputs, and shows where they differ.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Read as _, StdinLock};
use std::ops::Range;
use std::process::ExitCode;

use serde::Serialize;

use super::Context;
use crate::args::Cmp;
use crate::dump::{self, Shape};
use crate::failure::{Failure, Result, Why};
use crate::output::{NO, Output};
use crate::reader::{Next, PIECE, Reader, start_of};
use crate::size::Counted;
use crate::target::{Purpose, Target};

pub(super) fn run(context: &Context<'_>, cmp: &Cmp) -> Result<ExitCode> {
    if cmp.one == "-" {
        return Err(Failure::broken(
            "could not compare: standard input can only be the second of the two",
        ));
    }
    let is_input = cmp.other == "-";
    let one = Target::of_word(&cmp.one, &context.registry)?;
    let one_file = one.open(&context.registry, Purpose::Reading)?;
    let offset = start_of(&one_file, cmp.part.offset, &one)?;
    let mut one_side = Side::File(Reader::new(&one_file, offset, cmp.part.length)?);

    let other_file;
    let (mut other_side, other_offset) = if is_input {
        if cmp.other_offset.is_some() {
            return Err(Failure::broken("could not skip bytes of standard input"));
        }
        let rest = cmp.part.length.unwrap_or(u64::MAX);
        (Side::Input { input: io::stdin().lock(), rest }, 0)
    } else {
        let other = Target::of_word(&cmp.other, &context.registry)?;
        other_file = other.open(&context.registry, Purpose::Reading)?;
        let place = cmp.other_offset.unwrap_or(cmp.part.offset);
        let place = start_of(&other_file, place, &other)?;
        (Side::File(Reader::new(&other_file, place, cmp.part.length)?), place)
    };

    let digits = offset.max(other_offset).saturating_add(one_file.len()?);
    let shape = Shape::fitting(None, None, context.output.width().map(|width| width - 1), digits);
    let mut comparison = Comparison {
        one: Name::of(&cmp.one),
        other: if is_input { Name("standard input".to_owned()) } else { Name::of(&cmp.other) },
        offset,
        other_offset,
        compared: 0,
        bytes: 0,
        count: 0,
        places: Vec::new(),
        longer: None,
        most: cmp.max_count,
        quiet: cmp.quiet,
        shape,
        open: None,
    };
    let mut rows = Vec::new();
    comparison.compare(&mut one_side, &mut other_side, &mut rows)?;
    let equal = comparison.is_equal();
    if !cmp.quiet && (!equal || context.output.is_json()) {
        comparison.print(context.output, &rows)?;
    }
    Ok(if equal { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}

/// A side of the comparison.
enum Side<'file> {
    File(Reader<'file>),
    Input { input: StdinLock<'static>, rest: u64 },
}

impl Side<'_> {
    fn peek(&mut self) -> Result<Option<Next>> {
        match self {
            Self::File(reader) => reader.peek(),
            Self::Input { rest, .. } => Ok(Some(Next { len: *rest, hole: false })),
        }
    }

    fn skip(&mut self, len: u64) {
        if let Self::File(reader) = self {
            reader.skip(len);
        }
    }

    /// Fills the buffer, and returns fewer bytes only at the end.
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let (input, rest) = match self {
            Self::File(reader) => return reader.read(buf),
            Self::Input { input, rest } => (input, rest),
        };
        let most = usize::try_from(*rest).unwrap_or(usize::MAX).min(buf.len());
        let mut done = 0;
        while done < most {
            match input.read(&mut buf[done..most]) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(Failure::broken(format!(
                        "could not read the input: {}",
                        Why(&error)
                    )));
                }
            }
        }
        *rest -= done as u64;
        Ok(done)
    }
}

/// The name of a side in the output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Name(String);

impl Name {
    fn of(word: &OsStr) -> Self {
        Self(word.to_string_lossy().into_owned())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::output::Printable(&self.0).fmt(f)
    }
}

/// A range of bytes that differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Place {
    offset: u64,
    other_offset: u64,
    length: u64,
}

/// A row of the dump in which bytes differ.
#[derive(Debug)]
struct Row {
    at: u64,
    one: Vec<u8>,
    other: Vec<u8>,
    lit: Vec<Range<usize>>,
}

#[derive(Debug, Serialize)]
struct Comparison {
    one: Name,
    other: Name,
    offset: u64,
    other_offset: u64,
    /// How many bytes both sides have.
    compared: u64,
    /// How many of these differ.
    bytes: u64,
    /// In how many ranges.
    count: u64,
    /// The first of these ranges.
    places: Vec<Place>,
    /// The side that is longer, if any.
    longer: Option<Name>,
    #[serde(skip)]
    most: u64,
    #[serde(skip)]
    quiet: bool,
    #[serde(skip)]
    shape: Shape,
    /// The end of the last range, which grows if the next byte differs too.
    #[serde(skip)]
    open: Option<u64>,
}

impl Comparison {
    fn is_equal(&self) -> bool {
        self.count == 0 && self.longer.is_none()
    }

    fn compare(
        &mut self,
        one: &mut Side<'_>,
        other: &mut Side<'_>,
        rows: &mut Vec<Row>,
    ) -> Result<()> {
        let row = self.shape.row as u64;
        let (mut left, mut right) = (vec![0; PIECE], vec![0; PIECE]);
        loop {
            if let (Some(Next { len, hole: true }), Some(Next { len: other_len, hole: true })) =
                (one.peek()?, other.peek()?)
            {
                let both = len.min(other_len) / row * row;
                if both > 0 {
                    one.skip(both);
                    other.skip(both);
                    self.compared += both;
                    continue;
                }
            }
            let (count, other_count) = (one.read(&mut left)?, other.read(&mut right)?);
            let both = count.min(other_count);
            if left[..both] != right[..both] {
                self.note(&left[..both], &right[..both], rows);
                if self.quiet {
                    return Ok(());
                }
            }
            self.compared += both as u64;
            if count != other_count {
                let longer = if count > other_count { &self.one } else { &self.other };
                self.longer = Some(longer.clone());
            }
            if both < left.len() {
                return Ok(());
            }
        }
    }

    /// Records the ranges in which two buffers differ.
    fn note(&mut self, left: &[u8], right: &[u8], rows: &mut Vec<Row>) {
        for (index, (one, other)) in
            left.chunks(self.shape.row).zip(right.chunks(self.shape.row)).enumerate()
        {
            if one == other {
                continue;
            }
            let at = self.compared + (index * self.shape.row) as u64;
            let mut lit: Vec<Range<usize>> = Vec::new();
            for column in (0..one.len()).filter(|column| one[*column] != other[*column]) {
                self.note_byte(at + column as u64);
                match lit.last_mut() {
                    Some(last) if last.end == column => last.end = column + 1,
                    _ => lit.push(column..column + 1),
                }
            }
            if (rows.len() as u64) < self.most {
                rows.push(Row { at, one: one.to_vec(), other: other.to_vec(), lit });
            }
        }
    }

    fn note_byte(&mut self, at: u64) {
        self.bytes += 1;
        let goes_on = self.open == Some(at);
        self.open = Some(at + 1);
        if !goes_on {
            self.count += 1;
        }
        if self.count > self.most {
            return;
        }
        match self.places.last_mut() {
            Some(last) if goes_on => last.length += 1,
            _ => self.places.push(Place {
                offset: self.offset + at,
                other_offset: self.other_offset + at,
                length: 1,
            }),
        }
    }

    fn print(&self, output: Output, rows: &[Row]) -> Result<()> {
        let lines = rows.iter().flat_map(|row| {
            let line = |sign, offset, bytes: &[u8]| {
                let line = dump::line(offset, bytes, self.shape, output.has_colour(), &row.lit);
                format!("{sign}{line}\n")
            };
            [
                line('-', self.offset + row.at, &row.one),
                line('+', self.other_offset + row.at, &row.other),
            ]
        });
        output.print(&Report { equal: self.is_equal(), comparison: self, lines: lines.collect() })
    }
}

#[derive(Serialize)]
struct Report<'c> {
    equal: bool,
    #[serde(flatten)]
    comparison: &'c Comparison,
    #[serde(skip)]
    lines: String,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Comparison { one, other, compared, bytes, count, longer, places, .. } = self.comparison;
        f.write_str(&self.lines)?;
        if let (Some(first), true) = (places.first(), *count > 0) {
            let plural = |count: u64, word| {
                if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
            };
            write!(
                f,
                "{} of {compared} differ, in {}",
                plural(*bytes, "byte"),
                plural(*count, "place")
            )?;
            write!(f, ", the first at offset {:#x} of {one}", first.offset)?;
            if longer.is_some() {
                writeln!(f)?;
            }
        }
        if let Some(longer) = longer {
            let shorter = if longer == one { other } else { one };
            write!(f, "{shorter} ends after {}, and {longer} goes on", Counted(*compared))?;
        }
        Ok(())
    }
}
