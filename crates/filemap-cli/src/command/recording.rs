//! What `filemap info` tells of a recording.

use std::fmt;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use filemap_recording::Recording;
use serde::Serialize;

use super::Context;
use crate::failure::Result;
use crate::output::{self, Printable};
use crate::size::{Readable, in_full};

/// Prints everything that is known about a recording.
pub(super) fn print(context: &Context<'_>, path: &Path) -> Result<()> {
    let recording = Recording::open(path)?;
    context.output.print(&Report::of(&recording, path)?)
}

#[derive(Debug, Serialize)]
struct Report {
    file: String,
    size: u64,
    /// When it was begun, in UTC, as of RFC 3339.
    begun: String,
    seconds: f64,
    /// Looks a second, if it was recorded by this command.
    rate: Option<f64>,
    /// Whether it was ended in order.
    complete: bool,
    /// Looks and lost ones, if it was ended in order.
    looks: Option<u64>,
    lost: Option<u64>,
    /// What is damaged, and left out.
    damage: Vec<String>,
    names: Vec<Line>,
}

/// A name, as long as it has one size.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    size: u64,
    frames: u64,
    torn: u64,
    /// The layout's name.
    layout: Option<String>,
    /// How a frame is known to be whole.
    versions: Option<String>,
}

impl Report {
    fn of(recording: &Recording, path: &Path) -> Result<Self> {
        /// The end of the years that the form of times has.
        const LAST: Duration = Duration::from_secs(253_402_300_799);
        let mut names = Vec::<Line>::new();
        for channel in recording.channels() {
            let same =
                |line: &&mut Line| line.name == channel.name() && line.size == channel.size();
            let line = match names.iter_mut().find(same) {
                Some(line) => line,
                None => {
                    let layout = recording.layout(channel);
                    let versions = layout.as_ref().and_then(|layout| layout.versions());
                    names.push(Line {
                        name: channel.name().to_owned(),
                        size: channel.size(),
                        frames: 0,
                        torn: 0,
                        versions: versions.map(ToString::to_string),
                        layout: layout.map(|layout| layout.name().to_owned()),
                    });
                    let last = names.len() - 1;
                    &mut names[last]
                }
            };
            let count = if channel.is_torn() { &mut line.torn } else { &mut line.frames };
            *count += channel.frames();
        }
        let begun = UNIX_EPOCH + recording.start().min(LAST);
        let looks = recording.looks();
        Ok(Self {
            file: path.to_string_lossy().into_owned(),
            size: recording.len()?,
            begun: humantime::format_rfc3339_seconds(begun).to_string(),
            seconds: (recording.end() - recording.start()).as_secs_f64(),
            rate: recording.rate(),
            complete: recording.is_complete(),
            looks: looks.map(|looks| looks.0),
            lost: looks.map(|looks| looks.1),
            damage: recording.damage().to_vec(),
            names,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, size, begun, seconds, rate, complete, looks, lost, damage, names } = self;
        let mut facts = output::table(&[]);
        facts
            .add_row(["file", &Printable(file).to_string()])
            .add_row(["kind", "recording"])
            .add_row(["size", &in_full(*size)])
            .add_row(["begun", begun]);
        let rate = rate.map(|rate| format!(", {rate} looks a second")).unwrap_or_default();
        facts.add_row(["length", &format!("{seconds:.1} s{rate}")]);
        if let (Some(looks), Some(lost)) = (looks, lost) {
            facts.add_row(["looks", &format!("{looks}, and {lost} lost")]);
        }
        let end = if *complete {
            "in order"
        } else {
            "not in order: the last two seconds may be missing"
        };
        facts.add_row(["ended", end]);
        for (index, damage) in damage.iter().enumerate() {
            facts
                .add_row([if index == 0 { "damaged" } else { "" }, &Printable(damage).to_string()]);
        }
        for Line { name, versions, .. } in names {
            if let Some(versions) = versions {
                facts.add_row(["whole by", &format!("{versions} ({})", Printable(name))]);
            }
        }
        write!(f, "{}", output::lines(&mut facts, &[]))?;
        if names.is_empty() {
            return Ok(());
        }
        let mut table = output::table(&["NAME", "SIZE", "FRAMES", "TORN", "LAYOUT"]);
        for Line { name, size, frames, torn, layout, .. } in names {
            table.add_row([
                Printable(name).to_string(),
                Readable(*size).to_string(),
                frames.to_string(),
                torn.to_string(),
                layout
                    .as_deref()
                    .map_or_else(|| "none".to_owned(), |name| Printable(name).to_string()),
            ]);
        }
        write!(f, "\n\n{}", output::lines(&mut table, &[1, 2, 3]))
    }
}
