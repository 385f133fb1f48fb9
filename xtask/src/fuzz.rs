//! `cargo xtask fuzz`: hostile bytes for everything that reads what somebody else wrote.
//!
//! The targets are in `fuzz/`. What is missing to run them is told, and is no failure. The inputs
//! that turn out to be of interest stay in `fuzz/corpus`, so that the next run begins there.

use crate::report;
use std::collections::VecDeque;
use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What there is to fuzz, each a program of `fuzz/Cargo.toml`.
const TARGETS: [&str; 6] = ["trailer", "file_name", "name", "object", "entry", "image"];

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

/// Lines of a run that are shown if it fails.
const LAST: usize = 60;

/// What was asked for.
struct Wanted<'a> {
    /// For each target.
    seconds: u64,
    targets: Vec<&'a str>,
}

/// Fuzzes what `arguments` ask for and tells whether nothing broke; `None` if they are not
/// understood.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Option<bool> {
    let wanted = parse(arguments)?;
    if let Some(missing) = missing(root) {
        report::say(&format!("fuzz: skipped: {missing}"));
        return Some(true);
    }
    let mut well = true;
    for target in &wanted.targets {
        well &= fuzz(root, target, wanted.seconds);
    }
    report::say(if well { "fuzz: passed" } else { "fuzz: FAILED" });
    Some(well)
}

fn parse<'a>(arguments: &[&'a str]) -> Option<Wanted<'a>> {
    let mut wanted = Wanted { seconds: 30, targets: Vec::new() };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match *argument {
            // 0 would be for ever.
            "--seconds" => {
                wanted.seconds = arguments.next()?.parse().ok().filter(|seconds| *seconds > 0)?;
            }
            target if TARGETS.contains(&target) => wanted.targets.push(target),
            _ => return None,
        }
    }
    if wanted.targets.is_empty() {
        wanted.targets.extend(TARGETS);
    }
    Some(wanted)
}

/// Tells what has to be installed first, and how, if anything.
fn missing(root: &Path) -> Option<&'static str> {
    let answers = |arguments: &[&str]| {
        let mut command = nightly(root, arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if !answers(&["--version"]) {
        return Some("no nightly Rust; `rustup toolchain install nightly` brings it");
    }
    if !answers(&["fuzz", "--version"]) {
        return Some("no `cargo fuzz`; `cargo install --locked cargo-fuzz` brings it");
    }
    None
}

/// The cargo of nightly Rust, which alone has what a fuzzer needs.
fn nightly(root: &Path, arguments: &[&str]) -> Command {
    // Not `cargo +nightly`: a cargo that another one has started knows no toolchains.
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo"]).args(arguments);
    command.current_dir(root).stdin(Stdio::null());
    // This very program is in a folder of the workspace's target directory.
    if let Some(built) = env::current_exe().ok().as_deref().and_then(|exe| exe.parent()?.parent()) {
        command.env("CARGO_TARGET_DIR", built.join("fuzz"));
    }
    command
}

/// Builds `target` and runs it for `seconds`; prints what came of it and tells whether it held.
fn fuzz(root: &Path, target: &str, seconds: u64) -> bool {
    let built = nightly(root, &["fuzz", "build", target]).status();
    if !built.is_ok_and(|status| status.success()) {
        report::say(&format!("{target}: FAILED to build"));
        return false;
    }
    let corpus = PathBuf::from("fuzz/corpus").join(target);
    if let Err(err) = fs::create_dir_all(root.join(&corpus)) {
        report::complain(&format!("xtask fuzz: could not make {}: {err}", corpus.display()));
        return false;
    }
    // In memory, where there is such a place: what a run leaves behind goes with it.
    let shm = Path::new("/dev/shm");
    let place = if shm.is_dir() { shm.to_owned() } else { env::temp_dir() };
    let place = match tempfile::tempdir_in(place) {
        Ok(place) => place,
        Err(err) => {
            report::complain(&format!("xtask fuzz: could not make a directory for files: {err}"));
            return false;
        }
    };
    let mut command = nightly(root, &["fuzz", "run", target]);
    command.env("TMPDIR", place.path());
    // What is found goes into the first of these; the seeds stay as they are.
    command.arg(corpus).arg(PathBuf::from("fuzz/seeds").join(target));
    command.arg("--").args(LIMITS).arg(format!("-max_total_time={seconds}"));
    command.arg("-print_final_stats=1").stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(err) => {
            report::complain(&format!("xtask fuzz: could not start rustup: {err}"));
            return false;
        }
    };
    let mut outcome = Outcome::default();
    if let Some(output) = child.stderr.take() {
        // Whatever a target prints need not be text.
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            outcome.read(String::from_utf8_lossy(&line).into_owned());
        }
    }
    let well = child.wait().is_ok_and(|status| status.success()) && outcome.executions > 0;
    outcome.tell(root, target, well);
    well
}

