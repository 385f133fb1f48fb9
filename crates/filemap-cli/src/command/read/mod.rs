//! `filemap read`: prints bytes as a hex dump, as numbers, as JSON, or raw; or fields.

#[cfg(feature = "sight")]
mod fields;

use std::io::Write;

use filemap::MappedFile;

use super::Context;
use crate::args::{As, Read, Rows};
use crate::dump::{Dump, Shape};
use crate::failure::{Failure, Result};
use crate::hex;
use crate::output::{self, Output};
use crate::reader::{PIECE, Reader, start_of};
use crate::target::{Purpose, Target};
use crate::value::{Order, Type};

pub(super) fn run(context: &Context<'_>, read: &Read) -> Result<()> {
    if read.meaning.is_given(read.rows.kind.as_ref()) {
        return fields(context, read);
    }
    read.meaning.refuse_needless(&[(read.csv, "--csv"), (read.fields.is_some(), "--fields")])?;
    if read.raw {
        output::refuse_terminal()?;
    }
    let target = Target::find(&read.target, &context.registry)?;
    let file = target.open(&context.registry, Purpose::Reading)?;
    let offset = start_of(&file, read.part.offset, &target)?;
    let reader = || Reader::new(&file, offset, read.part.length);
    let output = context.output;
    output.stream(|out| {
        if read.raw {
            return raw(out, reader()?);
        }
        if output.is_json() {
            return match read.rows.kind() {
                Some(kind) => json_of_numbers(out, reader()?, kind, read.rows.order),
                None => json(out, reader()?),
            };
        }
        let mut reader = reader()?;
        let mut dump = Dump::new(offset, read.rows.shape(output, &file)?, output.has_colour());
        let mut buf = vec![0; PIECE];
        while let Some(next) = reader.peek()? {
            if next.hole {
                dump.push_zeros(out, next.len).map_err(closed)?;
                reader.skip(next.len);
            } else {
                let count = reader.read(&mut buf)?;
                dump.push(out, &buf[..count]).map_err(closed)?;
            }
        }
        dump.finish(out).map_err(closed)
    })
}

#[cfg(feature = "sight")]
use self::fields::run as fields;
#[cfg(feature = "sight")]
pub(in crate::command) use self::fields::{chosen, fits, no_path, refuse_unfit};

#[cfg(not(feature = "sight"))]
fn fields(_context: &Context<'_>, _read: &Read) -> Result<()> {
    Err(super::lacking::failure("show fields", "no layouts"))
}

impl Rows {
    /// Returns the type of numbers to show, if there is one.
    pub(super) fn kind(&self) -> Option<Type> {
        match self.kind {
            Some(As::Type(kind)) => Some(kind),
            Some(As::Words(_)) | None => None,
        }
    }

    /// Returns the fields that words describe, if there are some.
    #[cfg(feature = "sight")]
    pub(super) fn words(&self) -> Option<&str> {
        match &self.kind {
            Some(As::Words(words)) => Some(words),
            Some(As::Type(_)) | None => None,
        }
    }

    /// Returns the shape of rows on this output.
    pub(super) fn shape(&self, output: Output, file: &MappedFile) -> Result<Shape> {
        let numbers = self.kind().map(|kind| (kind, self.order));
        Ok(Shape::fitting(numbers, self.columns, output.width(), file.len()?))
    }
}

fn closed(error: std::io::Error) -> Failure {
    Failure::from_output(&error)
}

fn raw(out: &mut impl Write, mut reader: Reader<'_>) -> Result<()> {
    let mut buf = vec![0; PIECE];
    loop {
        match reader.read(&mut buf)? {
            0 => return Ok(()),
            count => out.write_all(&buf[..count]).map_err(closed)?,
        }
    }
}

fn json(out: &mut impl Write, mut reader: Reader<'_>) -> Result<()> {
    let (mut buf, offset) = (vec![0; PIECE], reader.offset());
    write!(out, "{{\"offset\":{offset},\"hex\":\"").map_err(closed)?;
    loop {
        match reader.read(&mut buf)? {
            0 => break,
            count => hex::write_plain(out, &buf[..count]).map_err(closed)?,
        }
    }
    writeln!(out, "\",\"length\":{}}}", reader.offset() - offset).map_err(closed)
}

fn json_of_numbers(
    out: &mut impl Write,
    mut reader: Reader<'_>,
    kind: Type,
    order: Order,
) -> Result<()> {
    let (mut buf, offset) = (vec![0; PIECE], reader.offset());
    let name = kind.name();
    write!(out, "{{\"offset\":{offset},\"type\":\"{name}\",\"values\":[").map_err(closed)?;
    let mut between = "";
    loop {
        let count = reader.read(&mut buf)?;
        // Too few bytes for a number at the end are left out.
        for number in buf[..count].chunks(kind.size()).filter_map(|bytes| kind.read(bytes, order)) {
            write!(out, "{between}{}", number.to_json()).map_err(closed)?;
            between = ",";
        }
        if count < buf.len() {
            break;
        }
    }
    writeln!(out, "],\"length\":{}}}", reader.offset() - offset).map_err(closed)
}
