//! Names among processes: races, and neighbours that are stopped or list all the time.

#![cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "signals to a child are the C library's")
)]

use std::thread;
#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use filemap::ErrorKind;
use filemap::{Access, Error, FileMapping, Registry, View};

use crate::support::{self, Place, Second, named};
#[cfg(target_os = "linux")]
use crate::support::{eventually, is_free};

/// Processes in a race.
const RACERS: usize = 8;

fn read_u64(view: &View, offset: usize) -> Result<u64, Error> {
    let mut bytes = [0; 8];
    view.read_at(offset, &mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// The second processes of a race: each waits for the word, tries, and tells what it got.
fn race(options: fn(&Registry) -> Result<FileMapping, Error>) -> Result<(), Error> {
    let place = Registry::system();
    let number: usize = support::role().unwrap_or_default().parse().expect("a number");
    support::say("ready");
    while support::hear() == "go" {
        let mapping = match options(&place) {
            Ok(mapping) => mapping,
            Err(error) => {
                support::say(&format!("{:?}", error.kind()));
                support::hear();
                support::say("looked");
                support::hear();
                support::say("closed");
                continue;
            }
        };
        let view = mapping.map(Access::Write)?;
        view.write_at(number, &[1])?;
        support::say(if mapping.existed() { "opened" } else { "created" });
        support::hear();
        let mut marks = [0; RACERS];
        view.read_at(0, &mut marks)?;
        support::say(&format!("{marks:?}"));
        support::hear();
        drop(view);
        mapping.close()?;
        support::say("closed");
    }
    Ok(())
}

fn racers(place: &Place, test: &str) -> Vec<Second> {
    let mut racers: Vec<_> =
        (0..RACERS).map(|number| place.child(test, &number.to_string())).collect();
    for racer in &mut racers {
        racer.until("ready");
    }
    racers
}

/// Tells all of them the same, and gathers what each says then.
fn all(racers: &mut [Second], line: &str) -> Vec<String> {
    for racer in racers.iter_mut() {
        racer.tell(line);
    }
    racers.iter_mut().map(Second::next).collect()
}

#[test]
fn of_processes_that_race_to_create_a_name_one_creates_and_all_get_its_memory() -> Result<(), Error>
{
    const TEST: &str = "processes::\
        of_processes_that_race_to_create_a_name_one_creates_and_all_get_its_memory";
    if support::role().is_some() {
        return race(|registry| named(registry, "race"));
    }
    let place = Place::new();
    let mut racers = racers(&place, TEST);
    for round in 0..100 {
        let got = all(&mut racers, "go");
        assert_eq!(got.iter().filter(|got| *got == "created").count(), 1, "{round}: {got:?}");
        assert_eq!(got.iter().filter(|got| *got == "opened").count(), RACERS - 1, "{got:?}");

        let seen = all(&mut racers, "look");
        assert_eq!(seen, vec![format!("{:?}", [1; RACERS]); RACERS], "round {round}");

        all(&mut racers, "close");
        assert_eq!(place.leftovers(), [""; 0], "round {round}: the last to close frees the name");
    }
    racers.into_iter().for_each(Second::finish);
    Ok(())
}

#[test]
fn of_processes_that_insist_on_a_new_name_one_wins() -> Result<(), Error> {
    const TEST: &str = "processes::of_processes_that_insist_on_a_new_name_one_wins";
    if support::role().is_some() {
        return race(|registry| {
            FileMapping::options().registry(registry).name("new").size(1).create_new()
        });
    }
    let place = Place::new();
    let mut racers = racers(&place, TEST);
    for round in 0..100 {
        let got = all(&mut racers, "go");

        assert_eq!(got.iter().filter(|got| *got == "created").count(), 1, "{round}: {got:?}");
        let lost = got.iter().filter(|got| *got == "AlreadyExists").count();
        assert_eq!(lost, RACERS - 1, "{round}: {got:?}");
        all(&mut racers, "look");
        all(&mut racers, "close");
        assert_eq!(place.leftovers(), [""; 0], "round {round}");
    }
    racers.into_iter().for_each(Second::finish);
    Ok(())
}

#[test]
fn threads_that_race_to_create_a_name_get_one_object() -> Result<(), Error> {
    let place = Place::new();
    for round in 0..200 {
        let name = format!("race-{round}");
        let made: Vec<FileMapping> = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| named(&place.registry, &name))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Result<_, _>>()
        })?;

        assert_eq!(made.iter().filter(|made| !made.existed()).count(), 1);
        made[0].map(Access::Write)?.write_at(0, &1_u64.to_le_bytes())?;
        for each in &made {
            assert_eq!(read_u64(&each.map(Access::Read)?, 0)?, 1);
        }
    }
    Ok(())
}

