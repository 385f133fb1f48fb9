//! Profiles of games: `filemap wine profiles`, `--game` of `run` and `attach`, `learn --write`.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::world::{TOLD, World, count};
use crate::support::{Place, Running, finish};

/// What this command takes for its helper.
const HELPER: &[u8] = b"MZ ... wine_get_dos_file_name ...";

/// Returns the command with a folder of profiles that is empty.
fn command(place: &Place, words: &[&str]) -> Command {
    let mut command = place.command();
    command.arg("wine").args(words);
    command.env("XDG_CONFIG_HOME", place.path("config")).env("XDG_CACHE_HOME", place.path("cache"));
    command
}

/// Writes a profile of the user's own.
fn own(place: &Place, name: &str, text: &str) {
    let folder = place.path("config/filemap/profiles");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{name}.toml")), text).unwrap();
}

/// Returns what `run` with these words says that it shares; nothing is started.
fn shared(place: &Place, words: &[&str]) -> String {
    let helper = place.file("helper.exe", HELPER);
    let mut command = command(place, &["run", "--helper", &helper]);
    command.args(words).args(["--", "true", "wine", "game.exe"]);
    let ended = finish(command, b"");
    assert!(ended.stderr.contains("the command did not run it"), "{}", ended.stderr);
    assert_eq!(place.entries(), crate::support::NOTHING);
    ended.stderr.lines().next().unwrap().to_owned()
}

#[test]
fn the_names_of_a_profile_are_shared_and_given_sizes_take_the_place_of_its() {
    let place = Place::new();

    assert_eq!(
        shared(&place, &["--game", "raceroom", "--game", "mumble-link"]),
        "sharing `Local\\$R3E` (42.9 KiB), `Local\\MumbleLink` (5.3 KiB)"
    );
    assert_eq!(
        shared(&place, &["--game", "raceroom", "--map", "Local/$R3E=64KiB", "--map", "x=1KiB"]),
        "sharing `Local\\$R3E` (64 KiB), `Local\\x` (1 KiB)"
    );
}

#[test]
fn a_profile_of_ones_own_is_found_by_its_name_and_by_its_path() {
    let place = Place::new();
    own(&place, "raceroom", "title = \"Mine\"\n[[map]]\nname = \"mine\"\nsize = \"2 KiB\"\n");
    let path =
        place.file("other.toml", b"title = \"Other\"\n[[map]]\nname = \"other\"\nsize = 7\n");

    assert_eq!(shared(&place, &["--game", "raceroom"]), "sharing `Local\\mine` (2 KiB)");
    assert_eq!(shared(&place, &["--game", &path]), "sharing `Local\\other` (7 B)");
    assert_eq!(shared(&place, &["--game", "./other.toml"]), "sharing `Local\\other` (7 B)");
}

#[test]
fn a_profile_that_is_not_there_is_told_with_those_that_are() {
    let place = Place::new();
    own(&place, "mine", "title = \"Mine\"\n[[map]]\nname = \"mine\"\nsize = 1\n");

    let sentence = finish(command(&place, &["profiles", "nobody"]), b"").failed(1);

    for word in ["`nobody`", "assetto-corsa, ", "mine, ", "rtss"] {
        assert!(sentence.contains(word), "{sentence}");
    }
    let sentence = finish(command(&place, &["profiles", "./nobody"]), b"").failed(1);
    assert!(sentence.contains("./nobody`: it does not exist"), "{sentence}");
    let sentence = finish(command(&place, &["profiles", ".."]), b"").failed(2);
    assert!(sentence.contains("`..` is no name of a profile"), "{sentence}");
}

#[test]
fn a_mistake_in_a_profile_is_told_with_its_file_and_line() {
    let place = Place::new();
    own(&place, "mine", "title = \"Mine\"\n\n[[map]]\nname = \"mine\"\nsizes = 1\n");

    let sentence = finish(command(&place, &["profiles", "mine"]), b"").failed(2);

    assert!(sentence.contains("/filemap/profiles/mine.toml`: line 5: "), "{sentence}");
    assert!(sentence.contains("`sizes`"), "{sentence}");
    // The list has it as well, and the others.
    let list = finish(command(&place, &["profiles"]), b"").text();
    assert!(list.contains("line 5: "), "{list}");
    assert!(list.contains("raceroom"), "{list}");
}

