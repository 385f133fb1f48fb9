//! Native readers in Python.

use std::fs;
use std::path::Path;

use super::world::{TOLD, World};
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
fn the_program_in_the_document_reads_the_game() {
    let Some(world) = World::new() else { return };
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/wine.md");
    let document = fs::read_to_string(document).unwrap();
    let program = document.split_once("```python\n").unwrap().1.split_once("```").unwrap().0;
    let mut run = world.wine("run");
    run.args(["--map", "acpmf_physics=4KiB", "--", "wine", &world.game()]);
    run.args(["publish", "acpmf_physics", "4096"]);
    let running = Running::start(run);
    let view = world.counting("acpmf_physics");
    view.write(4, &0.5_f32).unwrap();
    let mut python = world.of("python3", &["-c", program]);
    python.env("PYTHONPATH", world.python()).env("PYTHONDONTWRITEBYTECODE", "1");

    assert_eq!(finish(python, b"").text(), "50%\n");

    view.write(TOLD, &1_u32).unwrap();
    assert_eq!(running.wait().code, Some(1));
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
