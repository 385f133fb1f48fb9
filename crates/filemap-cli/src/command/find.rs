//! `filemap find`: searches for bytes or a text.

use std::io::Write;

use filemap::{ErrorKind, MappedFile, PositionedIo};
use memchr::memmem;

use super::Context;
use crate::args::Find;
use crate::dump::{self, Shape};
use crate::failure::{Failure, Result};
use crate::reader::{PIECE, Reader, start_of};
use crate::target::{Purpose, Target};

pub(super) fn run(context: &Context<'_>, find: &Find) -> Result<()> {
    let (arguments, text) = find.target_and_text()?;
    let needle = match (text, &find.hex) {
        (Some(text), None) if find.utf16 => {
            text.to_string_lossy().encode_utf16().flat_map(u16::to_le_bytes).collect()
        }
        (Some(text), None) => text.as_encoded_bytes().to_vec(),
        (None, Some(bytes)) => bytes.clone(),
        (Some(_), Some(_)) => {
            return Err(Failure::broken("could not search for a text and for bytes at once"));
        }
        (None, None) => {
            return Err(Failure::broken("could not search: expected a text, or --hex and bytes"));
        }
    };
    if needle.is_empty() {
        return Err(Failure::broken("could not search for nothing: it would match everywhere"));
    }
    let target = Target::find(&arguments, &context.registry)?;
    let file = target.open(&context.registry, Purpose::Reading)?;
    let offset = start_of(&file, find.part.offset, &target)?;
    let reader = Reader::new(&file, offset, find.part.length)?;
    let most = find.max_count.unwrap_or(u64::MAX);

    let mut count = 0;
    let output = context.output;
    let shape = Shape::fitting(None, None, output.width(), file.len()?);
    output.stream(|out| {
        let closed = |error: std::io::Error| Failure::from_output(&error);
        if output.is_json() {
            write!(out, "{{\"places\":[").map_err(closed)?;
        }
        let mut search = Search::new(reader, needle, find.ignore_case);
        while count < most
            && let Some(place) = search.next()?
        {
            if find.count {
            } else if output.is_json() {
                let between = if count > 0 { "," } else { "" };
                write!(out, "{between}{{\"offset\":{place}}}").map_err(closed)?;
            } else {
                let row = around(&file, place, shape.row)?;
                let lit = 0..search.needle.len();
                let line = dump::line(place, &row, shape, output.has_colour(), &[lit]);
                writeln!(out, "{line}").map_err(closed)?;
            }
            count += 1;
        }
        if output.is_json() {
            let length = search.needle.len();
            writeln!(out, "],\"length\":{length},\"count\":{count}}}").map_err(closed)?;
        } else if find.count {
            writeln!(out, "{count}").map_err(closed)?;
        }
        Ok(())
    })?;
    if count > 0 {
        return Ok(());
    }
    // The output says already that there is no match.
    if output.is_json() || find.count {
        return Err(Failure::NoSilently);
    }
    Err(Failure::no_as(ErrorKind::NotFound, format!("could not find it in {target}")))
}

/// Returns up to `len` bytes from an offset on.
fn around(file: &MappedFile, place: u64, len: usize) -> Result<Vec<u8>> {
    let mut row = vec![0; len];
    let count = file.read_at(&mut row, place)?;
    row.truncate(count);
    Ok(row)
}

/// A search through a range, piece by piece.
pub(super) struct Search<'file> {
    reader: Reader<'file>,
    needle: Vec<u8>,
    finder: memmem::Finder<'static>,
    ignore_case: bool,
    /// The bytes under search: the end of the previous piece, and the present one.
    bytes: Vec<u8>,
    /// The offset of `bytes` in the file.
    start: u64,
    /// The index in `bytes` where the search continues.
    at: usize,
}

impl<'file> Search<'file> {
    pub(super) fn new(reader: Reader<'file>, mut needle: Vec<u8>, ignore_case: bool) -> Self {
        if ignore_case {
            needle.make_ascii_lowercase();
        }
        let finder = memmem::Finder::new(&needle).into_owned();
        let start = reader.offset();
        Self { reader, needle, finder, ignore_case, bytes: Vec::new(), start, at: 0 }
    }

    /// Returns the offset of the next match.
    pub(super) fn next(&mut self) -> Result<Option<u64>> {
        loop {
            if let Some(found) = self.finder.find(&self.bytes[self.at..]) {
                let place = self.at + found;
                self.at = place + self.needle.len();
                return Ok(Some(self.start + place as u64));
            }
            if !self.go_on()? {
                return Ok(None);
            }
        }
    }

    /// Reads the next piece, and returns false at the end.
    fn go_on(&mut self) -> Result<bool> {
        // The last bytes may be the beginning of a match that crosses into the next piece.
        let keep = self.bytes.len().saturating_sub(self.needle.len() - 1).max(self.at);
        self.bytes.drain(..keep);
        self.start += keep as u64;
        self.at = 0;
        let Some(next) = self.reader.peek()? else { return Ok(false) };
        let kept = self.bytes.len();
        let can_be_in_a_hole = self.needle.iter().all(|byte| *byte == 0);
        if next.hole && !can_be_in_a_hole && next.len > PIECE as u64 {
            // Only the two ends of the hole can be part of a match.
            let edge = self.needle.len() - 1;
            if kept > 0 {
                self.bytes.resize(kept + edge, 0);
                let found = self.finder.find(&self.bytes).is_some();
                if found {
                    self.reader.skip(edge as u64);
                    return Ok(true);
                }
            }
            self.reader.skip(next.len - edge as u64);
            self.bytes.clear();
            self.start = self.reader.offset();
            return Ok(true);
        }
        self.bytes.resize(kept + PIECE, 0);
        let count = self.reader.read(&mut self.bytes[kept..])?;
        self.bytes.truncate(kept + count);
        if self.ignore_case {
            self.bytes[kept..].make_ascii_lowercase();
        }
        Ok(count > 0)
    }
}