#[test]
fn profiles_are_listed_and_shown() {
    let place = Place::new();
    let layout =
        "[[map]]\nname = \"Global/a\"\nsize = 0x10\nlayout = \"a.h:State\"\nnote = \"x\"\n";
    own(&place, "mine", &format!("title = \"Mine\"\n{layout}"));

    let list = finish(command(&place, &["profiles"]), b"").text();
    assert!(list.contains("iracing           iRacing\n"), "{list}");
    assert!(list.contains("profiles/mine.toml)"), "{list}");
    let shown = finish(command(&place, &["profiles", "mine"]), b"").text();
    let table = "NAME      SIZE  LAYOUT     NOTE\nGlobal\\a  16 B  a.h:State  x\n";
    assert!(shown.ends_with(table), "{shown}");
    let list = finish(command(&place, &["profiles", "--json"]), b"").json();
    assert_eq!(list["profiles"].as_array().unwrap().len(), 12);
    let shown = finish(command(&place, &["profiles", "mine", "--json"]), b"").json();
    assert_eq!(shown["title"], "Mine");
    assert_eq!(
        shown["map"],
        json!([{ "name": "Global\\a", "size": 16, "layout": "a.h:State", "note": "x" }])
    );
}

#[test]
fn a_game_is_attached_to_by_those_names_of_its_profile_that_are_there() {
    let Some(world) = World::new() else { return };
    let map = |name: &str| format!("[[map]]\nname = \"{name}\"\nsize = 4096\n");
    let maps = map("prof-one") + &map("prof-none");
    let path = world.place.file("two.toml", format!("title = \"Two\"\n{maps}").as_bytes());
    let mut game = Running::start(world.program(&["publish", "prof-one", "4096"]));
    assert_eq!(game.next_line(), "error 0, mapped");
    let mut attach = world.wine("attach");
    attach.args(["--game", &path]);
    let mut attached = Running::start(attach);
    assert!(attached.next_line().starts_with("sharing `Local\\prof-one`"));

    let view = world.counting("prof-one");
    assert_ne!(count(&view), 0);
    let mut none = world.wine("attach");
    none.args(["--game", "raceroom"]);
    let none = finish(none, b"");

    assert_eq!(none.code, Some(1), "{}", none.stderr);
    assert!(none.stderr.contains("a name of the profile `raceroom`"), "{}", none.stderr);
    view.write(TOLD, &1_u32).unwrap();
    assert_eq!(game.wait().code, Some(1));
    assert_eq!(attached.wait().code, Some(0));
    world.assert_nothing_is_left("prof-one");
}

#[test]
fn what_runs_now_is_written_as_a_profile_that_the_game_is_started_with() {
    let Some((world, _alone)) = World::second() else { return };
    // No names but those of this test.
    world.end_server();
    let learn = |words: &[&str]| {
        let mut learn = world.wine("learn");
        learn.args(["--write", "learnt"]).args(words);
        learn.env("XDG_CONFIG_HOME", world.place.path("config"));
        finish(learn, b"")
    };
    let path = world.place.path("config/filemap/profiles/learnt.toml");
    let mut game = Running::start(world.program(&["publish", "prof-learnt", "5000"]));
    assert_eq!(game.next_line(), "error 0, mapped");

    let learnt = learn(&[]).text();

    assert!(learnt.contains("filemap wine run --game learnt -- %command%"), "{learnt}");
    assert!(fs::read_to_string(&path).unwrap().contains("\"Local\\\\prof-learnt\"\nsize = 8192"));
    let refused = learn(&[]).failed(2);
    assert!(refused.contains("exists already; --force"), "{refused}");
    fs::write(&path, "mine").unwrap();
    learn(&["--force"]).text();
    assert!(fs::read_to_string(&path).unwrap().contains("prof-learnt"));
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    game.kill();
    let mut run = world.wine("run");
    run.args(["--game", path.to_str().unwrap(), "--", "wine", &world.game()]);
    run.args(["publish", "prof-learnt", "5000"]);
    let running = Running::start(run);
    world.counting("prof-learnt").write(TOLD, &3_u32).unwrap();
    assert_eq!(running.wait().code, Some(3));
}
