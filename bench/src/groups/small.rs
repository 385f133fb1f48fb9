//! Small accesses at random, unaligned offsets, beside slices of memmap2.

#![expect(unsafe_code, reason = "memmap2 cannot promise what its slices promise")]

use super::library::PositionedIo as _;
use std::convert::Infallible;
use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use memmap2::{Mmap, MmapRaw};

use super::library::{Access, FileMapping, MappedFile, Protection, View};
use crate::Result;
use crate::harness::{Bar, Effort, Row, Side, each};
use crate::scene::{Medium, Scene, open};

/// Bytes among which hot offsets are: the fastest cache holds them.
const HOT: usize = 16 << 10;

const PAGE: usize = 4096;

/// Bytes that are mapped by as much of a page table as a line of the caches holds.
const LINE: usize = 8 * PAGE;

/// How often the range is passed through before it is timed.
const PASSES: usize = 3;

pub(crate) fn rows(scene: &Scene, effort: Effort) -> Result<Vec<Row<'_>>> {
    let memory = &scene.shared(Medium::Memory, effort.len)?;
    let disk = &scene.shared(Medium::Disk, effort.len)?;
    let job = Job { len: usize::try_from(effort.len)?, threads: 1, accesses: effort.accesses };
    let hot = Job { len: HOT, ..job };
    let two = Job { threads: 2, ..job };
    let (view, mapped) = (Bar::Ratio(1.05), Bar::Ratio(1.1));
    let mut rows = Vec::new();
    // Of the shortest access, the instructions beside the copy are the larger part.
    rows.extend(reads::<8>("in memory", memory, job, [Bar::Ratio(1.2); 2]));
    rows.extend(reads::<64>("in memory", memory, job, [view, mapped]));
    rows.extend(reads::<4096>("in memory", memory, job, [view, mapped]));
    rows.extend(reads::<64>("in memory, two threads", memory, two, [view, mapped]));
    rows.extend(reads::<64>("on disk", disk, job, [view, mapped]));
    rows.extend(writes::<8>("in memory", memory, job, [Bar::Ratio(1.2); 2]));
    rows.extend(writes::<64>("in memory", memory, job, [view, mapped]));
    rows.extend(writes::<4096>("in memory", memory, job, [view, mapped]));
    rows.extend(reads::<64>("in the fastest cache", memory, hot, [Bar::More(2.0); 2]));
    rows.extend(writes::<64>("in the fastest cache", memory, hot, [Bar::More(2.0); 2]));
    Ok(rows)
}

fn reads<'a, const SIZE: usize>(
    place: &str,
    path: &Path,
    job: Job,
    bars: [Bar; 2],
) -> [Row<'a>; 2] {
    let base = || {
        let path = path.to_owned();
        side(
            job,
            // SAFETY: nobody writes to this file or makes it shorter while it is mapped.
            move || Ok(unsafe { Mmap::map(&File::open(&path)?) }?),
            |map: &Mmap, offset, buf: &mut [u8; SIZE]| {
                buf.copy_from_slice(&map[offset..offset + SIZE]);
                Ok::<_, Infallible>(())
            },
        )
    };
    let (for_view, for_file) = (path.to_owned(), path.to_owned());
    let view = side(
        job,
        move || view(&for_view, Access::Read),
        |view: &View, offset, buf: &mut [u8; SIZE]| view.read_exact_at(buf, offset as u64),
    );
    let file = side(
        job,
        move || Ok(MappedFile::options().read_only().open(&for_file)?),
        |file: &MappedFile, offset, buf: &mut [u8; SIZE]| {
            file.read_at(buf, offset as u64).map(|_count| ())
        },
    );
    let row = |what, bar, contestant| {
        let name = format!("`{what}`, {SIZE} bytes {place}");
        Row { name, beside: "memmap2 slice", bar, contestant, base: base() }
    };
    [row("View::read_exact_at", bars[0], view), row("MappedFile::read_at", bars[1], file)]
}

