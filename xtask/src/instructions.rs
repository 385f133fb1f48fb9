//! `cargo xtask instructions`: counts the instructions of the paths in `bench/counted`.
//!
//! The paths, and the comparison with `bench/instructions.toml`, are benchmarks of gungraun, which
//! fails where a path takes more than its limit. This runs them, and writes the counts anew.

use crate::process;
use crate::report;
use crate::stop::{Done, Stop, about, failed, skipped};
use std::fs;
use std::process::Command;

const COUNTS: &str = "bench/instructions.toml";

/// Installs the runner, in the version of the library.
const RUNNER: &str = "cargo install --locked gungraun-runner@0.20.0";

/// Compares the counts with the limits or, to `renew` them, writes them.
pub(crate) fn run(renew: bool) -> Done {
    // Valgrind counts a build for x86-64 as on a processor with AVX2, whatever else there is.
    #[cfg(target_arch = "x86_64")]
    let is_counted = cfg!(target_os = "linux") && std::arch::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    let is_counted = false;
    if !is_counted {
        return skipped(format!("{COUNTS} has the counts of x86-64 with AVX2"));
    }
    process::needs(&[("valgrind", "valgrind")])?;
    process::needs_answer(Command::new("gungraun-runner").arg("--version"), RUNNER)?;
    let mut bench =
        process::cargo(["bench", "--quiet", "--locked", "--package", "filemap-counted"]);
    // Of other flags, which the environment may bring, comes other code.
    bench.env_remove("RUSTFLAGS");
    if !renew {
        return process::run(&mut bench).map_err(|_| {
            let renew = "`cargo xtask instructions --renew`, and say why";
            Stop::Failed(format!("past its limit; if the change is worth it, {renew}"))
        });
    }
    // Counts are printed whether they pass a limit or not.
    let printed = bench.args(["--", "--color=never"]).output()?;
    let counts = counts(&String::from_utf8_lossy(&printed.stdout));
    if counts.is_empty() {
        return failed(String::from_utf8_lossy(&printed.stderr));
    }
    fs::write(COUNTS, format!("{HEADING}\n{counts}")).map_err(about(COUNTS))?;
    report::say(&format!("instructions: wrote {} counts to {COUNTS}", counts.lines().count()));
    Ok(())
}

/// Returns a line `path = count` for each benchmark that gungraun printed.
fn counts(printed: &str) -> String {
    let (mut counts, mut path) = (String::new(), "");
    for line in printed.lines() {
        if let Some(names) = line.strip_prefix("paths::paths::") {
            path = names.split(' ').next().unwrap_or_default();
        } else if let Some(numbers) = line.trim_start().strip_prefix("Instructions:") {
            let count = numbers.trim_start().split('|').next().unwrap_or_default();
            counts += &format!("{path} = {count}\n");
        }
    }
    counts
}

const HEADING: &str = "\
# Instructions of 1,000 operations of each path in `bench/counted`, with the loop around them. A path
# may take 5 % more. `cargo xtask instructions --renew` writes this file.
";
