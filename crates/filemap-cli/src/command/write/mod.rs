//! `filemap write`: writes bytes at an offset, or values into fields.

#[cfg(feature = "sight")]
mod fields;

use std::fmt;
use std::io::{self, Read};

use filemap::{MappedFile, PositionedIo};
use serde::Serialize;

use super::Context;
use crate::args::{Assignment, Write};
use crate::failure::{Failure, Result, Why};
use crate::size::Counted;
use crate::target::Target;
use crate::written::{Making, Written};

/// How much of standard input one call writes.
const PIECE: usize = 1 << 16;

pub(super) fn run(context: &Context<'_>, write: &Write) -> Result<()> {
    let (target, assignments) = write.target_and_fields()?;
    if write.meaning.layout.is_some() || write.fields.is_some() {
        return fields(context, write, &target, &assignments);
    }
    write.meaning.refuse_needless(&[(write.bump, "--bump")])?;
    if let Some(Assignment { path, .. }) = assignments.first() {
        return Err(Failure::usage(format!("`{path}=` is a field: --layout says where it is")));
    }
    let Some(offset) = write.offset else {
        return Err(Failure::usage("expected --offset <N>, or --layout <FILE> and fields"));
    };
    let target = Target::find(&target, &context.registry)?;
    let file = Written::open(&target, &context.registry, Making::AtOnce)?;
    let offset = offset.within(file.len()?, &target)?;
    let given = match (&write.text, &write.hex) {
        (Some(text), _) => Some(text.as_encoded_bytes()),
        (None, Some(bytes)) => Some(bytes.as_slice()),
        (None, None) => None,
    };
    let length = match given {
        Some(bytes) => {
            file.write_all_at(bytes, offset)?;
            u64::try_from(bytes.len()).unwrap_or(u64::MAX)
        }
        None => copy_input(&file, offset)?,
    };
    file.finish()?;
    context.output.print(&Report { target: target.to_string(), offset, length })
}

#[cfg(feature = "sight")]
use self::fields::run as fields;

#[cfg(not(feature = "sight"))]
fn fields(
    _context: &Context<'_>,
    _write: &Write,
    _target: &crate::args::TargetArguments,
    _assignments: &[Assignment],
) -> Result<()> {
    Err(super::lacking::failure("write fields", "no layouts"))
}

fn copy_input(file: &MappedFile, start: u64) -> Result<u64> {
    let mut input = io::stdin().lock();
    let mut buf = vec![0; PIECE];
    let mut done = 0;
    loop {
        let count = match input.read(&mut buf) {
            Ok(0) => return Ok(done),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(Failure::broken(format!("could not read the input: {}", Why(&error))));
            }
        };
        // On overflow, the library refuses the largest offset.
        file.write_all_at(&buf[..count], start.saturating_add(done)).map_err(
            |error| match done {
                0 => Failure::from(error),
                _ => Failure::broken_as(
                    error.kind(),
                    format!(
                        "{error}; {} of the input {} written before",
                        Counted(done),
                        if done == 1 { "was" } else { "were" }
                    ),
                ),
            },
        )?;
        done = done.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
}

#[derive(Debug, Serialize)]
struct Report {
    target: String,
    offset: u64,
    length: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, offset, length } = self;
        write!(f, "wrote {} at offset {offset} of {target}", Counted(*length))
    }
}
