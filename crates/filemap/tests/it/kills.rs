//! Storms of kills: what holders leave who are killed, by the lifetime of their memory.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, Instant};

use filemap::{
    Access, Error, ErrorKind, FileMapping, Lifetime, PositionedIo as _, Protection, Registry, Scope,
};

use crate::support::{self, Place, Second, is_free, kind};

const NAMES: [&str; 3] = ["a", "b", "c"];
const SIZE: u64 = 4 << 20;
const PROCESSES: usize = 3;

/// Shared memory that the kernel has not counted yet, or that others take. What they take for a
/// while is waited for.
const NOISE: u64 = SIZE / 2;

/// The role of a process that makes, opens and closes names until it is killed.
fn live_and_die(lifetime: &str) -> Result<(), Error> {
    let (registry, lifetime): (_, Lifetime) = (Registry::system(), lifetime.parse()?);
    let mut held = Vec::new();
    for turn in 0.. {
        let name = NAMES[turn % NAMES.len()];
        let options = FileMapping::options().registry(&registry).name(name).size(SIZE);
        let mapping = options.lifetime(lifetime).create();
        if let Err(error) = &mapping {
            support::say(&error.to_string());
        }
        let view = mapping?.map(Access::Write)?;
        view.fill(0, view.len(), 7)?;
        match registry.open(name) {
            Ok(mapping) => held.push((mapping, view)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => support::say(&error.to_string()),
        }
        if turn == 2 {
            support::say("begun");
        }
        while held.len() > 3 {
            held.remove(turn % 3);
        }
    }
    Ok(())
}

/// Returns how many bytes the files of the registry take.
fn kept(place: &Place) -> u64 {
    let root = place.registry.path(Scope::Local).expect("it is trusted").expect("it is there");
    let entries = fs::read_dir(root).expect("a root can be read").flatten();
    let entries =
        entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with(".swept"));
    entries.filter_map(|entry| entry.metadata().ok()).map(|state| state.blocks() * 512).sum()
}

/// Returns how much shared memory the machine has, in bytes.
fn shared_memory() -> u64 {
    let told = fs::read_to_string("/proc/meminfo").expect("it can be read");
    let line = told.lines().find_map(|line| line.strip_prefix("Shmem:")).expect("it is told");
    let number = line.trim().strip_suffix(" kB").expect("in kilobytes");
    number.parse::<u64>().expect("a number") * 1024
}

fn storm(test: &str, lifetime: Lifetime) -> Result<(), Error> {
    // Longer if a soak says so, which has the machine for itself.
    let soak = std::env::var("FILEMAP_SOAK_KILLS").ok();
    let most = soak.as_ref().map_or(60, |kills| kills.parse().expect("a number"));
    // In the file system of shared memory, where names are by default.
    let dir = tempfile::tempdir_in("/dev/shm").expect("a directory can be made there");
    let place = Place { registry: Registry::at(dir.path()), dir };
    let (mut kills, mut random) = (0, 1_u64);
    drop(FileMapping::options().registry(&place.registry).name("x").size(1).create()?);

    while kills < most {
        let before = shared_memory();
        let mut processes: Vec<Second> =
            (0..PROCESSES).map(|_| place.child(test, &lifetime.to_string())).collect();
        processes.iter_mut().for_each(|process| process.until("begun"));
        for process in &mut processes {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (since, lives) = (Instant::now(), Duration::from_micros(random >> 53));
            while since.elapsed() < lives {
                std::hint::spin_loop();
            }
            process.kill();
            assert_eq!(process.said_within(support::DEADLINE), None, "it was refused something");
            kills += 1;
        }

        // Nobody has used the library since.
        let trailers = (NAMES.len() * filemap::page_size()) as u64;
        if lifetime == Lifetime::Holders {
            assert!(kept(&place) <= trailers, "{} bytes stay", kept(&place));
            support::eventually("the machine has its memory back", || {
                soak.is_none() || shared_memory() < before + trailers + NOISE
            });
        }
        for name in NAMES {
            assert!(is_free(&place.registry, name));
        }
        assert_eq!(kept(&place), 0);
        support::eventually("the machine has its memory back", || {
            soak.is_none() || shared_memory() < before + NOISE
        });
    }
    println!("\nsoak: {kills} kills with memory as long as its {lifetime}, and all of it is back");
    Ok(())
}

#[test]
fn a_kill_leaves_memory_of_entries_to_the_next_use() -> Result<(), Error> {
    const TEST: &str = "kills::a_kill_leaves_memory_of_entries_to_the_next_use";
    if let Some(lifetime) = support::role() {
        return live_and_die(&lifetime);
    }
    storm(TEST, Lifetime::Entry)
}

#[test]
fn a_kill_leaves_no_memory_of_holders() -> Result<(), Error> {
    const TEST: &str = "kills::a_kill_leaves_no_memory_of_holders";
    if let Some(lifetime) = support::role() {
        return live_and_die(&lifetime);
    }
    storm(TEST, Lifetime::Holders)
}

/// Returns the process that an entry says to have the memory.
fn recorded(registry: &Registry) -> Result<u32, Error> {
    let bytes = fs::read(registry.inspect("x")?.entry()).expect("an entry can be read");
    let place = bytes.len() - 96;
    Ok(u32::from_le_bytes(bytes[place..place + 4].try_into().expect("four bytes")))
}

#[test]
fn whoever_opens_after_the_recorded_holders_death_records_another() -> Result<(), Error> {
    const TEST: &str = "kills::whoever_opens_after_the_recorded_holders_death_records_another";
    let hold = |registry: &Registry| {
        let options = FileMapping::options().registry(registry).name("x").size(5000);
        options.lifetime(Lifetime::Holders).create()
    };
    if support::role().is_some() {
        let mapping = hold(&Registry::system())?;
        support::say(if mapping.existed() { "opened" } else { "made" });
        support::hear();
        return Ok(());
    }
    let place = Place::new();
    let mut first = place.child(TEST, "makes");
    first.until("made");
    let mut second = place.child(TEST, "opens");
    second.until("opened");
    assert_eq!(recorded(&place.registry)?, first.process.id());
    let listed = place.registry.inspect("x")?;
    assert_eq!((listed.lifetime(), listed.size()), (Some(Lifetime::Holders), Some(5000)));
    first.kill();

    let found = place.registry.open("x")?;

    assert_eq!((found.lifetime(), found.size()), (Some(Lifetime::Holders), 5000));
    assert_eq!(recorded(&place.registry)?, second.process.id());
    found.map(Access::Write)?.write_all_at(b"x", 4999)?;
    drop(found);
    second.kill();
    assert_eq!(kind(place.registry.open("x")), ErrorKind::NotFound);
    assert_eq!(place.leftovers(), [""; 0]);
    Ok(())
}

#[test]
fn a_file_has_no_lifetime() -> Result<(), Error> {
    let place = Place::new();
    let file = place.file("notes", b"hello");
    let options = FileMapping::options().registry(&place.registry).name("x").file(&file);

    assert_eq!(options.clone().create()?.lifetime(), None);
    let refused = options.lifetime(Lifetime::Holders).create();
    assert_eq!(kind(refused), ErrorKind::InvalidArgument);
    let unnamed = FileMapping::create(1, Protection::ReadWrite)?;
    assert_eq!(unnamed.lifetime(), Some(Lifetime::Holders));
    Ok(())
}