#[test]
fn listing_all_the_time_does_not_keep_closed_names_in_memory() -> Result<(), Error> {
    const TEST: &str = "processes::listing_all_the_time_does_not_keep_closed_names_in_memory";
    if support::role().is_some() {
        let registry = Registry::system();
        support::say("listing");
        loop {
            drop(registry.list()?);
            drop(registry.inspect("x"));
        }
    }
    let place = Place::new();
    let mut second = place.child(TEST, "lists");
    second.until("listing");

    for _ in 0..3000 {
        drop(named(&place.registry, "x")?);
    }
    for number in 0..1000 {
        drop(named(&place.registry, &format!("x-{number}"))?);
    }
    second.kill();

    assert_eq!(place.leftovers(), [""; 0]);
    Ok(())
}

// Locks of entries.
#[cfg(target_os = "linux")]
#[test]
fn a_process_stopped_with_the_lock_costs_others_a_timeout() -> Result<(), Error> {
    const TEST: &str = "processes::a_process_stopped_with_the_lock_costs_others_a_timeout";
    if support::role().is_some() {
        let mapping = named(&Registry::system(), "x")?;
        support::say("held");
        support::hear();
        drop(mapping);
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "holds");
    second.until("held");
    let entry = place.registry.inspect("x")?.entry().to_owned();
    second.kill();
    // As if by one who found the entry dead, and was stopped before removing it.
    let stopped = std::fs::File::options().read(true).write(true).open(entry).unwrap();
    support::claim(&stopped);

    for attempt in 0..2 {
        let since = Instant::now();
        let error = match attempt {
            0 => place.registry.open("x").unwrap_err(),
            _ => named(&place.registry, "x").unwrap_err(),
        };
        assert_eq!((error.kind(), error.win32_code()), (ErrorKind::TimedOut, 1460), "{error}");
        assert!(error.to_string().contains("`Local\\x`"), "{error}");
        assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    }
    assert!(!named(&place.registry, "y")?.existed(), "other names are not its business");
    assert!(place.registry.list().is_ok());
    drop(stopped);

    assert!(is_free(&place.registry, "x"));
    assert!(!named(&place.registry, "x")?.existed());
    Ok(())
}

// Processes that are stopped by a signal.
#[cfg(target_os = "linux")]
#[test]
fn a_stopped_holder_stops_nobody_else() -> Result<(), Error> {
    const TEST: &str = "processes::a_stopped_holder_stops_nobody_else";
    if support::role().is_some() {
        let mapping = named(&Registry::system(), "x")?;
        support::say("held");
        support::hear();
        drop(mapping);
        return Ok(());
    }
    let place = Place::new();
    let mut second = place.child(TEST, "holds");
    second.until("held");
    let number = libc::pid_t::try_from(second.process.id()).unwrap();
    // SAFETY: a signal to a child that was not waited for, so the number is its own.
    assert_eq!(unsafe { libc::kill(number, libc::SIGSTOP) }, 0);

    let found = named(&place.registry, "x")?;

    assert!(found.existed());
    found.map(Access::Write)?.write_at(0, b"x")?;
    found.close()?;
    assert!(place.registry.inspect("x")?.is_live());
    // SAFETY: as above.
    assert_eq!(unsafe { libc::kill(number, libc::SIGCONT) }, 0);
    second.tell("close");
    second.finish();
    eventually("the name is free", || is_free(&place.registry, "x"));
    assert_eq!(place.leftovers(), [""; 0]);
    Ok(())
}
