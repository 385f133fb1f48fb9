//! Changes as lines of JSON, for programs.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use filemap::ErrorKind;
use serde::Serialize;

use super::source::Source;
use crate::args::Watch;
use crate::failure::{Failure, Result};
use crate::hex;
use crate::output::Output;

/// More than this is not compared many times in a second.
const MOST: u64 = 1 << 28;

/// Bytes that have changed, side by side.
#[derive(Serialize)]
struct Change {
    /// In UTC, as of RFC 3339.
    time: String,
    offset: u64,
    /// What they are now.
    hex: String,
}

/// Prints each change of a part from now on, until it is interrupted or nobody reads on.
pub(super) fn print(
    output: Output,
    source: &Source<'_>,
    start: u64,
    watch: &Watch,
    interrupted: &AtomicBool,
) -> Result<()> {
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
    let look = || -> Result<Vec<u8>> {
        // A file may grow, and be cut and written anew.
        let most = watch.part.length.unwrap_or(MOST).min(MOST);
        let len = source.len()?.saturating_sub(start).min(most);
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        let count = source.read(start, &mut bytes)?;
        bytes.truncate(count);
        Ok(bytes)
    };
    let interval: Duration = watch.interval.into();
    let mut before = look()?;
    let mut left = watch.max_count.unwrap_or(u64::MAX);
    while left > 0 && !interrupted.load(Ordering::Relaxed) {
        thread::sleep(interval);
        let now = look()?;
        let time = humantime::format_rfc3339_millis(std::time::SystemTime::now()).to_string();
        let differs = |at: usize| now.get(at).is_some_and(|byte| before.get(at) != Some(byte));
        let mut at = 0;
        while at < now.len() && left > 0 {
            if !differs(at) {
                at += 1;
                continue;
            }
            let end = (at..now.len()).find(|end| !differs(*end)).unwrap_or(now.len());
            let mut hex = Vec::new();
            hex::write_plain(&mut hex, &now[at..end])
                .map_err(|error| Failure::from_output(&error))?;
            let hex = String::from_utf8_lossy(&hex).into_owned();
            let change = Change { time: time.clone(), offset: start + at as u64, hex };
            let line = serde_json::to_string(&change)
                .map_err(|error| Failure::broken(format!("could not write JSON: {error}")))?;
            output.stream(|out| {
                writeln!(out, "{line}").map_err(|error| Failure::from_output(&error))
            })?;
            left -= 1;
            at = end;
        }
        before = now;
    }
    Ok(())
}