fn writes<'a, const SIZE: usize>(
    place: &str,
    path: &Path,
    job: Job,
    bars: [Bar; 2],
) -> [Row<'a>; 2] {
    let base = || {
        let path = path.to_owned();
        side(
            job,
            move || Ok(MmapRaw::map_raw(&open(&path)?)?),
            |map: &MmapRaw, offset, buf: &mut [u8; SIZE]| {
                store(map, offset, buf);
                Ok::<_, Infallible>(())
            },
        )
    };
    let (for_view, for_file) = (path.to_owned(), path.to_owned());
    let view = side(
        job,
        move || view(&for_view, Access::Write),
        |view: &View, offset, buf: &mut [u8; SIZE]| view.write_all_at(buf, offset as u64),
    );
    let file = side(
        job,
        move || Ok(MappedFile::open(&for_file)?),
        |file: &MappedFile, offset, buf: &mut [u8; SIZE]| file.write_all_at(buf, offset as u64),
    );
    let row = |what, bar, contestant| {
        let name = format!("`{what}`, {SIZE} bytes {place}");
        Row { name, beside: "memmap2 slice", bar, contestant, base: base() }
    };
    [row("View::write_all_at", bars[0], view), row("MappedFile::write_all_at", bars[1], file)]
}

fn view(path: &Path, access: Access) -> Result<View> {
    let protection = if access.can_write() { Protection::ReadWrite } else { Protection::ReadOnly };
    let file = if access.can_write() { open(path)? } else { File::open(path)? };
    Ok(FileMapping::options().file(&file).protection(protection).create()?.map(access)?)
}

/// Does what `copy_from_slice` into a part of a slice does, with its check of the bounds.
#[inline(always)]
fn store(map: &MmapRaw, offset: usize, bytes: &[u8]) {
    let end = offset.checked_add(bytes.len());
    assert!(end.is_some_and(|end| end <= map.len()), "the map ends before");
    // SAFETY: the map has these bytes.
    let to = unsafe { map.as_mut_ptr().add(offset) };
    // SAFETY: as above; nobody looks at what is stored here.
    unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
}

/// What is done in one measurement.
#[derive(Debug, Clone, Copy)]
struct Job {
    /// Bytes among which the offsets are.
    len: usize,
    threads: usize,
    accesses: usize,
}

/// Returns a side that maps with `open`, touches every page, and then measures `access`.
///
/// Errors are those of the access itself: converting them is no part of it.
fn side<'a, M: Sync + 'static, E: Error + Send + Sync + 'static, const SIZE: usize>(
    job: Job,
    open: impl Fn() -> Result<M> + 'static,
    access: impl Fn(&M, usize, &mut [u8; SIZE]) -> Result<(), E> + Copy + Sync + 'static,
) -> Side<'a> {
    Box::new(move || {
        let map = open()?;
        for offset in (0..=job.len - SIZE).step_by(PAGE) {
            access(&map, offset, &mut [0; SIZE])?;
        }
        Ok(Box::new(move |seed| job.time(seed, &|offset, buf| access(&map, offset, buf))))
    })
}

impl Job {
    /// Returns the nanoseconds of one access, of the slowest thread.
    fn time<const SIZE: usize, E: Error + Send + Sync + 'static>(
        self,
        seed: u64,
        access: &(impl Fn(usize, &mut [u8; SIZE]) -> Result<(), E> + Sync),
    ) -> Result<f64> {
        if self.threads == 1 {
            return Ok(self.run(seed, access, || {})?);
        }
        let together = Barrier::new(self.threads);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads as u64)
                .map(|number| {
                    let meet = || {
                        together.wait();
                    };
                    scope.spawn(move || self.run(seed.wrapping_add(number), access, meet))
                })
                .collect();
            let mut slowest: f64 = 0.0;
            for thread in threads {
                slowest = slowest.max(thread.join().map_err(|_| "a thread panicked")??);
            }
            Ok(slowest)
        })
    }

    /// Whoever ran last has its page tables in the caches. So the range is passed through first,
    /// an access for each line of the page table, and then half of the accesses are not timed.
    #[inline(never)]
    fn run<const SIZE: usize, E>(
        self,
        seed: u64,
        access: &impl Fn(usize, &mut [u8; SIZE]) -> Result<(), E>,
        meet: impl FnOnce(),
    ) -> Result<f64, E> {
        let mut random = fastrand::Rng::with_seed(seed);
        let count = if SIZE < PAGE { self.accesses } else { self.accesses / 5 };
        let offsets: Vec<usize> =
            (0..2 * count).map(|_| random.usize(..=self.len - SIZE)).collect();
        let (before, timed) = offsets.split_at(count);
        let mut buf = [0; SIZE];
        for _ in 0..PASSES {
            for offset in (0..=self.len - SIZE).step_by(LINE) {
                access(offset, black_box(&mut buf))?;
            }
        }
        for offset in before {
            access(*offset, black_box(&mut buf))?;
        }
        meet();
        let start = Instant::now();
        for offset in timed {
            access(*offset, black_box(&mut buf))?;
            black_box(&buf);
        }
        Ok(each(start.elapsed(), timed.len()))
    }
}
