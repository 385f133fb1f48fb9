//! Creating and opening under a name, alone and among a thousand others.

use std::hint::black_box;
use std::time::Instant;

use filemap::{Access, FileMapping, Registry};

use crate::Result;
use crate::harness::{Contestant, Effort, Table, compare, each};
use crate::place::Place;
use crate::shm;

/// Bytes of each object.
const LEN: u64 = 4096;

const CREATE: &str = "to create, map, unmap and close a name of 4096 bytes, which then is gone";
const OPEN: &str = "to open, map, unmap and close a name that another handle holds";

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    // A thousand names in this process are two thousand descriptors.
    shm::raise_file_limit()?;
    let mut tables = Vec::new();
    for others in [1, 1000] {
        tables.extend(among(effort, others)?);
    }
    Ok(tables)
}

fn among(effort: Effort, others: usize) -> Result<[Table; 2]> {
    let place = Place::in_memory()?;
    let registry = Registry::at(place.path());
    let own = |number: usize| format!("bench-{number}");
    let raw = |number: usize| format!("/filemap-bench-{}-{number}", std::process::id());
    let create = |number| FileMapping::options().registry(&registry).name(&own(number)).size(LEN);
    let _held: Vec<_> =
        (0..others).map(|number| create(number).create_new()).collect::<Result<_, _>>()?;
    let _raw_held: Vec<_> =
        (0..others).map(|number| shm::Named::create(raw(number), LEN)).collect::<Result<_, _>>()?;
    let count = effort.names;
    let kept = if others == 1 { "1 name is".to_owned() } else { format!("{others} names are") };

    let base =
        Contestant::new("`shm_open`, `ftruncate`, `mmap`, `munmap`, `close`, `shm_unlink`", |_| {
            let start = Instant::now();
            for _ in 0..count {
                let named = shm::Named::create(raw(others), LEN)?;
                shm::map_and_unmap(named.descriptor(), LEN)?;
            }
            Ok(each(start.elapsed(), count))
        });
    let ours = Contestant::new("`MappingOptions::create`, `map`, and dropping both", |_| {
        let start = Instant::now();
        for _ in 0..count {
            let mapping = create(others).create()?;
            black_box(mapping.map(Access::Write)?);
        }
        Ok(each(start.elapsed(), count))
    });
    let title = format!("Creating a name where {kept} there");
    let created = compare(title, CREATE, effort.rounds, base, vec![ours])?;

    let base = Contestant::new("`shm_open`, `fstat`, `mmap`, `munmap`, `close`", |seed| {
        let names = drawn(count, others, seed, raw);
        let start = Instant::now();
        for name in &names {
            let (descriptor, len) = shm::open(name)?;
            shm::map_and_unmap(&descriptor, len)?;
        }
        Ok(each(start.elapsed(), count))
    });
    let ours = Contestant::new("`Registry::open`, `map`, and dropping both", |seed| {
        let names = drawn(count, others, seed, own);
        let start = Instant::now();
        for name in &names {
            let mapping = registry.open(name)?;
            black_box(mapping.map(Access::Write)?);
        }
        Ok(each(start.elapsed(), count))
    });
    let title = format!("Opening a name where {kept} there");
    let opened = compare(title, OPEN, effort.rounds, base, vec![ours])?;
    Ok([created, opened])
}

/// Names of those that are held, made before the clock starts.
fn drawn(count: usize, others: usize, seed: u64, name: impl Fn(usize) -> String) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..count).map(|_| name(random.usize(..others))).collect()
}
