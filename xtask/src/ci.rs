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
        // After it: a program in Python takes part.
        "test --dotnet",
        // Not beside it: both build the command, with and without a helper in it.
        "package --check",
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
        "package --nuget",
        "interface",
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
    let lanes = lanes.into_iter().collect::<Done<Vec<_>>>()?;
    // Once more at the end: a log is often shown from there, and three jobs are mixed above.
    for fault in lanes.iter().flat_map(|lane| &lane.faults) {
        report::say(fault);
    }
    report::say("====");
    for (word, line) in lanes.iter().flat_map(|lane| &lane.lines) {
        report::say(&format!("{word:<7} {line}"));
    }
    if lanes.iter().all(|lane| lane.lines.iter().all(|(word, _)| *word != FAILED)) {
        Ok(())
    } else {
        failed("see the lines above")
    }
}

const FAILED: &str = "FAILED";

/// How many lines of a failed job are shown once more.
const FAULTS: usize = 200;

/// What the jobs of a lane came to: a line for each, and the lines that tell why some failed.
#[derive(Default)]
struct Ended {
    lines: Vec<(&'static str, String)>,
    faults: Vec<String>,
}

/// What the output of a job tells: the reasons of its skips, and the lines about its faults.
#[derive(Default)]
struct Told {
    skips: BTreeSet<String>,
    faults: Vec<String>,
}

/// Runs verbs one after another, and returns what each came to.
fn lane(jobs: &[&str], expected: &[&str]) -> Done<Ended> {
    let mut ended = Ended::default();
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
        let (passed, told) = run_job(job, &words)?;
        let skips = told.skips.iter().map(|why| format!("{job}: {why}"));
        let unexpected: Vec<_> =
            skips.filter(|skip| !expected.iter().any(|line| matches(line, skip))).collect();
        let word = if passed && unexpected.is_empty() { "ok" } else { FAILED };
        ended.lines.push((word, format!("{:7.1} s  {job}", start.elapsed().as_secs_f64())));
        ended.lines.extend(unexpected.iter().map(|s| ("", format!("{SKIPS} does not name: {s}"))));
        if !passed {
            ended.faults.extend(told.faults);
        }
    }
    Ok(ended)
}

/// Runs a verb, and returns whether it passed, and what its output tells.
fn run_job(job: &str, words: &[String]) -> Done<(bool, Told)> {
    let mut command = Command::new(env::current_exe()?);
    // What tests print is shown although they pass.
    command.args(words).env("NEXTEST_SUCCESS_OUTPUT", "immediate").env("RUST_TEST_NOCAPTURE", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = process::spawn(&mut command)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let told = thread::scope(|scope| {
        let other = scope.spawn(|| stderr.map(|output| pass_on(job, output)));
        let mut told = stdout.map(|output| pass_on(job, output)).unwrap_or_default();
        let other = other.join().ok().flatten().unwrap_or_default();
        told.skips.extend(other.skips);
        told.faults.extend(other.faults);
        told
    });
    Ok((process::wait(&mut child, &command, None).is_ok(), told))
}

/// Passes the lines of a job on, each with its name, and returns what they tell.
fn pass_on(job: &str, output: impl Read) -> Told {
    let mut told = Told::default();
    let mut following = 0_usize;
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let line = format!("{job}| {}", String::from_utf8_lossy(&line));
        report::say(&line);
        told.skips.extend(reason(&line).map(str::to_owned));
        // What a panic or a compiler says stands in the lines after it.
        following = if is_fault(&line) { 6 } else { following };
        if following > 0 && told.faults.len() < FAULTS {
            told.faults.push(line);
        }
        following = following.saturating_sub(1);
    }
    told
}

/// Returns whether a line begins to tell of a fault.
fn is_fault(line: &str) -> bool {
    ["panicked at", "... FAILED", "FAIL [", "| error", ": FAILED"].iter().any(|w| line.contains(w))
}

/// Returns the reason of the skip that a line tells of, if it does; tests' names may stand before.
fn reason(line: &str) -> Option<&str> {
    line.split_once("skipped: ").map(|(_, why)| why.trim())
}

#[cfg(test)]
mod tests {
    use super::{is_fault, reason};

    #[test]
    fn a_skip_is_found_wherever_a_line_has_it() {
        for line in ["skipped: no disk", "    skipped: no disk ", "test a ... skipped: no disk"] {
            assert_eq!(reason(line), Some("no disk"));
        }
        assert_eq!(reason("test skipped ... ok"), None);
    }

    #[test]
    fn faults_are_found_in_the_output_of_every_kind_of_job() {
        let lines = [
            "test| thread 'main' (7) panicked at tests/it.rs:1:1:",
            "test| test opens ... FAILED",
            "test| FAIL [   0.1s] filemap::it opens",
            "test| error[E0425]: cannot find value",
            "fuzz| process: FAILED",
        ];
        assert!(lines.iter().all(|line| is_fault(line)));
        assert!(!is_fault("test| test an_error_is_told ... ok"));
    }
}
