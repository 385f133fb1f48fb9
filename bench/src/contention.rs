//! Two processes that want the same names at the same time.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use filemap::{Access, ErrorKind, FileMapping, Registry};
use rustix::io::Errno;

use crate::harness::{Contestant, Effort, Table, Target, compare, each};
use crate::names::CALLS;
use crate::place::Place;
use crate::second::{Role, Second};
use crate::{Result, shm};

/// Bytes of each object.
const LEN: u64 = 4096;

/// How many names there are to meet at.
const NAMES: usize = 4;

/// What filemap should reach.
const CONTENDED: f64 = 2.0;

const CYCLE: &str = "to create one of 4 names, or open it if it is there, to open one of them if it \
                     is there, each drawn by lot, and to map, unmap and close both";
const BASE: &str = "`shm_open`, `ftruncate`, `mmap`, `munmap`, `close`, `shm_unlink`, and `shm_open`, \
                    `fstat`, `mmap`, `munmap`, `close`, of two processes at once: whoever closes \
                    first takes the name from the other";

/// How the names are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    Bare,
    Ours,
}

impl Way {
    /// What it is called on a command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Ours => "ours",
        }
    }
}

/// The names, as each of the processes knows them.
#[derive(Debug)]
pub(crate) struct Field {
    registry: Registry,
    bare: Vec<String>,
    ours: Vec<String>,
}

impl Field {
    /// Names of filemap in the directory `place`, and the bare ones that begin with `family`.
    pub(crate) fn new(place: &Path, family: &str) -> Self {
        let names = |stem: &str| (0..NAMES).map(|number| format!("{stem}-{number}")).collect();
        let (bare, ours) = (names(family), names("contended"));
        Self { registry: Registry::at(place), bare, ours }
    }

    /// Creates and opens so often.
    pub(crate) fn work(&self, way: Way, count: usize, seed: u64) -> Result<()> {
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..count {
            let (first, second) = (random.usize(..NAMES), random.usize(..NAMES));
            match way {
                Way::Bare => {
                    shm::cycle_any(&self.bare[first], LEN)?;
                    match shm::cycle_there(&self.bare[second]) {
                        Ok(()) | Err(Errno::NOENT) => {}
                        Err(errno) => return Err(errno.into()),
                    }
                }
                Way::Ours => {
                    let options = FileMapping::options().registry(&self.registry);
                    let mapping = options.name(&self.ours[first]).size(LEN).create()?;
                    black_box(mapping.map(Access::Write)?);
                    drop(mapping);
                    match self.registry.open(&self.ours[second]) {
                        Ok(mapping) => drop(black_box(mapping.map(Access::Write)?)),
                        Err(error) if error.kind() == ErrorKind::NotFound => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
        }
        Ok(())
    }
}

pub(crate) fn measure(effort: Effort) -> Result<Table> {
    let place = Place::in_memory()?;
    let family = format!("/filemap-bench-{}-contended", std::process::id());
    let field = Field::new(place.path(), &family);
    let count = effort.names;
    let rival = |way| {
        let (place, family): (PathBuf, _) = (place.path().to_owned(), family.clone());
        Second::start(&Role::Contend { way, place, family })
    };
    let (mut rival_bare, mut rival_ours) = (rival(Way::Bare)?, rival(Way::Ours)?);

    let base =
        Contestant::new(BASE, |seed| together(&field, Way::Bare, &mut rival_bare, count, seed));
    let ours = Contestant::new(
        "`MappingOptions::create` and `Registry::open`, of two processes",
        |seed| together(&field, Way::Ours, &mut rival_ours, count, seed),
    );
    let alone = [
        ("the bare calls, of one process alone", Way::Bare),
        ("`MappingOptions::create` and `Registry::open`, of one process alone", Way::Ours),
    ];
    let alone = alone.map(|(name, way)| {
        let field = &field;
        Contestant::new(name, move |seed| {
            let start = Instant::now();
            field.work(way, count, seed)?;
            Ok(each(start.elapsed(), count))
        })
    });
    let contestants = [ours.within(Target::Ratio(CONTENDED)).limited(CALLS, Target::Ratio(2.6))]
        .into_iter()
        .chain(alone)
        .collect();
    compare("Two processes and the same names", CYCLE, effort.rounds, base, contestants)
}

/// The time of one cycle while two processes do as many each, until both are done.
fn together(
    field: &Field,
    way: Way,
    rival: &mut Second,
    count: usize,
    seed: u64,
) -> Result<Duration> {
    let start = Instant::now();
    rival.tell(count, !seed)?;
    field.work(way, count, seed)?;
    rival.wait()?;
    Ok(each(start.elapsed(), count))
}
