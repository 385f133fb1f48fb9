//! `filemap fill`: one byte, or a pattern, again and again.

use std::fmt;

use filemap::{ErrorKind, MappedFile};
use serde::Serialize;

use super::Context;
use crate::args::Fill;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::target::{Purpose, Target};

/// How much is filled at once with one byte.
const STEP: u64 = 1 << 26;
/// How much of a pattern is copied in at once, at least.
const PIECE: usize = 1 << 20;

pub(super) fn run(context: &Context<'_>, fill: &Fill) -> Result<()> {
    let pattern = match (&fill.text, &fill.hex) {
        (Some(text), _) => text.as_encoded_bytes(),
        (None, Some(bytes)) => bytes.as_slice(),
        (None, None) => &[0],
    };
    if pattern.is_empty() {
        return Err(Failure::broken("could not fill with nothing: the pattern has no byte"));
    }
    let target = Target::find(&fill.target, &context.registry)?;
    let file = target.open(&context.registry, Purpose::Writing)?;
    let len = file.len()?;
    let offset = fill.part.offset.within(len, &target)?;
    let length = match fill.part.length {
        Some(length) => length,
        None => len.saturating_sub(offset),
    };
    // Before anything is changed: a part that does not fit is refused as a whole.
    let end = offset.checked_add(length);
    let fits = end.is_some_and(|end| end <= len || target.can_grow());
    if !fits {
        return Err(Failure::broken_as(
            ErrorKind::InvalidRange,
            format!("could not fill {length} bytes at offset {offset} of {target}: it has {len}"),
        ));
    }
    let progress = Progress::new(context.output, Some(length));
    put(&file, offset, length, pattern, &progress)?;
    drop(progress);
    file.close()?;
    context.output.print(&Filled { target: target.to_string(), offset, length })
}

fn put(
    file: &MappedFile,
    offset: u64,
    length: u64,
    pattern: &[u8],
    progress: &Progress,
) -> Result<()> {
    let mut done = 0;
    if let [byte] = pattern {
        while done < length {
            let count = STEP.min(length - done);
            file.fill(offset + done, count, *byte)?;
            done += count;
            progress.advance(count);
        }
        return Ok(());
    }
    // Whole patterns, so that each piece begins with one.
    let piece = pattern.repeat(PIECE.div_ceil(pattern.len()));
    while done < length {
        let count = usize::try_from(length - done).unwrap_or(usize::MAX).min(piece.len());
        file.write_at(offset + done, &piece[..count])?;
        done += count as u64;
        progress.advance(count as u64);
    }
    Ok(())
}

#[derive(Debug, Serialize)]
struct Filled {
    target: String,
    offset: u64,
    length: u64,
}

impl fmt::Display for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, offset, length } = self;
        write!(f, "filled {length} bytes at offset {offset} of {target}")
    }
}
