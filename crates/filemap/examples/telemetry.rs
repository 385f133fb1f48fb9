//! One process publishes what it measures, 60 times a second; two others read the latest, whole.
//!
//! `telemetry publish NAME LAST` does so under a name, until frame `LAST`, for readers in other
//! languages as well: `examples/c/telemetry.c` and `examples/shell/telemetry.sh`.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use filemap::zerocopy::{FromBytes, Immutable, IntoBytes};
use filemap::{Access, Event, FileMapping, Shared};

/// What is published: any type without padding, of which every pattern of bytes is a value.
#[derive(Debug, FromBytes, IntoBytes, Immutable)]
#[zerocopy(crate = "filemap::zerocopy")]
#[repr(C)]
struct Sample {
    position: [f32; 3],
    frame: u32,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["read", name, last] => Ok(read(name, last.parse()?)?),
        ["publish", name, last] => publish(name, last.parse()?),
        _ => publish(&format!("Local\\telemetry {}", std::process::id()), 60),
    }
}

/// Starts two readers, and publishes until frame `last`, 60 times a second.
fn publish(name: &str, last: u32) -> Result<(), Box<dyn std::error::Error>> {
    let runs = Event::options().name(format!("{name} runs")).manual_reset().create_new()?;
    let program = env::current_exe()?;
    let words = ["read", name, &last.to_string()];
    let readers = [(); 2].map(|()| Command::new(&program).args(words).spawn());

    let options = FileMapping::options().name(name).size(Shared::<Sample>::LEN as u64);
    let mapping = options.create_new()?;
    let view = mapping.map(Access::Write)?;
    let mut telemetry = Shared::<Sample>::create(&view, 0)?;
    let begin = Instant::now();
    for frame in 1..=last {
        let turn = std::f32::consts::TAU * f32::from(u16::try_from(frame % 60)?) / 60.0;
        telemetry.publish(&Sample { position: [turn.cos(), turn.sin(), 0.0], frame })?;
        // Whoever waits for it finds the mapping, and a sample in it.
        runs.set()?;
        let next = begin + Duration::from_secs(1) * frame / 60;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    println!("publisher: {last} samples");
    for reader in readers {
        assert!(reader?.wait()?.success(), "a reader failed");
    }
    Ok(())
}

/// What each of the other processes does, with a view that only reads.
fn read(name: &str, last: u32) -> Result<(), filemap::Error> {
    let patience = Duration::from_secs(10);
    let runs = Event::open(format!("{name} runs"))?;
    if runs.wait_for(patience)? {
        let view = FileMapping::open(name)?.map(Access::Read)?;
        let telemetry = Shared::<Sample>::open(&view, 0)?;
        let (mut seen, mut samples) = (0, 0);
        while let Some(next) = telemetry.wait_next(seen, Some(patience))? {
            (seen, samples) = (next.version, samples + 1);
            let Sample { position: [x, y, _], frame } = next.value;
            if frame % 20 == 0 {
                println!("reader {}: at ({x:.2}, {y:.2}) in frame {frame}", std::process::id());
            }
            if frame >= last {
                println!("reader {}: saw {samples} samples", std::process::id());
                return Ok(());
            }
        }
    }
    println!("reader {}: the publisher is silent", std::process::id());
    Ok(())
}
