//! Processes that are killed at any moment, while others rely on what they share with them.

#![expect(unsafe_code, reason = "fork, and signals to children, are the C library's")]

use std::time::{Duration, Instant};

use filemap::{
    Access, AtomicCell, Error, Event, FileMapping, Locked, Mutex, Registry, Semaphore, View,
    wait_all, wait_any,
};

use super::can_wait;
use crate::support::{self, Place};

/// Numbers that all processes share, each at its place in a view.
#[derive(Clone, Copy)]
enum Number {
    /// Both are raised by one in a critical section, one after the other.
    Before,
    After,
    /// 1 while a process is in the critical section.
    Inside,
    /// How often one was found there that should not be.
    Broken,
    Abandoned,
    Sections,
    /// Units of the single semaphore that were taken, and were told of.
    Taken,
    /// Pairs that a wait for all took, and told of.
    Pairs,
    /// How often each worker came round: the first of them.
    Turns,
}

const WORKERS: usize = 10;
/// Who is never killed: a taker of units, and an owner of the mutex.
const SURVIVORS: usize = 2;

/// What the processes share.
struct Shared {
    mutex: Mutex,
    /// Taken by one process in a wait for all.
    second: Mutex,
    /// Two that are always taken together, and one that is taken alone.
    left: Semaphore,
    right: Semaphore,
    units: Semaphore,
    event: Event,
    view: View,
    /// Keeps the name of what is in the view.
    _memory: FileMapping,
}

impl Shared {
    fn open(registry: &Registry) -> Result<Self, Error> {
        let memory = FileMapping::options().registry(registry).name("numbers").size(4096);
        let memory = memory.create()?;
        let mutex = |name| Mutex::options().registry(registry).name(name).create();
        let units = |name| Semaphore::options(1 << 30).registry(registry).name(name).create();
        Ok(Self {
            mutex: mutex("mutex")?,
            second: mutex("second")?,
            left: units("left")?,
            right: units("right")?,
            units: units("units")?,
            event: Event::options().registry(registry).name("event").create()?,
            view: memory.map(Access::Write)?,
            _memory: memory,
        })
    }

    fn number(&self, number: Number) -> Result<AtomicCell<'_, u64>, Error> {
        self.view.atomic(number as usize * 8)
    }

    fn turns(&self, worker: usize) -> Result<AtomicCell<'_, u64>, Error> {
        self.view.atomic((Number::Turns as usize + worker) * 8)
    }

    /// Enters and leaves a critical section, which is owned by now.
    fn section(&self, is_abandoned: bool, spins: u64) -> Result<(), Error> {
        let [before, after, inside] =
            [Number::Before, Number::After, Number::Inside].map(|number| self.number(number));
        let (before, after, inside) = (before?, after?, inside?);
        if is_abandoned {
            self.number(Number::Abandoned)?.fetch_add(1)?;
            inside.store(0)?;
            after.store(before.load()?)?;
        }
        if inside.swap(1)? != 0 || before.load()? != after.load()? {
            self.number(Number::Broken)?.fetch_add(1)?;
        }
        before.fetch_add(1)?;
        for _ in 0..spins {
            std::hint::spin_loop();
        }
        after.fetch_add(1)?;
        inside.store(0)?;
        self.number(Number::Sections)?.fetch_add(1)?;
        Ok(())
    }

    /// One turn of a worker.
    fn turn(&self, worker: usize, random: &mut Random) -> Result<(), Error> {
        match worker {
            0 | 1 => {
                let locked = self.mutex.lock()?;
                let is_abandoned = locked.is_abandoned();
                let _guard = locked.either();
                self.section(is_abandoned, random.below(50))?;
            }
            2 => {
                let first = wait_any(&[&self.event, &self.mutex], None)?.expect("no limit");
                if first.index == 1 {
                    self.section(first.is_abandoned, random.below(50))?;
                    self.mutex.unlock()?;
                }
            }
            3 | 4 => {
                if wait_all(&[&self.left, &self.right], None)?.is_some() {
                    self.number(Number::Pairs)?.fetch_add(1)?;
                }
            }
            5 => {
                if wait_all(&[&self.right, &self.left, &self.second], None)?.is_some() {
                    self.number(Number::Pairs)?.fetch_add(1)?;
                    self.second.unlock()?;
                }
            }
            6 => {
                self.units.acquire()?;
                self.number(Number::Taken)?.fetch_add(1)?;
            }
            7 => {
                if self.units.acquire_for(Duration::from_millis(1))? {
                    self.number(Number::Taken)?.fetch_add(1)?;
                }
            }
            8 => {
                let first = wait_any(&[&self.event, &self.units], None)?.expect("no limit");
                if first.index == 1 {
                    self.number(Number::Taken)?.fetch_add(1)?;
                }
            }
            _ => match random.below(2) {
                0 => self.event.set()?,
                _ => self.event.reset()?,
            },
        }
        self.turns(worker)?.fetch_add(1)?;
        Ok(())
    }

    /// One turn of a survivor.
    fn survive(&self, survivor: usize) -> Result<(), Error> {
        if survivor == 0 {
            self.units.acquire()?;
            self.number(Number::Taken)?.fetch_add(1)?;
        } else {
            std::thread::sleep(Duration::from_micros(200));
            match self.mutex.lock()? {
                Locked::Consistent(_guard) => self.section(false, 0)?,
                Locked::Abandoned(_guard) => self.section(true, 0)?,
            }
        }
        self.turns(WORKERS + survivor)?.fetch_add(1)?;
        Ok(())
    }
}

