//! Small accesses at random, unaligned offsets: what a program with records does all day.

#![expect(unsafe_code, reason = "memmap2, a contestant, cannot promise what its slices promise")]

use std::arch::asm;
use std::convert::Infallible;
use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use filemap::{Access, FileMapping, MappedFile, Protection, View};
use memmap2::{Mmap, MmapRaw};

use crate::Result;
use crate::harness::{Contestant, Effort, Pair, Table, Target, compare_pairs, each};
use crate::place::Place;
use crate::ways;

/// Bytes in one access. Programs know the size of what they read, and so do all of these here.
const SIZES: [usize; 4] = [8, 64, 256, 4096];

/// With two threads, where what they share would show.
const SHARED: [usize; 2] = [64, 4096];

/// Why a row may miss.
const TESTED: &str = "Beside the copy stand, as in the base, a comparison with the end, and a test of \
                      whether it was broken off, which the base has not; a `MappedFile` also loads \
                      where its map is. At random offsets the processor has many copies in flight at \
                      once, and each instruction more means fewer of them: a row shows what ten that \
                      do nothing cost. How much that is, and so which rows miss, differs from run to \
                      run with what else the processor's core is busy with.";

const VIEW: Target = Target::Ratio(1.02);
const MAPPED_FILE: Target = Target::Ratio(1.10);

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    let memory = Place::in_memory()?;
    let (path, file) = memory.file(effort.len)?;
    let name = memory.file_system.clone();
    let mut tables = vec![
        reads(&name, effort, &path, &file, &SIZES, 1)?,
        reads(&name, effort, &path, &file, &SHARED, 2)?,
        writes(&name, effort, &path, &file, &SIZES, 1)?,
        writes(&name, effort, &path, &file, &SHARED, 2)?,
        ways::reads(&name, effort, &path, &file)?,
        ways::writes(&name, effort, &path, &file)?,
    ];
    drop((file, memory));
    let disk = Place::on_disk()?;
    let (path, file) = disk.file(effort.len)?;
    let name = format!("{} in the page cache", disk.file_system);
    tables.push(reads(&name, effort, &path, &file, &SIZES, 1)?);
    tables.push(reads(&name, effort, &path, &file, &SHARED, 2)?);
    drop((path, file, disk));
    // A page that was written to the disk faults at the next store, whoever stores, and every
    // page that is stored to waits to be written: so few of them, and so few that none is written
    // while this runs.
    let disk = Place::on_disk()?;
    let few = Effort { len: DIRTY, ..effort };
    let (path, file) = disk.file(few.len)?;
    let name = format!("{} in the page cache, all pages dirty", disk.file_system);
    tables.push(writes(&name, few, &path, &file, &SIZES, 1)?);
    tables.push(writes(&name, few, &path, &file, &SHARED, 2)?);
    Ok(tables)
}

/// Bytes that are mapped by as much of a page table as a line of the caches holds.
const LINE: usize = 8 * 4096;

/// How often a map is passed through before it is timed.
const PASSES: usize = 3;

/// Bytes that are written to on a disk: what it need not write out at once.
const DIRTY: u64 = 64 << 20;

fn reads(
    place: &str,
    effort: Effort,
    path: &Path,
    file: &File,
    sizes: &[usize],
    threads: usize,
) -> Result<Table> {
    let view = view(file, Access::Read)?;
    let mapped = MappedFile::options().read_only().open(path)?;
    // SAFETY: nobody writes to this file or makes it shorter while it is mapped.
    let map = unsafe { Mmap::map(file) }?;
    // SAFETY: as above.
    let second = unsafe { Mmap::map(file) }?;
    // Each map by itself, so that the page tables of each lie together.
    let pages = || (0..effort.len).step_by(4096);
    for page in pages() {
        black_box(mapped.read::<u8>(page)?);
    }
    for page in pages() {
        black_box(view.read::<u8>(usize::try_from(page)?)?);
    }
    for page in pages() {
        black_box(second[usize::try_from(page)?]);
    }
    for page in pages() {
        black_box(map[usize::try_from(page)?]);
    }
    let maps = Maps { view: &view, mapped: &mapped, map: &map[..], second: &second[..] };
    let mut pairs = Vec::new();
    for size in sizes {
        let work = Work { len: effort.len, size: *size, threads };
        match size {
            8 => pairs.extend(reading::<8>(work, maps)),
            64 => pairs.extend(reading::<64>(work, maps)),
            256 => pairs.extend(reading::<256>(work, maps)),
            _ => pairs.extend(reading::<4096>(Work { size: 4096, ..work }, maps)),
        }
    }
    let title = title("Random reads", effort, place, threads);
    let base = "`copy_from_slice` of as many bytes out of a memmap2 slice";
    compare_pairs(title, "one read", rounds(effort), base, pairs)
}

