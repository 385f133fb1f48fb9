//! Whom `filemap wine` serves, and where: an ordinary user, a wineserver with capabilities, a container.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use super::world::{World, processes, until};
use crate::support::{Running, finish};

/// One prefix is of one test at a time: what runs in it is looked for.
static USERS: Mutex<()> = Mutex::new(());

/// Reads the number at an offset by the command.
fn number(world: &World, name: &str, offset: &str) -> Option<u32> {
    let read = finish(world.filemap(&["read", name, "-s", offset, "--length", "4", "--raw"]), b"");
    Some(u32::from_le_bytes(read.stdout.try_into().ok()?))
}

/// Waits until a game counts in the name, and tells it to end with a code.
fn count_and_end(world: &World, name: &str, code: u8) {
    let first = until(&format!("{name} is there"), || number(world, name, "0"));
    until("the game counts", || (number(world, name, "0") != Some(first)).then_some(()));
    let hex = format!("{code:02x}000000");
    let told = finish(world.filemap(&["write", name, "-s", "8", "--hex", &hex]), b"");
    assert_eq!(told.code, Some(0), "{told:?}");
}

/// Starts a game in this world by `run`, whose command begins with some words, and ends it.
fn run(world: &World, name: &str, words: &[&str]) {
    let mut command = world.wine("run");
    command.args(["--map", &format!("{name}=5000"), "--"]).args(words);
    command.args(["wine", &world.game(), "publish", name, "5000"]);
    let running = Running::start(command);

    count_and_end(world, name, 7);

    let ended = running.wait();
    assert_eq!(ended.code, Some(7), "{}", ended.stderr);
    assert_nothing_is_left(world);
}

/// Attaches to the name of a game, and ends the game.
fn attach(world: &World, name: &str, mut game: Running) {
    assert_eq!(game.next_line(), "error 0, mapped");
    let mut command = world.wine("attach");
    command.arg(name);
    let mut attached = Running::start(command);
    assert!(attached.next_line().starts_with("sharing `"));

    count_and_end(world, name, 9);

    assert_eq!(game.wait().code, Some(9));
    let ended = attached.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_nothing_is_left(world);
}

fn assert_nothing_is_left(world: &World) {
    assert_eq!(world.place.entries(), crate::support::NOTHING);
    world.assert_no_work_is_left();
}

#[test]
fn an_ordinary_user_starts_a_game_and_attaches_to_one() {
    let Some(world) = World::of_user() else { return };
    let _alone = USERS.lock().unwrap_or_else(PoisonError::into_inner);

    run(&world, "user-run", &[]);
    attach(&world, "user-at", Running::start(world.program(&["publish", "user-at", "5000"])));
}

#[test]
fn a_wineserver_with_capabilities_is_no_obstacle_to_an_ordinary_user() {
    let Some(world) = World::of_user() else { return };
    let _alone = USERS.lock().unwrap_or_else(PoisonError::into_inner);
    // The one before has none.
    world.end_server();
    let Some(server) = capable_server(&world) else { return };

    // It goes into the background, and ends some seconds after the last program.
    let mut start = world.of(&server, &["--persistent=5"]);
    let started = start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !started.is_ok_and(|started| started.success()) {
        println!("skipped: no program here may have capabilities");
        return;
    }
    let mut game = Running::start(world.program(&["publish", "cap-at", "5000"]));
    assert_eq!(game.next_line(), "error 0, mapped");
    // Its user may not look at it.
    let process = capable(&world);
    let looked = finish(world.of("readlink", &[&format!("/proc/{process}/cwd")]), b"");
    assert_ne!(looked.code, Some(0), "{looked:?}");

    let mut command = world.wine("attach");
    command.arg("cap-at");
    let mut attached = Running::start(command);
    assert!(attached.next_line().starts_with("sharing `"));
    count_and_end(&world, "cap-at", 9);

    assert_eq!(game.wait().code, Some(9));
    assert_eq!(attached.wait().code, Some(0));
    assert_nothing_is_left(&world);
    world.end_server();
}

/// Returns the wineserver of the user of this world that has a capability.
fn capable(world: &World) -> i32 {
    let user = format!("Uid:\t{}\t", fs::metadata(&world.prefix).unwrap().uid());
    let is_one = |pid: &i32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let has_some = !status.contains("CapPrm:\t0000000000000000");
        status.starts_with("Name:\twineserver") && status.contains(&user) && has_some
    };
    processes(&[]).into_iter().find(is_one).unwrap()
}

/// Makes a wineserver with a capability, which players give it. None, and a line that says why, if it
/// cannot be made.
fn capable_server(world: &World) -> Option<PathBuf> {
    // Not where temporary files are: these may be where capabilities do not count.
    let server = world.prefix.with_file_name("wineserver");
    let installed =
        ["/usr/lib/wine/wineserver64", "/usr/lib/wine/wineserver", "/usr/bin/wineserver"];
    let found = installed
        .into_iter()
        .find(|path| fs::read(path).is_ok_and(|content| content.starts_with(b"\x7fELF")));
    let Some(found) = found else {
        println!("skipped: no wineserver that could be copied");
        return None;
    };
    // One that runs cannot be written.
    drop(fs::remove_file(&server));
    fs::copy(found, &server).unwrap();
    let mut setcap = world.place.other_command("setcap");
    setcap.arg("cap_sys_nice+ep").arg(&server);
    // It is where ordinary users' programs are not.
    let path = std::env::var("PATH").unwrap_or_default();
    let done = setcap.env("PATH", format!("{path}:/usr/sbin:/sbin")).output();
    if !done.is_ok_and(|done| done.status.success()) {
        println!("skipped: this user cannot give capabilities to a file");
        return None;
    }
    Some(server)
}

#[test]
fn a_game_in_a_container_is_started_and_attached_to() {
    let Some((world, _alone)) = World::second() else { return };
    // The container has a wineserver of its own.
    world.end_server();
    let container = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"];
    let mut can = world.of(container[0], &container[1..]);
    if !can.arg("true").status().is_ok_and(|status| status.success()) {
        println!("skipped: `unshare` cannot make namespaces here");
        return;
    }
    run(&world, "box-run", &container);
    let mut game = world.of(container[0], &container[1..]);
    game.args(["wine", &world.game(), "publish", "box-at", "5000"]);
    attach(&world, "box-at", Running::start(game));
}
