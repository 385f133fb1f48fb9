//! `filemap wine ls`: the names that programs for Windows have.

use super::world::World;
use crate::support::{Running, finish};

#[test]
fn names_of_a_game_are_listed_with_whole_pages() {
    let Some(world) = World::new() else { return };
    let mut game = Running::start(world.program(&["publish", "ls $a\\%", "5000"]));
    let mut named = Running::start(world.program(&["publish", "Global\\ls-named", "100"]));
    // A backslash is in no name but behind its scope.
    assert_eq!(game.next_line(), "error 3, not mapped: 6");
    assert_eq!(named.next_line(), "error 0, mapped");

    let mut command = world.wine("ls");
    command.arg("--json");
    let list = finish(command, b"").json();

    let sections = list["sections"].as_array().unwrap();
    let found = sections.iter().find(|one| one["name"] == "Global\\ls-named").unwrap();
    assert_eq!((&found["size"], &found["kind"]), (&4096.into(), &"memory".into()));
    assert_eq!(found["is_native"], false);
    let table = finish(world.wine("ls"), b"").text();
    assert!(table.contains("Global\\ls-named  4 KiB  memory  no"), "{table}");
    named.kill();
}

#[test]
fn a_prefix_in_which_nothing_runs_is_said_to_be_one() {
    let Some(world) = World::new() else { return };
    let mut command = world.wine("ls");
    command.arg("--prefix").arg(world.place.path("nowhere"));

    let none = finish(command, b"");

    assert_eq!(none.code, Some(1));
    assert!(none.stderr.contains("start the game first"), "{}", none.stderr);
}
