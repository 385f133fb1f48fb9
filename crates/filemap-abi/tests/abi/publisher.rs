//! What the example `telemetry` publishes, for readers in other languages.

use std::error::Error;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use filemap::{Access, Event, FileMapping, Registry, Shared};

/// As `Sample` of the example: three numbers as `f32` has them, and that of the frame.
type Sample = [u32; 4];

/// The position in a frame, as a reader prints it: numbers that are a frame's own.
fn sample(frame: u16) -> Sample {
    let x = f32::from(frame);
    [x.to_bits(), (-x).to_bits(), (x / 2.0).to_bits(), frame.into()]
}

/// Publishes so many frames, 60 each second, under a name in a registry, once `reader` waits for the
/// event beside it. Returns what `reader` does: until then the last sample stays.
pub(crate) fn publish<T: Send>(
    registry: &Path,
    name: &str,
    frames: u16,
    reader: impl FnOnce() -> T + Send,
) -> Result<T, Box<dyn Error>> {
    let registry = Registry::at(registry);
    let event = format!("{name} runs");
    let runs = Event::options().name(&event).registry(&registry).manual_reset().create_new()?;
    thread::scope(|scope| {
        let reader = scope.spawn(reader);
        // It fails if it opens the mapping before.
        while !reader.is_finished() && registry.inspect(&event)?.waiters() != Some(1) {
            thread::yield_now();
        }
        let options = FileMapping::options().name(name).registry(&registry);
        let mapping = options.size(Shared::<Sample>::LEN as u64).create_new()?;
        let view = mapping.map(Access::Write)?;
        let mut telemetry = Shared::<Sample>::create(&view, 0)?;
        let begin = Instant::now();
        for frame in 1..=frames {
            telemetry.publish(&sample(frame))?;
            runs.set()?;
            let next = begin + Duration::from_secs(1) * frame.into() / 60;
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        reader.join().map_err(|_| "the reader panicked".into())
    })
}
