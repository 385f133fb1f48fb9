//! A process that does what it is told, and stops after every step.

#![expect(unsafe_code, reason = "signals, forks and variables are the C library's")]

use std::fs::{self, File};
use std::io::Write as _;

use filemap::{Error, ErrorKind, FileMapping, Protection, Registry, Rights};

use crate::support::{is_free, named};

/// The name that all of it is about.
pub(crate) const NAME: &str = "x";

/// Does what the file `command-<number>` says, whenever the process is told to go on, and tells
/// in the trace what came of it.
pub(crate) fn act(number: &str) -> Result<(), Error> {
    let mut number = number.to_owned();
    let registry = Registry::system();
    // The first look of a process may sweep, which is no part of what is to be seen.
    assert!(is_free(&registry, "nobody's"));
    let place = std::env::var("FILEMAP_DIR").expect("a place");
    let trace = format!("{place}/trace");
    // SAFETY: the call has no pointers; the process is not to outlive who watches it.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    let mut held: Option<FileMapping> = None;
    loop {
        // SAFETY: stops this process until it is told to go on.
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
            "open" => Some(registry.open(NAME)),
            "open to read" => Some(registry.open_with(NAME, Rights::READ)),
            "create" => Some(named(&registry, NAME)),
            "create to read" => Some(read_only(&registry)),
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
            None if command == "collect" => {
                registry.collect()?;
                "Done".to_owned()
            }
            None if command == "exit" => end(),
            None => {
                let heir = command.strip_prefix("fork ").expect("a known command");
                // SAFETY: the child has this one thread, which goes on as an agent of its own.
                if unsafe { libc::fork() } == 0 {
                    heir.clone_into(&mut number);
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

/// Memory that nobody may write, so that its creator's handle may not either.
fn read_only(registry: &Registry) -> Result<FileMapping, Error> {
    let options = FileMapping::options().registry(registry).name(NAME).size(4096);
    options.protection(Protection::ReadOnly).create()
}

/// What an attempt to get a handle came to, in the words of the model.
pub(crate) fn outcome(got: &Result<FileMapping, Error>) -> String {
    match got {
        Ok(mapping) if mapping.existed() => "Found".to_owned(),
        Ok(_) => "Made".to_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => "NotFound".to_owned(),
        Err(error) if error.kind() == ErrorKind::TimedOut => "TimedOut".to_owned(),
        Err(error) => format!("{:?}: {error}", error.kind()),
    }
}

/// Ends the process in good order, with its handles open.
#[expect(clippy::exit, reason = "to end is what it was told")]
fn end() -> ! {
    std::process::exit(0)
}
