//! Hosts that are not written in Rust, and have signal handlers of their own: Mono and a JVM.
//!
//! Each runs a small program, from `crates/filemap/tests/hosts`, that loads the shared library of
//! `crates/filemap/tests/twin`.

use crate::process::{self, cargo};
use crate::report;
use crate::stop::{Done, Stop, failed};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs the programs of each host that is installed.
pub(super) fn run() -> Done {
    process::run(&mut cargo(["build", "--quiet", "--package", "filemap-twin"]))?;
    let library = process::built()?.join("libfilemap_twin.so");
    let place = tempfile::tempdir()?;
    for (host, run) in [("Mono", mono as fn(&Path, &Path) -> Done), ("a JVM", java)] {
        match run(&library, place.path()) {
            Err(Stop::Skipped(why)) => report::skip(host, why),
            done => done?,
        }
    }
    Ok(())
}

/// The ways in which a program of Mono ends in good order.
const ENDS: [&str; 4] = ["return", "Environment.Exit", "background thread", "thread exits"];

fn mono(library: &Path, place: &Path) -> Done {
    process::needs(&[("mcs", "mono-mcs"), ("mono", "mono-runtime")])?;
    let mono = |source: &str| {
        let program = place.join(source).with_extension("exe");
        let out = format!("-out:{}", program.display());
        process::run(Command::new("mcs").arg(out).arg(Path::new(HOSTS).join(source)))?;
        let mut command = Command::new("mono");
        command.arg(program).env("LD_LIBRARY_PATH", library.parent().unwrap_or(library));
        Done::Ok(command)
    };
    process::run(&mut mono("Probe.cs")?)?;
    for how in ENDS {
        let registry = place.join(how);
        fs::create_dir(&registry)?;
        process::run(mono("Exit.cs")?.arg(how).env("FILEMAP_DIR", &registry))?;
        let left = entries(&registry)?;
        if left != 0 {
            return failed(format!("ended in Mono by {how}: {left} entries left"));
        }
    }
    Ok(())
}

const HOSTS: &str = "crates/filemap/tests/hosts";

/// Counts what is left in the roots of a registry, but for the mark of the last sweep.
fn entries(registry: &Path) -> Done<usize> {
    let mut count = 0;
    for root in fs::read_dir(registry)? {
        let files = fs::read_dir(root?.path())?.flatten();
        count +=
            files.filter(|file| !file.file_name().to_string_lossy().starts_with(".swept")).count();
    }
    Ok(count)
}

fn java(library: &Path, place: &Path) -> Done {
    let package = "default-jdk-headless";
    process::needs(&[("javac", package), ("java", package)])?;
    let source = Path::new(HOSTS).join("Probe.java");
    process::run(Command::new("javac").arg("-d").arg(place).arg(source))?;
    process::run(Command::new("java").arg("-cp").arg(place).arg("Probe").arg(library))
}
