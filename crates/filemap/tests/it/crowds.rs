//! Many names: a query about one costs no more among ten thousand, and one about all of them costs
//! the same for each.

use std::time::Duration;

use filemap::{Error, FileMapping, Registry};
use rustix::time::{ClockId, clock_gettime};

use crate::support::{self, Place, Second, named};

/// A small and a large number of names.
const FEW: usize = 1_000;
const MANY: usize = 10_000;

/// How many names one process holds, so that it does not reach the limit of descriptors.
const EACH: usize = 400;

/// The allowed factor: other processes share the caches, and larger tables are deeper.
const GENEROUS: u32 = 4;

/// The allowed error of a measurement; fifty looks at ten thousand names take a hundred times that.
const SLACK: Duration = Duration::from_millis(100);

/// Returns a place in shared memory where there is one, so that no disk is measured.
fn place() -> Place {
    let Ok(dir) = tempfile::tempdir_in("/dev/shm") else { return Place::new() };
    let registry = Registry::at(dir.path());
    Place { dir, registry }
}

/// Holds the names from the number `first` on, in a second process.
fn hold(first: usize) -> Result<(), Error> {
    let registry = Registry::system();
    let held: Vec<FileMapping> = (first..first + EACH)
        .map(|number| named(&registry, &format!("name-{number}")))
        .collect::<Result<_, _>>()?;
    support::say("held");
    support::hear();
    drop(held);
    Ok(())
}

/// Starts processes that together hold `count` names.
fn holders(place: &Place, test: &str, count: usize) -> Vec<Second> {
    let mut holders: Vec<_> =
        (0..count).step_by(EACH).map(|first| place.child(test, &first.to_string())).collect();
    for holder in &mut holders {
        holder.until("held");
    }
    holders
}

/// Returns the processor time of this thread, including the kernel's work for it and without that
/// of other threads.
fn spent() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(spent).expect("time does not run backwards")
}

/// Returns the shortest of several times that `act` takes.
fn shortest(mut act: impl FnMut() -> Result<(), Error>) -> Result<Duration, Error> {
    let mut shortest = Duration::MAX;
    for _ in 0..5 {
        let before = spent();
        act()?;
        shortest = shortest.min(spent() - before);
    }
    Ok(shortest)
}

/// The costs among a number of names.
#[derive(Debug)]
struct Costs {
    list: Duration,
    create: Duration,
    open: Duration,
    list_dead: Duration,
    collect: Duration,
}

fn costs(test: &str, count: usize) -> Result<Costs, Error> {
    let place = place();
    let holders = holders(&place, test, count);
    let held = holders.len() * EACH;
    let registry = Registry::at(place.path("."));
    assert_eq!(registry.list()?.len(), held);

    let list = shortest(|| registry.list().map(drop))?;
    let create = shortest(|| (0..50).try_for_each(|_| named(&registry, "x").map(drop)))?;
    let open = shortest(|| (0..50).try_for_each(|_| registry.open("name-7").map(drop)))?;
    for mut holder in holders {
        holder.kill();
    }
    let dead = registry.list()?;
    assert_eq!(dead.iter().filter(|entry| entry.is_live()).count(), 0);
    let list_dead = shortest(|| registry.list().map(drop))?;
    let before = spent();
    let collected = registry.remove_dead()?;
    let collect = spent() - before;

    assert_eq!(collected, u64::try_from(dead.len()).expect("a number"));
    assert_eq!(place.leftovers(), [""; 0]);
    Ok(Costs { list, create, open, list_dead, collect })
}

#[test]
fn ten_thousand_names_cost_ten_times_a_thousand_and_each_costs_the_same() -> Result<(), Error> {
    const TEST: &str =
        "crowds::ten_thousand_names_cost_ten_times_a_thousand_and_each_costs_the_same";
    if let Some(first) = support::role() {
        return hold(first.parse().expect("a number"));
    }
    let few = costs(TEST, FEW)?;
    let many = costs(TEST, MANY)?;
    println!("{FEW} names: {few:?}\n{MANY} names: {many:?}");

    let more = GENEROUS * u32::try_from(MANY / FEW).expect("a small number");
    for (what, few, many) in [
        ("listing the live", few.list, many.list),
        ("listing the dead", few.list_dead, many.list_dead),
        ("collecting the dead", few.collect, many.collect),
    ] {
        assert!(many < more * few + SLACK, "{what}: {few:?} for {FEW}, {many:?} for {MANY}");
    }
    for (what, few, many) in
        [("creating", few.create, many.create), ("opening", few.open, many.open)]
    {
        assert!(many < GENEROUS * few + SLACK, "{what} one of {FEW}: {few:?}, of {MANY}: {many:?}");
    }
    Ok(())
}
