//! `filemap wine mirror`: a copy of a name of a game that runs already.

use std::fs;
use std::path::Path;

use filemap::{Access, ErrorKind};

use super::world::{COUNT, TOLD, WRITTEN, World, count, until};
use crate::support::{Running, finish};

/// Starts a game without this command, and a copy of its name.
fn mirror(world: &World, name: &str, words: &[&str]) -> (Running, Running) {
    let mut game = Running::start(world.program(&["publish", name, "5000"]));
    assert_eq!(game.next_line(), "error 0, mapped");
    let mut command = world.wine("mirror");
    command.arg(name).args(words);
    let mut mirror = Running::start(command);
    let line = mirror.next_line();
    assert!(line.starts_with(&format!("copying `Local\\{name}` to `Local\\")), "{line}");
    (game, mirror)
}

/// Tells a game its end, by a program in its prefix, as the copy does not lead to it.
fn end(world: &World, name: &str) {
    let told = finish(world.program(&["tell", name, "1"]), b"");
    assert_eq!(told.code, Some(0), "{told:?}");
}

#[test]
fn a_copy_follows_the_game_and_does_not_reach_it() {
    let Some(world) = World::new() else { return };
    let (game, mirror) = mirror(&world, "mir-one", &[]);

    let view = world.counting("mir-one");
    assert_eq!(view.len(), 8192);
    view.write(TOLD, &9_u32).unwrap();
    until("the copy is made again", || (view.read::<u32>(TOLD).unwrap() == 0).then_some(()));
    let seen = finish(world.program(&["look", "mir-one"]), b"");
    assert!(String::from_utf8_lossy(&seen.stdout).contains("written"), "{seen:?}");
    until("what others wrote is copied", || {
        (view.read::<u32>(WRITTEN).unwrap() == 77).then_some(())
    });

    end(&world, "mir-one");
    assert_eq!(game.wait().code, Some(1));
    assert_eq!(mirror.wait().code, Some(0));
    // What the game wrote last.
    assert_eq!(view.read::<u32>(TOLD).unwrap(), 1);
    assert_ne!(count(&view), 0);
    world.assert_nothing_is_left("mir-one");
}

#[test]
fn a_copy_for_others_is_a_file_with_the_name_that_was_given() {
    let Some(world) = World::new() else { return };
    let words = ["--as", "mir-$copy$", "--posix", "--every", "5ms"];
    let (game, mirror) = mirror(&world, "mir-posix", &words);
    let path = Path::new("/dev/shm/mir-$copy$");

    let seen = || fs::read(path).unwrap()[COUNT..COUNT + 4].to_owned();
    let first = seen();
    until("the file changes", || (seen() != first).then_some(()));
    assert_eq!(fs::metadata(path).unwrap().len(), 8192);
    assert_eq!(world.open("mir-$copy$").map(Access::Read).unwrap().len(), 8192);
    let error = world.registry().open("mir-posix").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);

    end(&world, "mir-posix");
    assert_eq!(game.wait().code, Some(1));
    assert_eq!(mirror.wait().code, Some(0));
    assert!(!path.exists());
    world.assert_nothing_is_left("mir-$copy$");
}

#[test]
fn a_request_to_end_ends_the_copy_and_leaves_the_game() {
    let Some(world) = World::new() else { return };
    let (game, mirror) = mirror(&world, "mir-term", &["--every", "1h"]);
    let view = world.open("mir-term").map(Access::Read).unwrap();
    assert_ne!(count(&view), 0);

    mirror.signal("TERM");

    assert_eq!(mirror.wait().code, Some(0));
    world.assert_nothing_is_left("mir-term");
    end(&world, "mir-term");
    assert_eq!(game.wait().code, Some(1));
}

#[test]
fn a_name_that_nobody_has_is_not_copied() {
    let Some(world) = World::new() else { return };
    let mut game = Running::start(world.program(&["publish", "mir-other", "4096"]));
    assert_eq!(game.next_line(), "error 0, mapped");
    let mut command = world.wine("mirror");
    command.arg("mir-nobody");

    let none = finish(command, b"");

    assert_eq!(none.code, Some(1), "{}", none.stderr);
    assert!(none.stderr.contains("`filemap wine ls` lists"), "{}", none.stderr);
    world.assert_nothing_is_left("mir-nobody");
    game.kill();
}
