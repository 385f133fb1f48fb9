//! 64 bytes at random, unaligned offsets: what a program with records does all day.

#![expect(unsafe_code, reason = "memmap2, a contestant, cannot promise what its slices promise")]

use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use filemap::{Access, FileMapping, MappedFile, Protection, View};
use memmap2::{Mmap, MmapMut};

use crate::Result;
use crate::harness::{Contestant, Effort, Table, compare, each};
use crate::place::Place;

/// Bytes in one access.
const SIZE: usize = 64;

const READ: &str = "a read of 64 bytes";
const WRITE: &str = "a write of 64 bytes";

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    let memory = Place::in_memory()?;
    let (path, file) = memory.file(effort.len)?;
    let mebibytes = effort.len >> 20;
    let title = |what: &str, place: &Place| {
        format!("{what} of {SIZE} bytes over {mebibytes} MiB, {}", place.file_system)
    };
    let mut tables = vec![
        reads(title("Random reads", &memory), effort, &path, &file)?,
        writes(title("Random writes", &memory), effort, &path, &file)?,
    ];
    drop((file, memory));
    let disk = Place::on_disk()?;
    let (path, file) = disk.file(effort.len)?;
    let title = title("Random reads", &disk) + " in the page cache";
    tables.push(reads(title, effort, &path, &file)?);
    Ok(tables)
}

fn reads(title: String, effort: Effort, path: &Path, file: &File) -> Result<Table> {
    let len = usize::try_from(effort.len)?;
    let view = view(file, Access::Read)?;
    let mapped = MappedFile::options().read_only().open(path)?;
    // SAFETY: nobody writes to this file or makes it shorter while it is mapped.
    let map = unsafe { Mmap::map(file) }?;
    // SAFETY: as above.
    let second = unsafe { Mmap::map(file) }?;
    // Each map by itself, so that the page tables of each lie together.
    for offset in (0..len).step_by(4096) {
        black_box(mapped.read::<u8>(offset as u64)?);
    }
    for offset in (0..len).step_by(4096) {
        black_box(view.read::<u8>(offset)?);
    }
    for offset in (0..len).step_by(4096) {
        black_box(second[offset]);
    }
    for offset in (0..len).step_by(4096) {
        black_box(map[offset]);
    }
    let offsets = |seed| offsets(effort, seed);

    let base = Contestant::new("`copy_from_slice` out of a memmap2 slice", |seed| {
        timed(&offsets(seed), |offset, buf| {
            buf.copy_from_slice(&map[offset..offset + SIZE]);
            Ok(())
        })
    });
    let contestants = vec![
        // What the place of a map in memory does, and no code.
        Contestant::new("the same out of a second map of the file", |seed| {
            timed(&offsets(seed), |offset, buf| {
                buf.copy_from_slice(&second[offset..offset + SIZE]);
                Ok(())
            })
        }),
        Contestant::new("`View::read_at`", |seed| {
            timed(&offsets(seed), |offset, buf| Ok(view.read_at(offset, buf)?))
        }),
        Contestant::new("`MappedFile::read_at`", |seed| {
            timed(&offsets(seed), |offset, buf| {
                black_box(mapped.read_at(offset as u64, buf)?);
                Ok(())
            })
        }),
        Contestant::new("`pread`", |seed| {
            timed(&offsets(seed), |offset, buf| Ok(file.read_exact_at(buf, offset as u64)?))
        }),
    ];
    compare(title, READ, effort.rounds, base, contestants)
}

fn writes(title: String, effort: Effort, path: &Path, file: &File) -> Result<Table> {
    let len = usize::try_from(effort.len)?;
    let view = view(file, Access::Write)?;
    let mapped = MappedFile::open(path)?;
    // SAFETY: nobody looks at this slice while another contestant writes.
    let mut map = unsafe { MmapMut::map_mut(file) }?;
    for offset in (0..len).step_by(4096) {
        mapped.write(offset as u64, &3_u8)?;
    }
    for offset in (0..len).step_by(4096) {
        view.write(offset, &2_u8)?;
    }
    for offset in (0..len).step_by(4096) {
        map[offset] = 1;
    }
    let offsets = |seed| offsets(effort, seed);

    let base = Contestant::new("`copy_from_slice` into a memmap2 slice", |seed| {
        timed(&offsets(seed), |offset, buf| {
            map[offset..offset + SIZE].copy_from_slice(buf);
            Ok(())
        })
    });
    let contestants = vec![
        Contestant::new("`View::write_at`", |seed| {
            timed(&offsets(seed), |offset, buf| Ok(view.write_at(offset, buf)?))
        }),
        Contestant::new("`MappedFile::write_at`", |seed| {
            timed(&offsets(seed), |offset, buf| Ok(mapped.write_at(offset as u64, buf)?))
        }),
        Contestant::new("`pwrite`", |seed| {
            timed(&offsets(seed), |offset, buf| Ok(file.write_all_at(buf, offset as u64)?))
        }),
    ];
    compare(title, WRITE, effort.rounds, base, contestants)
}

fn view(file: &File, access: Access) -> Result<View> {
    let protection = if access.can_write() { Protection::ReadWrite } else { Protection::ReadOnly };
    Ok(FileMapping::options().file(file).protection(protection).create()?.map(access)?)
}

/// Where to read or write, in an order that no cache foresees; twice as many as are timed.
fn offsets(effort: Effort, seed: u64) -> Vec<u32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let end = u32::try_from(effort.len).unwrap_or(u32::MAX) - u32::try_from(SIZE).unwrap_or(0);
    (0..2 * effort.accesses).map(|_| random.u32(..end)).collect()
}

/// The time of one access.
///
/// The first half of them is not timed. Each contestant has a map of its own, and whoever ran
/// last has its page tables in the cache: without this the base, which runs most, would win.
fn timed(
    offsets: &[u32],
    mut access: impl FnMut(usize, &mut [u8; SIZE]) -> Result<()>,
) -> Result<Duration> {
    let mut buf = [0; SIZE];
    let count = offsets.len() / 2;
    let mut start = Instant::now();
    for (number, offset) in offsets.iter().enumerate() {
        if number == count {
            start = Instant::now();
        }
        access(usize::try_from(*offset)?, black_box(&mut buf))?;
        black_box(&buf);
    }
    Ok(each(start.elapsed(), offsets.len() - count))
}
