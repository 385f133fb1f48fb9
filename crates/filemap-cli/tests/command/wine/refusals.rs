//! What does not work, and the sentences that say so. Scripts in place of Wine, or of the command that
//! starts a game, answer as the helper does.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::world::World;
use crate::support::{Outcome, Place, Running, finish};

/// Writes a script and returns its path.
fn script(place: &Place, text: &str) -> String {
    let path = place.file("script", format!("#!/bin/sh\n{text}\n").as_bytes());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Returns the command with what it takes for its helper.
fn wine(place: &Place, verb: &str) -> Command {
    let mut command = place.command();
    let helper = place.file("helper.exe", b"MZ ... wine_get_dos_file_name ...");
    command.args(["wine", verb, "--helper", &helper]);
    command.env("XDG_CACHE_HOME", place.path("cache"));
    command
}

fn assert_nothing_is_left(place: &Place) {
    assert_eq!(place.entries(), crate::support::NOTHING);
    assert!(!place.path("cache/filemap").exists());
}

/// Runs `wine run` with a script that is told: helper, `run`, task, game.
fn run(text: &str) -> Outcome {
    let place = Place::new();
    let script = script(&place, &format!("report=$(sed -n 's/^report\t//p' \"$3\")\n{text}"));
    let mut command = wine(&place, "run");
    command.args(["--map", "ref-run=4096", "--", &script, "game.exe"]);
    let ended = finish(command, b"");
    assert_nothing_is_left(&place);
    ended
}

/// Returns whether a process learns that a program it starts is not there, and prints why not.
fn tells_what_is_missing() -> bool {
    if crate::support::emulated() {
        println!("skipped: an emulated process does not learn that a program is missing");
    }
    !crate::support::emulated()
}

#[test]
fn what_the_helper_cannot_do_for_a_game_is_told_with_what_would_help() {
    for (line, sentence) in [
        (
            "late\\tLocal\\\\ref",
            "could not share `Local\\ref`: a program in the prefix has made it",
        ),
        (
            "refused\\tref\\topen\\t3",
            "cannot open its memory: it is not found; a container may have",
        ),
        ("refused\\tref\\tname\\t5", "does not name it: access is denied"),
        ("refused\\tref\\tname\\t1455", "does not name it: there is not enough memory"),
        ("untold\\t5", "Wine cannot read its file: access is denied; a container may not have"),
        ("named\\tref", "could not start the game: the helper inside Wine was killed"),
        (
            "named\\tref\\nstarted",
            "could not stay with the game: the helper inside Wine was killed",
        ),
    ] {
        let ended = run(&format!("printf '{line}\\n' >> \"$report\"; exit 125"));

        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(sentence), "{line}\n{}", ended.stderr);
    }
}

#[test]
fn a_game_that_cannot_be_started_has_the_exit_code_of_a_shell() {
    for (code, sentence, exit) in [
        (2, "could not start `game.exe`: it is not found", 127),
        (193, "could not start `game.exe`: it is no program for Windows", 126),
        (4242, "could not start `game.exe`: Windows' error 4242", 126),
    ] {
        let ended = run(&format!("printf 'unstarted\\t{code}\\n' >> \"$report\"; exit 125"));

        assert_eq!(ended.code, Some(exit), "{ended:?}");
        assert!(ended.stderr.contains(sentence), "{}", ended.stderr);
    }
}

#[test]
fn a_command_that_cannot_be_run_has_the_exit_code_of_a_shell() {
    if !tells_what_is_missing() {
        return;
    }
    let place = Place::new();
    let mut command = wine(&place, "run");
    command.args(["--map", "ref-none=4096", "--", "./nothing", "game.exe"]);

    let ended = finish(command, b"");

    assert_eq!(ended.code, Some(127), "{ended:?}");
    assert!(ended.stderr.contains("could not run `./nothing`: it does not exist"), "{ended:?}");
    assert_nothing_is_left(&place);
}

#[test]
fn a_file_that_is_there_already_is_nobodys_to_take() {
    let place = Place::new();
    let name = format!("ref-taken-{}", std::process::id());
    let taken = Path::new("/dev/shm").join(&name);
    fs::write(&taken, "mine").unwrap();
    for (map, sentence) in [
        (format!("{name}=4096"), "it may be another program's: remove it, or leave out --posix"),
        (String::from("a/b=4096"), "no file can have that name; leave out --posix"),
        (String::from(".a=4096"), "no file can have that name; leave out --posix"),
    ] {
        let mut command = wine(&place, "run");
        command.args(["--posix", "--map", &map, "--", "true", "game.exe"]);

        let ended = finish(command, b"");

        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(sentence), "{}", ended.stderr);
        assert_nothing_is_left(&place);
    }
    assert_eq!(fs::read(&taken).unwrap(), b"mine");
    fs::remove_file(taken).unwrap();
}

#[test]
fn memory_that_wine_could_not_open_is_not_published() {
    let place = Place::new();
    let _holder = place.hold(["ref-held", "--size", "4096", "--lifetime", "holders"]);
    let mut command = wine(&place, "publish");
    command.arg("ref-held");

    let sentence = finish(command, b"").failed(2);

    assert!(sentence.contains("at no path that Wine could open"), "{sentence}");
    assert!(sentence.contains("without --lifetime holders"), "{sentence}");
}

