//! `filemap wine run`: a game whose names exist before it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::world::{TOLD, WRITTEN, World, count, kill, processes, until};
use crate::support::{Running, finish};

#[test]
fn a_game_and_native_programs_share_a_name_until_it_ends_with_its_own_code() {
    let Some(world) = World::new() else { return };
    let mut command = world.wine("run");
    command.args(["--map", "run-shared=5000", "--", "wine", &world.game()]);
    command.args(["publish", "run-shared", "5000"]);
    let running = Running::start(command);

    let view = world.counting("run-shared");
    assert_eq!(view.len(), 5000);
    until("the last bytes are those of the first", || {
        (view.read::<u32>(4996).unwrap() != 0).then_some(())
    });
    view.write(TOLD, &7_u32).unwrap();

    let ended = running.wait();
    assert_eq!(ended.code, Some(7), "{}", ended.stderr);
    assert_eq!(ended.stdout, b"error 183, mapped\n");
    assert!(ended.stderr.contains("sharing `Local\\run-shared` (4.8 KiB)"), "{}", ended.stderr);
    world.assert_nothing_is_left("run-shared");
}

#[test]
fn another_program_of_the_prefix_opens_the_same_memory() {
    let Some(world) = World::new() else { return };
    let mut command = world.wine("run");
    command.args(["--map", "Global\\run-both=4KiB", "--", "wine", &world.game()]);
    command.args(["publish", "Global\\run-both", "4096"]);
    let running = Running::start(command);
    let view = world.counting("Global\\run-both");

    let seen = finish(world.program(&["look", "Global\\run-both"]), b"");

    assert!(String::from_utf8_lossy(&seen.stdout).contains("written"), "{seen:?}");
    assert_eq!(view.read::<u32>(WRITTEN).unwrap(), 77);
    view.write(TOLD, &1_u32).unwrap();
    assert_eq!(running.wait().code, Some(1));
}

#[test]
fn a_game_that_crashes_ends_its_names() {
    let Some(world) = World::new() else { return };
    let mut command = world.wine("run");
    command.args(["--map", "run-crash=4096", "--", "wine", &world.game()]);
    command.args(["publish", "run-crash", "4096"]);
    let running = Running::start(command);
    let view = world.counting("run-crash");

    view.write(TOLD, &200_u32).unwrap();

    // The last byte of the code of an access violation.
    assert_eq!(running.wait().code, Some(5));
    world.assert_nothing_is_left("run-crash");
    // Views keep the memory.
    assert_ne!(count(&view), 0);
}

#[test]
fn a_name_that_the_game_has_already_is_refused_with_what_to_do() {
    let Some(world) = World::new() else { return };
    let game = Running::start(world.program(&["publish", "run-late", "4096"]));
    let mut game = game;
    assert_eq!(game.next_line(), "error 0, mapped");
    let mut command = world.wine("run");
    command.args(["--map", "run-late=4096", "--", "wine", &world.game()]);
    command.args(["publish", "run-late", "4096"]);

    let refused = finish(command, b"");

    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("has made it already"), "{}", refused.stderr);
    assert!(refused.stderr.contains("filemap wine attach"), "{}", refused.stderr);
    world.assert_nothing_is_left("run-late");
    game.kill();
}

#[test]
fn a_native_name_is_not_given_to_two_games() {
    let Some(world) = World::new() else { return };
    let _holder = world.place.hold(["run-taken", "--size", "4096"]);
    let mut command = world.wine("run");
    command.args(["--map", "run-taken=4096", "--", "wine", &world.game()]);
    command.args(["publish", "run-taken", "4096"]);

    let refused = finish(command, b"");

    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("exists already"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--registry"), "{}", refused.stderr);
}

#[test]
fn a_size_that_is_too_small_is_the_games_refusal() {
    let Some(world) = World::new() else { return };
    let mut command = world.wine("run");
    command.args(["--map", "run-small=4096", "--", "wine", &world.game()]);
    command.args(["publish", "run-small", "8192"]);

    let ended = finish(command, b"");

    assert_eq!(ended.code, Some(3));
    assert_eq!(ended.stdout, b"error 183, not mapped: 5\r\n");
}

#[test]
fn a_helper_that_is_killed_is_told_and_leaves_nothing() {
    let Some(world) = World::new() else { return };
    let mut command = world.wine("run");
    command.args(["--map", "run-killed=4096", "--", "wine", &world.game()]);
    command.args(["publish", "run-killed", "4096"]);
    let running = Running::start(command);
    let view = world.counting("run-killed");
    let cache = world.cache();

    for process in processes(&["filemap-wine.exe", "run", cache.to_str().unwrap()]) {
        kill(process);
    }

    let registry = world.registry();
    until("the name is gone", || registry.open("run-killed").is_err().then_some(()));
    // It has the output open, whose end is waited for.
    view.write(TOLD, &1_u32).unwrap();
    let ended = running.wait();
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("the helper inside Wine was killed"), "{}", ended.stderr);
    world.assert_nothing_is_left("run-killed");
}

