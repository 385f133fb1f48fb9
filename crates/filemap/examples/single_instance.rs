//! A program of which one instance runs at a time, and which is told if the last one was killed.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use filemap::{Locked, Mutex};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(name) = env::args().nth(1) {
        return Ok(instance(&name)?);
    }
    let name = format!("Local\\single_instance {}", std::process::id());
    // Keeps the name between two instances: without a handle, nobody remembers how the last one ended.
    let _mutex = Mutex::create(&name)?;
    let (mut first, said) = start(&name)?;
    println!("first:  {said}");
    let (mut second, said) = start(&name)?;
    println!("second: {said}");
    assert_eq!(said, "another instance runs");
    second.wait()?;
    first.kill()?;
    first.wait()?;
    let (mut third, said) = start(&name)?;
    println!("third:  {said}");
    assert_eq!(said, "runs, and repairs what the last one left, which was killed");
    third.kill()?;
    third.wait()?;
    Ok(())
}

/// What each instance does.
fn instance(name: &str) -> Result<(), filemap::Error> {
    let mutex = Mutex::create(name)?;
    let Some(locked) = mutex.try_lock()? else {
        println!("another instance runs");
        return Ok(());
    };
    let _guard = match locked {
        Locked::Consistent(guard) => {
            println!("runs");
            guard
        }
        Locked::Abandoned(guard) => {
            println!("runs, and repairs what the last one left, which was killed");
            guard
        }
    };
    drop(std::io::stdout().flush());
    // Until it is killed, or its starter has ended.
    drop(std::io::stdin().lines().next());
    Ok(())
}

/// Starts an instance, and returns the first line that it prints.
fn start(name: &str) -> Result<(Child, String), Box<dyn std::error::Error>> {
    let mut command = Command::new(env::current_exe()?);
    let mut child = command.arg(name).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let output: ChildStdout = child.stdout.take().ok_or("it has no output")?;
    let said = BufReader::new(output).lines().next().ok_or("it said nothing")??;
    Ok((child, said))
}
