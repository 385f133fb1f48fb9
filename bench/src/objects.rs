//! Objects: put into a file and got out of it again.

#![expect(unsafe_code, reason = "memmap2, a contestant, cannot promise what its slices promise")]

use std::cell::RefCell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use filemap::MappedFile;
use memmap2::MmapMut;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::harness::{Contestant, Effort, Pair, Table, Target, compare_pairs, each};
use crate::place::Place;
use crate::programs::Program;

/// The length of the files that the objects lie in.
const LEN: u64 = 32 << 20;

/// What the header takes that tells an object from all else.
const HEADER: usize = 24;

/// What an object may cost, beside the same bytes without a checksum.
const BESIDE_POSTCARD: Target = Target::Ratio(0.9);
/// Why the smallest objects cannot be so much faster.
const MARKED: &str = "an object of this size waits for memory, as the base does; and its header \
                      is marked before and after it is written, beside two checksums.";
const CHECKED: &str = "the base with a checksum is past it already, as a row shows. An object's header \
                       is copied and checked first, with a checksum of its own, and then its bytes, \
                       with theirs: of an object of this size that is most of the work.";

/// Why the smallest may miss beside the formatter.
const CHECKED_TOO: &str = "an object of 100 B takes half a microsecond, most of which is its checks and \
                           the memory that both wait for: see the table before.";

/// Why those of larger objects miss.
const SUMMED: &str = "every byte is copied, summed and decoded, where the base copies and decodes it: a \
                      row shows what the base takes with a checksum. How much of either decoding is \
                      inlined makes more of a difference than that: in programs of several units the \
                      same source gave 0.5 to 2.4, so this one is compiled as one.";

/// A fiftieth of the time that the formatter takes.
const BESIDE_MONO: Target = Target::Ratio(0.02);

const FORMATTER: &str = include_str!("../programs/Objects.cs");

/// Something with numbers, texts, and a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Station {
    number: u32,
    name: String,
    place: String,
    latitude: f64,
    longitude: f64,
    readings: Vec<Reading>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Reading {
    at: u64,
    value: f64,
    quality: u8,
}

/// As `Objects.cs` makes it.
fn station(readings: u32) -> Station {
    let reading = |index: u32| Reading {
        at: 1_700_000_000_000 + 60_000 * u64::from(index),
        value: 0.25 * f64::from(index) - 17.5,
        quality: (index % 100) as u8,
    };
    Station {
        number: 4711,
        name: "north ridge".into(),
        place: "Zermatt".into(),
        latitude: 45.97,
        longitude: 7.66,
        readings: (0..readings).map(reading).collect(),
    }
}

/// Objects of one size.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    /// How many readings an object has.
    readings: u32,
    /// How many are put or got in one measurement, and how many of them on Mono.
    count: usize,
    on_mono: usize,
}

const KINDS: [Kind; 3] = [
    Kind { name: "100 B", readings: 4, count: 5000, on_mono: 200 },
    Kind { name: "10 KB", readings: 665, count: 200, on_mono: 4 },
    Kind { name: "1 MB", readings: 66_500, count: 4, on_mono: 1 },
];

const OBJECT: &str = "an object";

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    let shelves = KINDS.map(Shelf::new).into_iter().collect::<Result<Vec<_>>>()?;
    let shelves: Vec<_> = shelves.into_iter().map(RefCell::new).collect();
    let place = Place::in_memory()?;
    let file_system = &place.file_system;
    let title = format!("Objects in {} MiB, beside postcard alone, {file_system}", LEN >> 20);
    let mut tables = vec![beside_postcard(title, effort, &shelves)?];
    let (path, _) = place.file(LEN)?;
    if let Some(program) = Program::mono(&[FORMATTER], &path)? {
        let title = format!("Objects, beside BinaryFormatter on Mono, {file_system}");
        tables.push(beside_mono(title, effort, &shelves, &RefCell::new(program))?);
    }
    Ok(tables)
}

fn beside_postcard(title: String, effort: Effort, shelves: &[RefCell<Shelf>]) -> Result<Table> {
    let mut pairs = Vec::new();
    for shelf in shelves {
        let Kind { name, count, readings, .. } = shelf.borrow().kind;
        let small = readings == KINDS[0].readings;
        let put = Contestant::new(format!("`write_object`, {name}"), move |seed| {
            shelf.borrow().put(count, seed)
        });
        let put = put.within(BESIDE_POSTCARD);
        let base = Box::new(move |seed| shelf.borrow_mut().put_alone(seed, false));
        pairs.push(Pair {
            base,
            own: put.limited(if small { MARKED } else { SUMMED }, Target::Ratio(1.3)),
        });
        let get = Contestant::new(format!("`read_object`, {name}"), move |seed| {
            shelf.borrow().get(count, seed)
        });
        let get = get.within(BESIDE_POSTCARD);
        let base = Box::new(move |seed| shelf.borrow().get_alone(seed, false));
        pairs.push(Pair {
            base,
            own: get.limited(
                if small { CHECKED } else { SUMMED },
                Target::Ratio(if small { 2.2 } else { 1.3 }),
            ),
        });
    }
    // What a checksum costs whoever takes one.
    for shelf in shelves {
        let name = shelf.borrow().kind.name;
        let put =
            Contestant::new(format!("the base with a CRC-32C, putting {name}"), move |seed| {
                shelf.borrow_mut().put_alone(seed, true)
            });
        let base = Box::new(move |seed| shelf.borrow_mut().put_alone(seed, false));
        pairs.push(Pair { base, own: put });
        let get =
            Contestant::new(format!("the base with a CRC-32C, getting {name}"), move |seed| {
                shelf.borrow().get_alone(seed, true)
            });
        let base = Box::new(move |seed| shelf.borrow().get_alone(seed, false));
        pairs.push(Pair { base, own: get });
    }
    let base = "`postcard::to_allocvec` and a copy, or a copy and `postcard::from_bytes`";
    compare_pairs(title, OBJECT, effort.rounds, base, pairs)
}

