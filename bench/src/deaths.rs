//! What is left of a name whose last holder was killed, and for how long.

use std::thread;
use std::time::{Duration, Instant};

use filemap::{ErrorKind, Registry};

use crate::Result;
use crate::figures::{Figure, Figures, Unit};
use crate::harness::{Effort, Table};
use crate::place::Place;
use crate::second::{Role, Second, held_name};

/// Bytes of a small object, of which next to nothing has to be given back.
const SMALL: u64 = 4096;

/// Bytes of a large one.
const LARGE: u64 = 64 << 20;

/// How long nobody looks, where nobody looks.
const UNSEEN: Duration = Duration::from_millis(100);

/// Longer than anything here takes; what takes longer does not happen.
const DEADLINE: Duration = Duration::from_secs(20);

const ABOUT: &str = "A process makes a name, stores to all of its memory and is killed by `SIGKILL`; \
                     another one, which does not hold the name, opens it again and again until it \
                     is told that there is no such name.";

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    let small = Deaths::of(SMALL, effort.rounds)?;
    let large = Deaths::of(LARGE, effort.rounds)?;
    Ok(vec![
        small.table("After the last holder of 4096 bytes was killed", false),
        large.table("After the last holder of 64 MiB was killed", true),
    ])
}

/// What was measured, round by round: seconds, bytes and counts.
#[derive(Debug, Default)]
struct Deaths {
    rounds: usize,
    reaped: Vec<f64>,
    told: Vec<f64>,
    returned: Vec<f64>,
    refusal: Vec<f64>,
    extra: Vec<f64>,
    left: Vec<f64>,
    collected: Vec<f64>,
}

impl Deaths {
    fn of(len: u64, rounds: usize) -> Result<Self> {
        let mut deaths = Self { rounds, ..Self::default() };
        for round in 0..=rounds {
            let mut one = Self::default();
            one.watched(len)?;
            one.seen_after(len)?;
            one.unseen(len)?;
            // The first round warms everything up.
            if round > 0 {
                deaths.add(one);
            }
        }
        Ok(deaths)
    }

    fn add(&mut self, one: Self) {
        self.reaped.extend(one.reaped);
        self.told.extend(one.told);
        self.returned.extend(one.returned);
        self.refusal.extend(one.refusal);
        self.extra.extend(one.extra);
        self.left.extend(one.left);
        self.collected.extend(one.collected);
    }

    /// Somebody asks for the name all the time.
    fn watched(&mut self, len: u64) -> Result<()> {
        let mut scene = Scene::new(len)?;
        let start = Instant::now();
        scene.holder.kill()?;
        scene.until_told()?;
        self.told.push(start.elapsed().as_secs_f64());
        scene.until_returned()?;
        self.returned.push(start.elapsed().as_secs_f64());
        Ok(())
    }

    /// Somebody asks for it as soon as nothing is left of the holder.
    fn seen_after(&mut self, len: u64) -> Result<()> {
        let mut scene = Scene::new(len)?;
        let start = Instant::now();
        scene.holder.kill()?;
        scene.holder.reap()?;
        self.reaped.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let extra = scene.until_told()?;
        self.refusal.push(start.elapsed().as_secs_f64());
        self.extra.push(f64::from(extra));
        Ok(())
    }

    /// Nobody asks for it, and then somebody collects.
    fn unseen(&mut self, len: u64) -> Result<()> {
        let mut scene = Scene::new(len)?;
        scene.holder.kill()?;
        scene.holder.reap()?;
        thread::sleep(UNSEEN);
        self.left.push(scene.left()?);
        let start = Instant::now();
        scene.registry.collect()?;
        scene.until_returned()?;
        self.collected.push(start.elapsed().as_secs_f64());
        Ok(())
    }

    fn table(self, title: &str, memory: bool) -> Table {
        use Unit::{Bytes, Seconds, Times};
        let mut rows = vec![
            Figure::new("from the kill until the process is gone", Seconds, self.reaped),
            Figure::new("from the kill until an opener is told", Seconds, self.told),
            Figure::new("the first opening after the process is gone", Seconds, self.refusal),
            Figure::new("openings after it is gone that still succeed", Times, self.extra)
                .within(0.0),
        ];
        if memory {
            let returned = "from the kill until the memory is back, if somebody asks for the name";
            let left = "still there 100 ms after the process is gone, if nobody asks";
            let collected = "from then, `Registry::collect`, until the memory is back";
            rows.push(Figure::new(returned, Seconds, self.returned));
            rows.push(Figure::new(left, Bytes, self.left));
            rows.push(Figure::new(collected, Seconds, self.collected));
        }
        let title = title.to_owned();
        Table::Figures(Figures { title, about: ABOUT, rounds: self.rounds, rows })
    }
}

/// A name, and the one process that holds it.
#[derive(Debug)]
struct Scene {
    registry: Registry,
    holder: Second,
    len: u64,
    /// What the file system has free while the name is held.
    free: u64,
    place: Place,
}

impl Scene {
    fn new(len: u64) -> Result<Self> {
        let place = Place::in_memory()?;
        let path = place.path().to_owned();
        let holder = Second::start(&Role::Hold {
            place: path,
            first: 0,
            count: 1,
            len,
            fill: true,
            family: None,
        })?;
        let registry = Registry::at(place.path());
        // The root is opened, and swept, before any clock starts.
        drop(registry.open(&held_name(0))?);
        let free = place.free()?;
        Ok(Self { registry, holder, len, free, place })
    }

    /// Opens the name until there is no such name; tells how often it still was there.
    fn until_told(&self) -> Result<u32> {
        let start = Instant::now();
        let mut times = 0;
        loop {
            match self.registry.open(&held_name(0)) {
                Ok(mapping) => drop(mapping),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(times),
                Err(error) => return Err(error.into()),
            }
            times += 1;
            // The killed process needs a processor to die on, and might get no other.
            thread::yield_now();
            if start.elapsed() > DEADLINE {
                return Err("a killed holder still has its name".into());
            }
        }
    }

    /// Bytes of the object that the file system has not back.
    fn left(&self) -> Result<f64> {
        let back = self.place.free()?.saturating_sub(self.free);
        let left = u32::try_from(self.len.saturating_sub(back)).unwrap_or(u32::MAX);
        Ok(f64::from(left))
    }

    /// Waits until the memory is back, but for a few pages that others may have taken meanwhile.
    fn until_returned(&self) -> Result<()> {
        let start = Instant::now();
        let few = f64::from(u32::try_from(self.len / 16)?);
        while self.left()? > few {
            if start.elapsed() > DEADLINE {
                return Err("a dead name still has its memory".into());
            }
        }
        Ok(())
    }
}
