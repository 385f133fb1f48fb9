//! One process publishes what it measures, 60 times a second; two others read the latest, whole.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use filemap::zerocopy::{FromBytes, Immutable, IntoBytes};
use filemap::{Access, FileMapping, Shared};

/// What is published: any type without padding, of which every pattern of bytes is a value.
#[derive(Debug, FromBytes, IntoBytes, Immutable)]
#[zerocopy(crate = "filemap::zerocopy")]
#[repr(C)]
struct Sample {
    position: [f32; 3],
    frame: u32,
}

/// How many samples there are: those of a second.
const FRAMES: u32 = 60;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(name) = env::args().nth(1) {
        return Ok(read(&name)?);
    }
    let name = format!("Local\\telemetry {}", std::process::id());
    let options = FileMapping::options().name(&name).size(Shared::<Sample>::LEN as u64);
    let mapping = options.create_new()?;
    let view = mapping.map(Access::Write)?;
    let mut telemetry = Shared::<Sample>::create(&view, 0)?;
    let program = env::current_exe()?;
    let readers = [(); 2].map(|()| Command::new(&program).arg(&name).spawn());

    let begin = Instant::now();
    for frame in 1..=FRAMES {
        let turn = std::f32::consts::TAU * f32::from(u16::try_from(frame)?) / 60.0;
        telemetry.publish(&Sample { position: [turn.cos(), turn.sin(), 0.0], frame })?;
        let next = begin + Duration::from_secs(1) * frame / 60;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    println!("publisher: {FRAMES} samples");
    for reader in readers {
        assert!(reader?.wait()?.success(), "a reader failed");
    }
    Ok(())
}

/// What each of the other processes does, with a view that only reads.
fn read(name: &str) -> Result<(), filemap::Error> {
    let view = FileMapping::open(name)?.map(Access::Read)?;
    let telemetry = Shared::<Sample>::open(&view, 0)?;
    let (mut seen, mut samples) = (0, 0);
    while let Some(next) = telemetry.wait_next(seen, Some(Duration::from_secs(10)))? {
        (seen, samples) = (next.version, samples + 1);
        let Sample { position: [x, y, _], frame } = next.value;
        if frame % 20 == 0 {
            println!("reader {}: at ({x:.2}, {y:.2}) in frame {frame}", std::process::id());
        }
        if frame == FRAMES {
            println!("reader {}: saw {samples} samples", std::process::id());
            return Ok(());
        }
    }
    println!("reader {}: the publisher is silent", std::process::id());
    Ok(())
}
