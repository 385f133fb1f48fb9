//! Native readers in Python.

use super::world::World;
use crate::support::{Running, finish};

/// Reads the name until the game has counted, and tells the game its end by its third number.
const READER: &str = "
import sys, time
import filemap

def opened(name):
    while True:
        try:
            return filemap.FileMapping.open(name)
        except filemap.NotFoundError:
            time.sleep(0.005)

with opened(sys.argv[1]).map(access=filemap.Access.WRITE) as view:
    first = view.unpack('<I')
    while view.unpack('<I') == first:
        time.sleep(0.005)
    print(len(view), flush=True)
    view.pack('<I', 8, int(sys.argv[2]))
";

fn reader(world: &World, name: &str, code: &str) -> Running {
    let mut python = world.of("python3", &["-c", READER, name, code]);
    python.env("PYTHONPATH", world.python()).env("PYTHONDONTWRITEBYTECODE", "1");
    Running::start(python)
}

#[test]
fn a_reader_in_python_waits_for_a_game_that_is_started_and_ends_it() {
    let Some(world) = World::new() else { return };
    let mut reader = reader(&world, "py-run", "6");
    let mut command = world.wine("run");
    command.args(["--map", "py-run=5000", "--", "wine", &world.game()]);
    command.args(["publish", "py-run", "5000"]);

    let ended = finish(command, b"");

    assert_eq!(reader.next_line(), "5000");
    assert_eq!(reader.wait().code, Some(0));
    assert_eq!(ended.code, Some(6), "{}", ended.stderr);
    world.assert_nothing_is_left("py-run");
}

#[test]
fn a_reader_in_python_sees_the_memory_of_a_game_that_ran_already() {
    let Some(world) = World::new() else { return };
    let mut game = Running::start(world.program(&["publish", "Global\\py-at", "5000"]));
    assert_eq!(game.next_line(), "error 0, mapped");
    let mut command = world.wine("attach");
    command.arg("Global\\py-at");
    let attached = Running::start(command);

    let mut reader = reader(&world, "Global\\py-at", "7");

    assert_eq!(reader.next_line(), "8192");
    assert_eq!(reader.wait().code, Some(0));
    assert_eq!(game.wait().code, Some(7));
    assert_eq!(attached.wait().code, Some(0));
    world.assert_nothing_is_left("Global\\py-at");
}
