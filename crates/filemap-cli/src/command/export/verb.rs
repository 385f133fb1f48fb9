//! Exports a recording: a row, or an object on a line, for each frame.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use filemap::ErrorKind;
use filemap_layout::{Glob, Layout, Leaf, Snapshot};
use filemap_recording::{Frame, Recording};
use serde::Serializer;
use serde::ser::SerializeMap as _;
use serde_json::value::RawValue;

use super::super::Context;
use crate::args::{Export, Form};
use crate::command::read::{no_path, refuse_unfit};
use crate::failure::{Failure, Result, Why};
use crate::hex;
use crate::output::Printable;
use crate::recorded;

pub(in crate::command) fn run(context: &Context<'_>, export: &Export) -> Result<()> {
    if context.output.is_json() && export.to == Form::Csv {
        return Err(Failure::usage("--json and --to csv do not belong together"));
    }
    let recording = recorded::open(&export.file, context.output)?;
    if recording.is_empty() {
        let shown = export.file.to_string_lossy();
        let message = format!("could not export `{}`: it has no frames", Printable(&shown));
        return Err(Failure::broken(message));
    }
    let glob = export.fields.as_deref().map(Glob::new);
    let table = Table::of(&recording, glob.as_ref());
    refuse_unfit(glob.as_ref(), |one| table.columns.iter().any(|path| one.fits(path)))?;
    if glob.is_some() && table.columns.is_empty() {
        return Err(no_path(glob.as_ref()));
    }
    match &export.output {
        None => context.output.stream(|out| table.write(out, export.to)),
        Some(path) => {
            let refused = |error: io::Error| refused(path, &error);
            if is_same(path, &export.file) {
                // Creating it would empty the recording.
                return Err(refused(io::Error::other("it is the recording itself")));
            }
            let mut out = BufWriter::new(File::create(path).map_err(refused)?);
            table.write(&mut out, export.to)?;
            out.flush().map_err(refused)
        }
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    let shown = path.to_string_lossy();
    let message = format!("could not write `{}`: {}", Printable(&shown), Why(error));
    match error.kind() {
        io::ErrorKind::PermissionDenied => Failure::broken_as(ErrorKind::AccessDenied, message),
        _ => Failure::broken(message),
    }
}

/// What is exported of each frame.
struct Table<'r> {
    recording: &'r Recording,
    /// The layout of each channel, if it has one.
    layouts: Vec<Option<Layout>>,
    glob: Option<&'r Glob>,
    /// The paths of the fields of all names.
    columns: Vec<String>,
    /// The places of the columns, by their paths.
    places: HashMap<String, usize>,
    /// Whether a name has bytes alone.
    has_bytes: bool,
}

impl<'r> Table<'r> {
    fn of(recording: &'r Recording, glob: Option<&'r Glob>) -> Self {
        let channels = recording.channels().iter().filter(|channel| channel.frames() > 0);
        let has_bytes = channels.clone().any(|channel| recording.layout(channel).is_none());
        let layouts: Vec<_> =
            recording.channels().iter().map(|channel| recording.layout(channel)).collect();
        let (columns, places) = (Vec::new(), HashMap::new());
        let mut table = Self { recording, layouts, glob, columns, places, has_bytes };
        table.find_columns();
        table.has_bytes &= glob.is_none();
        table
    }

    /// Finds the paths of all fields, each once.
    fn find_columns(&mut self) {
        let (mut columns, mut places) = (Vec::new(), HashMap::new());
        let mut add = |path: String| {
            if self.is_wanted(&path) && !places.contains_key(&path) {
                places.insert(path.clone(), columns.len());
                columns.push(path);
            }
        };
        // Sections have other rows in other frames. What comes after the fields does so in each of them.
        for (layout, channel) in self.layouts.iter().zip(self.recording.channels()) {
            if let Some(layout) = layout.as_ref().filter(|_| channel.frames() > 0) {
                layout.leaves().for_each(|leaf| add(leaf.path));
            }
        }
        let has_sections =
            |layout: &Option<Layout>| layout.as_ref().is_some_and(|one| !one.sections().is_empty());
        let mut frames = self.recording.frames();
        while self.layouts.iter().any(has_sections)
            && let Some(frame) = frames.next_frame()
        {
            if let Some(layout) = &self.layouts[frame.place]
                && let Ok(snapshot) = Snapshot::of(layout, frame.bytes.to_vec())
            {
                leaves(layout, &snapshot).for_each(|leaf| add(leaf.path));
            }
        }
        (self.columns, self.places) = (columns, places);
    }

    fn is_wanted(&self, path: &str) -> bool {
        self.glob.is_none_or(|glob| glob.fits(path))
    }

    fn write(&self, out: &mut impl Write, form: Form) -> Result<()> {
        match form {
            Form::Csv => self.write_csv(out),
            Form::Json => self.write_json(out),
        }
    }