fn writes(
    place: &str,
    effort: Effort,
    path: &Path,
    file: &File,
    sizes: &[usize],
    threads: usize,
) -> Result<Table> {
    let view = view(file, Access::Write)?;
    let mapped = MappedFile::open(path)?;
    let map = Shared(MmapRaw::map_raw(file)?);
    let second = Shared(MmapRaw::map_raw(file)?);
    let pages = || (0..effort.len).step_by(4096);
    for page in pages() {
        mapped.write(page, &4_u8)?;
    }
    for page in pages() {
        view.write(usize::try_from(page)?, &3_u8)?;
    }
    for page in pages() {
        second.store(usize::try_from(page)?, &[2]);
    }
    for page in pages() {
        map.store(usize::try_from(page)?, &[1]);
    }
    let maps = Maps { view: &view, mapped: &mapped, map: &map, second: &second };
    let mut pairs = Vec::new();
    for size in sizes {
        let work = Work { len: effort.len, size: *size, threads };
        match size {
            8 => pairs.extend(writing::<8>(work, maps)),
            64 => pairs.extend(writing::<64>(work, maps)),
            256 => pairs.extend(writing::<256>(work, maps)),
            _ => pairs.extend(writing::<4096>(Work { size: 4096, ..work }, maps)),
        }
    }
    let title = title("Random writes", effort, place, threads);
    let base = "`copy_from_slice` of as many bytes into a memmap2 slice";
    compare_pairs(title, "one write", rounds(effort), base, pairs)
}

/// The ways to one file.
#[derive(Debug)]
struct Maps<'a, M: ?Sized> {
    view: &'a View,
    mapped: &'a MappedFile,
    /// The base.
    map: &'a M,
    /// What the place of a map in memory does, and no code.
    second: &'a M,
}

impl<M: ?Sized> Clone for Maps<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: ?Sized> Copy for Maps<'_, M> {}

fn reading<'a, const SIZE: usize>(work: Work, maps: Maps<'a, [u8]>) -> Vec<Pair<'a>> {
    let Maps { view, mapped, map, second } = maps;
    let slice = move |map: &'a [u8]| {
        move |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| {
                buf.copy_from_slice(&map[offset..offset + SIZE]);
                Ok::<_, Infallible>(())
            })
        }
    };
    let mut own = vec![
        Contestant::new(format!("{SIZE} bytes, `View::read_at`"), move |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| view.read_at(offset, buf))
        })
        .within(VIEW)
        .limited(TESTED, Target::Ratio(1.4)),
        Contestant::new(format!("{SIZE} bytes, `MappedFile::read_at`"), move |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| {
                mapped.read_at(offset as u64, buf).map(|_count| ())
            })
        })
        .within(MAPPED_FILE)
        .limited(TESTED, Target::Ratio(1.4)),
    ];
    if SIZE == 64 {
        own.push(Contestant::new("64 bytes, a second map like the base", slice(second)));
        own.push(Contestant::new("64 bytes, such a map after ten no-operations", move |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| {
                ten_no_operations();
                buf.copy_from_slice(&second[offset..offset + SIZE]);
                Ok::<_, Infallible>(())
            })
        }));
    }
    own.into_iter().map(|own| Pair { base: Box::new(slice(map)), own }).collect()
}

/// Ten instructions that do nothing but take their places among those in flight.
#[inline(always)]
fn ten_no_operations() {
    // SAFETY: they do nothing.
    unsafe {
        asm!(".rept 10", "nop", ".endr", options(nomem, nostack, preserves_flags),);
    }
}

fn writing<'a, const SIZE: usize>(work: Work, maps: Maps<'a, Shared>) -> Vec<Pair<'a>> {
    let Maps { view, mapped, map, second } = maps;
    let slice = move |map: &'a Shared| {
        move |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| {
                map.store(offset, buf);
                Ok::<_, Infallible>(())
            })
        }
    };
    let mut own = vec![
        Contestant::new(format!("{SIZE} bytes, `View::write_at`"), move |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| view.write_at(offset, buf))
        })
        .within(VIEW)
        .limited(TESTED, Target::Ratio(1.4)),
        Contestant::new(format!("{SIZE} bytes, `MappedFile::write_at`"), move |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| mapped.write_at(offset as u64, buf))
        })
        .within(MAPPED_FILE)
        .limited(TESTED, Target::Ratio(1.4)),
    ];
    if SIZE == 64 {
        own.push(Contestant::new("64 bytes, a second map like the base", slice(second)));
    }
    own.into_iter().map(|own| Pair { base: Box::new(slice(map)), own }).collect()
}