#[test]
fn a_wine_that_does_not_run_the_helper_publishes_nothing() {
    if !tells_what_is_missing() {
        return;
    }
    let place = Place::new();
    let holder = place.hold(["ref-pub", "--size", "4096"]);
    let script = script(&place, "exit 1");
    for (wine_program, sentence) in [
        (&*script, "the helper did not run inside Wine; does `wine` work by itself?"),
        ("./nothing", "could not run `./nothing`: it does not exist; --wine says which"),
    ] {
        let mut command = wine(&place, "publish");
        command.args(["ref-pub", "--prefix", "/nowhere", "--wine", wine_program]);

        let told = finish(command, b"").failed(2);

        assert!(told.contains(sentence), "{told}");
    }
    drop(holder);
    assert!(!place.path("cache/filemap").exists());
}

/// Runs a verb in a prefix where a game runs, with a script in place of Wine, which is told: helper,
/// verb, task.
fn instead(world: &World, words: &[&str], text: &str) -> Outcome {
    let script = script(&world.place, text);
    let mut command = world.wine(words[0]);
    command.args(&words[1..]).args(["--wine", &script]);
    let ended = finish(command, b"");
    world.assert_nothing_is_left("ref");
    ended
}

#[test]
fn what_the_helper_cannot_do_for_names_of_a_game_is_told_with_what_would_help() {
    let Some(world) = World::new() else { return };
    let mut game = Running::start(world.program(&["publish", "ref-other", "4096"]));
    assert_eq!(game.next_line(), "error 0, mapped");
    let handed = "printf 'handed\\tLocal\\\\ref\\t0\\t4096\\twrite\\nall\\n'";
    let other = format!(
        "program=$(sed -n 's/^receiver\t\\(.*\\)\t.*/\\1/p' \"$3\")\n\
         socket=$(sed -n 's/^receiver\t.*\t//p' \"$3\")\n\
         \"$program\" wine-receiver 0 \"$socket\" < /dev/null\n{handed}"
    );
    for (verb, script, sentence) in [
        (
            "attach",
            "printf 'unhanded\\tref\\t2\\n'",
            "it must be where the prefix, or its container",
        ),
        ("attach", "printf 'untold\\t5\\n'", "a container may not have your home folder"),
        ("attach", "exit 1", "the helper did not run to its end inside Wine"),
        ("attach", "printf 'all\\n'", "not all names were handed over"),
        (
            "attach",
            &other,
            "not its memory; the right to ask for the size of the section is missing",
        ),
        (
            "mirror",
            &other,
            "not its memory; the right to ask for the size of the section is missing",
        ),
        // After a while.
        ("attach", handed, "it did not answer; a container may not have this command"),
    ] {
        let ended = instead(&world, &[verb, "ref"], script);

        assert_eq!(ended.code, Some(2), "{verb} {script}\n{ended:?}");
        assert!(ended.stderr.contains(sentence), "{verb} {script}\n{}", ended.stderr);
    }
    let ended = instead(&world, &["ls"], "exit 1");
    assert!(ended.stderr.contains("did not run to its end inside Wine"), "{}", ended.stderr);
    let ended = instead(&world, &["learn"], "echo end");
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("games make theirs when they are in a race"), "{}", ended.stderr);
    let mut command = world.wine("ls");
    command.args(["--wine", "./nothing"]);
    let ended = finish(command, b"").failed(2);
    assert!(ended.contains("could not run `./nothing`: it does not exist; --wine says"), "{ended}");
    game.kill();
}

#[test]
fn several_prefixes_are_told_with_how_to_choose_one() {
    let Some(world) = World::new() else { return };
    let Some((other, _alone)) = World::second() else { return };
    let games = [&world, &other].map(|world| {
        let mut game = Running::start(world.program(&["publish", "ref-two", "4096"]));
        assert_eq!(game.next_line(), "error 0, mapped");
        game
    });
    let mut command = world.wine("ls");
    command.env_remove("WINEPREFIX");

    let sentence = finish(command, b"").failed(2);

    assert!(sentence.contains("in several prefixes; say which with --prefix: `"), "{sentence}");
    for prefix in [&world.prefix, &other.prefix] {
        assert!(sentence.contains(prefix.to_str().unwrap()), "{sentence}");
    }
    games.into_iter().for_each(Running::kill);
}

#[test]
fn a_game_that_is_not_there_is_told_by_wine_itself() {
    let Some(world) = World::new() else { return };
    let mut command = world.wine("run");
    command.args(["--map", "ref-gone=4096", "--", "wine", "./nothing.exe"]);

    let ended = finish(command, b"");

    assert_eq!(ended.code, Some(127), "{ended:?}");
    let sentence = "could not start `./nothing.exe`: it is not found";
    assert!(ended.stderr.contains(sentence), "{}", ended.stderr);
    world.assert_nothing_is_left("ref-gone");
}