    fn write_csv(&self, out: &mut impl Write) -> Result<()> {
        let closed = |error: csv::Error| match error.into_kind() {
            csv::ErrorKind::Io(error) => Failure::from_output(&error),
            other => Failure::broken(format!("could not write CSV: {other:?}")),
        };
        let mut writer = csv::Writer::from_writer(out);
        let bytes = self.has_bytes.then_some("frame:hex");
        let fields = self.columns.iter().map(String::as_str);
        writer.write_record(FIRST.into_iter().chain(fields).chain(bytes)).map_err(closed)?;
        let mut frames = self.recording.frames();
        while let Some(frame) = frames.next_frame() {
            let row = Row::of(self, &frame);
            let [time, seconds, look, torn] =
                [row.time, row.seconds.to_string(), frame.look.to_string(), row.torn.to_string()];
            let first = [time, seconds, frame.channel.name().to_owned(), look, torn];
            writer.write_record(first.iter().chain(&self.cells(&frame))).map_err(closed)?;
        }
        writer.flush().map_err(|error| Failure::from_output(&error))
    }

    /// Returns the cells of a frame after the first ones; those that it does not have are empty.
    fn cells(&self, frame: &Frame<'_>) -> Vec<String> {
        let mut cells = vec![String::new(); self.columns.len()];
        let is_known = self.fields(frame, |leaf, bytes| {
            if let Some(column) = self.places.get(&leaf.path) {
                cells[*column] =
                    leaf.value(bytes).map(|value| value.to_string()).unwrap_or_default();
            }
            Ok(())
        });
        if self.has_bytes {
            cells.push(if matches!(is_known, Ok(true)) {
                String::new()
            } else {
                hex_of(frame.bytes)
            });
        }
        cells
    }

    /// Calls `each` with the fields of a frame, and returns false if it has bytes alone.
    fn fields(
        &self,
        frame: &Frame<'_>,
        mut each: impl FnMut(&Leaf<'_>, &[u8]) -> Result<()>,
    ) -> Result<bool> {
        let Some(layout) = &self.layouts[frame.place] else { return Ok(false) };
        let Ok(snapshot) = Snapshot::of(layout, frame.bytes.to_vec()) else { return Ok(false) };
        for leaf in leaves(layout, &snapshot).filter(|leaf| self.is_wanted(&leaf.path)) {
            each(&leaf, snapshot.bytes())?;
        }
        Ok(true)
    }

    fn write_json(&self, out: &mut impl Write) -> Result<()> {
        let json = |error: serde_json::Error| match error.io_error_kind() {
            Some(kind) => Failure::from_output(&kind.into()),
            None => Failure::broken(format!("could not write JSON: {error}")),
        };
        let mut frames = self.recording.frames();
        while let Some(frame) = frames.next_frame() {
            let row = Row::of(self, &frame);
            let mut line = Vec::new();
            let mut serializer = serde_json::Serializer::new(&mut line);
            let mut map = serializer.serialize_map(None).map_err(json)?;
            map.serialize_entry("time", &row.time).map_err(json)?;
            map.serialize_entry("seconds", &row.seconds).map_err(json)?;
            map.serialize_entry("name", frame.channel.name()).map_err(json)?;
            map.serialize_entry("look", &frame.look).map_err(json)?;
            map.serialize_entry("torn", &row.torn).map_err(json)?;
            // In the order of the layout.
            let mut values = Vec::new();
            let mut fields = serde_json::Serializer::new(&mut values);
            let mut fields = fields.serialize_map(None).map_err(json)?;
            let is_known = self.fields(&frame, |leaf, bytes| {
                fields.serialize_entry(&leaf.path, &leaf.value(bytes)).map_err(json)
            })?;
            fields.end().map_err(json)?;
            if is_known {
                let values: &RawValue = serde_json::from_slice(&values).map_err(json)?;
                map.serialize_entry("fields", values).map_err(json)?;
            } else if self.has_bytes {
                map.serialize_entry("hex", &hex_of(frame.bytes)).map_err(json)?;
            }
            map.end().map_err(json)?;
            line.push(b'\n');
            out.write_all(&line).map_err(|error| Failure::from_output(&error))?;
        }
        Ok(())
    }
}

/// The columns that every frame has. No path of a field has a `:`.
const FIRST: [&str; 5] = ["frame:time", "frame:seconds", "frame:name", "frame:look", "frame:torn"];

/// What every frame has.
struct Row {
    /// In UTC, as of RFC 3339.
    time: String,
    /// Since the recording began.
    seconds: f64,
    torn: bool,
}

impl Row {
    fn of(table: &Table<'_>, frame: &Frame<'_>) -> Self {
        /// The end of the years that the form of times has.
        const LAST: Duration = Duration::from_secs(253_402_300_799);
        let time = UNIX_EPOCH + frame.time.min(LAST);
        let since = frame.time.saturating_sub(table.recording.start());
        Self {
            time: humantime::format_rfc3339_micros(time).to_string(),
            seconds: since.as_secs_f64(),
            torn: frame.channel.is_torn(),
        }
    }
}

/// Returns the fields of a frame; those of sections too, unless one reaches outside.
fn leaves<'l>(
    layout: &'l Layout,
    snapshot: &Snapshot<'l>,
) -> Box<dyn Iterator<Item = Leaf<'l>> + 'l> {
    match snapshot.leaves() {
        Ok(leaves) => Box::new(leaves),
        Err(_) => Box::new(layout.leaves()),
    }
}

fn hex_of(bytes: &[u8]) -> String {
    let mut text = Vec::new();
    // A vector takes everything.
    drop(hex::write_plain(&mut text, bytes));
    String::from_utf8_lossy(&text).into_owned()
}
