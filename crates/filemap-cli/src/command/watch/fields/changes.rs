//! Changes of fields as lines of JSON, for programs.

use std::io::Write as _;
use std::thread;
use std::time::{Duration, SystemTime};

use filemap_layout::Value;
use serde::Serialize;

use super::super::{Life, Watched};
use super::Fields;
use super::rows::rows_of;
use crate::args::Watch;
use crate::command::Context;
use crate::command::read::chosen;
use crate::failure::{Failure, Result};

/// A field that has changed.
#[derive(Serialize)]
struct Change<'f> {
    /// In UTC, as of RFC 3339.
    time: &'f str,
    path: &'f str,
    value: Option<Value>,
    /// Whether somebody was writing whenever the copy was tried.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    torn: bool,
}

/// Prints each change of a field from now on, until it is interrupted, nobody reads the output or the
/// name is gone.
pub(in crate::command::watch) fn print(
    context: &Context<'_>,
    watched: &Watched,
    watch: &Watch,
) -> Result<()> {
    let mut fields = Fields::new(context, watch, watched)?;
    if let Some(told) = fields.meant.told() {
        context.output.note(&told);
    }
    let glob = fields.glob.clone();
    let interval: Duration = watch.interval.into();
    let snapshot = fields.look()?;
    // Of what is chosen, each pattern fits something; rows may come and go later.
    drop(chosen(&snapshot, glob.as_ref())?);
    let mut rows = rows_of(&snapshot, glob.as_ref())?;
    let mut before = snapshot.bytes().to_vec();
    // What has been told of rows that cannot be found.
    let mut wrong = None;
    let mut left = watch.max_count.unwrap_or(u64::MAX);
    let (mut life, mut is_over) = (Life::new(), false);
    while left > 0 && !is_over && !watched.is_interrupted() {
        thread::sleep(interval);
        is_over = life.is_over(context, watched);
        // A layout that is being written is read again once it is whole.
        let is_new = fields.refresh().unwrap_or(false);
        let snapshot = match fields.look() {
            // Whoever owns the mutex keeps it for longer than a look.
            Err(failure) if failure.is_timed_out() => continue,
            looked => looked?,
        };
        if is_new || !snapshot.layout().sections().is_empty() {
            match rows_of(&snapshot, glob.as_ref()) {
                Ok(made) => (rows, wrong) = (made, None),
                // Numbers of a section that is being written may be right at the next look.
                Err(failure) => {
                    let why = failure.reason().map(ToString::to_string);
                    if why != wrong {
                        wrong = why;
                        context.output.note(wrong.as_deref().unwrap_or_default());
                    }
                    continue;
                }
            }
        }
        let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        let now = snapshot.bytes();
        for row in &rows {
            let Some(leaf) = row.leaf().filter(|leaf| leaf.bytes(now) != leaf.bytes(&before))
            else {
                continue;
            };
            if left == 0 {
                break;
            }
            let (value, torn) = (leaf.value(now), !snapshot.is_whole());
            let change = Change { time: &time, path: &row.path, value, torn };
            let line = serde_json::to_string(&change)
                .map_err(|error| Failure::broken(format!("could not write JSON: {error}")))?;
            context.output.stream(|out| {
                writeln!(out, "{line}").map_err(|error| Failure::from_output(&error))
            })?;
            left -= 1;
        }
        before = now.to_vec();
    }
    if left > 0 { watched.ended() } else { Ok(()) }
}
