//! `filemap write`: bytes to an offset.

use std::fmt;
use std::io::{self, Read};

use filemap::MappedFile;
use serde::Serialize;

use super::Context;
use crate::args::Write;
use crate::failure::{Failure, Result};
use crate::target::{Purpose, Target};

/// How much of standard input is copied in at once.
const PIECE: usize = 1 << 16;

pub(super) fn run(context: &Context<'_>, write: &Write) -> Result<()> {
    let target = Target::find(&write.target, &context.registry)?;
    let file = target.open(&context.registry, Purpose::Writing)?;
    let offset = write.offset.within(file.len()?, &target)?;
    let given = match (&write.text, &write.hex) {
        (Some(text), _) => Some(text.as_encoded_bytes()),
        (None, Some(bytes)) => Some(bytes.as_slice()),
        (None, None) => None,
    };
    let length = match given {
        Some(bytes) => {
            file.write_at(offset, bytes)?;
            u64::try_from(bytes.len()).unwrap_or(u64::MAX)
        }
        None => copy_input(&file, offset)?,
    };
    file.close()?;
    context.output.print(&Written { target: target.to_string(), offset, length })
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
                return Err(Failure::broken(format!("could not read the input: {error}")));
            }
        };
        // An offset that cannot be counted is one that the library refuses, as it should.
        file.write_at(start.saturating_add(done), &buf[..count]).map_err(|error| match done {
            0 => Failure::from(error),
            _ => Failure::broken_as(
                error.kind(),
                format!("{error}; {done} bytes of the input were written before"),
            ),
        })?;
        done = done.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
}

#[derive(Debug, Serialize)]
struct Written {
    target: String,
    offset: u64,
    length: u64,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = if self.length == 1 { "byte" } else { "bytes" };
        write!(f, "wrote {} {bytes} at offset {} of {}", self.length, self.offset, self.target)
    }
}
