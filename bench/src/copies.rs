//! Copies, fills and values, beside the C library's over the same mapping.

#![expect(unsafe_code, reason = "memmap2, beside which ours run")]

use std::convert::Infallible;
use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::ops::Range;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use filemap::{Access, FileMapping, Protection, View};
use memmap2::Mmap;

use crate::Result;
use crate::bare::{Bytes, bytes};
use crate::harness::{Contestant, Effort, Pair, Table, Target, Work, compare, compare_pairs, each};
use crate::place::Place;
use crate::{cells, losses};

/// The lengths of copies in bytes, and the ratios they should reach.
const COPIES: [(usize, f64); 6] =
    [(8, 1.1), (64, 1.02), (256, 1.02), (1 << 10, 1.02), (4 << 10, 1.02), (64 << 10, 1.02)];

/// What a value of 8 bytes should reach, beside a copy whose length is not known beforehand.
const VALUE: f64 = 0.6;

/// What fills should reach, from 64 bytes on.
const FILL: f64 = 1.1;

/// What a copy with its bounds check should reach, beside a slice's with its own.
const CHECKED: f64 = 1.02;

/// Why a value is no faster.
const WAITS: &str = "At random offsets a bare load takes as long, as a row shows: both wait for \
                     memory. At hot ones the bare access itself takes half of that time, and beside \
                     it stand a comparison with the end and a test of whether it faulted.";

/// Why a short copy or fill takes longer, whose length is told when the program runs.
const LOOKED: &str = "`memcpy` and `memset` look at the length and at nothing else; here the end of \
                      the view is compared as well, and whether the access was broken off. Where the \
                      program knows the length, as most do, see *small*: nothing but these two is \
                      left there.";

/// Why a checked copy may take longer than a slice's.
const TESTED: &str = "Both compare with the end; a copy that nobody can kill is tested once more, for \
                      whether it was broken off.";

/// Bytes that all copies of a measurement move, at most.
const MOVED: usize = 64 << 20;

/// Bytes among which the offsets of hot copies are.
const HOT: usize = 16 << 10;

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    let place = Place::in_memory()?;
    let (_, file) = place.file(effort.len)?;
    let mut tables = Vec::new();
    let view = view(&file)?;
    for offset in (0..view.len()).step_by(4096) {
        let byte: u8 = view.read(offset)?;
        view.write(offset, &byte)?;
    }
    for threads in [1, 2] {
        for spread in [Spread::Random, Spread::Hot] {
            tables.push(reads(effort, &view, spread, threads)?);
            tables.push(writes(effort, &view, spread, threads)?);
        }
    }
    for spread in [Spread::Random, Spread::Hot] {
        tables.push(fills(effort, &view, spread)?);
        tables.push(checked(effort, &file, &view, spread)?);
    }
    tables.push(cells::measure(effort, &file, &view)?);
    drop((view, file, place));
    tables.extend(losses::measure(effort)?);
    Ok(tables)
}

fn view(file: &File) -> Result<View> {
    let mapping = FileMapping::options().file(file).protection(Protection::ReadWrite).create()?;
    Ok(mapping.map(Access::Write)?)
}

/// Where the offsets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spread {
    /// Anywhere: each access misses all caches.
    Random,
    /// So close together that the fastest cache holds them.
    Hot,
}

impl Spread {
    fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Hot => "hot",
        }
    }
}

/// What is to be done, where, how often, and by how many threads at once.
#[derive(Debug, Clone, Copy)]
struct Job {
    /// Bytes of the mapping.
    len: usize,
    /// Bytes of one access.
    size: usize,
    /// What offsets are multiples of.
    align: usize,
    spread: Spread,
    threads: usize,
    /// Accesses that are timed.
    count: usize,
}

impl Job {
    fn new(effort: Effort, view: &View, size: usize, spread: Spread, threads: usize) -> Self {
        let count = effort.accesses.min(MOVED / size).max(1);
        Self { len: view.len(), size, align: 1, spread, threads, count }
    }

    /// The offsets of one thread, twice as many as are timed, in a part that is its own.
    fn offsets(&self, seed: u64, thread: usize) -> Vec<usize> {
        let part = self.len / self.threads;
        let Range { start, end } = thread * part..(thread + 1) * part - self.size;
        let end = if self.spread == Spread::Hot { end.min(start + HOT) } else { end };
        let mut random = fastrand::Rng::with_seed(seed ^ thread as u64);
        (0..2 * self.count).map(|_| random.usize(start..=end) / self.align * self.align).collect()
    }

    /// The time of one access: the first half is not timed, and the slowest thread counts.
    fn time<E: Error + Send + 'static>(
        &self,
        seed: u64,
        access: impl Fn(usize, &mut [u8]) -> std::result::Result<(), E> + Sync,
    ) -> Result<Duration> {
        let barrier = Barrier::new(self.threads);
        // A thread is started for a single one too: so there is one place from which the access
        // is made, and it is compiled into that place, as it would be in a program's own loop.
        thread::scope(|scope| {
            let (access, barrier) = (&access, &barrier);
            let threads: Vec<_> = (0..self.threads)
                .map(|thread| scope.spawn(move || self.run(seed, thread, barrier, access)))
                .collect();
            let mut slowest = Duration::ZERO;
            for thread in threads {
                slowest = slowest.max(thread.join().map_err(|_| "a thread panicked")??);
            }
            Ok(slowest)
        })
    }

    /// Errors are the contestant's own: to turn them into another kind is nothing of an access.
    fn run<E>(
        &self,
        seed: u64,
        thread: usize,
        barrier: &Barrier,
        access: &impl Fn(usize, &mut [u8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<Duration, E> {
        let mut buf = vec![1; self.size];
        let mut start = Instant::now();
        for (number, offset) in self.offsets(seed, thread).into_iter().enumerate() {
            if number == self.count {
                barrier.wait();
                start = Instant::now();
            }
            access(offset, black_box(&mut buf))?;
            black_box(&buf);
        }
        Ok(each(start.elapsed(), self.count))
    }
}

/// One access timed as a contestant's work.
fn work<'a>(job: Job, access: impl Fn(usize, &mut [u8]) + Sync + 'a) -> Work<'a> {
    Box::new(move |seed| {
        job.time(seed, |offset, buf| {
            access(offset, buf);
            Ok::<_, Infallible>(())
        })
    })
}

