//! A storm of names: processes that create, open, duplicate, pass on and close handles at random,
//! are killed and, on Linux, fork and are stopped, while each name leads to one live object.

#[cfg(target_os = "linux")]
#[path = "storm/linux.rs"]
mod system;
#[cfg(windows)]
#[path = "storm/windows.rs"]
mod system;

use std::thread;
use std::time::{Duration, Instant};

use filemap::{
    Access, Error, ErrorKind, FileMapping, OwnedDescriptor, PositionedIo, Registry, Rights, View,
};

use crate::support::{self, Place, Second, is_free, named};

/// Processes in a storm that lasts.
const MANY: usize = 8;

const NAMES: [&str; 3] = ["storm-0", "storm-1", "storm-2"];

/// After so many steps a process in the storm says what it did.
const SAID: u64 = 64;

/// The most handles that a process keeps.
const MOST: usize = 3;

/// A process is stopped no longer than this, which is less than others wait for a name.
const STOPPED: Duration = Duration::from_millis(200);

/// A handle that a process in the storm has.
struct Held {
    mapping: FileMapping,
    view: View,
    name: usize,
    stamp: u64,
}

/// What a process did since it said so last.
#[derive(Debug, Default, Clone, Copy)]
struct Done {
    steps: u64,
    /// Objects that got a name.
    born: u64,
    forks: u64,
    passed: u64,
}

impl Done {
    fn add(&mut self, other: Self) {
        self.steps += other.steps;
        self.born += other.born;
        self.forks += other.forks;
        self.passed += other.passed;
    }
}

/// One process in the storm: random steps, each of them checked.
///
/// A live handle's name leads to the handle's own object, at every moment. So no two live
/// objects can have one name: the name would not lead to one of them.
struct Weather {
    registry: Registry,
    state: u64,
    steps: u64,
    held: Vec<Held>,
    done: Done,
}

