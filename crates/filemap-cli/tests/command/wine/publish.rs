//! `filemap wine publish`: native names for programs for Windows.

use filemap::{Access, FileMapping};

use super::world::{COUNT, WRITTEN, World, kill, processes};
use crate::support::{Running, finish};

fn publish(world: &World, words: &[&str]) -> Running {
    let mut command = world.wine("publish");
    command.args(words);
    let mut publishing = Running::start(command);
    let line = publishing.next_line();
    assert!(line.starts_with("publishing `"), "{line}");
    publishing
}

fn created(world: &World, name: &str) -> FileMapping {
    FileMapping::options().registry(&world.registry()).name(name).size(5000).create_new().unwrap()
}

#[test]
fn a_program_for_windows_sees_a_native_name_and_writes_it() {
    let Some(world) = World::new() else { return };
    let holder = created(&world, "pub-both");
    let view = holder.map(Access::Write).unwrap();
    view.write(COUNT, &42_u32).unwrap();
    let publishing = publish(&world, &["pub-both"]);

    let seen = finish(world.program(&["look", "pub-both"]), b"");

    assert_eq!(String::from_utf8_lossy(&seen.stdout), "seen 42\r\nwritten\r\n");
    assert_eq!(view.read::<u32>(WRITTEN).unwrap(), 77);
    publishing.signal("TERM");
    assert_eq!(publishing.wait().code, Some(0));
    world.assert_no_work_is_left();
    let gone = finish(world.program(&["look", "pub-both"]), b"");
    assert_eq!(String::from_utf8_lossy(&gone.stdout), "not opened: 2\r\n");
}

#[test]
fn a_name_that_is_only_shown_cannot_be_written() {
    let Some(world) = World::new() else { return };
    let holder = created(&world, "pub-shown");
    let view = holder.map(Access::Write).unwrap();
    view.write(COUNT, &42_u32).unwrap();
    let publishing = publish(&world, &["pub-shown", "--read-only"]);

    let seen = finish(world.program(&["look", "pub-shown"]), b"");

    assert_eq!(String::from_utf8_lossy(&seen.stdout), "seen 42\r\nnot written: 5\r\n");
    publishing.signal("TERM");
    assert_eq!(publishing.wait().code, Some(0));
    world.assert_no_work_is_left();
}

#[test]
fn a_helper_that_is_killed_is_told() {
    let Some(world) = World::new() else { return };
    let _holder = created(&world, "pub-killed");
    let publishing = publish(&world, &["pub-killed"]);
    let cache = world.cache();

    for process in processes(&["filemap-wine.exe", "publish", cache.to_str().unwrap()]) {
        kill(process);
    }

    let ended = publishing.wait();
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("the helper inside Wine was killed"), "{}", ended.stderr);
    world.assert_no_work_is_left();
}

#[test]
fn a_name_that_is_not_there_is_not_published() {
    let Some(world) = World::new() else { return };
    let mut command = world.wine("publish");
    command.arg("pub-nobody");

    let none = finish(command, b"");

    assert_eq!(none.code, Some(1));
    assert!(none.stderr.contains("there is no such name"), "{}", none.stderr);
}
