//! Two processes over one mapping: a number that both add to, and messages to and fro.

#![expect(unsafe_code, reason = "the standard library's atomics inside a memmap2 map")]

use std::fs::File;
use std::hint::spin_loop;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use filemap::{Access, FileMapping, Protection, View};
use memmap2::MmapRaw;
use rustix::event::EventfdFlags;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::pipe::PipeFlags;

use crate::Result;
use crate::harness::{Contestant, Effort, Pair, Table, Target, compare, compare_pairs, each};
use crate::place::Place;
use crate::second::{Role, Second};

/// Bytes from one number to the next: each has a line of the caches to itself.
const APART: usize = 128;

/// What adding to a number that another process adds to should reach.
const SHARED: f64 = 1.02;

/// What a message through a mapping should reach, beside one through the kernel.
const SPUN: f64 = 0.1;

/// How often the answer is looked for before the processor is left to others: far longer than an
/// answer takes.
const PATIENCE: u32 = 10_000;

/// How two processes do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Means {
    /// Both add to an `AtomicU64`.
    BareSum,
    /// Both add to an `AtomicCell`.
    Sum,
    /// Messages by stores that the other waits for, spinning: of an `AtomicU64`.
    BareSpin,
    /// The same of an `AtomicCell`.
    Spin,
    Pipe,
    Socket,
    Eventfd,
}

impl Means {
    /// What it is called on a command line.
    pub(crate) fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    let place = Place::in_memory()?;
    let (path, file) = place.file(1 << 20)?;
    // All numbers are the same at first: each process goes by the last one that it stored itself.
    file.set_len(0)?;
    file.set_len(1 << 20)?;
    drop(file);
    Ok(vec![added(effort, &path)?, told(effort, &path)?])
}

/// Both add to one number.
fn added(effort: Effort, path: &Path) -> Result<Table> {
    let count = effort.accesses;
    let (mut bare, mut ours) = (Two::new(Means::BareSum, path)?, Two::new(Means::Sum, path)?);
    let base = Contestant::new("`AtomicU64::fetch_add` in a memmap2 map", |_| bare.work(count));
    let own = Contestant::new("`AtomicCell::fetch_add`", |_| ours.work(count));
    compare(
        "Two processes add to one number",
        "an addition, while the other process adds as well",
        effort.rounds,
        base,
        vec![own.within(Target::Ratio(SHARED))],
    )
}

/// A message to the other process and its answer.
fn told(effort: Effort, path: &Path) -> Result<Table> {
    // So few that even those through the kernel take no longer than a blink.
    let count = effort.accesses / 100;
    let pair = |base: Means, own: Means, name: &'static str| -> Result<Pair<'static>> {
        let (mut base, mut own) = (Two::new(base, path)?, Two::new(own, path)?);
        let own = Contestant::new(name, move |_| own.work(count));
        Ok(Pair { base: Box::new(move |_| base.work(count)), own })
    };
    let ours = [
        pair(Means::Pipe, Means::Spin, "`AtomicCell`, spinning, beside two pipes")?,
        pair(Means::Socket, Means::Spin, "`AtomicCell`, spinning, beside a Unix socket")?,
        pair(Means::Eventfd, Means::Spin, "`AtomicCell`, spinning, beside two eventfds")?,
    ];
    let ours = ours
        .into_iter()
        .map(|Pair { base, own }| Pair { base, own: own.within(Target::Ratio(SPUN)) });
    let bare =
        pair(Means::BareSpin, Means::Spin, "`AtomicCell`, beside `AtomicU64`, both spinning")?;
    compare_pairs(
        "Messages between two processes",
        "a message to another process, and its answer",
        effort.rounds,
        "the means of which the row says that it is beside",
        ours.chain([bare]).collect(),
    )
}

/// Two processes, of which this is one.
struct Two {
    end: End,
    other: Second,
}

impl Two {
    fn new(means: Means, path: &Path) -> Result<Self> {
        let (end, theirs) = End::pair(means, path)?;
        let descriptors = theirs.iter().map(|descriptor| descriptor.as_raw_fd()).collect();
        let role = Role::Answer { means, path: path.to_owned(), descriptors };
        let other = Second::start(&role)?;
        // What was lent is the other's by now.
        drop(theirs);
        Ok(Self { end, other })
    }

    /// The time of one operation; the first half of them is not timed.
    fn work(&mut self, count: usize) -> Result<Duration> {
        self.other.tell(2 * count, 0)?;
        self.end.work(count, true)?;
        let start = Instant::now();
        self.end.work(count, true)?;
        let time = start.elapsed();
        self.other.wait()?;
        Ok(each(time, count))
    }
}

/// What one of the two processes has.
enum End {
    Sum(View),
    BareSum(MmapRaw),
    Spin(View),
    BareSpin(MmapRaw),
    /// To read from, and to write to.
    Descriptors(OwnedFd, OwnedFd),
}