impl Weather {
    fn random(&mut self, below: u64) -> u64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.state >> 33) % below
    }

    /// A random name.
    fn name(&mut self) -> usize {
        usize::try_from(self.random(NAMES.len() as u64)).expect("a small number")
    }

    /// A random handle of this process, which has some.
    fn which(&mut self) -> usize {
        usize::try_from(self.random(self.held.len() as u64)).expect("a length")
    }

    fn step(&mut self) -> Result<(), Error> {
        self.steps += 1;
        self.done.steps += 1;
        let (any, room) = (!self.held.is_empty(), self.held.len() < MOST);
        // More is closed than is opened, and now and then all, so that names die often.
        match self.random(16) {
            0 | 1 if room => self.create(),
            2 if room => self.open(),
            3..=5 if any => self.close(),
            6 => self.close_all(),
            7 => self.registry.list().map(drop),
            8 => self.registry.remove_dead().map(drop),
            9 if any && room => self.duplicate(),
            10 if any => self.pass_on(),
            11 if room => self.take_over().map(drop),
            _ if any => self.check(),
            _ => Ok(()),
        }
    }

    fn create(&mut self) -> Result<(), Error> {
        let name = self.name();
        let mapping = named(&self.registry, NAMES[name])?;
        let view = mapping.map(Access::Write)?;
        let stamp = if mapping.existed() {
            stamp_of(&view)?
        } else {
            assert_eq!(view.read::<u64>(0)?, 0, "a new object is zero");
            self.done.born += 1;
            let stamp = (u64::from(std::process::id()) << 32) | self.steps;
            view.write_all_at(&stamp.to_le_bytes(), 0)?;
            stamp
        };
        self.held.push(Held { mapping, view, name, stamp });
        Ok(())
    }

    fn open(&mut self) -> Result<(), Error> {
        let name = self.name();
        match self.registry.open(NAMES[name]) {
            Ok(mapping) => {
                let view = mapping.map(Access::Write)?;
                let stamp = stamp_of(&view)?;
                self.held.push(Held { mapping, view, name, stamp });
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
                let mine = self.held.iter().any(|held| held.name == name);
                assert!(!mine, "a name was not found whose handle is open here");
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        let which = self.which();
        let Held { mapping, view, .. } = self.held.swap_remove(which);
        drop(view);
        mapping.close()
    }

    /// Lets go of everything, that in the mail included.
    fn close_all(&mut self) -> Result<(), Error> {
        while self.take_over()? {}
        while !self.held.is_empty() {
            self.close()?;
        }
        Ok(())
    }

    /// One more handle of a name, which shares a description or has one of its own.
    fn duplicate(&mut self) -> Result<(), Error> {
        let (which, same) = (self.which(), self.random(2) == 0);
        let Held { mapping, name, stamp, .. } = &self.held[which];
        let rights = if same { mapping.rights() } else { Rights::READ };
        let mapping = mapping.duplicate(rights)?;
        let view = mapping.map(Access::Read)?;
        let (name, stamp) = (*name, *stamp);
        self.held.push(Held { mapping, view, name, stamp });
        Ok(())
    }

    /// Puts a handle into the mail: this one, or a duplicate of it.
    fn pass_on(&mut self) -> Result<(), Error> {
        let which = self.which();
        let mapping = if self.random(2) == 0 {
            self.held.swap_remove(which).mapping
        } else {
            let Held { mapping, .. } = &self.held[which];
            mapping.duplicate(mapping.rights())?
        };
        // The mail may be full: the handle is closed instead.
        self.done.passed += u64::from(system::send(OwnedDescriptor::from(mapping)));
        Ok(())
    }

    /// Takes a handle out of the mail, from another process or this very one; tells whether there
    /// was any.
    fn take_over(&mut self) -> Result<bool, Error> {
        let Some(descriptor) = system::receive() else { return Ok(false) };
        let mapping = FileMapping::try_from(descriptor)?;
        let full = mapping.name().expect("a handle in the mail keeps its name").to_string();
        let name = NAMES.iter().position(|name| full.ends_with(name)).expect("one of the three");
        let view = mapping.map(Access::Read)?;
        let stamp = stamp_of(&view)?;
        self.held.push(Held { mapping, view, name, stamp });
        Ok(true)
    }

    fn check(&mut self) -> Result<(), Error> {
        let which = self.which();
        let Held { mapping, view, name, stamp } = &self.held[which];
        let again = named(&self.registry, NAMES[*name])?;
        assert!(again.existed(), "a live handle lost its name");
        assert!(system::is_same(&again, mapping), "two live objects have one name");
        if *stamp != 0 {
            assert_eq!(view.read::<u64>(0)?, *stamp, "somebody stamped it anew");
            assert_eq!(again.map(Access::Read)?.read::<u64>(0)?, *stamp);
        }
        Ok(())
    }
}

/// The stamp of an object, which its creator gives it after others can open it.
fn stamp_of(view: &View) -> Result<u64, Error> {
    let since = Instant::now();
    loop {
        match view.read::<u64>(0) {
            // The creator may have been killed or stopped before it came to that.
            Ok(0) if since.elapsed() < Duration::from_millis(20) => thread::yield_now(),
            other => return other,
        }
    }
}

/// The role of a process in the storm, whose standard input is the mail.
fn weather(seed: u64) -> Result<(), Error> {
    system::forget_children();
    let (held, done) = (Vec::new(), Done::default());
    let registry = Registry::system();
    let mut weather = Weather { registry, state: seed | 1, steps: 0, held, done };
    loop {
        weather.step()?;
        if weather.steps.is_multiple_of(SAID) {
            system::fork(&mut weather);
            let Done { steps, born, forks, passed } = std::mem::take(&mut weather.done);
            support::say(&format!("{steps} {born} {forks} {passed}"));
        }
    }
}

/// What a process said that it did; nothing, if that was anything else.
fn read(said: &str) -> Option<Done> {
    let mut numbers = said.split(' ').map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some(Done { steps: next()?, born: next()?, forks: next()?, passed: next()? })
}

/// The storm, as the process sees it that makes it.
struct Storm<'place> {
    place: &'place Place,
    test: &'static str,
    /// What one process sends another receives.
    mail: system::Mail,
    seed: u64,
    done: Done,
    kills: usize,
    stops: u64,
    lost: u64,
}

