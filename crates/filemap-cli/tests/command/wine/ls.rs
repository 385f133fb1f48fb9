//! `filemap wine ls`: the names that programs for Windows have.

use std::fs;
use std::path::Path;

use super::world::{TOLD, World};
use crate::support::picture::Picture;
use crate::support::{Running, TEMPORARY, finish};
use crate::terminal::Terminal;

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
fn a_game_with_a_folder_of_its_own_for_temporary_files_is_found() {
    let Some((world, _alone)) = World::second() else { return };
    world.until_nothing_runs();
    let own = world.place.path("own");
    fs::create_dir(&own).unwrap();
    let start = |words: &[&str]| {
        let mut program = world.program(words);
        program.env(TEMPORARY, &own);
        program
    };
    if finish(start(&["look", "nobody"]), b"").code != Some(3) {
        println!("skipped: this Wine runs nothing with a TMPDIR");
        return;
    }
    let mut game = Running::start(start(&["publish", "ls-own", "4096"]));
    assert_eq!(game.next_line(), "error 0, mapped");

    let table = finish(world.wine("ls"), b"").text();

    assert!(table.contains("Local\\ls-own  4 KiB  memory  no"), "{table}");
    game.kill();
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

#[test]
fn the_transcript_and_the_picture_in_the_documents_are_what_happens() {
    let Some((world, _alone)) = World::second() else { return };
    // No names but those of this test.
    world.end_server();
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    let document = fs::read_to_string(document).unwrap();
    let told = |command: &str, told: &str| {
        let lines = format!("$ filemap wine {command}\n{told}");
        assert!(document.contains(&lines), "docs/cli.md has not\n{lines}");
    };

    let mut run = world.wine("run");
    run.args(["--map", "acpmf_physics=4KiB", "--", "wine", &world.game()]);
    run.args(["publish", "acpmf_physics", "4096"]);
    let running = Running::start(run);
    let view = world.counting("acpmf_physics");
    let mut game = Running::start(world.program(&["publish", "acpmf_static", "4096"]));
    assert_eq!(game.next_line(), "error 0, mapped");

    told("ls", &finish(world.wine("ls"), b"").text());
    let helper = world.helper();
    let variables = [
        ("WINEPREFIX", world.prefix.to_str().unwrap()),
        ("XDG_CACHE_HOME", world.cache().to_str().unwrap()),
        ("HELPER", helper.to_str().unwrap()),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let script = "echo '$ filemap wine ls'; filemap wine ls --helper \"$HELPER\"";
    let (code, screen) = Terminal::start(&world.place, (50, 8), script, &variables).end();
    assert_eq!(code, 0);
    Picture::of(&screen).assert_is("wine-ls.svg");
    told("learn", &finish(world.wine("learn"), b"").text());
    let mut attach = world.wine("attach");
    attach.arg("acpmf_static");
    let mut attached = Running::start(attach);
    told("attach acpmf_static", &attached.next_line());
    let _holder = world.place.hold(["MumbleLink", "--size", "5460"]);
    let mut publish = world.wine("publish");
    publish.args(["MumbleLink", "--read-only"]);
    let mut publishing = Running::start(publish);
    told("publish MumbleLink --read-only", &publishing.next_line());

    publishing.signal("TERM");
    assert_eq!(publishing.wait().code, Some(0));
    world.counting("acpmf_static").write(TOLD, &1_u32).unwrap();
    assert_eq!(attached.wait().code, Some(0));
    view.write(TOLD, &1_u32).unwrap();
    let ended = running.wait();
    // What Wine says itself is behind that.
    let line = ended.stderr.lines().next().unwrap();
    told("run --map acpmf_physics=4KiB -- wine game.exe", line);
}
