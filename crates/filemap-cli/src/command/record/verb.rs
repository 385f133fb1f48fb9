//! Records names, and says what came of it.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use filemap::Name;
use filemap_recording::{RecorderOptions, Stop, Subject, Totals};
use serde::Serialize;

use super::super::Context;
use crate::args::{Record, Whole};
use crate::failure::{Failure, Result, Why};
use crate::meaning::{layout_of, mutex, told, versions_of};
use crate::output::Printable;
use crate::progress::Progress;
use crate::size::Readable;
use crate::sys;

/// The time between two lines of progress.
const PAUSE: Duration = Duration::from_millis(200);

pub(in crate::command) fn run(context: &Context<'_>, record: &Record) -> Result<ExitCode> {
    let stop = Stop::new();
    let requested = stop.clone();
    sys::listen(move |_| requested.request())
        .map_err(|error| Failure::broken(format!("could not wait for Ctrl-C: {}", Why(&error))))?;
    let mut options = RecorderOptions::new().registry(&context.registry).rate(record.rate);
    if record.wait {
        options = options.wait();
    }
    if record.force {
        options = options.replace();
    }
    if let Some(name) = &record.lock {
        options = options.lock(mutex(name, &context.registry)?);
    }
    let subjects = subjects(context, record)?;
    refuse_pipe(&record.output)?;
    let recorder = options.start(subjects, &record.output)?;
    let progress = Progress::line(context.output);
    let mut told: Option<Instant> = None;
    let names = record.names.len();
    let totals = recorder.run(&stop, record.duration.map(Into::into), |totals| {
        if progress.is_shown() && told.is_none_or(|told| told.elapsed() >= PAUSE) {
            told = Some(Instant::now());
            progress.say(Line { totals, names }.to_string());
        }
    });
    drop(progress);
    let totals = totals?;
    context.output.print(&Report {
        file: record.output.to_string_lossy().into_owned(),
        seconds: totals.time.as_secs_f64(),
        bytes: totals.bytes,
        frames: totals.frames,
        torn: totals.torn,
        looks: totals.looks,
        lost: totals.lost,
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses what is there and no file: opening a pipe would block until somebody reads it.
fn refuse_pipe(path: &Path) -> Result<()> {
    if path.metadata().is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        let shown = path.to_string_lossy();
        let message = format!("could not create `{}`: it is no regular file", Printable(&shown));
        return Err(Failure::broken(message));
    }
    Ok(())
}

/// Returns the names to record, each with its layout.
fn subjects(context: &Context<'_>, record: &Record) -> Result<Vec<Subject>> {
    if record.layout.len() > record.names.len() {
        return Err(Failure::usage("there are more layouts than names"));
    }
    let whole = Whole { seq: record.seq.clone(), tick: record.tick.clone(), lock: None };
    let mut subjects = Vec::new();
    let mut known = HashSet::new();
    for (index, name) in record.names.iter().enumerate() {
        let parsed = Name::parse(name)?;
        if !known.insert(parsed.to_string()) {
            return Err(Failure::usage(format!("`{}` is there twice", Printable(name))));
        }
        let subject = Subject::new(parsed);
        let Some(word) = record.layout.get(index) else {
            subjects.push(subject);
            continue;
        };
        let size = context.registry.inspect(name.as_str()).ok().and_then(|listed| listed.size());
        let layout = layout_of(word, &record.compiler, size)?;
        let (versions, guessed) = versions_of(&layout, &whole)?;
        if let Some(versions) = versions.as_ref().filter(|_| guessed) {
            context.output.note(&told(versions));
        }
        subjects.push(subject.layout(layout.with_versions(versions)));
    }
    Ok(subjects)
}

/// The line of progress.
struct Line<'t> {
    totals: &'t Totals,
    names: usize,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { time, looks, lost, frames, torn, bytes, present, .. } = self.totals;
        let seconds = time.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
        let rate = if seconds > 0.0 { *looks as f64 / seconds } else { 0.0 };
        let s = if *frames == 1 { "" } else { "s" };
        write!(f, "{seconds:.0} s  {rate:.1}/s  {frames} frame{s}  {}", Readable(*bytes))?;
        write!(f, "  {torn} torn  {lost} lost")?;
        match self.names - present {
            0 => Ok(()),
            missing => write!(f, "  waiting for {missing} of {}", self.names),
        }
    }
}

#[derive(Debug, Serialize)]
struct Report {
    file: String,
    seconds: f64,
    bytes: u64,
    frames: u64,
    torn: u64,
    looks: u64,
    lost: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, seconds, bytes, frames, torn, looks, lost } = self;
        let s = if *frames == 1 { "" } else { "s" };
        write!(f, "recorded {frames} frame{s} in {seconds:.1} s to `{}`", Printable(file))?;
        write!(f, ": {}", Readable(*bytes))?;
        if *torn > 0 {
            write!(f, "; {torn} more torn")?;
        }
        if *lost > 0 {
            write!(f, "; {lost} of {} looks lost", looks + lost)?;
        }
        Ok(())
    }
}