impl Storm<'_> {
    /// Returns true if too little was done for anything to be lost.
    fn is_a_breeze(&self) -> bool {
        let Done { born, forks, passed, .. } = self.done;
        let missing = (system::FORKS && forks == 0) || (system::PASSES && passed == 0);
        self.kills <= 3 || born <= 100 || missing
    }

    fn start(&mut self) -> Second {
        self.seed += 7919;
        let mut command = self.place.command(self.test, &self.seed.to_string());
        self.mail.reaches(&mut command);
        Second::start(command)
    }

    /// Counts what a process said; tells whether it is well.
    ///
    /// It panics, and says no more, if it sees what must not be: a name that it lost.
    fn count(&mut self, said: Option<String>) -> bool {
        let done = said.as_deref().and_then(read);
        self.lost += u64::from(done.is_none());
        self.done.add(done.unwrap_or_default());
        done.is_some()
    }

    /// Kills a process, and counts what it had said that was not heard yet.
    ///
    /// Its forked children live on for a few steps, and are gone when this returns.
    fn kill(&mut self, process: &mut Second) {
        process.kill();
        while let Some(said) = process.said_within(support::DEADLINE) {
            self.count(Some(said));
        }
    }

    /// Stops a process while the others go on, and lets it go on.
    fn stop(&mut self, which: usize, processes: &mut [Second]) {
        let number = processes[which].process.id();
        if !system::stop(number) {
            return;
        }
        let since = Instant::now();
        for (other, process) in processes.iter_mut().enumerate() {
            let left = STOPPED.saturating_sub(since.elapsed());
            if other != which
                && let Some(said) = process.said_within(left)
            {
                self.count(Some(said));
            }
        }
        system::go_on(number);
        self.stops += 1;
    }
}

#[test]
fn in_a_storm_of_creates_opens_closes_and_kills_each_name_has_one_live_object() -> Result<(), Error>
{
    const TEST: &str =
        "storm::in_a_storm_of_creates_opens_closes_and_kills_each_name_has_one_live_object";
    if let Some(seed) = support::role() {
        return weather(seed.parse().expect("a number"));
    }
    // Longer, and with more processes, if a soak says so.
    let soak = std::env::var("FILEMAP_SOAK_SECONDS").ok();
    let seconds = soak.as_ref().map_or(6, |seconds| seconds.parse().expect("a number of seconds"));
    let count = if soak.is_some() { MANY } else { 5 };
    let place = Place::new();
    let mail = system::Mail::new(&place);
    let (done, kills, stops, lost) = (Done::default(), 0, 0, 0);
    let mut storm = Storm { place: &place, test: TEST, mail, seed: 1, done, kills, stops, lost };
    let mut processes: Vec<Second> = (0..count).map(|_| storm.start()).collect();
    let since = Instant::now();

    let lasts = Duration::from_secs(seconds);
    // On a busy machine it takes longer until there is something to be told.
    while since.elapsed() < lasts || (storm.is_a_breeze() && since.elapsed() < support::DEADLINE) {
        for process in &mut processes {
            let said = process.said_within(support::DEADLINE);
            if !storm.count(said) {
                *process = storm.start();
            }
        }
        let which = storm.kills % processes.len();
        storm.stop((which + 1) % count, &mut processes);
        storm.kill(&mut processes[which]);
        processes[which] = storm.start();
        storm.kills += 1;
    }

    for process in &mut processes {
        let said = process.said_within(support::DEADLINE);
        storm.count(said);
        storm.kill(process);
    }
    assert!(!storm.is_a_breeze(), "{} kills, {:?}", storm.kills, storm.done);
    let seconds = since.elapsed().as_secs();
    let Storm { mail, done, kills, stops, lost, .. } = storm;
    // And with it what is in the mail.
    drop(mail);
    let held = NAMES.iter().filter(|name| !is_free(&place.registry, name)).count();
    place.registry.remove_dead()?;
    let leftovers = place.leftovers();
    let Done { steps, born, forks, passed } = done;
    println!(
        "\nsoak: a storm of {count} processes over {} names for {seconds} s: {steps} operations; \
         {born} objects; {kills} kills; {stops} stops; {forks} forks; {passed} handles passed on; {lost} lost \
         names; {} leftovers",
        NAMES.len(),
        held + leftovers.len()
    );
    // Windows has no forks, and no mail that handles can be put into.
    assert_eq!((forks > 0, passed > 0), (system::FORKS, system::PASSES), "{forks}, {passed}");
    assert_eq!(lost, 0, "processes that lost a name");
    assert_eq!((held, leftovers), (0, Vec::new()));
    Ok(())
}
