//! The examples: built, and each of them run to its end.

use super::steps::{Cargo, Outcome, Shortfall, failed, passed};
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// An example shows one idea; one that takes longer is waiting for something.
const PATIENCE: Duration = Duration::from_secs(60);

/// The example that starts itself once more.
const STARTS_ITSELF: &str = "two_processes";

/// Where examples are, and how they are run.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    /// The words that run a program, where the machine itself cannot.
    pub(super) runner: Vec<String>,
    /// Whether a program can start itself once more.
    pub(super) starts_itself: bool,
}

impl Place {
    /// The folder beside this very program, where cargo builds for this machine.
    ///
    /// Started from there, and not by `cargo run`, an example that hangs can be ended.
    pub(super) fn own() -> Result<Self, Shortfall> {
        let program = env::current_exe()
            .map_err(|err| Shortfall::Failed(format!("could not find this program: {err}")))?;
        let folder = program.with_file_name("examples");
        Ok(Self { folder, runner: Vec::new(), starts_itself: true })
    }
}

/// Builds the examples for this machine.
pub(super) fn build(cargo: &Cargo<'_>) -> Outcome {
    // Of the whole workspace, although only the library has any: so the library is the one that
    // the tests were built with, and not another one with features chosen anew.
    cargo.run(&["build", "--workspace", "--all-features", "--examples"])
}

/// Runs all examples of the library, which are built, without arguments and without input.
pub(super) fn run(cargo: &Cargo<'_>, root: &Path, place: &Place) -> Outcome {
    let folder = root.join("crates").join("filemap").join("examples");
    let mut names = match names_in(&folder) {
        Ok(names) => names,
        Err(err) => return failed(&format!("could not list {}: {err}", folder.display())),
    };
    let mut without = String::new();
    if !place.starts_itself {
        names.retain(|name| name != STARTS_ITSELF);
        without = format!("; not {STARTS_ITSELF}, which the kernel cannot start again");
    }
    for name in &names {
        run_one(cargo, name, place)?;
    }
    Ok(format!("{} of them: {}{without}", names.len(), names.join(", ")))
}

fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    if !folder.exists() {
        return Ok(names);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_example =
            path.extension().is_some_and(|end| end == "rs") || path.join("main.rs").exists();
        if is_example && let Some(name) = path.file_stem() {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn run_one(cargo: &Cargo<'_>, name: &str, place: &Place) -> Outcome {
    // Of Windows' programs too.
    let program = ["", ".exe"].map(|end| place.folder.join(format!("{name}{end}")));
    let Some(program) = program.iter().find(|program| program.is_file()) else {
        return failed(&format!("`{name}` is not in {}", place.folder.display()));
    };
    let mut command = match place.runner.split_first() {
        None => cargo.program(program),
        Some((runner, words)) => {
            let mut command = cargo.program(runner);
            command.args(words).arg(program);
            command
        }
    };
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(err) => return failed(&format!("could not start `{name}`: {err}")),
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return passed(),
            Ok(Some(status)) => return failed(&format!("`{name}` ended with {status}")),
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                // Neither can fail in a way that matters more than what is reported here.
                drop(child.kill());
                drop(child.wait());
                return failed(&format!("`{name}` did not end within {} s", PATIENCE.as_secs()));
            }
            Err(err) => return failed(&format!("could not wait for `{name}`: {err}")),
        }
    }
}