/// Numbers that differ from run to run, and say in a failure by which seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// Forks a process that does `turn` again and again until it is killed.
fn forked(mut turn: impl FnMut() -> Result<(), Error>) -> libc::pid_t {
    // SAFETY: the process has one thread that does anything; the child runs until it is killed.
    let number = unsafe { libc::fork() };
    assert!(number >= 0, "a process can be forked");
    if number == 0 {
        // SAFETY: the parent's end is to be the child's.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        while turn().is_ok() {}
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(3) }
    }
    number
}

/// Kills a child, if it has not ended by itself, which would be a failure.
fn kill(number: libc::pid_t) {
    let mut status = 0;
    // SAFETY: a child of this process that was not waited for.
    unsafe { libc::kill(number, libc::SIGKILL) };
    // SAFETY: as above; the status is ours to write.
    unsafe { libc::waitpid(number, &raw mut status, 0) };
    assert!(libc::WIFSIGNALED(status), "a worker met an error: {status:x}");
}

/// What one storm counted.
#[derive(Default)]
struct Counts {
    kills: u64,
    /// Of processes that take units, or pairs.
    of_takers: u64,
    of_pair_takers: u64,
    units: u64,
    pairs: u64,
}

/// The children of a storm.
struct Storm<'shared> {
    shared: &'shared Shared,
    random: Random,
    workers: Vec<libc::pid_t>,
    counts: Counts,
}

impl Storm<'_> {
    fn start(&mut self, worker: usize) -> libc::pid_t {
        let (shared, mut random) = (self.shared, Random(self.random.next() | 1));
        // Half of them have the objects from their parent, and half open them anew.
        if random.below(2) == 0 {
            return forked(move || shared.turn(worker, &mut random));
        }
        let mut own = None;
        forked(move || {
            if own.is_none() {
                own = Some(Shared::open(&Registry::system())?);
            }
            own.as_ref().map_or(Ok(()), |own| own.turn(worker, &mut random))
        })
    }

    fn kill(&mut self, worker: usize) {
        kill(self.workers[worker]);
        self.counts.kills += 1;
        self.counts.of_takers += u64::from((6..9).contains(&worker));
        self.counts.of_pair_takers += u64::from((3..6).contains(&worker));
    }

    /// One round of gifts and deaths.
    fn round(&mut self) -> Result<(), Error> {
        for _ in 0..self.random.below(20) {
            self.shared.left.release(1)?;
            self.shared.right.release(1)?;
            self.shared.units.release(1)?;
            self.counts.pairs += 1;
            self.counts.units += 1;
        }
        let mut victims: Vec<_> = (0..1 + self.random.below(3))
            .map(|_| usize::try_from(self.random.below(WORKERS as u64)).expect("a small number"))
            .collect();
        victims.sort_unstable();
        victims.dedup();
        for worker in victims {
            self.kill(worker);
            self.workers[worker] = self.start(worker);
        }
        std::thread::sleep(Duration::from_micros(self.random.below(400)));
        Ok(())
    }

    /// Stops all who take pairs, and checks that both semaphores lost the same.
    fn check_pairs(&mut self) -> Result<(), Error> {
        for worker in 3..6 {
            self.kill(worker);
        }
        let (left, right) = (self.shared.left.count()?, self.shared.right.count()?);
        assert_eq!(left, right, "a wait for all took a part");
        let told = self.shared.number(Number::Pairs)?.load()?;
        let gone = self.counts.pairs - u64::from(left);
        let most = told + self.counts.of_pair_takers;
        assert!((told..=most).contains(&gone), "{gone} pairs are gone, {told} were told of");
        for worker in 3..6 {
            self.workers[worker] = self.start(worker);
        }
        Ok(())
    }
}

