//! Names in several processes: races, stopped holders, and constant listings.

#![cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "signals to a child are the C library's")
)]

use std::thread;
#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use filemap::ErrorKind;
use filemap::{Access, Error, FileMapping, PositionedIo, Registry, View};

use crate::support::{self, Place, Second, named};
#[cfg(target_os = "linux")]
use crate::support::{eventually, is_free};

/// The number of processes in a race.
const RACERS: usize = 8;

fn read_u64(view: &View, offset: usize) -> Result<u64, Error> {
    let mut bytes = [0; 8];
    view.read_exact_at(&mut bytes, offset as u64)?;
    Ok(u64::from_le_bytes(bytes))
}

/// A second process of a race: waits for the start, tries, and prints what it got.
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
        view.write_all_at(&[1], number as u64)?;
        support::say(if mapping.existed() { "opened" } else { "created" });
        support::hear();
        let mut marks = [0; RACERS];
        view.read_exact_at(&mut marks, 0)?;
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

/// Sends the same word to all of them, and returns the answer of each.
fn all(racers: &mut [Second], line: &str) -> Vec<String> {
    for racer in racers.iter_mut() {
        racer.tell(line);
    }
    racers.iter_mut().map(Second::next).collect()
}

#[test]
fn processes_that_race_to_create_a_name_all_get_the_memory_of_one() -> Result<(), Error> {
    const TEST: &str = "processes::\
        processes_that_race_to_create_a_name_all_get_the_memory_of_one";
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
fn one_of_several_processes_that_need_a_new_name_gets_it() -> Result<(), Error> {
    const TEST: &str = "processes::one_of_several_processes_that_need_a_new_name_gets_it";
    if support::role().is_some() {
        return race(|registry| {
            FileMapping::options().registry(registry).name("new").size(100).create_new()
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
        made[0].map(Access::Write)?.write_all_at(&1_u64.to_le_bytes(), 0)?;
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

// Locks of entries, on Linux.
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
    // As a process does that found the entry dead, and was stopped before it removed it.
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

// Signals that stop a process, on Linux.
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
    found.map(Access::Write)?.write_all_at(b"x", 0)?;
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
