//! 64 bytes at random offsets of 4 GiB: with the processor's ordinary pages, and with large ones.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use filemap::{Access, Advice, Attributes, FileMapping, Protection, View};

use crate::harness::{Contestant, Effort, Table, Target, compare, each};
use crate::{Result, report};

/// Bytes of one access.
const SIZE: usize = 64;

/// How much longer the memory is than the files of other groups: the tables of its ordinary pages
/// must not fit in the caches.
const TIMES: u64 = 4;

/// What large pages should reach.
const LARGE: f64 = 0.85;

/// How many large pages the system sets aside.
const POOL: &str = "/proc/sys/vm/nr_hugepages";

/// Bytes of a page of the pool.
const PAGE: u64 = 2 << 20;

/// Why large pages that were asked for may be no faster.
const GRANTED: &str = "The kernel had too little free memory in one piece: `memory of \
                       Attributes::LARGE_PAGES` had its large pages set aside beforehand.";

/// Written to, it has the kernel bring free memory together.
const COMPACT: &str = "/proc/sys/vm/compact_memory";

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    let len = effort.len * TIMES;
    let pool = Pool::with(len / PAGE);
    let ordinary = filled(FileMapping::create(len, Protection::ReadWrite)?.map(Access::Write)?)?;
    let asked = filled(FileMapping::create(len, Protection::ReadWrite)?.map(Access::Write)?)?;
    // Large pages are granted where free memory lies in one piece, which after other groups it
    // need not. Not every process may ask for that, and the kernel does some of it by itself.
    let _ignored = fs::write(COMPACT, "1");
    asked.advise(.., Advice::LargePages)?;
    let made = match pooled(len) {
        Ok(view) => Some(view),
        Err(error) => {
            report::say(&format!("large pages of the pool are left out: {error}"));
            None
        }
    };
    let mut contestants = vec![
        reads("memory with `Advice::LargePages`", &asked, effort)
            .limited(GRANTED, Target::Ratio(1.15)),
    ];
    let made = made.as_ref();
    contestants.extend(made.map(|made| reads("memory of `Attributes::LARGE_PAGES`", made, effort)));
    let contestants = contestants.into_iter().map(|one| one.within(Target::Ratio(LARGE))).collect();
    let base = reads("`View::read_at` of memory with ordinary pages", &ordinary, effort);
    let title = format!("Random reads of {SIZE} bytes over {} MiB of memory", len >> 20);
    let table = compare(title, "a read of 64 bytes", effort.rounds, base, contestants)?;
    drop(pool);
    Ok(vec![table])
}

/// Memory of large pages out of the system's pool.
fn pooled(len: u64) -> Result<View> {
    let options = FileMapping::options().size(len).protection(Protection::ReadWrite);
    let mapping = options.attributes(Attributes::COMMIT | Attributes::LARGE_PAGES).create()?;
    filled(mapping.map(Access::Write)?)
}

/// The view, every page of it in memory and mapped.
fn filled(view: View) -> Result<View> {
    view.fill(0, view.len(), 7)?;
    Ok(view)
}

fn reads<'a>(name: &'static str, view: &'a View, effort: Effort) -> Contestant<'a> {
    Contestant::new(name, move |seed| read(view, effort.accesses, seed))
}

fn read(view: &View, count: usize, seed: u64) -> Result<Duration> {
    let mut random = fastrand::Rng::with_seed(seed);
    let offsets: Vec<usize> = (0..2 * count).map(|_| random.usize(..=view.len() - SIZE)).collect();
    let mut buf = [0; SIZE];
    let mut start = Instant::now();
    for (number, offset) in offsets.into_iter().enumerate() {
        // The first half is not timed.
        if number == count {
            start = Instant::now();
        }
        view.read_at(offset, black_box(&mut buf))?;
        black_box(&buf);
    }
    Ok(each(start.elapsed(), count))
}

/// The system's pool of large pages, made larger for a while if this process may do that.
#[derive(Debug)]
struct Pool {
    before: Option<String>,
}

impl Pool {
    fn with(more: u64) -> Self {
        let before = fs::read_to_string(POOL).ok().map(|text| text.trim().to_owned());
        let there: u64 = before.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0);
        let raised = fs::write(POOL, (there + more).to_string()).is_ok();
        Self { before: before.filter(|_| raised) }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // What is in use goes back when it is free.
            let _ignored = fs::write(POOL, before);
        }
    }
}
