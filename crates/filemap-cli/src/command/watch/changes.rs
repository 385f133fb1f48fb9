//! Changes as lines of JSON, for programs.

use std::io::Write as _;
use std::thread;
use std::time::{Duration, SystemTime};

use filemap::ErrorKind;
use serde::Serialize;

use super::{Life, Watched};
use crate::args::{Rows, Watch};
use crate::command::Context;
use crate::failure::{Failure, Result};
use crate::hex;
use crate::value::{Number, Type};

/// The most bytes that are watched: all of them are read and compared at each interval.
const MOST: u64 = 1 << 28;

/// A range of bytes that have changed.
#[derive(Serialize)]
struct Change {
    /// In UTC, as of RFC 3339.
    time: String,
    offset: u64,
    #[serde(flatten)]
    new: New,
}

/// Prints each change from now on, until it is interrupted, nobody reads the output or the name is gone.
pub(super) fn print(context: &Context<'_>, watched: &Watched, watch: &Watch) -> Result<()> {
    let Watched { source, start, .. } = watched;
    let len = watch.part.length.unwrap_or(u64::MAX).min(source.len()? - start);
    if len > MOST {
        return Err(Failure::broken_as(
            ErrorKind::InvalidRange,
            format!(
                "could not watch {len} bytes at once: choose a part with --offset and --length, \
                 of {MOST} bytes at most"
            ),
        ));
    }
    let read = || -> Result<Vec<u8>> {
        // The length is asked for each time: a file may grow, and may be cut and written anew.
        let most = watch.part.length.unwrap_or(MOST).min(MOST);
        let len = source.len()?.saturating_sub(*start).min(most);
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        let count = source.read(*start, &mut bytes)?;
        bytes.truncate(count);
        Ok(bytes)
    };
    let interval: Duration = watch.interval.into();
    // Numbers change as a whole.
    let unit = watch.rows.kind().map_or(1, Type::size);
    let mut before = read()?;
    let mut left = watch.max_count.unwrap_or(u64::MAX);
    let (mut life, mut is_over) = (Life::new(), false);
    while left > 0 && !is_over && !watched.is_interrupted() {
        thread::sleep(interval);
        is_over = life.is_over(context, watched);
        let now = read()?;
        let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        let differs = |at: usize| {
            let part = at..at + unit;
            now.get(part.clone()).is_some_and(|bytes| before.get(part) != Some(bytes))
        };
        let mut at = 0;
        while at < now.len() && left > 0 {
            if !differs(at) {
                at += unit;
                continue;
            }
            let mut end = at + unit;
            while differs(end) {
                end += unit;
            }
            let new = New::of(&now[at..end], &watch.rows)?;
            let change = Change { time: time.clone(), offset: start + at as u64, new };
            let line = serde_json::to_string(&change)
                .map_err(|error| Failure::broken(format!("could not write JSON: {error}")))?;
            context.output.stream(|out| {
                writeln!(out, "{line}").map_err(|error| Failure::from_output(&error))
            })?;
            left -= 1;
            at = end;
        }
        before = now;
    }
    if left > 0 { watched.ended() } else { Ok(()) }
}

/// The present values of bytes that have changed.
#[derive(Serialize)]
#[serde(untagged)]
enum New {
    Bytes {
        hex: String,
    },
    Numbers {
        #[serde(rename = "type")]
        kind: String,
        values: Vec<serde_json::Value>,
    },
}

impl New {
    fn of(bytes: &[u8], rows: &Rows) -> Result<Self> {
        if let Some(kind) = rows.kind() {
            let numbers = bytes.chunks(kind.size()).filter_map(|one| kind.read(one, rows.order));
            let values = numbers.map(Number::to_json).collect();
            return Ok(Self::Numbers { kind: kind.name(), values });
        }
        let mut hex = Vec::new();
        hex::write_plain(&mut hex, bytes).map_err(|error| Failure::from_output(&error))?;
        Ok(Self::Bytes { hex: String::from_utf8_lossy(&hex).into_owned() })
    }
}
