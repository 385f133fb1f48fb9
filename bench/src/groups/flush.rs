//! Flushes: what reaches the disk, and how soon, beside the calls that do it.

#![expect(unsafe_code, reason = "stores into memmap2's map")]

use super::library::PositionedIo as _;
use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::time::Instant;

use memmap2::{Advice, MmapRaw};

use super::library::{Flush, MappedFile, MappedFileOptions};
use crate::Result;
use crate::harness::{Bar, Effort, Row, Side, each};
use crate::scene::{Medium, Scene, open};

const PAGE: u64 = 4096;

/// Pages that are changed far from each other.
const SCATTERED: usize = 100;

pub(crate) fn rows(scene: &Scene, effort: Effort) -> Result<Vec<Row<'_>>> {
    let place = Place { scene, len: effort.len / 4 };
    let row = |name: &str, pages, flush| Row {
        name: name.to_owned(),
        beside: "`msync` of the same range",
        bar: Bar::Ratio(1.05),
        contestant: place.flush(pages, flush),
        base: place.msync(pages),
    };
    Ok(vec![
        row("`Flush::Written` of 1 changed page", 1, Flush::Written),
        row("`Flush::Durable` of 1 changed page", 1, Flush::Durable),
        row("`Flush::Durable` of a file, 100 pages changed", SCATTERED, Flush::Durable),
        Row {
            name: "a durable write of 1 page, by `flush_writes`".to_owned(),
            beside: "`pwrite` and `fdatasync`",
            bar: Bar::Ratio(1.05),
            contestant: place.durable_write(),
            base: place.output(),
        },
    ])
}

#[derive(Clone, Copy)]
struct Place<'a> {
    scene: &'a Scene,
    len: u64,
}

impl<'a> Place<'a> {
    /// Opens the file twice: as `options` say, with all pages mapped, and to wait for the disk.
    fn mapped(self, options: MappedFileOptions) -> Result<(MappedFile, File)> {
        let path = self.scene.shared(Medium::Disk, self.len)?;
        let (mapped, file) = (options.open(&path)?, open(&path)?);
        for offset in (0..self.len).step_by(4096) {
            black_box(mapped.read::<u8>(offset)?);
        }
        Ok((mapped, file))
    }

    /// Returns the pages to change, and the range to flush: the one page, or the whole file.
    fn drawn(self, pages: usize, seed: u64) -> (Vec<u64>, u64, u64) {
        let mut random = fastrand::Rng::with_seed(seed);
        let offsets = (0..pages).map(|_| random.u64(..self.len / PAGE) * PAGE);
        let offsets: Vec<u64> = offsets.collect();
        let (start, len) = if pages == 1 { (offsets[0], PAGE) } else { (0, self.len) };
        (offsets, start, len)
    }

    fn flush(self, pages: usize, flush: Flush) -> Side<'a> {
        Box::new(move || {
            let (mapped, file) = self.mapped(MappedFile::options())?;
            Ok(Box::new(move |seed| {
                let (offsets, start, len) = self.drawn(pages, seed);
                for offset in offsets {
                    mapped.write(offset, &seed)?;
                }
                timed(&file, || Ok(mapped.flush_range(start, len, flush)?))
            }))
        })
    }

    fn msync(self, pages: usize) -> Side<'a> {
        Box::new(move || {
            let file = open(&self.scene.shared(Medium::Disk, self.len)?)?;
            let map = MmapRaw::map_raw(&file)?;
            map.advise(Advice::PopulateRead)?;
            Ok(Box::new(move |seed| {
                let (offsets, start, len) = self.drawn(pages, seed);
                for offset in offsets {
                    store(&map, offset, seed)?;
                }
                let (start, len) = (usize::try_from(start)?, usize::try_from(len)?);
                timed(&file, || Ok(map.flush_range(start, len)?))
            }))
        })
    }

    fn durable_write(self) -> Side<'a> {
        Box::new(move || {
            let options = MappedFile::options().flush_writes(Flush::Durable);
            let (mapped, file) = self.mapped(options)?;
            Ok(Box::new(move |seed| {
                let (_, start, _) = self.drawn(1, seed);
                let bytes = [seed.to_le_bytes()[0]; 4096];
                timed(&file, || Ok(mapped.write_all_at(&bytes, start)?))
            }))
        })
    }

    fn output(self) -> Side<'a> {
        Box::new(move || {
            let file = open(&self.scene.shared(Medium::Disk, self.len)?)?;
            Ok(Box::new(move |seed| {
                let (_, start, _) = self.drawn(1, seed);
                let bytes = [seed.to_le_bytes()[0]; 4096];
                timed(&file, || {
                    file.write_all_at(&bytes, start)?;
                    Ok(file.sync_data()?)
                })
            }))
        })
    }
}

fn store(map: &MmapRaw, offset: u64, value: u64) -> Result<()> {
    let at = usize::try_from(offset)?;
    assert!(at + size_of::<u64>() <= map.len(), "the map has these bytes");
    // SAFETY: the place is in the map, as was seen.
    let place = unsafe { map.as_mut_ptr().add(at) };
    // SAFETY: as above, and nobody has a reference to these bytes.
    unsafe { place.copy_from_nonoverlapping(value.to_le_bytes().as_ptr(), size_of::<u64>()) };
    Ok(())
}

/// Returns the nanoseconds of `flush`; afterwards the disk has everything, whatever was promised.
fn timed(file: &File, flush: impl Fn() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    flush()?;
    let time = start.elapsed();
    file.sync_all()?;
    Ok(each(time, 1))
}
