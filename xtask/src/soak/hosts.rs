//! Hosts that are not written in Rust, and have signal handlers of their own: Mono and a JVM.
//!
//! Each runs a small program, from `crates/filemap/tests/hosts`, that loads the shared library of
//! `crates/filemap/tests/twin`. A host that is not installed is named, and is no failure.

use super::cargo;
use crate::report;
use std::env;
use std::ffi::OsString;
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
    let mono = mono(&hosts.join("Probe.cs"), &library, place.path());
    let java = java(&hosts.join("Probe.java"), &library, place.path());
    mono && java
}

fn mono(source: &Path, library: &Path, place: &Path) -> bool {
    if !is_there("mcs") || !is_there("mono") {
        return is_missing("Mono", "apt-get install --no-install-recommends mono-runtime mono-mcs");
    }
    let program = place.join("Probe.exe");
    let mut compile = Command::new("mcs");
    let mut out = OsString::from("-out:");
    out.push(&program);
    compile.arg(out).arg(source);
    let mut run = Command::new("mono");
    run.arg(&program).env("LD_LIBRARY_PATH", library.parent().unwrap_or(library));
    survives("Mono", compile, run)
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
