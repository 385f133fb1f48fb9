//! `filemap fill`: fills a range with a byte or a repeated pattern.

use std::fmt;

use filemap::{ErrorKind, MappedFile, PositionedIo};
use serde::Serialize;

use super::Context;
use crate::args::Fill;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::size::Counted;
use crate::target::Target;
use crate::written::{Making, Written};

/// The most bytes that one call fills with a single byte.
const STEP: u64 = 1 << 26;
/// The least bytes of a repeated pattern that one call writes.
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
    let file = Written::open(&target, &context.registry, Making::AtOnce)?;
    let len = file.len()?;
    let offset = fill.part.offset.within(len, &target)?;
    let length = match fill.part.length {
        Some(length) => length,
        None => len.saturating_sub(offset),
    };
    // Before anything is changed, so that a range that does not fit is refused as a whole.
    let end = offset.checked_add(length);
    let fits = end.is_some_and(|end| end <= len || target.can_grow());
    if !fits {
        return Err(Failure::broken_as(
            ErrorKind::InvalidRange,
            format!(
                "could not fill {} at offset {offset} of {target}: it has {len} and cannot grow",
                Counted(length)
            ),
        ));
    }
    let progress = Progress::new(context.output, Some(length));
    put(&file, offset, length, pattern, &progress)?;
    drop(progress);
    file.finish()?;
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
    // Whole patterns, so that each write begins with one.
    let piece = pattern.repeat(PIECE.div_ceil(pattern.len()));
    while done < length {
        let count = usize::try_from(length - done).unwrap_or(usize::MAX).min(piece.len());
        file.write_all_at(&piece[..count], offset + done)?;
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
        write!(f, "filled {} at offset {offset} of {target}", Counted(*length))
    }
}