/// The storm, in a process with one thread.
fn storm(kills: u64) -> Result<(), Error> {
    let shared = Shared::open(&Registry::system())?;
    let seed = u64::from(std::process::id()) ^ 0x9E37_79B9_7F4A_7C15;
    let counts = Counts::default();
    let mut storm = Storm { shared: &shared, random: Random(seed), workers: Vec::new(), counts };
    for worker in 0..WORKERS {
        let process = storm.start(worker);
        storm.workers.push(process);
    }
    let survivors: Vec<_> =
        (0..SURVIVORS).map(|survivor| forked(|| shared.survive(survivor))).collect();
    let (mut rounds, mut seen, mut since) = (0_u64, [0; WORKERS + SURVIVORS], Instant::now());
    while storm.counts.kills < kills {
        storm.round()?;
        rounds += 1;
        if rounds.is_multiple_of(400) {
            storm.check_pairs()?;
        }
        // A sleeper that should run is found by its turns, which are thousands a second.
        if since.elapsed() > Duration::from_secs(10) {
            for worker in [0, 1, 6, 8, 9, 10, 11] {
                let turns = shared.turns(worker)?.load()?;
                assert_ne!(turns, seen[worker], "worker {worker} sleeps; seed {seed:x}");
                seen[worker] = turns;
            }
            since = Instant::now();
        }
    }
    storm.check_pairs()?;
    for worker in 0..WORKERS {
        storm.kill(worker);
    }
    // The survivor takes all units that are left.
    support::eventually("all units are taken", || shared.units.count().is_ok_and(|left| left == 0));
    let turns = shared.turns(WORKERS)?;
    support::eventually("they are told of", || {
        turns.load().is_ok_and(|before| {
            std::thread::sleep(Duration::from_millis(20));
            turns.load().is_ok_and(|after| after == before)
        })
    });
    survivors.into_iter().for_each(kill);
    let number = |number| shared.number(number).and_then(|cell| cell.load());
    let (taken, broken) = (number(Number::Taken)?, number(Number::Broken)?);
    let (given, dead) = (storm.counts.units, storm.counts.of_takers);
    assert!((taken..=taken + dead).contains(&given), "{given} units given, {taken} taken, {dead}");
    assert_eq!(broken, 0, "two owners; seed {seed:x}");
    support::say(&format!(
        "{} kills; {} sections, {} abandoned, 0 with two owners; {given} units given, {} gone with \
         the dead; {} pairs, all whole; 0 sleepers that should run",
        storm.counts.kills,
        number(Number::Sections)?,
        number(Number::Abandoned)?,
        given - taken,
        number(Number::Pairs)?,
    ));
    Ok(())
}

#[test]
fn objects_outlive_kills_at_any_moment_of_those_who_use_them() -> Result<(), Error> {
    const TEST: &str = "waits::storm::objects_outlive_kills_at_any_moment_of_those_who_use_them";
    if let Some(kills) = support::role() {
        return storm(kills.parse().expect("a number"));
    }
    if !can_wait() {
        return Ok(());
    }
    let place = Place::new();
    let mut storm = place.child(TEST, &support::rounds(50_000).to_string());
    println!("soak: waits: {}", storm.said_within(Duration::from_secs(1200)).expect("its counts"));
    storm.finish();
    place.registry.remove_dead()?;
    assert_eq!(place.leftovers(), Vec::<String>::new(), "a name is left");
    Ok(())
}