impl End {
    /// This process's, and the descriptors that make the other's.
    fn pair(means: Means, path: &Path) -> Result<(Self, Vec<OwnedFd>)> {
        // Descriptors are inherited by what is started next, and by nothing else: there is one
        // thread.
        Ok(match means {
            Means::Pipe => {
                let (here, to_here) = rustix::pipe::pipe_with(PipeFlags::empty())?;
                let (there, to_there) = rustix::pipe::pipe_with(PipeFlags::empty())?;
                (Self::Descriptors(here, to_there), vec![there, to_here])
            }
            Means::Socket => {
                let (here, there) = rustix::net::socketpair(
                    AddressFamily::UNIX,
                    SocketType::STREAM,
                    SocketFlags::empty(),
                    None,
                )?;
                let (again, there_again) = (here.try_clone()?, rustix::io::dup(&there)?);
                (Self::Descriptors(here, again), vec![there, there_again])
            }
            Means::Eventfd => {
                let here = rustix::event::eventfd(0, EventfdFlags::empty())?;
                let there = rustix::event::eventfd(0, EventfdFlags::empty())?;
                let own = (here.try_clone()?, there.try_clone()?);
                (Self::Descriptors(own.0, own.1), vec![there, here])
            }
            _ => (Self::mapped(means, path)?, Vec::new()),
        })
    }

    /// What a mapping alone makes.
    fn mapped(means: Means, path: &Path) -> Result<Self> {
        let file = File::options().read(true).write(true).open(path)?;
        let view = || -> Result<View> {
            let options = FileMapping::options().file(&file).protection(Protection::ReadWrite);
            Ok(options.create()?.map(Access::Write)?)
        };
        Ok(match means {
            Means::BareSum => Self::BareSum(MmapRaw::map_raw(&file)?),
            Means::Sum => Self::Sum(view()?),
            Means::BareSpin => Self::BareSpin(MmapRaw::map_raw(&file)?),
            Means::Spin => Self::Spin(view()?),
            means => return Err(format!("{means:?} needs descriptors").into()),
        })
    }

    /// Adds, or tells and waits for the answer if this is who begins, so often.
    fn work(&mut self, count: usize, begins: bool) -> Result<()> {
        match self {
            Self::Sum(view) => {
                let cell = view.atomic::<u64>(0)?;
                for _ in 0..count {
                    cell.fetch_add(1)?;
                }
            }
            Self::BareSum(map) => {
                let cell = number(map, 0);
                for _ in 0..count {
                    cell.fetch_add(1, Ordering::SeqCst);
                }
            }
            Self::Spin(view) => {
                let (to, from) = if begins { (APART, 2 * APART) } else { (2 * APART, APART) };
                let (to, from) = (view.atomic::<u64>(to)?, view.atomic::<u64>(from)?);
                turns(
                    count,
                    begins,
                    || Ok(to.load()?),
                    |number| Ok(to.store(number)?),
                    || Ok(from.load()?),
                )?;
            }
            Self::BareSpin(map) => {
                let (to, from) = if begins { (APART, 2 * APART) } else { (2 * APART, APART) };
                // Apart from those of the others, which are in the same file.
                let (to, from) = (number(map, 4096 + to), number(map, 4096 + from));
                turns(
                    count,
                    begins,
                    || Ok(to.load(Ordering::SeqCst)),
                    |number| {
                        to.store(number, Ordering::SeqCst);
                        Ok(())
                    },
                    || Ok(from.load(Ordering::SeqCst)),
                )?;
            }
            Self::Descriptors(from, to) => {
                for _ in 0..count {
                    let mut message = [1, 0, 0, 0, 0, 0, 0, 0];
                    if begins {
                        rustix::io::write(&*to, &message)?;
                    }
                    rustix::io::read(&*from, &mut message)?;
                    if !begins {
                        rustix::io::write(&*to, &message)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Stores number after number, each when the other's was seen; who begins, before it.
fn turns(
    count: usize,
    begins: bool,
    last: impl Fn() -> Result<u64>,
    store: impl Fn(u64) -> Result<()>,
    load: impl Fn() -> Result<u64>,
) -> Result<()> {
    let mut turn = last()?;
    for _ in 0..count {
        turn += 1;
        if begins {
            store(turn)?;
        }
        let mut spins = 0;
        while load()? != turn {
            spin_loop();
            spins += 1;
            // Somebody else has the other process's processor.
            if spins > PATIENCE {
                thread::yield_now();
            }
        }
        if !begins {
            store(turn)?;
        }
    }
    Ok(())
}

/// The number at an offset of a map.
fn number(map: &MmapRaw, offset: usize) -> &AtomicU64 {
    assert!(offset + size_of::<u64>() <= map.len(), "it lies in the map");
    // SAFETY: inside the map.
    let at = unsafe { map.as_mut_ptr().add(offset) };
    // SAFETY: aligned, mapped as long as the map lives, and everybody who touches these bytes
    // meanwhile does so by atomic instructions of this width.
    unsafe { AtomicU64::from_ptr(at.cast()) }
}

/// The other process: works whenever it is told how often.
pub(crate) struct Answerer(End);

impl Answerer {
    pub(crate) fn new(means: Means, path: &Path, descriptors: &[RawFd]) -> Result<Self> {
        let [from, to] = descriptors else { return Ok(Self(End::mapped(means, path)?)) };
        let owned = |number: RawFd| {
            // SAFETY: the process that started this one says that it is open.
            let lent = unsafe { BorrowedFd::borrow_raw(number) };
            lent.try_clone_to_owned()
        };
        Ok(Self(End::Descriptors(owned(*from)?, owned(*to)?)))
    }

    pub(crate) fn work(&mut self, count: usize) -> Result<()> {
        self.0.work(count, false)
    }
}
