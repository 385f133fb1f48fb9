//! Numbers that threads agree on, beside those of the standard library in the same mapping.

#![expect(unsafe_code, reason = "the standard library's atomics inside a memmap2 map")]

use std::fs::File;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use filemap::{AtomicCell, View};
use memmap2::MmapRaw;

use crate::Result;
use crate::harness::{Contestant, Effort, Pair, Table, Target, compare_pairs, each};

/// What they should reach.
const CELL: f64 = 1.02;

/// How many there are, so close together that the fastest cache holds them.
const COUNT: usize = 512;

/// Bytes from one to the next.
const APART: usize = 64;

/// Why the shortest of them takes longer.
const FLAG: &str = "Behind each access stands a test of whether it faulted: two instructions, which \
                    show where the access itself is one.";

pub(crate) fn measure(effort: Effort, file: &File, view: &View) -> Result<Table> {
    let map = MmapRaw::map_raw(file)?;
    let bare: Vec<&AtomicU64> = (0..COUNT)
        .map(|number| {
            // SAFETY: the file has so many bytes.
            let cell = unsafe { map.as_mut_ptr().add(number * APART) };
            // SAFETY: aligned, mapped for as long as the map lives, and everybody who touches
            // these bytes meanwhile does so by atomic instructions of this width.
            unsafe { AtomicU64::from_ptr(cell.cast()) }
        })
        .collect();
    let cells = (0..COUNT).map(|number| view.atomic::<u64>(number * APART));
    let cells: Vec<AtomicCell<'_, u64>> = cells.collect::<filemap::Result<_>>()?;
    let (bare, cells) = (&bare[..], &cells[..]);

    let pairs = vec![
        pair(
            "`fetch_add`",
            move |seed| {
                time(effort, bare, seed, |cell, value| Ok(cell.fetch_add(value, Ordering::SeqCst)))
            },
            move |seed| time(effort, cells, seed, |cell, value| Ok(cell.fetch_add(value)?)),
        ),
        pair(
            "`load`",
            move |seed| time(effort, bare, seed, |cell, _| Ok(cell.load(Ordering::SeqCst))),
            move |seed| time(effort, cells, seed, |cell, _| Ok(cell.load()?)),
        ),
        pair(
            "`store`",
            move |seed| {
                time(effort, bare, seed, |cell, value| {
                    cell.store(value, Ordering::SeqCst);
                    Ok(value)
                })
            },
            move |seed| {
                time(effort, cells, seed, |cell, value| {
                    cell.store(value)?;
                    Ok(value)
                })
            },
        ),
        pair(
            "`compare_exchange`",
            move |seed| {
                time(effort, bare, seed, |cell, value| {
                    let (yes, no) = (Ordering::SeqCst, Ordering::SeqCst);
                    Ok(cell.compare_exchange(value, value, yes, no).unwrap_or_else(|other| other))
                })
            },
            move |seed| {
                time(effort, cells, seed, |cell, value| {
                    Ok(cell.compare_exchange(value, value)?.unwrap_or_else(|other| other))
                })
            },
        ),
    ];
    let base = "the same of an `AtomicU64` in a memmap2 map, sequentially consistent";
    compare_pairs("Atomic numbers, hot", "one access", effort.rounds, base, pairs)
}

fn pair<'a>(
    name: &str,
    base: impl FnMut(u64) -> Result<Duration> + 'a,
    own: impl FnMut(u64) -> Result<Duration> + 'a,
) -> Pair<'a> {
    let own = Contestant::new(format!("`AtomicCell`: {name}"), own);
    Pair {
        base: Box::new(base),
        own: own.within(Target::Ratio(CELL)).limited(FLAG, Target::Ratio(1.6)),
    }
}

/// The time of one access to one of the cells, drawn by lot before the clock starts.
fn time<C>(
    effort: Effort,
    cells: &[C],
    seed: u64,
    access: impl Fn(&C, u64) -> Result<u64>,
) -> Result<Duration> {
    let mut random = fastrand::Rng::with_seed(seed);
    let drawn: Vec<&C> = (0..2 * effort.accesses).map(|_| &cells[random.usize(..COUNT)]).collect();
    let mut start = Instant::now();
    for (number, cell) in drawn.into_iter().enumerate() {
        // The first half is not timed.
        if number == effort.accesses {
            start = Instant::now();
        }
        black_box(access(cell, black_box(1))?);
    }
    Ok(each(start.elapsed(), effort.accesses))
}
