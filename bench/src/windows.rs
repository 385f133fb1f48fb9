//! A file four times as long as what may be mapped of it, beside one map of it all.

#![expect(unsafe_code, reason = "memmap2, a contestant, cannot promise what its slices promise")]

use std::fs::File;
use std::hint::black_box;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use filemap::{Cursor, MappedFile, MappedFileOptions};
use memmap2::{Advice, MmapOptions};

use crate::Result;
use crate::harness::{Contestant, Effort, Pair, Table, Target, compare, compare_pairs, each};
use crate::place::Place;

/// How many windows are kept: together a quarter of the file.
const WINDOWS: usize = 4;

/// Bytes that a program would map at a time by itself.
const STEP: usize = 2 << 20;

/// Bytes in a small access.
const SMALL: usize = 64;

const SEQUENTIAL: Target = Target::Ratio(1.05);

/// Why windows miss it.
const LENT: &str = "A read through windows finds its window, tells the others that it has it, looks \
                    whether it is still there, and gives it back: some 90 instructions, or 7 ns, which \
                    is much beside 64 bytes, and little beside 4096. Each further 2 MiB take an \
                    `mmap`, a barrier and a `munmap`: 7 us beside the 150 that it takes to read them.";

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    let effort = Effort { len: effort.len / 4, ..effort };
    let mut tables = Vec::new();
    for place in [Place::in_memory()?, Place::on_disk()?] {
        let (path, file) = place.file(effort.len)?;
        let on = format!("{} MiB, {}", effort.len >> 20, place.file_system);
        for size in [SMALL, 4096] {
            tables.push(fresh(&on, effort, &path, size)?);
        }
        if tables.len() > 2 {
            continue;
        }
        tables.push(again(&on, effort, &path, &file)?);
        tables.push(random(&on, effort, &path, &file)?);
    }
    Ok(tables)
}

/// Windows for a quarter of the file.
fn sliding(effort: Effort) -> Result<MappedFileOptions> {
    let window = usize::try_from(effort.len)? / 4 / WINDOWS;
    Ok(MappedFile::options().window(window).windows(WINDOWS).read_only())
}

/// Once through the file, opened for it: every page is touched for the first time.
fn fresh(on: &str, effort: Effort, path: &Path, size: usize) -> Result<Table> {
    let sliding = sliding(effort)?;
    let through = |options: MappedFileOptions| {
        move |_| {
            let start = Instant::now();
            let file = options.clone().open(path)?;
            pass(&file, 0, effort.len, size)?;
            // Windows give back on the way what the map of all gives back at the end.
            drop(file);
            Ok(each(start.elapsed(), usize::try_from(effort.len)? / size))
        }
    };
    let whole = MappedFile::options().read_only();
    let base = Contestant::new("one map of the file", through(whole));
    let contestants = vec![
        Contestant::new("windows for a quarter of it", through(sliding.clone()))
            .within(SEQUENTIAL)
            .limited(LENT, Target::Ratio(2.3)),
        Contestant::new("the same, by a `Cursor`", move |_| {
            let start = Instant::now();
            let file = sliding.clone().open(path)?;
            stream(&file, 0, effort.len, size)?;
            drop(file);
            Ok(each(start.elapsed(), usize::try_from(effort.len)? / size))
        })
        .within(SEQUENTIAL)
        .limited(LENT, Target::Ratio(2.3)),
    ];
    let title = format!("Reads of {size} bytes from front to back, {on}, mapped for it");
    compare(title, "one read", effort.rounds.div_ceil(4), base, contestants)
}

