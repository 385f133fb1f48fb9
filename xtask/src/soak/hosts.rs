//! Hosts that are not written in Rust, and have signal handlers of their own: Mono and a JVM.
//!
//! Each runs a small program, from `crates/filemap/tests/hosts`, that loads the shared library of
//! `crates/filemap/tests/twin`. A host that is not installed is named, and is no failure.

use super::cargo;
use crate::report;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Runs the program of each host that is installed, and tells whether all of those went well.
pub(super) fn run(root: &Path) -> bool {
    let built = cargo(root).args(["build", "--quiet", "--package", "filemap-twin"]).status();
    // Cargo puts it beside this very program.
    let library = env::current_exe().map(|program| program.with_file_name("libfilemap_twin.so"));
    let (Ok(library), Ok(place)) = (library, TempDir::new()) else {
        return fails("could not find where to work");
    };
    if !built.is_ok_and(|status| status.success()) || !library.is_file() {
        return fails("could not build the shared library");
    }
    let hosts = root.join("crates/filemap/tests/hosts");
    let mono = mono(&hosts.join("Probe.cs"), &library, place.path())
        & mono_exits(&hosts.join("Exit.cs"), &library, place.path());
    let java = java(&hosts.join("Probe.java"), &library, place.path());
    mono && java
}

fn mono(source: &Path, library: &Path, place: &Path) -> bool {
    if !is_there("mcs") || !is_there("mono") {
        return is_missing("Mono", "apt-get install --no-install-recommends mono-runtime mono-mcs");
    }
    let program = place.join("Probe.exe");
    survives("Mono", mcs(source, &program), in_mono(&program, library))
}

fn mcs(source: &Path, program: &Path) -> Command {
    let mut compile = Command::new("mcs");
    let mut out = OsString::from("-out:");
    out.push(program);
    compile.arg(out).arg(source);
    compile
}

fn in_mono(program: &Path, library: &Path) -> Command {
    let mut run = Command::new("mono");
    run.arg(program).env("LD_LIBRARY_PATH", library.parent().unwrap_or(library));
    run
}

/// The ways in which a program of Mono ends in good order.
const ENDS: [&str; 4] = ["return", "Environment.Exit", "background thread", "thread exits"];

/// Ends a program that holds a name in each of these ways, and sees that no entry is left.
fn mono_exits(source: &Path, library: &Path, place: &Path) -> bool {
    if !is_there("mcs") || !is_there("mono") {
        return true;
    }
    let program = place.join("Exit.exe");
    if !mcs(source, &program).status().is_ok_and(|status| status.success()) {
        return fails("could not compile the program that ends in Mono");
    }
    let mut well = true;
    for how in ENDS {
        let registry = place.join(how);
        let mut run = in_mono(&program, library);
        run.arg(how).env("FILEMAP_DIR", &registry).stdin(Stdio::null());
        let ended = fs::create_dir(&registry).and_then(|()| run.status());
        let left = entries(&registry);
        if !ended.is_ok_and(|status| status.success()) || left != Some(0) {
            well = fails(&format!("ended in Mono by {how}: entries left: {left:?}"));
        }
    }
    if well {
        let count = ENDS.len();
        report::say(&format!("soak: inside Mono: {count} ends with a name held; 0 entries left"));
    }
    well
}

/// Counts what is left in the roots of a registry, which were made there, but for the mark of the
/// last sweep.
fn entries(registry: &Path) -> Option<usize> {
    let mut count = None;
    for root in fs::read_dir(registry).ok()? {
        let files = fs::read_dir(root.ok()?.path()).ok()?.flatten();
        let left = files.filter(|file| !file.file_name().to_string_lossy().starts_with(".swept"));
        *count.get_or_insert(0) += left.count();
    }
    count
}

fn java(source: &Path, library: &Path, place: &Path) -> bool {
    if !is_there("javac") || !is_there("java") {
        return is_missing("a JVM", "apt-get install --no-install-recommends default-jdk-headless");
    }
    let mut compile = Command::new("javac");
    compile.arg("-d").arg(place).arg(source);
    let mut run = Command::new("java");
    run.arg("-cp").arg(place).arg("Probe").arg(library);
    survives("a JVM", compile, run)
}

/// Compiles, runs, and prints the line that the program prints.
fn survives(host: &str, mut compile: Command, mut run: Command) -> bool {
    if !compile.status().is_ok_and(|status| status.success()) {
        return fails(&format!("could not compile the program for {host}"));
    }
    match run.stderr(Stdio::inherit()).output() {
        Ok(output) => {
            let line = String::from_utf8_lossy(&output.stdout);
            report::say(&format!("soak: inside {host}: {}", line.trim_end()));
            output.status.success() || fails(&format!("{host} ended with {}", output.status))
        }
        Err(err) => fails(&format!("could not start {host}: {err}")),
    }
}

/// Returns whether the program can be started; all of these know this option.
fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_missing(host: &str, remedy: &str) -> bool {
    report::say(&format!("soak: inside {host}: skipped, it is not installed; `{remedy}`"));
    true
}

fn fails(what: &str) -> bool {
    report::say(&format!("soak: FAILED: {what}"));
    false
}
