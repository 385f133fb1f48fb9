//! The examples of the libraries, each run to its end without arguments and without input.

use super::steps::Cargo;
use crate::process;
use crate::report;
use crate::stop::{Done, failed};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// An example shows one idea; one that takes longer is waiting for something.
const PATIENCE: Duration = Duration::from_secs(60);

/// The examples that an emulator cannot run: they start themselves once more, or wait for objects,
/// which need lists of robust locks.
const NOT_EMULATED: [&str; 5] =
    ["ring", "single_instance", "telemetry", "two_processes", "wait_for_any"];

/// Where examples are, and how they are run.
pub(super) struct Place {
    /// The packages that were built, of which some have examples.
    pub(super) packages: &'static [&'static str],
    pub(super) folder: PathBuf,
    /// The words that run a program, where the machine itself cannot.
    pub(super) runner: String,
    /// Whether an emulator runs them.
    pub(super) is_emulated: bool,
}

/// Runs all examples, which are built.
///
/// From their folder, and not by `cargo run`, so that one that hangs can be ended.
pub(super) fn run(cargo: &Cargo, place: &Place) -> Done {
    let mut names = Vec::new();
    for package in place.packages {
        let folder = PathBuf::from(format!("crates/{package}/examples"));
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    if place.is_emulated {
        names.retain(|name| !NOT_EMULATED.contains(&name.as_str()));
    }
    for name in &names {
        let programs = ["", ".exe"].map(|end| place.folder.join(format!("{name}{end}")));
        let Some(program) = programs.iter().find(|program| program.is_file()) else {
            return failed(format!("`{name}` is not in {}", place.folder.display()));
        };
        let mut words = place.runner.split_whitespace();
        let mut command = match words.next() {
            None => cargo.program(program),
            Some(runner) => cargo.program(runner),
        };
        if !place.runner.is_empty() {
            command.args(words).arg(program);
        }
        process::run_within(&mut command, PATIENCE)?;
    }
    report::say(&format!("{} examples: {}", names.len(), names.join(", ")));
    Ok(())
}