#[test]
fn a_file_for_others_is_there_as_long_as_the_game() {
    let Some(world) = World::new() else { return };
    let mut command = world.wine("run");
    command.args(["--posix", "--map", "run-$posix$=5000", "--", "wine", &world.game()]);
    command.args(["publish", "run-$posix$", "5000"]);
    let running = Running::start(command);
    let view = world.counting("run-$posix$");
    let path = Path::new("/dev/shm/run-$posix$");

    let file = fs::read(path).unwrap();
    assert_eq!(file.len(), 8192);
    assert_ne!(&file[..4], [0; 4]);
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    view.write(TOLD, &1_u32).unwrap();

    assert_eq!(running.wait().code, Some(1));
    assert!(!path.exists());
    world.assert_nothing_is_left("run-$posix$");
}

#[test]
fn what_a_killed_command_left_is_removed_by_the_next_one() {
    let Some(world) = World::new() else { return };
    for next in ["gc", "wine"] {
        let name = format!("run-left-{next}-{}", std::process::id());
        let mut command = world.wine("run");
        command.args(["--posix", "--map", &format!("{name}=4096"), "--", "wine", &world.game()]);
        command.args(["publish", &name, "4096"]);
        let running = Running::start(command);
        let view = world.counting(&name);
        let path = Path::new("/dev/shm").join(&name);

        kill(running.id().cast_signed());
        until_ended(running.id());
        assert!(path.exists());
        let swept = if next == "gc" {
            let mut gc = world.place.command();
            gc.arg("gc").env("XDG_CACHE_HOME", world.cache());
            finish(gc, b"")
        } else {
            finish(world.wine("ls"), b"")
        };

        assert_eq!(swept.code, Some(0), "{swept:?}");
        assert!(!path.exists());
        view.write(TOLD, &1_u32).unwrap();
        running.wait();
    }
}

/// Waits until a child of this process has ended: its files are locked until then.
fn until_ended(pid: u32) {
    until("it has ended", || {
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        state.contains(") Z ").then_some(())
    });
}

#[test]
fn a_launch_option_of_steam_finds_the_game_among_the_words_of_proton() {
    let Some(world) = World::new() else { return };
    let proton = world.place.file("proton", b"#!/bin/sh\nshift\nexec wine \"$@\"\n");
    fs::set_permissions(&proton, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = world.wine("run");
    command.args(["--map", "run-steam=4096", "--", "env", "STEAM=1", &proton]);
    command.args(["waitforexitandrun", &world.game(), "publish", "run-steam", "4096"]);
    let running = Running::start(command);

    let view = world.counting("run-steam");
    view.write(TOLD, &9_u32).unwrap();

    assert_eq!(running.wait().code, Some(9));
}

#[test]
fn two_prefixes_have_the_same_name_at_once_in_two_registries() {
    let Some(world) = World::new() else { return };
    let Some((other, _alone)) = World::second() else { return };
    let start = |world: &World| {
        let mut command = world.wine("run");
        command.args(["--map", "run-two=4096", "--", "wine", &world.game()]);
        command.args(["publish", "run-two", "4096"]);
        Running::start(command)
    };
    let both = [&world, &other].map(|world| (start(world), world));

    let views = [&world, &other].map(|world| world.counting("run-two"));
    views[0].write(TOLD, &1_u32).unwrap();
    views[1].write(TOLD, &2_u32).unwrap();

    let codes = both.map(|(running, _)| running.wait().code);
    assert_eq!(codes, [Some(1), Some(2)]);
}

#[test]
fn a_command_that_does_not_start_the_helper_is_said_to_be_wrong() {
    let Some(world) = World::new() else { return };
    let mut command = world.wine("run");
    command.args(["--map", "run-not=4096", "--", "true", "wine", "game.exe"]);

    let ended = finish(command, b"");

    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("the command did not run it"), "{}", ended.stderr);
}
