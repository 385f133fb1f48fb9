//! `cargo xtask fuzz`: hostile bytes for everything that reads what somebody else wrote.
//!
//! The targets are in `fuzz/`. The inputs that turn out to be of interest stay in `fuzz/corpus`, so
//! that the next run begins there.

use crate::process;
use crate::report;
use crate::stop::{Done, Stop, failed};
use std::fs;
use std::process::{Command, Stdio};

/// What there is to fuzz, each a program of `fuzz/Cargo.toml`.
const TARGETS: [&str; 5] = ["file_name", "name", "object", "entry", "image"];

/// What keeps a run from taking the machine along: memory, and seconds for a single input.
///
/// The largest input is a page, and nothing makes much of one: an allocation that an input talked
/// somebody into is a fault. What is slow is tried less often.
const LIMITS: [&str; 5] = [
    "-rss_limit_mb=1024",
    "-malloc_limit_mb=64",
    "-timeout=10",
    "-max_len=4096",
    "-entropic_scale_per_exec_time=1",
];

/// Fuzzes the targets that `arguments` name, or all.
pub(crate) fn run(arguments: &[&str]) -> Done {
    let (seconds, mut targets) = match arguments {
        ["--seconds", seconds, targets @ ..] => (*seconds, targets),
        targets => ("30", targets),
    };
    // 0 would be for ever.
    let is_time = seconds.parse::<u32>().is_ok_and(|seconds| seconds > 0);
    if !is_time || targets.iter().any(|target| !TARGETS.contains(target)) {
        return Err(Stop::Misused);
    }
    if targets.is_empty() {
        targets = &TARGETS;
    }
    process::needs_answer(&mut fuzz(&["--version"])?, "cargo install --locked cargo-fuzz")?;
    for target in targets {
        process::run(&mut fuzz(&["build", target])?)?;
    }
    for target in targets {
        fuzz_one(target, seconds)?;
    }
    Ok(())
}

/// Returns `cargo fuzz` of nightly Rust, which alone has what a fuzzer needs.
fn fuzz(arguments: &[&str]) -> Done<Command> {
    let mut command = process::cargo_of("nightly", [&["fuzz"], arguments].concat());
    command.env("CARGO_TARGET_DIR", process::target()?.join("fuzz"));
    Ok(command)
}

/// Runs `target` for `seconds`.
fn fuzz_one(target: &str, seconds: &str) -> Done {
    let corpus = format!("fuzz/corpus/{target}");
    fs::create_dir_all(&corpus)?;
    let place = process::directory_in_memory()?;
    let mut command = fuzz(&["run", target])?;
    command.env("TMPDIR", place.path());
    // What is found goes into the first of these; the seeds stay as they are.
    command.arg(&corpus).arg(format!("fuzz/seeds/{target}"));
    command.arg("--").args(LIMITS).arg(format!("-max_total_time={seconds}"));
    let output = command.arg("-print_final_stats=1").stdout(Stdio::null()).output()?;
    let printed = String::from_utf8_lossy(&output.stderr);
    let executions = executions(&printed);
    if output.status.success() && executions > 0 {
        report::say(&format!("fuzz: {target}: {executions} executions, 0 crashes"));
        return Ok(());
    }
    // The input that broke something is named near the end.
    let lines: Vec<_> = printed.lines().collect();
    let last = lines.len().saturating_sub(60);
    failed(format!("{target}: {}\n{}", output.status, lines[last..].join("\n")))
}

/// Returns how many inputs were tried, by the statistics that the fuzzer printed.
fn executions(printed: &str) -> u64 {
    let count =
        printed.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_executions_is_seen() {
        assert_eq!(executions("#1 DONE\nstat::number_of_executed_units: 4711\nstat::x: 1\n"), 4711);
        assert_eq!(executions("error: could not start\n"), 0);
    }

    #[test]
    fn no_time_and_unknown_targets_are_not_understood() {
        for arguments in [&["--seconds", "0"][..], &["--seconds"], &["entry", "entries"]] {
            assert!(matches!(run(arguments), Err(Stop::Misused)), "{arguments:?}");
        }
    }
}