fn beside_mono(
    title: String,
    effort: Effort,
    shelves: &[RefCell<Shelf>],
    program: &RefCell<Program>,
) -> Result<Table> {
    let mut pairs = Vec::new();
    for shelf in shelves {
        let Kind { name, readings, count, on_mono } = shelf.borrow().kind;
        let put = Contestant::new(format!("`write_object`, {name}"), move |seed| {
            shelf.borrow().put(count, seed)
        });
        let base = Box::new(move |seed| {
            program.borrow_mut().time(&format!("put {readings}"), on_mono, seed)
        });
        pairs.push(Pair { base, own: put.within(BESIDE_MONO) });
        let get = Contestant::new(format!("`read_object`, {name}"), move |seed| {
            shelf.borrow().get(count, seed)
        });
        let base = Box::new(move |seed| {
            program.borrow_mut().time(&format!("get {readings}"), on_mono, seed)
        });
        pairs.push(Pair {
            base,
            own: get.within(BESIDE_MONO).limited(CHECKED_TOO, Target::Ratio(0.04)),
        });
    }
    // It takes a second for an object of a megabyte, and nobody asks for its hundredths.
    let rounds = effort.rounds / 5 + 2;
    compare_pairs(title, OBJECT, rounds, "the formatter, into or out of a mapped file", pairs)
}

/// A file full of places for objects of one size, as ours and as postcard's.
struct Shelf {
    kind: Kind,
    object: Station,
    /// Bytes of one place, and how many there are.
    room: usize,
    places: usize,
    /// Bytes of the object as postcard makes them.
    length: usize,
    mapped: MappedFile,
    map: MmapMut,
    /// Where the two files are.
    _files: [Place; 2],
}

impl Shelf {
    fn new(kind: Kind) -> Result<Self> {
        let object = station(kind.readings);
        let bytes = postcard::to_allocvec(&object)?;
        // No two objects begin at the same place of a page or of a line.
        let room = bytes.len() + HEADER + 13;
        let places = usize::try_from(LEN)? / room;
        let files = [Place::in_memory()?, Place::in_memory()?];
        let mapped = MappedFile::open(files[0].file(LEN)?.0)?;
        let (_, file) = files[1].file(LEN)?;
        // SAFETY: nobody looks at this slice while another contestant writes.
        let mut map = unsafe { MmapMut::map_mut(&file) }?;
        for at in (0..places).map(|place| place * room) {
            mapped.write_object(at as u64, &object)?;
            map[at..at + bytes.len()].copy_from_slice(&bytes);
        }
        let length = bytes.len();
        Ok(Self { kind, object, room, places, length, mapped, map, _files: files })
    }

    /// The beginnings of places, drawn by lot.
    fn draw(&self, count: usize, seed: u64) -> Vec<usize> {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..count).map(|_| random.usize(..self.places) * self.room).collect()
    }

    fn put(&self, count: usize, seed: u64) -> Result<Duration> {
        timed(&self.draw(count, seed), |at| {
            black_box(self.mapped.write_object(at as u64, black_box(&self.object))?);
            Ok(())
        })
    }

    fn get(&self, count: usize, seed: u64) -> Result<Duration> {
        timed(&self.draw(count, seed), |at| {
            black_box(self.mapped.read_object::<Station>(at as u64)?);
            Ok(())
        })
    }

    fn put_alone(&mut self, seed: u64, checked: bool) -> Result<Duration> {
        timed(&self.draw(self.kind.count, seed), |at| {
            let bytes = postcard::to_allocvec(black_box(&self.object))?;
            if checked {
                black_box(crc32c::crc32c(&bytes));
            }
            self.map[at..at + bytes.len()].copy_from_slice(&bytes);
            Ok(())
        })
    }

    fn get_alone(&self, seed: u64, checked: bool) -> Result<Duration> {
        timed(&self.draw(self.kind.count, seed), |at| {
            let bytes = self.map[at..at + self.length].to_vec();
            if checked {
                black_box(crc32c::crc32c(&bytes));
            }
            black_box(postcard::from_bytes::<Station>(&bytes)?);
            Ok(())
        })
    }
}

/// The time of one object.
fn timed(offsets: &[usize], mut access: impl FnMut(usize) -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    for offset in offsets {
        access(*offset)?;
    }
    Ok(each(start.elapsed(), offsets.len()))
}
