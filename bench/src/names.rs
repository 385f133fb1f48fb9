//! Creating and opening under a name, alone and among thousands of others.

use std::hint::black_box;
use std::time::{Duration, Instant};

use filemap::{Access, FileMapping};

use crate::crowd::Crowd;
use crate::harness::{Contestant, Effort, Pair, Table, Target, compare, compare_pairs, each};
use crate::peers::Peer;
use crate::second::held_name;
use crate::{Result, contention, deaths, shm};

/// Bytes of each object.
const LEN: usize = 4096;

/// How many names are there besides.
const CROWDS: [usize; 3] = [1, 1000, 10_000];

/// What creating should reach, beside the bare calls.
const CREATED: f64 = 1.5;

/// What opening should reach.
const OPENED: f64 = 1.3;

/// Why neither can be reached.
pub(crate) const CALLS: &str = "A name that is gone with its last holder, killed or not, takes calls \
                                that the bare cycle does not make, and `docs/registry.md` says of \
                                each what it is for and what it takes.";

/// What either should reach among many names, beside the same among one: no more than colder
/// caches cost, which cost the bare calls as much.
const CROWDED: f64 = 1.25;

/// Why opening among many takes longer.
const COLDER: &str = "The bare calls take longer as well, by as much: the names were not used a moment \
                      ago, and are not in the processor's caches.";

const CREATE: &str = "to create, map, unmap and close a name of 4096 bytes, which then is gone";
const OPEN: &str = "to open, map, unmap and close a name that another process holds; the other \
                    crates open what the bare calls made";

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    let crowds = CROWDS.map(|count| Crowd::new(count, LEN as u64));
    let crowds = crowds.into_iter().collect::<Result<Vec<_>>>()?;
    let mut tables = Vec::new();
    for crowd in &crowds {
        tables.extend([created(effort, crowd)?, opened(effort, crowd)?]);
    }
    tables.extend(crowded(effort, &crowds)?);
    // What they hold is not to be in the way of what comes now.
    drop(crowds);
    tables.push(contention::measure(effort)?);
    tables.extend(deaths::measure(effort)?);
    Ok(tables)
}

fn created(effort: Effort, crowd: &Crowd) -> Result<Table> {
    let count = effort.names;
    let bare = "`shm_open`, `ftruncate`, `mmap`, `munmap`, `close`, `shm_unlink`";
    let base = Contestant::new(bare, |_| Way::Bare.create(crowd, count));
    let ours = Contestant::new("`MappingOptions::create`, `map`, and dropping both", |_| {
        Way::Ours.create(crowd, count)
    });
    let peers = Peer::ALL.map(|peer| {
        Contestant::new(peer.creator(), move |_| Way::Peers(peer).create(crowd, count))
    });
    let contestants = [ours.within(Target::Ratio(CREATED)).limited(CALLS, Target::Ratio(3.5))]
        .into_iter()
        .chain(peers)
        .collect();
    let title = format!("Creating a name where {}", those(crowd.count));
    compare(title, CREATE, effort.rounds, base, contestants)
}

fn opened(effort: Effort, crowd: &Crowd) -> Result<Table> {
    let count = effort.names;
    let bare = "`shm_open`, `fstat`, `mmap`, `munmap`, `close`";
    let base = Contestant::new(bare, |seed| Way::Bare.open(crowd, count, seed));
    let ours = Contestant::new("`Registry::open`, `map`, and dropping both", |seed| {
        Way::Ours.open(crowd, count, seed)
    });
    let peers = Peer::ALL.map(|peer| {
        Contestant::new(peer.opener(), move |seed| Way::Peers(peer).open(crowd, count, seed))
    });
    let contestants = [ours.within(Target::Ratio(OPENED)).limited(CALLS, Target::Ratio(3.7))]
        .into_iter()
        .chain(peers)
        .collect();
    let title = format!("Opening a name where {}", those(crowd.count));
    compare(title, OPEN, effort.rounds, base, contestants)
}

/// What more names cost, each way beside itself.
fn crowded(effort: Effort, crowds: &[Crowd]) -> Result<Vec<Table>> {
    let Some((one, more)) = crowds.split_first() else { return Ok(Vec::new()) };
    let count = effort.names;
    let (mut created, mut opened) = (Vec::new(), Vec::new());
    for crowd in more {
        for (way, word) in [(Way::Ours, "filemap"), (Way::Bare, "the bare calls")] {
            let name = format!("{word}, where {}", those(crowd.count));
            created.push(Pair {
                base: Box::new(move |_| way.create(one, count)),
                own: way.aimed(Contestant::new(name.clone(), move |_| way.create(crowd, count))),
            });
            opened.push(Pair {
                base: Box::new(move |seed| way.open(one, count, seed)),
                own: way.aimed(Contestant::new(name, move |seed| way.open(crowd, count, seed))),
            });
        }
    }
    let base = format!("the same way where {}", those(one.count));
    Ok(vec![
        compare_pairs("Creating, the more names are there", CREATE, effort.rounds, &base, created)?,
        compare_pairs("Opening, the more names are there", OPEN, effort.rounds, &base, opened)?,
    ])
}

fn those(count: usize) -> String {
    if count == 1 { "1 name is there".to_owned() } else { format!("{count} names are there") }
}

/// Who does it.
#[derive(Debug, Clone, Copy)]
enum Way {
    Bare,
    Ours,
    Peers(Peer),
}

impl Way {
    /// Only ours has a target: the others are as they are.
    fn aimed(self, contestant: Contestant<'_>) -> Contestant<'_> {
        match self {
            Self::Ours => {
                contestant.within(Target::Ratio(CROWDED)).limited(COLDER, Target::Ratio(1.6))
            }
            Self::Bare | Self::Peers(_) => contestant,
        }
    }

    /// The time to create a name among the others, and to let it go.
    fn create(self, crowd: &Crowd, count: usize) -> Result<Duration> {
        let free = crowd.count;
        let start = Instant::now();
        for _ in 0..count {
            match self {
                Self::Bare => shm::cycle_new(&crowd.bare_name(free), LEN as u64)?,
                Self::Ours => {
                    let options = FileMapping::options().registry(&crowd.registry);
                    let mapping = options.name(&held_name(free)).size(LEN as u64).create()?;
                    black_box(mapping.map(Access::Write)?);
                }
                Self::Peers(peer) => peer.create(&crowd.bare_name(free), LEN)?,
            }
        }
        Ok(each(start.elapsed(), count))
    }

    /// The time to open one of the others, and to let it go.
    fn open(self, crowd: &Crowd, count: usize, seed: u64) -> Result<Duration> {
        let mut random = fastrand::Rng::with_seed(seed);
        let drawn = (0..count).map(|_| random.usize(..crowd.count));
        // Made before the clock starts.
        let names: Vec<String> = match self {
            Self::Ours => drawn.map(held_name).collect(),
            Self::Bare | Self::Peers(_) => drawn.map(|number| crowd.bare_name(number)).collect(),
        };
        let start = Instant::now();
        for name in &names {
            match self {
                Self::Bare => shm::cycle_there(name)?,
                Self::Ours => {
                    let mapping = crowd.registry.open(name)?;
                    black_box(mapping.map(Access::Write)?);
                }
                Self::Peers(peer) => peer.open(name)?,
            }
        }
        Ok(each(start.elapsed(), count))
    }
}
