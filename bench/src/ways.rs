//! Other ways to 64 bytes of a file, and memory without a file: what a map is worth.

#![expect(unsafe_code, reason = "memmap2, a contestant, cannot promise what its slices promise")]

use std::convert::Infallible;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use filemap::{Access, MappedFile};
use memmap2::{Advice, Mmap, MmapMut, MmapRaw};
use mmap_io::MemoryMappedFile;

use crate::Result;
use crate::harness::{Contestant, Effort, Table, compare};
use crate::small::{Shared, Work, view};

const SIZE: usize = 64;

pub(crate) fn reads(place: &str, effort: Effort, path: &Path, file: &File) -> Result<Table> {
    let work = Work { len: effort.len, size: SIZE, threads: 1 };
    let len = usize::try_from(effort.len)?;
    // SAFETY: nobody writes to this file or makes it shorter while it is mapped.
    let map = unsafe { Mmap::map(file) }?;
    let view = view(file, Access::Read)?;
    let mapped = MappedFile::options().read_only().open(path)?;
    let locked = MemoryMappedFile::open_ro(path)?;
    let (vmap, _file) = vmap::Map::with_options().open(path)?;
    // Its pointer may not be used by several threads, and is used by one.
    let slice: &[u8] = &vmap;
    let (ram, large) = (memory(len, false)?, memory(len, true)?);
    let mut buf = [0; SIZE];
    for page in (0..len - SIZE).step_by(4096) {
        copied(&map, page, &mut buf)?;
        view.read_at(page, &mut buf)?;
        mapped.read_at(page as u64, &mut buf)?;
        copied(slice, page, &mut buf)?;
        locked.read_into(page as u64, &mut buf)?;
    }
    let base = Contestant::new("`copy_from_slice` out of a memmap2 slice", |seed| {
        work.timed(seed, |offset, buf: &mut [u8; SIZE]| copied(&map, offset, buf))
    });
    let contestants = vec![
        Contestant::new("`View::read_at`", |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| view.read_at(offset, buf))
        }),
        Contestant::new("`MappedFile::read_at`", |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| {
                mapped.read_at(offset as u64, buf).map(|_count| ())
            })
        }),
        Contestant::new("vmap, `copy_from_slice`", |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| copied(slice, offset, buf))
        }),
        Contestant::new("mmap-io, `read_into`", |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| locked.read_into(offset as u64, buf))
        }),
        Contestant::new("`pread`", |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| file.read_exact_at(buf, offset as u64))
        }),
        Contestant::new("memory without a file", |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| copied(&ram, offset, buf))
        }),
        Contestant::new("memory in pages of 2 MiB", |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| copied(&large, offset, buf))
        }),
    ];
    let title =
        format!("Ways to read {SIZE} bytes, at random over {} MiB, {place}", effort.len >> 20);
    compare(title, "a read of 64 bytes", effort.rounds.div_ceil(2), base, contestants)
}

pub(crate) fn writes(place: &str, effort: Effort, path: &Path, file: &File) -> Result<Table> {
    let work = Work { len: effort.len, size: SIZE, threads: 1 };
    let len = usize::try_from(effort.len)?;
    let map = Shared(MmapRaw::map_raw(file)?);
    let view = view(file, Access::Write)?;
    let mapped = MappedFile::open(path)?;
    let locked = MemoryMappedFile::open_rw(path)?;
    let ram = Shared(MmapRaw::from(memory(len, false)?));
    let large = Shared(MmapRaw::from(memory(len, true)?));
    // The first store to a page faults, through each map anew.
    let buf = [1; SIZE];
    for page in (0..len - SIZE).step_by(4096) {
        map.store(page, &buf);
        view.write_at(page, &buf)?;
        mapped.write_at(page as u64, &buf)?;
        locked.update_region(page as u64, &buf)?;
    }
    let base = Contestant::new("`copy_from_slice` into a memmap2 slice", |seed| {
        work.timed(seed, |offset, buf: &mut [u8; SIZE]| {
            map.store(offset, buf);
            Ok::<_, Infallible>(())
        })
    });
    let contestants = vec![
        Contestant::new("`View::write_at`", |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| view.write_at(offset, buf))
        }),
        Contestant::new("`MappedFile::write_at`", |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| mapped.write_at(offset as u64, buf))
        }),
        Contestant::new("mmap-io, `update_region`", |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| {
                locked.update_region(offset as u64, buf)
            })
        }),
        Contestant::new("`pwrite`", |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| file.write_all_at(buf, offset as u64))
        }),
        Contestant::new("memory without a file", |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| {
                ram.store(offset, buf);
                Ok::<_, Infallible>(())
            })
        }),
        Contestant::new("memory in pages of 2 MiB", |seed| {
            work.timed(seed, |offset, buf: &mut [u8; SIZE]| {
                large.store(offset, buf);
                Ok::<_, Infallible>(())
            })
        }),
    ];
    let title =
        format!("Ways to write {SIZE} bytes, at random over {} MiB, {place}", effort.len >> 20);
    compare(title, "a write of 64 bytes", effort.rounds.div_ceil(2), base, contestants)
}

#[inline(always)]
fn copied(
    bytes: &[u8],
    offset: usize,
    buf: &mut [u8; SIZE],
) -> std::result::Result<(), Infallible> {
    buf.copy_from_slice(&bytes[offset..offset + SIZE]);
    Ok(())
}

/// Memory that no file is behind, every page of it there.
fn memory(len: usize, large: bool) -> Result<MmapMut> {
    let mut memory = MmapMut::map_anon(len)?;
    if large {
        memory.advise(Advice::HugePage)?;
    }
    for page in (0..len).step_by(4096) {
        memory[page] = 1;
    }
    Ok(memory)
}