/// A map that several threads store to.
pub(crate) struct Shared(pub(crate) MmapRaw);

impl Shared {
    /// What `copy_from_slice` into a part of a slice does, its bounds check included.
    #[inline(always)]
    pub(crate) fn store(&self, offset: usize, bytes: &[u8]) {
        let end = offset.checked_add(bytes.len());
        assert!(end.is_some_and(|end| end <= self.0.len()), "the map ends before");
        // SAFETY: the map has these bytes.
        let to = unsafe { self.0.as_mut_ptr().add(offset) };
        // SAFETY: as above, and nobody looks at what several threads stored to one place: bytes
        // of any of them will do.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }
}

fn title(what: &str, effort: Effort, place: &str, threads: usize) -> String {
    let mebibytes = effort.len >> 20;
    let who = if threads == 1 { String::new() } else { format!(", {threads} threads at once") };
    format!("{what} over {mebibytes} MiB, {place}{who}")
}

/// Each of many rows takes part in fewer of them.
fn rounds(effort: Effort) -> usize {
    effort.rounds.div_ceil(2)
}

pub(crate) fn view(file: &File, access: Access) -> Result<View> {
    let protection = if access.can_write() { Protection::ReadWrite } else { Protection::ReadOnly };
    Ok(FileMapping::options().file(file).protection(protection).create()?.map(access)?)
}

/// What is done in one measurement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    /// The length of the file, in bytes.
    pub(crate) len: u64,
    /// Bytes in one access.
    pub(crate) size: usize,
    pub(crate) threads: usize,
}

impl Work {
    /// The time of one access.
    pub(crate) fn timed<const SIZE: usize, E: Error + Send + 'static>(
        self,
        seed: u64,
        access: impl Fn(usize, &mut [u8; SIZE]) -> std::result::Result<(), E> + Sync,
    ) -> Result<Duration> {
        if self.threads == 1 {
            return Ok(run(self.len, &self.offsets(seed), &access, || {})?);
        }
        let together = Barrier::new(self.threads);
        let times = thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads as u64)
                .map(|number| {
                    let (together, access) = (&together, &access);
                    let offsets = self.offsets(seed.wrapping_add(number));
                    let meet = move || {
                        together.wait();
                    };
                    scope.spawn(move || run(self.len, &offsets, access, meet))
                })
                .collect();
            let times = threads.into_iter().map(|thread| -> Result<Duration> {
                Ok(thread.join().map_err(|_| "a thread ended before it was done")??)
            });
            times.collect::<Result<Vec<_>>>()
        })?;
        Ok(times.into_iter().max().unwrap_or_default())
    }

    /// Where to read or write, in an order that no cache foresees; twice as many as are timed.
    fn offsets(self, seed: u64) -> Vec<u32> {
        let mut random = fastrand::Rng::with_seed(seed);
        let end = self.len.saturating_sub(self.size as u64);
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        let count = if self.size < 4096 { 60_000 } else { 10_000 };
        (0..2 * count).map(|_| random.u32(..end)).collect()
    }
}

/// Each contestant has a map of its own, and whoever ran last has its page tables in the cache:
/// the base, which runs most, would win, by 3 to 5 percent of a small access after one pass. So all
/// of the map is passed through several times first, an access for each line of its page tables,
/// and then half of the accesses are not timed.
///
/// Errors are the contestant's own: to turn them into another kind is nothing of an access.
#[inline(never)]
fn run<const SIZE: usize, E>(
    len: u64,
    offsets: &[u32],
    access: &impl Fn(usize, &mut [u8; SIZE]) -> std::result::Result<(), E>,
    warm: impl FnOnce(),
) -> std::result::Result<Duration, E> {
    let mut buf = [0; SIZE];
    let (before, timed) = offsets.split_at(offsets.len() / 2);
    let end = usize::try_from(len).unwrap_or(usize::MAX) - SIZE;
    for _ in 0..PASSES {
        for offset in (0..end).step_by(LINE) {
            access(offset, black_box(&mut buf))?;
        }
    }
    for offset in before {
        access(*offset as usize, black_box(&mut buf))?;
    }
    warm();
    let start = Instant::now();
    for offset in timed {
        access(*offset as usize, black_box(&mut buf))?;
        black_box(&buf);
    }
    Ok(each(start.elapsed(), timed.len()))
}
