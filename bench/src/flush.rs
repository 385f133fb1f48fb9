//! Flushing: what reaches the disk, and how soon, beside the calls that do it.

#![expect(unsafe_code, reason = "a call that no crate here has, and memmap2's maps")]

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use filemap::{Flush, MappedFile};
use memmap2::{MmapOptions, MmapRaw};

use crate::Result;
use crate::harness::{Contestant, Effort, PRECISION, Pair, Table, Target, compare_pairs};
use crate::place::Place;

/// Bytes in a page.
const PAGE: u64 = 4096;

/// Pages that are changed far from each other.
const SCATTERED: usize = 1000;

/// Why stores through a map cannot keep up with output, where a page is flushed right away.
const STORES: &str = "the kernel learns of a store by a fault at each page that was flushed \
     before, which takes longer than the output of that page, and then writes out the whole block \
     of pages in the page cache, up to a megabyte or two, where of output it knows the bytes; the \
     bare stores show it";

const OUTPUT: &str = "`pwrite` and `fdatasync`";

/// How often the slower ones are measured, as a part of the others, and by how much more often the
/// shortest.
const FEWER: usize = 5;

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    let place = Place::on_disk()?;
    let (path, file) = place.file(effort.len)?;
    let whole = Flushed::of(&path, file, effort.len)?;
    let small = Place::on_disk()?;
    let len = effort.len / 16;
    let (path, file) = small.file(len)?;
    let small = Flushed::of(&path, file, len)?;
    let mebibytes = |flushed: &Flushed| flushed.len >> 20;
    let one = format!("one page of {} MiB", mebibytes(&whole));
    let many = format!("{SCATTERED} scattered pages of {} MiB", mebibytes(&whole));
    let all = format!("all of {} MiB", mebibytes(&small));
    let (whole, small) = (&whole, &small);
    let system = &place.file_system;

    let title = |what: &str, which: &str| format!("{what}, {which}, {system}");
    let base = "`msync` of the same range";
    let written = "Flushing what was stored through a map before";
    let row = |what: &str, flush| format!("{what}, `Flush::{flush:?}`");
    let mut tables = Vec::new();
    let both = [Flush::Durable, Flush::Written];
    tables.push(compare_pairs(
        title(written, "one page"),
        "a flush",
        effort.rounds,
        base,
        both.map(|flush| whole.beside_msync(row(&one, flush), Pages::One, flush)).into(),
    )?);
    let mut pairs =
        Vec::from(both.map(|flush| whole.beside_msync(row(&many, flush), Pages::Scattered, flush)));
    pairs.extend(both.map(|flush| small.beside_msync(row(&all, flush), Pages::All, flush)));
    tables.push(compare_pairs(
        title(written, "many pages"),
        "a flush",
        effort.rounds.div_ceil(FEWER),
        base,
        pairs,
    )?);
    tables.push(compare_pairs(
        title("Beginning to write out", "and not waiting for it"),
        "a flush",
        effort.rounds,
        "`sync_file_range`, as `msync` begins nothing",
        vec![whole.beside_sync_file_range(row(&one, Flush::Start))],
    )?);
    let changed = "Changes that are durable, the changing included";
    // One flush takes a moment, and no two take the same.
    tables.push(compare_pairs(
        title(changed, "one page"),
        "a change and its flush",
        effort.rounds * FEWER,
        OUTPUT,
        vec![
            whole.beside_output(format!("{one}, `flush_writes`"), Pages::One, Way::WriteThrough),
            whole.beside_output(format!("{one}, `flush`"), Pages::One, Way::Flush),
        ],
    )?);
    tables.push(compare_pairs(
        title(changed, "many pages"),
        "a change and its flush",
        effort.rounds.div_ceil(FEWER),
        OUTPUT,
        vec![
            whole.beside_output(format!("{many}, `flush`"), Pages::Scattered, Way::Flush),
            whole.beside_output(format!("{many}, bare stores"), Pages::Scattered, Way::Bare),
            small.beside_output(format!("{all}, `flush`"), Pages::All, Way::Flush),
            small.beside_output(format!("{all}, bare stores"), Pages::All, Way::Bare),
        ],
    )?);
    Ok(tables)
}

/// Which pages are changed before a flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pages {
    One,
    Scattered,
    All,
}

/// How pages are changed and made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By `write_at`, and one `flush`.
    Flush,
    /// By `write_at` of a file whose writes are all flushed.
    WriteThrough,
    /// By stores into a memmap2 map, and one `fdatasync`: the least that a map can do.
    Bare,
}

/// A file that is flushed by several ways, one after the other.
struct Flushed {
    mapped: MappedFile,
    /// The same, and every write is flushed.
    through: MappedFile,
    file: File,
    map: MmapRaw,
    len: u64,
}

impl Flushed {
    fn of(path: &Path, file: File, len: u64) -> Result<Self> {
        let mapped = MappedFile::open(path)?;
        let through = MappedFile::options().flush_writes(Flush::Durable).open(path)?;
        let map = MmapOptions::new().map_raw(&file)?;
        let flushed = Self { mapped, through, file, map, len };
        // Every page is mapped by both, and clean.
        for page in 0..len / PAGE {
            let at = page * PAGE;
            flushed.mapped.write(at, &1_u8)?;
            // SAFETY: the map is as long as the file.
            let place = unsafe { flushed.map.as_ptr().add(usize::try_from(at)?) };
            // SAFETY: as above, and a byte can be read at any time.
            let _seen = unsafe { place.read_volatile() };
        }
        flushed.file.sync_all()?;
        Ok(flushed)
    }

