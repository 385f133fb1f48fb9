//! Appending: what makes a file longer, write by write, beside `pwrite`.

use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use filemap::MappedFile;

use crate::Result;
use crate::harness::{Contestant, Effort, Table, Target, compare, each};
use crate::place::Place;

/// How many times more rounds there are than elsewhere, each of them as much shorter: an append
/// takes the longer the more others use the machine's memory, which changes all the time.
const FINER: usize = 8;

/// Why an append is not as fast as the system's call alone.
const CALLED: &str = "It is the same call. Around it stand the word that this file is not cut \
                      meanwhile, a look at the limit on file sizes now and then, without which the \
                      call may kill, and the note of where the file ends.";

/// Why an append into room may take more than its part of a short output.
const ROOM: &str = "An append into room takes as long on any file system, output on tmpfs much less than \
                    elsewhere. Two fifths of it are the zeroed memory that is set aside and the first \
                    touch of its pages; a store into a page that was touched takes 9 ns, and most of \
                    the rest is the word that this file is not cut meanwhile, and the note of where it \
                    ends.";

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    for place in [Place::in_memory()?, Place::on_disk()?] {
        tables.push(pages(effort, &place)?);
        tables.push(records(effort, &place)?);
    }
    Ok(tables)
}

/// Output of 4 KiB: the file is as long as what was written, to everybody, after each.
fn pages(effort: Effort, place: &Place) -> Result<Table> {
    let most = effort.len.min(if effort.rounds < Effort::FULL.rounds { 64 << 20 } else { 1 << 30 });
    let size = 4096;
    let count = effort.accesses / 10 / FINER;
    let work = Work { count, size, most };
    warm(place, 2 * most)?;
    let path = |name: &str| place.path().join(format!("pages-{name}"));
    let base = Contestant::new("`pwrite`", appends(work, path("output"), create, plain, output));
    let contestants = vec![
        Contestant::new(
            "`MappedFile::write_at`",
            appends(work, path("mapped"), open, plain, |file, at, bytes| {
                Ok(file.write_at(at, bytes)?)
            }),
        )
        .within(Target::Ratio(1.0))
        .limited(CALLED, Target::Ratio(1.15)),
    ];
    let title = format!("Appends of {size} bytes up to {} MiB, {}", most >> 20, place.file_system);
    compare(title, "an append", effort.rounds * FINER, base, contestants)
}

/// Records of 64 bytes, with room for them and without.
fn records(effort: Effort, place: &Place) -> Result<Table> {
    let work = Work { count: effort.accesses / 5, size: 64, most: 64 << 20 };
    let path = |name: &str| place.path().join(format!("records-{name}"));
    let write = |file: &MappedFile, at, bytes: &[u8]| Ok(file.write_at(at, bytes)?);
    let base = Contestant::new("`pwrite`", appends(work, path("output"), create, plain, output));
    let contestants = vec![
        Contestant::new(
            "`MappedFile::write_at` after `reserve`, which is timed too",
            appends(work, path("room"), open, |file, bytes| Ok(file.reserve(bytes)?), write),
        )
        .within(Target::Ratio(0.3))
        .limited(ROOM, Target::Ratio(0.5)),
        Contestant::new(
            "`MappedFile::write_at`",
            appends(work, path("mapped"), open, plain, write),
        ),
    ];
    let title = format!("Appends of 64 bytes, {}", place.file_system);
    compare(title, "an append", effort.rounds, base, contestants)
}

/// Brings in the memory that the files will have: a virtual machine gets it from its host at the
/// first touch, which takes longer than the append that it happens in.
fn warm(place: &Place, bytes: u64) -> Result<()> {
    let path = place.path().join("warm");
    let file = create(&path)?;
    let piece = vec![1; 1 << 20];
    for number in 0..bytes >> 20 {
        output(&file, number << 20, &piece)?;
    }
    Ok(fs::remove_file(path)?)
}

/// What is appended in one measurement, and how long a file becomes before another begins.
#[derive(Debug, Clone, Copy)]
struct Work {
    count: usize,
    size: usize,
    most: u64,
}

/// What can tell how long it is, so that it is seen to be exact.
trait Length {
    fn length(&self) -> Result<u64>;
}

impl Length for File {
    fn length(&self) -> Result<u64> {
        Ok(self.metadata()?.len())
    }
}

impl Length for MappedFile {
    fn length(&self) -> Result<u64> {
        Ok(self.len()?)
    }
}

fn create(path: &Path) -> Result<File> {
    Ok(File::options().read(true).write(true).create_new(true).open(path)?)
}

fn open(path: &Path) -> Result<MappedFile> {
    Ok(MappedFile::options().create_new().open(path)?)
}

#[expect(clippy::unnecessary_wraps, reason = "others may fail")]
fn plain<F>(_: &F, _: u64) -> Result<()> {
    Ok(())
}

fn output(file: &File, at: u64, bytes: &[u8]) -> Result<()> {
    Ok(file.write_all_at(bytes, at)?)
}

/// The time of one append, each of them behind the last one of the measurement before.
///
/// `prepare` hears how many bytes will come. Everything but it and the appends is outside the
/// clock: new files, and the disk, which would slow down whoever comes when it has to write.
fn appends<F: Length>(
    work: Work,
    path: PathBuf,
    open: impl Fn(&Path) -> Result<F>,
    prepare: impl Fn(&F, u64) -> Result<()>,
    write: impl Fn(&F, u64, &[u8]) -> Result<()>,
) -> impl FnMut(u64) -> Result<Duration> {
    let Work { count, size, most } = work;
    let piece = (count * size) as u64;
    let mut begun: Option<(F, u64)> = None;
    move |seed| {
        let (file, mut len) = match begun.take() {
            Some((file, len)) if len + piece <= most => (file, len),
            old => {
                if old.is_some() {
                    drop(old);
                    fs::remove_file(&path)?;
                }
                let file = open(&path)?;
                // What a file does once, when its first bytes come.
                write(&file, 0, &vec![1; size])?;
                (file, size as u64)
            }
        };
        let bytes = vec![u8::try_from(seed & 0x7f)? + 1; size];
        let start = Instant::now();
        prepare(&file, piece)?;
        for _ in 0..count {
            write(&file, len, black_box(&bytes))?;
            len += size as u64;
        }
        let time = start.elapsed();
        if file.length()? != len {
            return Err(format!("{} bytes of {len} are there", file.length()?).into());
        }
        File::open(&path)?.sync_data()?;
        begun = Some((file, len));
        Ok(each(time, count))
    }
}
