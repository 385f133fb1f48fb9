//! Draws a field of a recording over time, as SVG: `plot race.mcap rpm rpm.svg`.
//!
//! Without arguments it records a second of its own, and draws that.

use std::env;
use std::error::Error;
use std::f64::consts::TAU;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use filemap::{Access, FileMapping, Name, PositionedIo};
use filemap_layout::{Layout, Snapshot, Versions};
use filemap_recording::{RecorderOptions, Recording, Stop, Subject};
use plotters::prelude::*;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [file, field, picture] = arguments.as_slice() {
        fs::write(picture, drawn(field, &values(Path::new(file), field)?)?)?;
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("waves.mcap");
    record_waves(&file)?;
    let values = values(&file, "height")?;
    // A busy machine looks less often, and never has nothing.
    assert!(values.len() > 1 && values.iter().all(|(_, height)| height.abs() <= 1.0));
    assert!(drawn("height", &values)?.contains("<polyline"));
    Ok(())
}

/// Returns the values of a field, each with its time in seconds from the first frame on.
fn values(file: &Path, field: &str) -> Result<Vec<(f64, f64)>> {
    let recording = Recording::open(file)?;
    let mut channels = recording.channels().iter().enumerate();
    let (place, channel) = channels.next().ok_or("the recording is empty")?;
    let layout = recording.layout(channel).ok_or("the recording has no layout")?;
    let mut values = Vec::new();
    let mut frames = recording.frames();
    while let Some(frame) = frames.next_frame() {
        if frame.place != place {
            continue;
        }
        let snapshot = Snapshot::of(&layout, frame.bytes.to_vec())?;
        let value = snapshot.value(field)?.number().ok_or("the field is no number")?;
        values.push(((frame.time - recording.start()).as_secs_f64(), value));
    }
    Ok(values)
}

fn drawn(field: &str, values: &[(f64, f64)]) -> Result<String> {
    let last = values.last().map_or(1.0, |(time, _)| *time);
    let heights = || values.iter().map(|(_, value)| *value);
    let (least, most) = (heights().fold(0.0, f64::min), heights().fold(f64::MIN, f64::max));
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (760, 260)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(32)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..last, least..most * 1.05)?;
    chart.configure_mesh().light_line_style(WHITE).x_desc("seconds").y_desc(field).draw()?;
    chart.draw_series(LineSeries::new(values.iter().copied(), RGBColor(20, 90, 180)))?;
    drop(chart);
    area.present()?;
    drop(area);
    Ok(svg)
}

/// Publishes waves under a name, and records them.
fn record_waves(file: &Path) -> Result<()> {
    let name = format!("Local\\waves-{}", std::process::id());
    let layout = Layout::from_words("version:u32 height:f64")?;
    let versions = Versions::odd(layout.root(), "version")?;
    let layout = layout.with_versions(Some(versions));
    let mapping = FileMapping::options().name(name.as_str()).size(layout.size()).create_new()?;
    let view = mapping.map(Access::Write)?;
    let subject = Subject::new(Name::parse(&name)?).layout(layout);
    let recorder = RecorderOptions::new().start(vec![subject], file)?;
    let stop = Stop::new();
    let limit = Some(Duration::from_secs(1));
    let recorded = thread::scope(|scope| {
        let recording = scope.spawn(|| recorder.run(&stop, limit, |_| {}));
        let begun = Instant::now();
        let mut version: u32 = 0;
        while !recording.is_finished() {
            let height = (begun.elapsed().as_secs_f64() * TAU).sin();
            // Odd while somebody writes.
            view.write_all_at(&(version + 1).to_le_bytes(), 0)?;
            view.write_all_at(&height.to_le_bytes(), 8)?;
            view.write_all_at(&(version + 2).to_le_bytes(), 0)?;
            version += 2;
            thread::sleep(Duration::from_millis(4));
        }
        Ok::<_, filemap::Error>(recording.join())
    })?;
    recorded.map_err(|_| "the recorder has panicked")??;
    Ok(())
}
