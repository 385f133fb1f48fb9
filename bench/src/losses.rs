//! What is rare and must not be dear: lost pages, and the first read of many bytes.

use std::cell::RefCell;
use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

use filemap::{Access, FileMapping, Protection, View};

use crate::Result;
#[cfg(target_arch = "x86_64")]
use crate::bare_fault;
use crate::harness::{Contestant, Effort, Table, Target, compare, each};
use crate::place::Place;

/// How long an access to a lost page may take, with the error that explains it.
const FAULT: Duration = Duration::from_nanos(3500);

/// Why it may take longer.
const KERNEL: &str = "Most of it is the kernel's: it raises a signal, calls a handler and lets the \
                      thread go on, which on this machine costs what the row of a fault alone says.";

/// Accesses to lost pages in one measurement.
const FAULTS: usize = 2000;

/// The length of the file whose pages are lost.
const LEN: u64 = 1 << 20;

/// Bytes that are read for the first time.
const BULK: usize = 64 << 20;

/// What the first read should reach.
const FIRST: f64 = 1.02;

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    Ok(vec![lost(effort)?, first(effort)?])
}

fn view(file: &File) -> Result<View> {
    let mapping = FileMapping::options().file(file).protection(Protection::ReadOnly).create()?;
    Ok(mapping.map(Access::Read)?)
}

fn lost(effort: Effort) -> Result<Table> {
    let place = Place::in_memory()?;
    let (_, file) = place.file(LEN)?;
    let view = view(&file)?;
    file.set_len(0)?;
    let len = view.len();
    let time = |seed: u64, access: &dyn Fn(usize, &mut [u8; 64]) -> bool| -> Result<Duration> {
        let mut random = fastrand::Rng::with_seed(seed);
        let offsets: Vec<usize> = (0..FAULTS).map(|_| random.usize(..len - 64) & !7).collect();
        let mut buf = [0; 64];
        let start = Instant::now();
        for offset in offsets {
            if !access(offset, black_box(&mut buf)) {
                return Err("a lost page was read".into());
            }
        }
        Ok(each(start.elapsed(), FAULTS))
    };
    let (file, view) = (&file, &view);
    let base = Contestant::new("`pread` behind the end", move |seed| {
        time(seed, &|offset, buf| matches!(file.read_at(buf, offset as u64), Ok(0)))
    });
    let value = Contestant::new("`View::read::<u64>`", move |seed| {
        time(seed, &|offset, _| black_box(view.read::<u64>(offset)).is_err())
    });
    let copy = Contestant::new("`View::read_at`, 64 B", move |seed| {
        time(seed, &|offset, buf| black_box(view.read_at(offset, buf)).is_err())
    });
    let mut contestants: Vec<Contestant<'_>> = Vec::new();
    contestants.extend(
        [value, copy]
            .map(|one| one.within(Target::Time(FAULT)).limited(KERNEL, Target::Time(2 * FAULT))),
    );
    #[cfg(target_arch = "x86_64")]
    contestants.push(Contestant::new("a fault alone, whose handler only goes on", |_| {
        bare_fault::time(FAULTS)
    }));
    let operation = "an access to a page that the file has lost, and its error";
    compare("Lost pages", operation, effort.rounds, base, contestants)
}

/// A first read of what is in the page cache, on a disk's file system.
fn first(effort: Effort) -> Result<Table> {
    let place = Place::on_disk()?;
    let (_, file) = place.file(BULK as u64)?;
    // One buffer for both: which of two happens to lie in large pages decides more than the calls.
    let buf = RefCell::new(vec![1; BULK]);
    let title = format!("A first read of {} MiB, {}", BULK >> 20, place.file_system);
    let base = Contestant::new("`pread`", |_| {
        let start = Instant::now();
        file.read_exact_at(&mut buf.borrow_mut(), 0)?;
        Ok(each(start.elapsed(), 1))
    });
    let own = Contestant::new("`FileMapping::map` and `View::read_at`", |_| {
        let start = Instant::now();
        view(&file)?.read_at(0, &mut buf.borrow_mut())?;
        Ok(each(start.elapsed(), 1))
    });
    let operation = "a read of all of it through a map that is made for it";
    compare(title, operation, effort.rounds, base, vec![own.within(Target::Ratio(FIRST))])
}
