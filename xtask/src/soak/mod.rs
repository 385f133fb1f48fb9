//! `cargo xtask soak`: the tests of what happens by chance, for as long as chance needs.
//!
//! They are tests of the library, told by their environment to go on. Each prints a line that
//! begins with `soak:`, and those lines are what this prints.

mod hosts;

use crate::report;
use std::collections::VecDeque;
use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What was asked for.
struct Wanted {
    /// Cuts of a file in each race.
    cycles: u64,
    /// Also inside hosts that are not written in Rust.
    hosts: bool,
}

/// Lines of a test that are shown if it fails.
const LAST: usize = 60;

/// Runs what `arguments` ask for and tells whether all of it went well; `None` if they are not
/// understood.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Option<bool> {
    let wanted = parse(arguments)?;
    let start = Instant::now();
    let mut well = true;
    if wanted.cycles > 0 {
        well &= races(root, wanted.cycles);
        well &= storm(root, wanted.cycles);
    }
    if wanted.hosts {
        well &= hosts::run(root);
    }
    let seconds = start.elapsed().as_secs();
    let outcome = if well { "passed" } else { "FAILED" };
    report::say(&format!("soak: {outcome} in {seconds} s"));
    Some(well)
}

fn parse(arguments: &[&str]) -> Option<Wanted> {
    let mut wanted = Wanted { cycles: 100_000, hosts: false };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match *argument {
            "--cycles" => wanted.cycles = arguments.next()?.parse().ok()?,
            "--hosts" => wanted.hosts = true,
            _ => return None,
        }
    }
    Some(wanted)
}

/// Files that are cut under readers and writers.
fn races(root: &Path, cycles: u64) -> bool {
    let mut command = tests(root, "faults", "races::");
    command.env("FILEMAP_SOAK_CYCLES", cycles.to_string());
    passes(command, 3)
}

/// Names that come and go among processes that are killed.
fn storm(root: &Path, cycles: u64) -> bool {
    let mut command = tests(root, "it", "storm::in_a_storm");
    // About as long as one of the races.
    let seconds = (cycles / 1000).clamp(10, 300);
    command.env("FILEMAP_SOAK_SECONDS", seconds.to_string());
    passes(command, 1)
}

/// The tests of the library in the file `of` whose names have `pattern` in them, one by one.
fn tests(root: &Path, of: &str, pattern: &str) -> Command {
    let mut command = cargo(root);
    // Optimised: a debugger's build would spend its time in comparing bytes.
    command
        .args(["test", "--quiet", "--release", "--package", "filemap", "--test", of, pattern])
        .args(["--", "--nocapture", "--test-threads", "1"]);
    command
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).stdin(Stdio::null());
    command
}

/// Runs `command`, shows its lines that are for people as they come, and tells whether it went
/// well and there were `lines` of them. Shows the last of its other lines if not.
fn passes(mut command: Command, lines: usize) -> bool {
    let mut child = match command.stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(err) => {
            report::complain(&format!("xtask soak: could not start cargo: {err}"));
            return false;
        }
    };
    let (mut shown, mut others) = (0, VecDeque::new());
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line.starts_with("soak: ") {
                report::say(&line);
                shown += 1;
            } else {
                others.push_back(line);
                if others.len() > LAST {
                    others.pop_front();
                }
            }
        }
    }
    let well = child.wait().is_ok_and(|status| status.success()) && shown == lines;
    if !well {
        for line in others {
            report::complain(&line);
        }
        report::say(&format!("soak: FAILED: {shown} of {lines} lines; see what is above"));
    }
    well
}
