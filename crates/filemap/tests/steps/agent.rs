//! A process that does the test's operations, and stops after every step.

#![expect(unsafe_code, reason = "signals, forks and variables are the C library's")]

use std::fs::{self, File};
use std::io::Write as _;

use filemap::{Error, ErrorKind, FileMapping, Lifetime, Protection, Registry, Rights};

use crate::support::is_free;

/// The only name.
pub(crate) const NAME: &str = "x";

/// Does what the file `command-<number>` says whenever the process is continued, and writes the
/// result to the trace.
pub(crate) fn act(number: &str, lifetime: Lifetime) -> Result<(), Error> {
    let mut number = number.to_owned();
    let registry = Registry::system();
    // The first look of a process may sweep, which is not to be in the trace.
    assert!(is_free(&registry, "nobody's"));
    let place = std::env::var("FILEMAP_DIR").expect("a place");
    let trace = format!("{place}/trace");
    // SAFETY: the call has no pointers. The process is killed with the test.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    let mut held: Option<FileMapping> = None;
    loop {
        // SAFETY: stops this process until it is continued.
        unsafe { libc::raise(libc::SIGSTOP) };
        let command = fs::read_to_string(format!("{place}/command-{number}")).expect("a command");
        let (steps, command) = match command.strip_prefix("at once ") {
            Some(command) => ("", command),
            None => ("stop", &*command),
        };
        // SAFETY: no other thread of this process reads or changes variables meanwhile.
        unsafe { std::env::set_var("FILEMAP_STEP", steps) };
        // SAFETY: as above.
        unsafe { std::env::set_var("FILEMAP_TRACE", if steps.is_empty() { "" } else { &trace }) };
        let got = match command {
            // With the right to write, whatever views the mapping allows.
            "open" => Some(registry.open_with(NAME, Rights::READ | Rights::WRITE)),
            "open to read" => Some(registry.open_with(NAME, Rights::READ)),
            "create" => Some(create(&registry, lifetime, Protection::ReadWrite)),
            "create to read" => Some(create(&registry, lifetime, Protection::ReadOnly)),
            _ => None,
        };
        let outcome = match got {
            Some(got) => {
                let outcome = outcome(&got);
                held = got.ok();
                outcome
            }
            None if command == "close" => {
                held.take().expect("it has a handle").close()?;
                "Done".to_owned()
            }
            None if command == "withdraw" => {
                held.as_ref().expect("it has a handle").withdraw_name()?;
                "Done".to_owned()
            }
            None if command == "collect" => {
                registry.remove_dead()?;
                "Done".to_owned()
            }
            None if command == "exit" => end(),
            None => {
                let child = command.strip_prefix("fork ").expect("a known command");
                // SAFETY: the child has only this thread, which continues as another agent.
                if unsafe { libc::fork() } == 0 {
                    child.clone_into(&mut number);
                    "Forked".to_owned()
                } else {
                    "Done".to_owned()
                }
            }
        };
        let line = format!("{} = {outcome}\n", std::process::id());
        let trace = File::options().append(true).open(&trace);
        trace.and_then(|mut trace| trace.write_all(line.as_bytes())).expect("it can be told");
    }
}

/// Creates memory. If it is read-only, its creator's handle is as well.
fn create(
    registry: &Registry,
    lifetime: Lifetime,
    protection: Protection,
) -> Result<FileMapping, Error> {
    let options = FileMapping::options().registry(registry).name(NAME).size(4096);
    options.protection(protection).lifetime(lifetime).create()
}

/// Returns the model's word for the result of an open or create.
pub(crate) fn outcome(got: &Result<FileMapping, Error>) -> String {
    match got {
        Ok(mapping) if mapping.existed() => "Found".to_owned(),
        Ok(_) => "Made".to_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => "NotFound".to_owned(),
        Err(error) if error.kind() == ErrorKind::TimedOut => "TimedOut".to_owned(),
        Err(error) => format!("{:?}: {error}", error.kind()),
    }
}

/// Exits with open handles.
#[expect(clippy::exit, reason = "to end is what it was told")]
fn end() -> ! {
    std::process::exit(0)
}
