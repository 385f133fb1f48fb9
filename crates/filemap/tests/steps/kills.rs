//! Processes that are killed at each step: what is left, and that others can continue.

use std::os::unix::process::ExitStatusExt as _;

use filemap::{Error, FileMapping, Lifetime, Registry};
use filemap_protocol::model::Outcome;

use crate::agent::{NAME, act};
use crate::scenario::{ALL, CREATE, Left, MODEL, OPEN};
use crate::support::{self, Place, is_free, named};
use crate::world::World;

#[test]
fn whoever_is_killed_at_a_step_leaves_what_the_table_of_crashes_says() -> Result<(), Error> {
    const TEST: &str = "kills::whoever_is_killed_at_a_step_leaves_what_the_table_of_crashes_says";
    if let Some(number) = support::role() {
        return act(&number, Lifetime::Entry);
    }
    let mut world = World::new(TEST, MODEL);
    let mut kills = 0;

    for scenario in ALL {
        for (number, (step, left)) in scenario.steps.iter().enumerate() {
            for look in [OPEN, CREATE] {
                let what = format!("{}, killed at {step:?}", scenario.what);
                scenario.lead(&mut world, number);
                if number + 1 == scenario.steps.len() {
                    scenario.assert_complete(&world);
                }
                world.dies(0);
                kills += 1;

                let entry = world.place.registry.inspect(NAME);
                let live = entry.is_ok_and(|entry| entry.is_live());
                let files = world.place.leftovers();
                let expected: &[&str] = if *left == Left::Nothing { &[] } else { &[NAME] };
                assert_eq!((live, files), (*left == Left::Live, own(expected)), "{what}");
                let seen = world.does_at_once(look);
                let expected = match (left, look == OPEN) {
                    (Left::Live, _) => Outcome::Found,
                    (_, true) => Outcome::NotFound,
                    (_, false) => Outcome::Made,
                };
                assert_eq!(seen, expected, "{what}");
                world.clear();
            }
        }
    }

    println!("kills: {kills} at {} operations' steps", ALL.len());
    Ok(())
}

fn own(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_process_kills_itself_at_the_step_that_a_variable_names() -> Result<(), Error> {
    const TEST: &str = "kills::a_process_kills_itself_at_the_step_that_a_variable_names";
    if support::role().is_some() {
        for _ in 0..3 {
            named(&Registry::system(), NAME)?.close()?;
            support::say("closed");
        }
        return Ok(());
    }
    let place = Place::new();
    let trace = place.path("trace");
    let mut command = place.command(TEST, "closes");
    command.env("FILEMAP_STEP", "Claimed:2:kill").env("FILEMAP_TRACE", &trace);
    let mut second = support::Second::start(command);

    second.until("closed");
    let status = second.process.wait().expect("it can be waited for");

    assert_eq!(status.signal(), Some(libc::SIGKILL));
    assert_eq!(second.said_within(support::DEADLINE), None, "it closed once");
    let trace = std::fs::read_to_string(trace).expect("it told its steps");
    let claims = trace.lines().filter(|line| line.ends_with(" Claimed")).count();
    assert_eq!(
        (claims, trace.lines().last().map(|line| line.ends_with(" Claimed"))),
        (2, Some(true))
    );
    assert_eq!(place.leftovers(), [NAME]);
    assert!(is_free(&place.registry, NAME));
    let made: FileMapping = named(&place.registry, NAME)?;
    assert!(!made.existed());
    Ok(())
}