/// Again and again through the file, which all lies in one map and never in the windows.
fn again(on: &str, effort: Effort, path: &Path, file: &File) -> Result<Table> {
    let whole = MappedFile::options().read_only().open(path)?;
    let window = usize::try_from(effort.len)? / 4;
    let kept = MappedFile::options().window(window).windows(4).read_only().open(path)?;
    let sliding = sliding(effort)?.open(path)?;
    for file in [&whole, &kept] {
        pass(file, 0, effort.len, 4096)?;
    }
    let base = Contestant::new("one map of the file", |_| pass(&whole, 0, effort.len, SMALL));
    let contestants = vec![
        Contestant::new("windows for all of it", |_| pass(&kept, 0, effort.len, SMALL))
            .within(SEQUENTIAL)
            .limited(LENT, Target::Ratio(2.3)),
        Contestant::new("windows for a quarter of it", |_| pass(&sliding, 0, effort.len, SMALL))
            .within(SEQUENTIAL)
            .limited(
                "All pages are mapped anew in each pass, beside a map that has them all: the last \
                 row maps them by bare calls, and misses this as well.",
                Target::Ratio(3.5),
            ),
        Contestant::new("`mmap`, a fault ahead for all pages, `munmap`, every 2 MiB", |_| {
            bare(file, effort.len)
        }),
    ];
    let title =
        format!("Reads of {SMALL} bytes from front to back, {on}, mapped and touched before");
    compare(title, "one read", effort.rounds.div_ceil(4), base, contestants)
}

/// What windows cannot do without, and no more.
fn bare(file: &File, len: u64) -> Result<Duration> {
    let mut buf = [0; SMALL];
    let count = usize::try_from(len)? / SMALL;
    let start = Instant::now();
    for offset in (0..len).step_by(STEP) {
        // SAFETY: nobody writes to this file or makes it shorter while it is mapped.
        let map = unsafe { MmapOptions::new().offset(offset).len(STEP).map(file) }?;
        map.advise(Advice::PopulateRead)?;
        for at in (0..STEP).step_by(SMALL) {
            black_box(&mut buf).copy_from_slice(&map[at..at + SMALL]);
            black_box(&buf);
        }
    }
    Ok(each(start.elapsed(), count))
}

/// Where accesses go, as parts of a file in which the windows have the first quarter.
const MISSES: [(&str, u64, u64); 3] = [
    ("no misses, in the quarter that is mapped", 0, 1),
    ("half of them misses, in twice as much", 0, 2),
    ("all of them misses at first, in the other three quarters", 1, 4),
];

fn random(on: &str, effort: Effort, path: &Path, file: &File) -> Result<Table> {
    let whole = MappedFile::options().read_only().open(path)?;
    pass(&whole, 0, effort.len, 4096)?;
    let quarter = effort.len / 4;
    let mut pairs = Vec::new();
    for (name, from, to) in MISSES {
        let sliding = sliding(effort)?.open(path)?;
        pass(&sliding, 0, quarter, SMALL)?;
        let part = (from * quarter, to * quarter);
        let whole = &whole;
        pairs.push(Pair {
            base: Box::new(move |seed| {
                at_random(part, seed, |at, buf| {
                    black_box(whole.read_at(at, buf)?);
                    Ok(())
                })
            }),
            own: Contestant::new(name, move |seed| {
                at_random(part, seed, |at, buf| {
                    black_box(sliding.read_at(at, buf)?);
                    Ok(())
                })
            }),
        });
    }
    let whole = &whole;
    let part = (quarter, effort.len);
    pairs.push(Pair {
        base: Box::new(move |seed| {
            at_random(part, seed, |at, buf| {
                black_box(whole.read_at(at, buf)?);
                Ok(())
            })
        }),
        own: Contestant::new("`pread` in those three quarters", move |seed| {
            at_random(part, seed, |at, buf| Ok(file.read_exact_at(buf, at)?))
        }),
    });
    let title =
        format!("Reads of {SMALL} bytes at random, {on}, through windows for a quarter of it");
    let base = "one map of the file, in the same places";
    compare_pairs(title, "one read", effort.rounds.div_ceil(2), base, pairs)
}

/// The time of one access, of those in a part of the file; half of them are not timed.
fn at_random(
    (from, to): (u64, u64),
    seed: u64,
    access: impl Fn(u64, &mut [u8]) -> Result<()>,
) -> Result<Duration> {
    let mut random = fastrand::Rng::with_seed(seed);
    let places: Vec<u64> = (0..20_000).map(|_| random.u64(from..to - SMALL as u64)).collect();
    let mut buf = [0; SMALL];
    let (before, timed) = places.split_at(places.len() / 2);
    for at in before {
        access(*at, black_box(&mut buf))?;
    }
    let start = Instant::now();
    for at in timed {
        access(*at, black_box(&mut buf))?;
        black_box(&buf);
    }
    Ok(each(start.elapsed(), timed.len()))
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

/// The same by way of a cursor.
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
