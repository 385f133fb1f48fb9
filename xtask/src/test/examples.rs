//! The examples: built, and each of them run to its end.

use super::steps::{Cargo, Outcome, failed, passed};
use std::env::{self, consts::EXE_SUFFIX};
use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// An example shows one idea; one that takes longer is waiting for something.
const PATIENCE: Duration = Duration::from_secs(60);

/// Builds and runs all examples of the library, without arguments and without input.
pub(super) fn run(cargo: &Cargo<'_>, root: &Path) -> Outcome {
    let folder = root.join("crates").join("filemap").join("examples");
    let names = match names_in(&folder) {
        Ok(names) => names,
        Err(err) => return failed(&format!("could not list {}: {err}", folder.display())),
    };
    // Of the whole workspace, although only the library has any: so the library is the one that
    // the tests were built with, and not another one with features chosen anew.
    cargo.run(&["build", "--workspace", "--all-features", "--examples"])?;
    // Cargo puts them into a folder beside this very program. Started from there, and not by
    // `cargo run`, an example that hangs can be ended.
    let built = match env::current_exe() {
        Ok(program) => program.with_file_name("examples"),
        Err(err) => return failed(&format!("could not find this program: {err}")),
    };
    for name in &names {
        run_one(cargo, name, &built.join(format!("{name}{EXE_SUFFIX}")))?;
    }
    Ok(format!("{} of them: {}", names.len(), names.join(", ")))
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

fn run_one(cargo: &Cargo<'_>, name: &str, program: &Path) -> Outcome {
    let mut child = match cargo.program(program).spawn() {
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