fn title(what: &str, view: &View, spread: Spread, threads: usize) -> String {
    let threads = if threads == 1 { "one thread" } else { "two threads" };
    format!("{what} at {} offsets of {} MiB, {threads}", spread.name(), view.len() >> 20)
}

fn reads(effort: Effort, view: &View, spread: Spread, threads: usize) -> Result<Table> {
    let bare = Bytes::of(view);
    let base = |job| work(job, move |offset, buf| bare.copy_out(offset, buf));
    let value = Job { align: 8, ..Job::new(effort, view, 8, spread, threads) };
    let typed = Contestant::new("`View::read::<u64>`", move |seed| {
        value.time(seed, |offset, _| {
            view.read::<u64>(offset).map(|value| {
                black_box(value);
            })
        })
    });
    let least = Contestant::new("a bare load, which nothing guards", move |seed| {
        value.time(seed, |offset, _| {
            black_box(bare.load(offset));
            Ok::<_, Infallible>(())
        })
    });
    let mut pairs = vec![
        Pair {
            base: base(value),
            own: typed.within(Target::Ratio(VALUE)).limited(WAITS, Target::Ratio(1.1)),
        },
        Pair { base: base(value), own: least },
    ];
    for (size, target) in COPIES {
        let job = Job::new(effort, view, size, spread, threads);
        let own = Contestant::new(format!("`View::read_at`, {}", bytes(size)), move |seed| {
            job.time(seed, |offset, buf| view.read_at(offset, buf))
        });
        pairs.push(Pair {
            base: base(job),
            own: own.within(Target::Ratio(target)).limited(LOOKED, Target::Ratio(1.5)),
        });
    }
    let title = title("Copies out", view, spread, threads);
    compare_pairs(title, "a read", effort.rounds, "`memcpy` out of the same mapping", pairs)
}

fn writes(effort: Effort, view: &View, spread: Spread, threads: usize) -> Result<Table> {
    let bare = Bytes::of(view);
    let base = |job| work(job, move |offset, buf| bare.copy_in(offset, buf));
    let value = Job { align: 8, ..Job::new(effort, view, 8, spread, threads) };
    let typed = Contestant::new("`View::write::<u64>`", move |seed| {
        value.time(seed, |offset, _| view.write(offset, &black_box(seed)))
    });
    let mut pairs = vec![Pair {
        base: base(value),
        own: typed.within(Target::Ratio(VALUE)).limited(WAITS, Target::Ratio(1.1)),
    }];
    for (size, target) in COPIES {
        let job = Job::new(effort, view, size, spread, threads);
        let own = Contestant::new(format!("`View::write_at`, {}", bytes(size)), move |seed| {
            job.time(seed, |offset, buf| view.write_at(offset, buf))
        });
        pairs.push(Pair {
            base: base(job),
            own: own.within(Target::Ratio(target)).limited(LOOKED, Target::Ratio(1.5)),
        });
    }
    let title = title("Copies in", view, spread, threads);
    compare_pairs(title, "a write", effort.rounds, "`memcpy` into the same mapping", pairs)
}

fn fills(effort: Effort, view: &View, spread: Spread) -> Result<Table> {
    let bare = Bytes::of(view);
    let sizes = COPIES.into_iter().map(|(size, _)| size);
    let pairs = sizes.filter(|size| *size >= 64).map(|size| {
        let job = Job::new(effort, view, size, spread, 1);
        let base = work(job, move |offset, _| bare.fill(offset, size));
        let own = Contestant::new(format!("`View::fill`, {}", bytes(size)), move |seed| {
            job.time(seed, |offset, _| view.fill(offset, black_box(size), black_box(7)))
        });
        Pair { base, own: own.within(Target::Ratio(FILL)).limited(LOOKED, Target::Ratio(1.5)) }
    });
    let title = title("Fills", view, spread, 1);
    let base = "`memset` of the same mapping";
    compare_pairs(title, "a fill", effort.rounds, base, pairs.collect())
}

/// 64 bytes, beside a slice that checks its bounds as a view does.
fn checked(effort: Effort, file: &File, view: &View, spread: Spread) -> Result<Table> {
    const SIZE: usize = 64;
    // SAFETY: nobody writes to the file while this slice is read, or makes it shorter.
    let map = unsafe { Mmap::map(file) }?;
    for offset in (0..map.len()).step_by(4096) {
        black_box(map[offset]);
    }
    let job = Job::new(effort, view, SIZE, spread, 1);
    let base = Contestant::new("`copy_from_slice` out of a memmap2 slice", |seed| {
        job.time(seed, |offset, buf| {
            buf[..SIZE].copy_from_slice(&map[offset..offset + SIZE]);
            Ok::<_, Infallible>(())
        })
    });
    let own = Contestant::new("`View::read_at`", |seed| {
        job.time(seed, |offset, buf| view.read_at(offset, &mut buf[..SIZE]))
    });
    let title = title("64 bytes with a bounds check", view, spread, 1);
    let contestants = vec![own.within(Target::Ratio(CHECKED)).limited(TESTED, Target::Ratio(1.4))];
    compare(title, "a read of 64 bytes", effort.rounds, base, contestants)
}
