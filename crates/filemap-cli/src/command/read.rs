//! `filemap read`: bytes as a hex dump, as JSON, or as they are.

use std::io::Write;

use filemap::{ErrorKind, MappedFile};

use super::Context;
use crate::args::Read;
use crate::failure::{Failure, Result};
use crate::hex::{self, Dump};
use crate::target::{Purpose, Target};

/// How much is copied out at once.
const PIECE: usize = 1 << 16;

pub(super) fn run(context: &Context<'_>, read: &Read) -> Result<()> {
    let target = Target::find(&read.target, &context.registry)?;
    let file = target.open(&context.registry, Purpose::Reading)?;
    let len = file.len()?;
    if read.offset > len {
        return Err(Failure::broken_as(
            ErrorKind::EndOfFile,
            format!("could not read {target} at offset {}: it ends at {len}", read.offset),
        ));
    }
    let output = context.output;
    output.stream(|out| {
        let closed = |error| Failure::from_output(&error);
        if read.raw {
            return each_piece(&file, read, |bytes| out.write_all(bytes).map_err(closed)).map(drop);
        }
        if output.is_json() {
            write!(out, "{{\"offset\":{},\"hex\":\"", read.offset).map_err(closed)?;
            let count = each_piece(&file, read, |bytes| {
                hex::write_plain(&mut *out, bytes).map_err(closed)
            })?;
            return writeln!(out, "\",\"length\":{count}}}").map_err(closed);
        }
        let mut dump = Dump::new(read.offset, len, output.has_colour());
        each_piece(&file, read, |bytes| dump.push(&mut *out, bytes).map_err(closed))?;
        dump.finish(out).map_err(closed)
    })
}

/// Copies out what was asked for, piece by piece, and tells how many bytes there were.
fn each_piece(
    file: &MappedFile,
    read: &Read,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<u64> {
    let mut buf = vec![0; PIECE];
    let wanted = read.length.unwrap_or(u64::MAX);
    let mut done = 0;
    while done < wanted {
        let most = usize::try_from(wanted - done).unwrap_or(PIECE).min(PIECE);
        let Some(offset) = read.offset.checked_add(done) else { break };
        let count = file.read_at(offset, &mut buf[..most])?;
        if count == 0 {
            break;
        }
        take(&buf[..count])?;
        done = done.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
    Ok(done)
}
