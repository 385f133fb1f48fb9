//! Objects, written to a file and read from it.

#![expect(unsafe_code, reason = "memmap2 cannot promise what its slices promise")]

use std::hint::black_box;

use memmap2::MmapMut;
use serde::{Deserialize, Serialize};

use super::library::MappedFile;
use crate::Result;
use crate::harness::{Bar, Row, Side, timed};
use crate::scene::{Medium, Scene};

/// The length of the files that the objects lie in.
const LEN: usize = 32 << 20;

/// Bytes by which an object is longer than its value: those of its header, and more.
const HEADER: usize = 64;

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

/// Lengths of objects, how many readings they have, and how many one measurement takes.
const SIZES: [(&str, u32, usize); 3] =
    [("100 B", 1, 5000), ("10 KB", 270, 200), ("1 MB", 27_000, 4)];

pub(crate) fn rows(scene: &Scene) -> Result<Vec<Row<'_>>> {
    let mut rows = Vec::new();
    for (size, readings, count) in SIZES {
        let shelf = Shelf::new(scene, readings, LEN, count)?;
        rows.push(Row {
            name: format!("`write_object`, {size}"),
            beside: "`rmp_serde::to_vec_named`, copied into memmap2",
            bar: Bar::Ratio(1.15),
            contestant: shelf.clone().ours(true),
            base: shelf.clone().bare(true),
        });
        rows.push(Row {
            name: format!("`read_object`, {size}"),
            beside: "`rmp_serde::from_slice` of a copy from memmap2",
            bar: Bar::Ratio(1.15),
            contestant: shelf.clone().ours(false),
            base: shelf.bare(false),
        });
    }
    Ok(rows)
}

/// A file full of places for objects of one size.
#[derive(Clone)]
pub(super) struct Shelf<'a> {
    scene: &'a Scene,
    object: Station,
    /// The object as MessagePack has it.
    bytes: Vec<u8>,
    /// The length of the file.
    len: usize,
    count: usize,
}

impl<'a> Shelf<'a> {
    pub(super) fn new(scene: &'a Scene, readings: u32, len: usize, count: usize) -> Result<Self> {
        let object = station(readings);
        let bytes = rmp_serde::to_vec_named(&object)?;
        Ok(Self { scene, object, bytes, len, count })
    }

    /// Returns the beginnings of all places.
    fn places(&self) -> Vec<usize> {
        let room = self.bytes.len() + HEADER;
        (0..self.len / room).map(|place| place * room).collect()
    }

    /// Writes or reads by the library.
    pub(super) fn ours(self, writes: bool) -> Side<'a> {
        Box::new(move || {
            let (shelf, places) = (self.clone(), self.places());
            let own = self.scene.own(Medium::Memory, self.len as u64)?;
            let file = MappedFile::open(own.path())?;
            for at in &places {
                file.write_object(*at as u64, &self.object)?;
            }
            Ok(Box::new(move |seed| {
                let _kept = &own;
                let mut random = fastrand::Rng::with_seed(seed);
                timed(shelf.count, || {
                    let at = places[random.usize(..places.len())] as u64;
                    if writes {
                        black_box(file.write_object(at, black_box(&shelf.object))?);
                    } else {
                        black_box(file.read_object::<Station>(at)?);
                    }
                    Ok(())
                })
            }))
        })
    }

    /// Writes or reads by `rmp_serde` and a map, without header and checksum.
    fn bare(self, writes: bool) -> Side<'a> {
        Box::new(move || {
            let (shelf, places) = (self.clone(), self.places());
            let own = self.scene.own(Medium::Memory, self.len as u64)?;
            // SAFETY: nobody else has this file.
            let mut map = unsafe { MmapMut::map_mut(own.as_file()) }?;
            let len = shelf.bytes.len();
            for at in &places {
                map[*at..at + len].copy_from_slice(&shelf.bytes);
            }
            Ok(Box::new(move |seed| {
                let mut random = fastrand::Rng::with_seed(seed);
                timed(shelf.count, || {
                    let at = places[random.usize(..places.len())];
                    if writes {
                        let bytes = rmp_serde::to_vec_named(black_box(&shelf.object))?;
                        map[at..at + bytes.len()].copy_from_slice(&bytes);
                    } else {
                        let bytes = map[at..at + len].to_vec();
                        black_box(rmp_serde::from_slice::<Station>(&bytes)?);
                    }
                    Ok(())
                })
            }))
        })
    }
}
