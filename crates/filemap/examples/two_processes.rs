//! One process makes memory under a name; another, which knows the name alone, answers in it.
//!
//! `two_processes --second COMMAND...` starts another program as the second, in whatever language it is.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env;
use std::process::Command;

use filemap::{Access, FileMapping, PositionedIo};

const GREETING: &[u8] = b"hello from the first";
const ANSWER_AT: usize = 2000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let mut second = match words.as_slice() {
        [] => Command::new(env::current_exe()?),
        [word, program, arguments @ ..] if word == "--second" => {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
        [name, ..] => return Ok(answer(name)?),
    };
    let name = format!("Local\\two_processes {}", std::process::id());
    let mapping = FileMapping::options().name(&name).size(4096).create_new()?;
    let view = mapping.map(Access::Write)?;
    view.write_all_at(GREETING, 0)?;
    println!("first:  made `{name}`, and starts a second process");
    let second = second.arg(&name).status()?;
    assert!(second.success(), "the second process failed");
    println!("first:  the answer is {}", view.read::<u32>(ANSWER_AT)?);
    drop(mapping); // the view lives on, the name does not
    if let Err(error) = FileMapping::open(&name) {
        println!("first:  closed, and now I {error}");
    }
    Ok(())
}

/// What the second process does.
fn answer(name: &str) -> Result<(), filemap::Error> {
    let view = FileMapping::open(name)?.map(Access::Write)?;
    let mut greeting = [0; GREETING.len()];
    view.read_exact_at(&mut greeting, 0)?;
    println!("second: reads \"{}\"", String::from_utf8_lossy(&greeting));
    view.write(ANSWER_AT, &42_u32)
}
