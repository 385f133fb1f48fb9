//! `cargo xtask ci`: all checks, each a verb, with the time that each took.
//!
//! A check that is skipped is no check. Each skip, of a verb as of a test, prints a line with
//! `skipped: ` and its reason; one that `.ci/skips` does not name fails the run.

use crate::conformance::matches;
use crate::process;
use crate::report;
use crate::stop::{Done, about, failed};
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

const SKIPS: &str = ".ci/skips";

/// The verbs of each lane, in the order in which they run. Lanes run beside each other: tests wait
/// more than they compute.
const LANES: [&[&str]; 3] = [
    &[
        "test",
        "test --wine",
        "package --wheel",
        // After it: a program in Python takes part. And not beside each other: both build the assemblies.
        "test --dotnet",
        "package --nuget",
        "package --check",
        "interface",
        "recordings --seconds 0",
        "licences",
    ],
    // All in one directory, which one build at a time has.
    &["test --target windows", "test --target aarch64", "test --target musl", "test --types"],
    &[
        "test --loom",
        "test --sanitizer",
        "test --miri",
        "instructions",
        "fuzz --seconds 10",
        "conformance",
        "conformance --managed",
        "conformance --managed --class",
        "test --oldest",
    ],
];

/// Runs all verbs. If one fails, others are run all the same, so that one run shows all faults.
pub(crate) fn run() -> Done {
    let expected = fs::read_to_string(SKIPS).map_err(about(SKIPS))?;
    let expected: Vec<_> = expected.lines().filter(|line| !line.starts_with('#')).collect();
    let lanes = thread::scope(|scope| {
        let lanes = LANES.map(|jobs| scope.spawn(|| lane(jobs, &expected)));
        lanes.map(|lane| lane.join().unwrap_or_else(|_| failed("a panic")))
    });
    report::say("====");
    let mut is_well = true;
    for lane in lanes {
        for (word, line) in lane? {
            is_well &= word != FAILED;
            report::say(&format!("{word:<7} {line}"));
        }
    }
    if is_well { Ok(()) } else { failed("see the lines above") }
}

const FAILED: &str = "FAILED";

/// Runs verbs one after another, and returns what each came to.
fn lane(jobs: &[&str], expected: &[&str]) -> Done<Vec<(&'static str, String)>> {
    let mut lines = Vec::new();
    for job in jobs {
        let mut words: Vec<_> = job.split(' ').map(str::to_owned).collect();
        if job.ends_with("--class") {
            // The page is not the project's; whoever starts this says where it is.
            match env::var("FILEMAP_PAGE") {
                Ok(page) => words.push(page),
                Err(_) => continue,
            }
        }
        report::say(&format!("==== {job}"));
        let start = Instant::now();
        let (passed, skips) = run_job(job, &words)?;
        let skips = skips.iter().map(|why| format!("{job}: {why}"));
        let unexpected: Vec<_> =
            skips.filter(|skip| !expected.iter().any(|line| matches(line, skip))).collect();
        let word = if passed && unexpected.is_empty() { "ok" } else { FAILED };
        lines.push((word, format!("{:7.1} s  {job}", start.elapsed().as_secs_f64())));
        lines.extend(unexpected.iter().map(|skip| ("", format!("{SKIPS} does not name: {skip}"))));
    }
    Ok(lines)
}

/// Runs a verb, and returns whether it passed, and the reasons of what it skipped.
fn run_job(job: &str, words: &[String]) -> Done<(bool, BTreeSet<String>)> {
    let mut command = Command::new(env::current_exe()?);
    // What tests print is shown although they pass.
    command.args(words).env("NEXTEST_SUCCESS_OUTPUT", "immediate").env("RUST_TEST_NOCAPTURE", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = process::spawn(&mut command)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let found = thread::scope(|scope| {
        let other = scope.spawn(|| stderr.map(|output| skips(job, output)));
        let mut found = stdout.map(|output| skips(job, output)).unwrap_or_default();
        found.extend(other.join().ok().flatten().unwrap_or_default());
        found
    });
    Ok((process::wait(&mut child, &command, None).is_ok(), found))
}

/// Passes the lines of a job on, each with its name, and returns the reasons of skips among them.
fn skips(job: &str, output: impl Read) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        report::say(&format!("{job}| {line}"));
        found.extend(reason(&line).map(str::to_owned));
    }
    found
}

/// Returns the reason of the skip that a line tells of, if it does; tests' names may stand before.
fn reason(line: &str) -> Option<&str> {
    line.split_once("skipped: ").map(|(_, why)| why.trim())
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn a_skip_is_found_wherever_a_line_has_it() {
        for line in ["skipped: no disk", "    skipped: no disk ", "test a ... skipped: no disk"] {
            assert_eq!(reason(line), Some("no disk"));
        }
        assert_eq!(reason("test skipped ... ok"), None);
    }
}
