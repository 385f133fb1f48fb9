//! `filemap wine attach`: the names of a game that runs already.

use filemap::{Access, ErrorKind, Flush, MappedFile, PositionedIo as _};

use super::world::{TOLD, WRITTEN, World, count, kill, processes, until};
use crate::support::{Running, finish};

/// Starts a game without this command, and waits until it has its name.
fn game(world: &World, name: &str, size: &str) -> Running {
    let mut game = Running::start(world.program(&["publish", name, size]));
    assert_eq!(game.next_line(), "error 0, mapped");
    game
}

/// Attaches, and waits until the names are there.
fn attach(world: &World, words: &[&str], count: usize) -> Running {
    let mut command = world.wine("attach");
    command.args(words);
    let mut attached = Running::start(command);
    for _ in 0..count {
        let line = attached.next_line();
        assert!(line.starts_with("sharing `"), "{line}");
    }
    attached
}

#[test]
fn a_running_game_is_read_and_written_until_it_ends() {
    let Some(world) = World::new() else { return };
    let running = game(&world, "at-shared", "5000");
    let attached = attach(&world, &["at-shared"], 1);

    let view = world.counting("at-shared");
    assert_eq!(view.len(), 8192);
    assert!(!view.generation_changed());
    view.flush(.., Flush::Written).unwrap();
    let seen = finish(world.program(&["look", "at-shared"]), b"");
    assert!(String::from_utf8_lossy(&seen.stdout).contains("written"), "{seen:?}");
    assert_eq!(view.read::<u32>(WRITTEN).unwrap(), 77);
    let file = MappedFile::options().registry(&world.registry()).open_by_name("at-shared").unwrap();
    assert_eq!(file.read::<u32>(WRITTEN as u64).unwrap(), 77);

    view.write(TOLD, &3_u32).unwrap();
    assert_eq!(running.wait().code, Some(3));
    let ended = attached.wait();

    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(String::from_utf8_lossy(&ended.stdout).contains("has ended with the game"));
    world.assert_nothing_is_left("at-shared");
    assert!(view.generation_changed());
    assert_ne!(count(&view), 0);
    assert_eq!(view.flush(.., Flush::Written).unwrap_err().kind(), ErrorKind::Stale);
    assert_eq!(file.read::<u32>(0).unwrap_err().kind(), ErrorKind::Stale);
    assert_eq!(file.write_all_at(b"x", 0).unwrap_err().kind(), ErrorKind::Stale);
    assert_eq!(file.flush(Flush::Written).unwrap_err().kind(), ErrorKind::Stale);
}

#[test]
fn a_game_that_comes_back_has_a_generation_of_its_own() {
    let Some(world) = World::new() else { return };
    let mut old = None;
    for _ in 0..2 {
        let running = game(&world, "at-again", "4096");
        let attached = attach(&world, &["at-again"], 1);
        let view = world.counting("at-again");
        assert!(!view.generation_changed());
        view.write(TOLD, &1_u32).unwrap();
        assert_eq!(running.wait().code, Some(1));
        assert_eq!(attached.wait().code, Some(0));
        assert!(view.generation_changed());
        old = Some(view);
    }
    assert!(old.unwrap().generation_changed());
}

#[test]
fn a_game_that_is_killed_ends_its_names() {
    let Some(world) = World::new() else { return };
    let running = game(&world, "at-crash", "4096");
    let attached = attach(&world, &["at-crash"], 1);
    let view = world.counting("at-crash");

    for process in processes(&["game.exe", "publish", "at-crash"]) {
        kill(process);
    }

    assert_eq!(attached.wait().code, Some(0));
    assert!(view.generation_changed());
    world.assert_nothing_is_left("at-crash");
    running.kill();
}

#[test]
fn a_helper_that_is_killed_leaves_the_names_until_the_game_ends() {
    let Some(world) = World::new() else { return };
    let running = game(&world, "at-helper", "4096");
    let attached = attach(&world, &["at-helper"], 1);
    let cache = world.cache();

    for process in processes(&["filemap-wine.exe", "hand-over", cache.to_str().unwrap()]) {
        kill(process);
    }

    let view = world.counting("at-helper");
    view.write(TOLD, &1_u32).unwrap();
    assert_eq!(running.wait().code, Some(1));
    assert_eq!(attached.wait().code, Some(0));
    assert!(view.generation_changed());
}

#[test]
fn names_like_a_pattern_come_together() {
    let Some(world) = World::new() else { return };
    let games = ["at-all-1", "at-all-2"].map(|name| game(&world, name, "4096"));
    let attached = attach(&world, &["--all", "at-all-?"], 2);

    for name in ["at-all-1", "at-all-2"] {
        world.counting(name).write(TOLD, &1_u32).unwrap();
    }

    assert_eq!(games.map(|game| game.wait().code), [Some(1); 2]);
    assert_eq!(attached.wait().code, Some(0));
    world.assert_nothing_is_left("at-all-1");
}

#[test]
fn a_request_to_end_lets_a_name_go_and_leaves_the_game() {
    let Some(world) = World::new() else { return };
    let running = game(&world, "at-term", "4096");
    let attached = attach(&world, &["at-term"], 1);
    let view = world.counting("at-term");

    attached.signal("TERM");

    assert_eq!(attached.wait().code, Some(0));
    world.assert_nothing_is_left("at-term");
    let before = count(&view);
    until("the game counts on", || (count(&view) != before).then_some(()));
    view.write(TOLD, &1_u32).unwrap();
    assert_eq!(running.wait().code, Some(1));
}

#[test]
fn a_name_that_nobody_has_is_told_with_where_to_look() {
    let Some(world) = World::new() else { return };
    let running = game(&world, "at-Case", "4096");
    for (words, told) in [
        (["at-case", "-v"], "`filemap wine ls` lists"),
        (["--all", "at-nothing*"], "`filemap wine ls` lists"),
    ] {
        let mut command = world.wine("attach");
        command.args(words);

        let none = finish(command, b"");

        assert_eq!(none.code, Some(1), "{}", none.stderr);
        assert!(none.stderr.contains(told), "{}", none.stderr);
    }
    running.kill();
}

#[test]
fn a_name_that_is_attached_already_is_not_attached_twice() {
    let Some(world) = World::new() else { return };
    let running = game(&world, "at-twice", "4096");
    let attached = attach(&world, &["at-twice"], 1);
    let mut command = world.wine("attach");
    command.arg("at-twice");

    let refused = finish(command, b"");

    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("attached already"), "{}", refused.stderr);
    let view = world.open("at-twice").map(Access::Write).unwrap();
    view.write(TOLD, &1_u32).unwrap();
    assert_eq!(running.wait().code, Some(1));
    assert_eq!(attached.wait().code, Some(0));
}

#[test]
fn what_runs_now_is_learnt_as_a_launch_option() {
    let Some(world) = World::new() else { return };
    let running = game(&world, "$learn$", "5000");

    let learnt = finish(world.wine("learn"), b"").text();

    assert!(learnt.starts_with("filemap wine run --map "), "{learnt}");
    assert!(learnt.contains(" --map '$learn$=8192'"), "{learnt}");
    assert!(learnt.ends_with(" -- %command%\n"), "{learnt}");
    running.kill();
}