    /// Which pages are to be changed, by their offsets.
    fn drawn(&self, pages: Pages, seed: u64) -> Vec<u64> {
        let mut random = fastrand::Rng::with_seed(seed);
        let count = self.len / PAGE;
        match pages {
            Pages::One => vec![random.u64(..count) * PAGE],
            Pages::Scattered => (0..SCATTERED).map(|_| random.u64(..count) * PAGE).collect(),
            Pages::All => (0..count).map(|page| page * PAGE).collect(),
        }
    }

    /// Changes pages through the library's map, and waits for nothing.
    fn dirty(&self, offsets: &[u64], seed: u64) -> Result<()> {
        for offset in offsets {
            self.mapped.write(*offset, &seed)?;
        }
        Ok(())
    }

    /// The range that is flushed: the one page, or all of the file.
    fn range(&self, pages: Pages, offsets: &[u64]) -> (u64, u64) {
        if pages == Pages::One { (offsets[0], PAGE) } else { (0, self.len) }
    }

    fn beside_msync(&self, name: String, pages: Pages, flush: Flush) -> Pair<'_> {
        let base = move |seed| {
            self.timed(pages, seed, |offset, len| {
                Ok(self.map.flush_range(usize::try_from(offset)?, usize::try_from(len)?)?)
            })
        };
        let own = move |seed| {
            self.timed(pages, seed, |offset, len| {
                Ok(self.mapped.flush_range(offset, len, flush)?)
            })
        };
        let own = Contestant::new(name, own).within(Target::Ratio(1.05));
        Pair { base: Box::new(base), own }
    }

    fn beside_sync_file_range(&self, name: String) -> Pair<'_> {
        let base = move |seed| {
            self.timed(Pages::One, seed, |offset, len| {
                let (offset, len) = (i64::try_from(offset)?, i64::try_from(len)?);
                let (file, how) = (self.file.as_raw_fd(), libc::SYNC_FILE_RANGE_WRITE);
                // SAFETY: the call takes numbers only, and the file is open.
                match unsafe { libc::sync_file_range(file, offset, len, how) } {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error().into()),
                }
            })
        };
        let own = move |seed| {
            self.timed(Pages::One, seed, |offset, len| {
                Ok(self.mapped.flush_range(offset, len, Flush::Start)?)
            })
        };
        let own = Contestant::new(name, own).within(Target::Ratio(1.05));
        Pair { base: Box::new(base), own }
    }

    fn beside_output(&self, name: String, pages: Pages, way: Way) -> Pair<'_> {
        let base = move |seed| {
            self.changed(pages, seed, |offsets, bytes| {
                for offset in offsets {
                    self.file.write_all_at(bytes, *offset)?;
                }
                Ok(self.file.sync_data()?)
            })
        };
        let own = move |seed| {
            self.changed(pages, seed, |offsets, bytes| {
                for offset in offsets {
                    match way {
                        Way::Flush => self.mapped.write_at(*offset, bytes)?,
                        Way::WriteThrough => self.through.write_at(*offset, bytes)?,
                        Way::Bare => self.store(*offset, bytes)?,
                    }
                }
                match way {
                    Way::Flush => self.mapped.flush(Flush::Durable)?,
                    Way::WriteThrough => {}
                    Way::Bare => self.file.sync_data()?,
                }
                Ok(())
            })
        };
        let own = Contestant::new(name, own);
        let own = match way {
            Way::Bare => own,
            Way::WriteThrough => own.within(Target::Ratio(1.0)),
            Way::Flush => own.within(Target::Ratio(1.0)).limited(STORES, Target::Ratio(10.0)),
        };
        Pair { base: Box::new(base), own }
    }

    /// Stores into the map, as who has only a map would.
    fn store(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let at = usize::try_from(offset)?;
        assert!(at + bytes.len() <= self.map.len(), "the map has these bytes");
        // SAFETY: the place is in the map, as was seen.
        let place = unsafe { self.map.as_mut_ptr().add(at) };
        // SAFETY: as above for all of the bytes, and nobody has a reference to them.
        unsafe { place.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(())
    }

    /// The time of a flush alone, of pages that were changed for it.
    fn timed(
        &self,
        pages: Pages,
        seed: u64,
        flush: impl Fn(u64, u64) -> Result<()>,
    ) -> Result<Duration> {
        let offsets = self.drawn(pages, seed);
        self.dirty(&offsets, seed)?;
        let (offset, len) = self.range(pages, &offsets);
        let start = Instant::now();
        flush(offset, len)?;
        self.ended(start)
    }

    /// The time of changing whole pages and flushing them.
    fn changed(
        &self,
        pages: Pages,
        seed: u64,
        change: impl Fn(&[u64], &[u8]) -> Result<()>,
    ) -> Result<Duration> {
        let offsets = self.drawn(pages, seed);
        let bytes = vec![u8::try_from(seed & 0xff)?; usize::try_from(PAGE)?];
        let start = Instant::now();
        change(&offsets, &bytes)?;
        self.ended(start)
    }

    /// The time since `start`; then the disk has everything, whatever was promised.
    fn ended(&self, start: Instant) -> Result<Duration> {
        let time = start.elapsed();
        self.file.sync_all()?;
        Ok(time * PRECISION)
    }
}
