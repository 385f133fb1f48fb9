//! Two processes over one mapping: a number that both add to, and messages to and fro.

#![expect(unsafe_code, reason = "the standard library's atomics inside a memmap2 map")]

use std::cell::RefCell;
use std::hint::spin_loop;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use memmap2::MmapRaw;
use tempfile::NamedTempFile;

use super::LIBRARY;
use super::library::{Access, AtomicCell, FileMapping, Protection, View};
use crate::harness::{Bar, Effort, Row, Side, each};
use crate::scene::{Medium, Scene, open};
use crate::second::{MESSAGE, Means, READY, Second};
use crate::{Result, report};

/// Bytes from one number to the next: each has a line of the caches to itself.
const APART: usize = 128;

/// How often an answer is looked for before the processor is yielded: far longer than one takes.
const SPINS: u32 = 10_000;

pub(crate) fn rows(scene: &Scene, effort: Effort) -> Result<Vec<Row<'_>>> {
    let row = |name: &str, beside, bar, contestant, base, count| Row {
        name: name.to_owned(),
        beside,
        bar: Bar::Ratio(bar),
        contestant: two(scene, contestant, count),
        base: two(scene, base, count),
    };
    let (many, few) = (effort.accesses, effort.accesses / 50);
    Ok(vec![
        row(
            "`AtomicCell::fetch_add` while another process adds to it",
            "`AtomicU64` in memmap2",
            1.05,
            Means::Sum,
            Means::BareSum,
            many,
        ),
        row(
            "a message to another process and its answer, by `AtomicCell`",
            "`AtomicU64` in memmap2",
            1.05,
            Means::Spin,
            Means::BareSpin,
            few,
        ),
        row(
            "a message to another process and its answer, by `AtomicCell`",
            "two pipes",
            0.1,
            Means::Spin,
            Means::Pipe,
            few,
        ),
    ])
}

/// Returns a side of two processes, of which this is one.
fn two(scene: &Scene, means: Means, count: usize) -> Side<'_> {
    Box::new(move || {
        let file = NamedTempFile::new_in(scene.folder(Medium::Memory))?;
        file.as_file().set_len(1 << 16)?;
        let end = End::new(means, file.path())?;
        let word = means.word();
        let arguments =
            ["answer".as_ref(), LIBRARY.as_ref(), word.as_ref(), file.path().as_os_str()];
        let other = RefCell::new(Second::start(&arguments)?);
        Ok(Box::new(move |_| {
            let _kept = &file;
            let exchange = || other.borrow_mut().exchange();
            other.borrow_mut().begin(2 * count)?;
            // The first half is not timed.
            end.work(count, true, exchange)?;
            let start = Instant::now();
            end.work(count, true, exchange)?;
            let time = start.elapsed();
            other.borrow_mut().wait()?;
            Ok(each(time, count))
        }))
    })
}

/// Works in the second process, whenever a line says how often.
pub(crate) fn answer(means: Means, path: &Path) -> Result<()> {
    let end = End::new(means, path)?;
    report::say(READY);
    let mut input = io::stdin().lock();
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        let count = line.trim_end().parse()?;
        if means == Means::Pipe {
            for _ in 0..count {
                let mut message = MESSAGE;
                input.read_exact(&mut message)?;
                let mut output = io::stdout().lock();
                output.write_all(&message)?;
                output.flush()?;
            }
        } else {
            end.work(count, false, || Ok(()))?;
        }
        report::say(READY);
        line.clear();
    }
    Ok(())
}

/// What one of the two processes has.
struct End {
    means: Means,
    map: Map,
}

enum Map {
    Ours(Box<View>),
    Bare(MmapRaw),
}

impl End {
    fn new(means: Means, path: &Path) -> Result<Self> {
        let file = open(path)?;
        let map = match means {
            Means::Sum | Means::Spin => {
                let options = FileMapping::options().file(&file).protection(Protection::ReadWrite);
                Map::Ours(Box::new(options.create()?.map(Access::Write)?))
            }
            Means::BareSum | Means::BareSpin | Means::Pipe => Map::Bare(MmapRaw::map_raw(&file)?),
        };
        Ok(Self { means, map })
    }

    /// Adds, or exchanges messages, so often; `begins` sends before it receives.
    fn work(&self, count: usize, begins: bool, exchange: impl Fn() -> Result<()>) -> Result<()> {
        if self.means == Means::Pipe {
            return (0..count).try_for_each(|_| exchange());
        }
        let adds = matches!(self.means, Means::Sum | Means::BareSum);
        let (to, from) = if begins { (APART, 2 * APART) } else { (2 * APART, APART) };
        match &self.map {
            Map::Ours(view) if adds => add(&view.atomic(0)?, count),
            Map::Ours(view) => turns(&view.atomic(to)?, &view.atomic(from)?, count, begins),
            Map::Bare(map) if adds => add(&number(map, 0), count),
            Map::Bare(map) => turns(&number(map, to), &number(map, from), count, begins),
        }
    }
}

/// A number that processes share.
trait Number {
    fn add(&self) -> Result<u64>;
    fn get(&self) -> Result<u64>;
    fn set(&self, value: u64) -> Result<()>;
}

impl Number for AtomicCell<'_, u64> {
    fn add(&self) -> Result<u64> {
        Ok(self.fetch_add(1)?)
    }

    fn get(&self) -> Result<u64> {
        Ok(self.load()?)
    }

    fn set(&self, value: u64) -> Result<()> {
        Ok(self.store(value)?)
    }
}

impl Number for &AtomicU64 {
    fn add(&self) -> Result<u64> {
        Ok(self.fetch_add(1, Ordering::SeqCst))
    }

    fn get(&self) -> Result<u64> {
        Ok(self.load(Ordering::SeqCst))
    }

    fn set(&self, value: u64) -> Result<()> {
        self.store(value, Ordering::SeqCst);
        Ok(())
    }
}

fn add(number: &impl Number, count: usize) -> Result<()> {
    for _ in 0..count {
        number.add()?;
    }
    Ok(())
}

/// Stores number after number, each when the other's was seen; who begins, before it.
fn turns(to: &impl Number, from: &impl Number, count: usize, begins: bool) -> Result<()> {
    let mut turn = to.get()?;
    for _ in 0..count {
        turn += 1;
        if begins {
            to.set(turn)?;
        }
        let mut spins = 0;
        while from.get()? != turn {
            spin_loop();
            spins += 1;
            // The other process may be without a processor.
            if spins > SPINS {
                thread::yield_now();
            }
        }
        if !begins {
            to.set(turn)?;
        }
    }
    Ok(())
}

/// Returns the number at an offset of a map.
fn number(map: &MmapRaw, offset: usize) -> &AtomicU64 {
    assert!(offset + size_of::<u64>() <= map.len(), "it lies in the map");
    // SAFETY: inside the map.
    let at = unsafe { map.as_mut_ptr().add(offset) };
    // SAFETY: aligned, mapped as long as the map lives, and everybody who touches these bytes
    // meanwhile does so by atomic instructions of this width.
    unsafe { AtomicU64::from_ptr(at.cast()) }
}
