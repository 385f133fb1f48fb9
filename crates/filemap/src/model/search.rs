//! Search: a string of bytes from either end, and the first difference from other bytes.
//!
//! Bytes are copied out some at a time, and private copies are searched. Those before a lost byte are
//! searched before that is an error.

use std::ops::Range;

use memchr::memmem::{Finder, FinderRev};

use crate::model::PositionedIo;
use crate::types::geometry::in_memory;
use crate::types::{Error, Operation, Result};

/// How many bytes are looked at together: few enough for the first cache.
const CHUNK: usize = 8 << 10;

/// Returns where in a range a string first is.
pub(crate) fn find(
    bytes: &impl PositionedIo,
    range: Range<u64>,
    wanted: &[u8],
) -> Result<Option<u64>> {
    let finder = Finder::new(wanted);
    let mut buf = buffer(&range, wanted.len());
    // What may be the beginning of the string is looked at again with what comes after it.
    let again = wanted.len().saturating_sub(1);
    let mut at = range.start;
    loop {
        let count = in_memory(range.end - at).min(buf.len());
        let (seen, lost) = seen(bytes, &mut buf[..count], at);
        if let Some(place) = finder.find(seen) {
            return Ok(Some(at + place as u64));
        }
        if let Some(lost) = lost {
            return Err(lost.lost_after(in_memory(at - range.start)));
        }
        let is_last = seen.len() < count || at + count as u64 == range.end;
        if is_last {
            return Ok(None);
        }
        at += (count - again) as u64;
    }
}

/// Returns where in a range, of which all bytes are there, a string last is.
pub(crate) fn rfind(
    bytes: &impl PositionedIo,
    range: Range<u64>,
    wanted: &[u8],
) -> Result<Option<u64>> {
    let finder = FinderRev::new(wanted);
    let mut buf = buffer(&range, wanted.len());
    let again = wanted.len().saturating_sub(1) as u64;
    let mut end = range.end;
    loop {
        let count = in_memory(end - range.start).min(buf.len());
        let at = end - count as u64;
        let (seen, lost) = seen(bytes, &mut buf[..count], at);
        if let Some(lost) = lost {
            return Err(lost);
        }
        if let Some(place) = finder.rfind(seen) {
            return Ok(Some(at + place as u64));
        }
        if at == range.start {
            return Ok(None);
        }
        end = at + again;
    }
}

/// Returns where bytes from an offset on first differ from `own`, which they do where they end.
pub(crate) fn compare(bytes: &impl PositionedIo, offset: u64, own: &[u8]) -> Result<Option<usize>> {
    let mut buf = vec![0; own.len().min(CHUNK)];
    let mut done = 0;
    for expected in own.chunks(CHUNK) {
        let at = offset.saturating_add(done as u64);
        let (seen, lost) = seen(bytes, &mut buf[..expected.len()], at);
        if seen != expected {
            let differs = seen.iter().zip(expected).position(|(seen, own)| seen != own);
            match (differs, lost) {
                (Some(place), _) => return Ok(Some(done + place)),
                (None, Some(lost)) => return Err(lost.lost_after(done)),
                (None, None) => return Ok(Some(done + seen.len())),
            }
        }
        done += expected.len();
    }
    Ok(None)
}

/// A buffer for parts of a range, in which a string of `len` bytes fits several times.
fn buffer(range: &Range<u64>, len: usize) -> Vec<u8> {
    let most = CHUNK.saturating_add(len.saturating_mul(2));
    vec![0; in_memory(range.end.saturating_sub(range.start)).min(most)]
}

/// Returns the bytes at an offset, as many as there are, and an error if it was a loss that ended
/// them.
fn seen<'buf>(
    bytes: &impl PositionedIo,
    buf: &'buf mut [u8],
    at: u64,
) -> (&'buf [u8], Option<Error>) {
    match bytes.read_at(buf, at) {
        Ok(count) => (&buf[..count], None),
        Err(error) => {
            let done = error.loss().map_or(0, |loss| loss.done);
            (&buf[..done], Some(error.during(Operation::Search)))
        }
    }
}
