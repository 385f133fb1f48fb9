//! Reading from front to back through windows, beside one map of the whole file.

use std::hint::black_box;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use filemap::{Cursor, MappedFile, MappedFileOptions};

use crate::Result;
use crate::harness::{Contestant, Effort, Table, compare, each};
use crate::place::Place;

/// Bytes in a window.
const WINDOW: usize = 64 << 20;

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    let place = Place::in_memory()?;
    let (path, file) = place.file(effort.len)?;
    drop(file);
    let (system, mebibytes) = (&place.file_system, effort.len >> 20);
    let mut tables = Vec::new();
    for (size, operation) in [(64, "a read of 64 bytes"), (4096, "a read of 4096 bytes")] {
        let title = format!("Reads of {size} bytes from front to back, {mebibytes} MiB, {system}");
        tables.push(fresh(title.clone(), operation, effort, &path, size)?);
        tables.push(kept(title, operation, effort, &path, size)?);
    }
    Ok(tables)
}

/// Once through the file, opened for it: every page is touched for the first time.
fn fresh(
    title: String,
    operation: &'static str,
    effort: Effort,
    path: &Path,
    size: usize,
) -> Result<Table> {
    let through = |options: MappedFileOptions| {
        move |_| pass(&options.clone().read_only().open(path)?, 0, effort.len, size)
    };
    let base = Contestant::new("one map of the file", through(MappedFile::options()));
    let contestants = [1, 4]
        .map(|count| {
            let options = MappedFile::options().window(WINDOW).windows(count);
            Contestant::new(windows(count), through(options))
        })
        .into();
    // A pass takes long; a third of the rounds will do.
    let title = title + ", mapped anew for each pass";
    compare(title, operation, effort.rounds.div_ceil(3), base, contestants)
}

/// An eighth of a file all of whose windows are kept and touched.
fn kept(
    title: String,
    operation: &'static str,
    effort: Effort,
    path: &Path,
    size: usize,
) -> Result<Table> {
    let all = usize::try_from(effort.len)?.div_ceil(WINDOW);
    let whole = MappedFile::options().read_only().open(path)?;
    let options = MappedFile::options().window(WINDOW).windows(all).read_only();
    let sliding = options.open(path)?;
    for file in [&whole, &sliding] {
        pass(file, 0, effort.len, 4096)?;
    }
    let part = effort.len / 8;
    let run = |seed| fastrand::Rng::with_seed(seed).u64(..=effort.len - part) & !4095;

    let base = Contestant::new("one map of the file", |seed| pass(&whole, run(seed), part, size));
    let contestants = vec![
        Contestant::new(windows(all), |seed| pass(&sliding, run(seed), part, size)),
        Contestant::new("one map of the file, by a `Cursor`", |seed| {
            stream(&whole, run(seed), part, size)
        }),
        Contestant::new(format!("{}, by a `Cursor`", windows(all)), |seed| {
            stream(&sliding, run(seed), part, size)
        }),
    ];
    compare(title + ", all of it mapped before", operation, effort.rounds, base, contestants)
}

fn windows(count: usize) -> String {
    let mebibytes = WINDOW >> 20;
    if count == 1 {
        format!("1 window of {mebibytes} MiB")
    } else {
        format!("{count} windows of {mebibytes} MiB")
    }
}

/// The time of one read, over a pass.
fn pass(file: &MappedFile, from: u64, len: u64, size: usize) -> Result<Duration> {
    let mut buf = vec![0; size];
    let count = usize::try_from(len)? / size;
    let start = Instant::now();
    for number in 0..count {
        black_box(file.read_at(from + (number * size) as u64, black_box(&mut buf))?);
    }
    Ok(each(start.elapsed(), count))
}

/// The same by way of a cursor, which keeps the window that it is in.
fn stream(file: &MappedFile, from: u64, len: u64, size: usize) -> Result<Duration> {
    let mut buf = vec![0; size];
    let count = usize::try_from(len)? / size;
    let mut cursor = Cursor::new(file);
    cursor.set_position(from);
    let start = Instant::now();
    for _ in 0..count {
        cursor.read_exact(black_box(&mut buf))?;
        black_box(&buf);
    }
    Ok(each(start.elapsed(), count))
}