/// What the fuzzer printed.
#[derive(Default)]
struct Outcome {
    executions: u64,
    per_second: u64,
    peak: u64,
    /// Edges of the program that the seeds and the corpus reach, and all that were reached.
    first: u64,
    edges: u64,
    inputs: u64,
    /// The input that broke something.
    culprit: Option<String>,
    last: VecDeque<String>,
}

impl Outcome {
    /// Takes in a line such as `#12 DONE   cov: 81 ft: 90 corp: 5/130b`, or `stat::…: 12`.
    fn read(&mut self, line: String) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let after = |label: &str| {
            let at = words.iter().position(|word| *word == label)?;
            words.get(at + 1)?.split('/').next()?.parse().ok()
        };
        let stats = [
            ("stat::number_of_executed_units:", &mut self.executions),
            ("stat::average_exec_per_sec:", &mut self.per_second),
            ("stat::peak_rss_mb:", &mut self.peak),
        ];
        for (label, stat) in stats {
            if let Some(number) = after(label) {
                *stat = number;
            }
        }
        if words.first().is_some_and(|word| word.starts_with('#')) {
            if let Some(edges) = after("cov:") {
                self.edges = edges;
                if words.get(1) == Some(&"INITED") {
                    self.first = edges;
                }
            }
            self.inputs = after("corp:").unwrap_or(self.inputs);
        }
        if let Some((_, path)) = line.split_once("Test unit written to ") {
            self.culprit = Some(path.trim().to_owned());
        }
        self.last.push_back(line);
        if self.last.len() > LAST {
            self.last.pop_front();
        }
    }

    fn tell(self, root: &Path, target: &str, well: bool) {
        let Self { executions, per_second, peak, first, edges, inputs, .. } = self;
        if well {
            let found = edges.saturating_sub(first);
            report::say(&format!(
                "{target}: {executions} executions, {per_second}/s; {edges} edges, {found} of \
                 them new; {inputs} inputs kept; {peak} MB; 0 crashes"
            ));
            return;
        }
        for line in self.last {
            report::complain(&line);
        }
        report::say(&match self.culprit {
            Some(path) => {
                let path = Path::new(&path);
                let path = path.strip_prefix(root).unwrap_or(path).display();
                format!(
                    "{target}: FAILED by {path}\n  once more: cargo +nightly fuzz run {target} \
                     {path}"
                )
            }
            None => format!("{target}: FAILED; see what is above"),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_fuzzer_prints_is_understood() {
        let mut outcome = Outcome::default();
        for line in [
            "#20\tINITED cov: 250 ft: 300 corp: 12/1170b exec/s: 0 rss: 36Mb",
            "#2048\tpulse  cov: 255 ft: 310 corp: 13/1180b lim: 4096 exec/s: 682 rss: 40Mb",
            "#4711\tDONE   cov: 260 ft: 320 corp: 14/2Kb lim: 4096 exec/s: 157 rss: 41Mb",
            "stat::number_of_executed_units: 4711",
            "stat::average_exec_per_sec:     157",
            "stat::peak_rss_mb:              41",
        ] {
            outcome.read(line.to_owned());
        }
        let Outcome { executions, per_second, peak, first, edges, inputs, culprit, .. } = outcome;
        let numbers = [executions, per_second, peak, first, edges, inputs];
        assert_eq!(numbers, [4711, 157, 41, 250, 260, 14]);
        assert_eq!(culprit, None);
    }

    #[test]
    fn the_input_that_broke_something_is_found() {
        let mut outcome = Outcome::default();
        outcome.read("artifact_prefix='a/'; Test unit written to a/crash-0123".to_owned());
        assert_eq!(outcome.culprit.as_deref(), Some("a/crash-0123"));
    }

    #[test]
    fn no_time_and_unknown_targets_are_not_understood() {
        for arguments in [&["--seconds", "0"][..], &["--seconds"], &["entry", "entries"]] {
            assert!(parse(arguments).is_none(), "{arguments:?}");
        }
        assert!(parse(&["entry", "--seconds", "5"]).is_some());
    }
}
