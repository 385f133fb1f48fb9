//! Counting: the program of `bench/counted` under Valgrind's callgrind.

use super::Count;
use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Operations of each case in the shorter run; the longer one has twice as many.
const OPERATIONS: u32 = 1000;

/// The module whose functions are the cases, as Valgrind writes it.
const CASES: &str = "filemap_counted::cases::";

/// Why nothing was counted.
pub(super) enum Missing {
    /// A tool is not there, or not this processor.
    Tool(String),
    /// Something went wrong.
    Figures(String),
}

impl From<String> for Missing {
    fn from(what: String) -> Self {
        Self::Figures(what)
    }
}

/// Counts the instructions of one operation of each case.
pub(super) fn count(root: &Path) -> Result<Vec<Count>, Missing> {
    if !cfg!(target_os = "linux") {
        return Err(Missing::Tool("Valgrind counts on Linux alone".to_owned()));
    }
    let there = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        let remedy = "`apt-get install valgrind` brings it";
        return Err(Missing::Tool(format!("Valgrind is not installed; {remedy}")));
    }
    // Valgrind shows every processor with AVX2 as one and the same, whatever else it has.
    #[cfg(target_arch = "x86_64")]
    if !std::arch::is_x86_feature_detected!("avx2") {
        return Err(Missing::Tool("the processor has no AVX2, with which is counted".to_owned()));
    }
    let program = build(root)?;
    let directory = tempfile::tempdir().map_err(|err| err.to_string())?;
    let few = run(&program, directory.path(), OPERATIONS)?;
    let many = run(&program, directory.path(), 2 * OPERATIONS)?;
    let mut counts = Vec::new();
    for (case, more) in many {
        let less = few.get(&case).copied().ok_or_else(|| format!("{case} was counted once"))?;
        let each = f64::from(u32::try_from(more.saturating_sub(less)).unwrap_or(u32::MAX));
        counts.push(Count { case, instructions: each / f64::from(OPERATIONS) });
    }
    if counts.is_empty() {
        return Err(Missing::Figures("no case was found in what Valgrind counted".to_owned()));
    }
    counts.sort_by(|one, other| one.case.cmp(&other.case));
    Ok(counts)
}

/// Builds the program for release, in a folder of its own.
///
/// Of other flags, which the environment may bring, comes other code; and with the processor's
/// own instructions, code that Valgrind does not know.
fn build(root: &Path) -> Result<PathBuf, String> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let target = root.join(target);
    let outcome = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--release", "--locked", "--package", "filemap-counted"])
        .env_remove("RUSTFLAGS")
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(root)
        .status();
    match outcome {
        Ok(status) if status.success() => Ok(target.join("release").join("filemap-counted")),
        Ok(_) => Err("filemap-counted was not built".to_owned()),
        Err(err) => Err(format!("could not start cargo: {err}")),
    }
}

/// The instructions of each case in a run of so many operations, with all that they call.
fn run(program: &Path, directory: &Path, count: u32) -> Result<HashMap<String, u64>, String> {
    let profile = directory.join(format!("callgrind.{count}"));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(program)
        .arg(count.to_string())
        // Nothing that is set for whoever starts this decides where memory comes from, or how the
        // C library copies.
        .env_clear()
        .output()
        .map_err(|err| format!("could not start Valgrind: {err}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("Valgrind ended with {}: {}", output.status, said.trim()));
    }
    let text = fs::read_to_string(&profile).map_err(|err| err.to_string())?;
    inclusive(&text).ok_or_else(|| "what Valgrind wrote is not understood".to_owned())
}

/// Adds up what each case's function costs, and what each of its calls does.
///
/// The format: a line `fn=(7) name` begins what a function costs by itself, one line of a position
/// and a cost for each of its lines; `cfn=(9) name` and `calls=...` begin what a call costs, which
/// is in the line that follows them. A name is given where its number is met for the first time.
fn inclusive(text: &str) -> Option<HashMap<String, u64>> {
    let mut names: HashMap<&str, &str> = HashMap::new();
    let mut sums: HashMap<String, u64> = HashMap::new();
    let mut current = None;
    for line in text.lines() {
        if let Some((word, function)) = line.split_once('=')
            && matches!(word, "fn" | "cfn")
        {
            let (number, name) = function.split_once(' ').unwrap_or((function, ""));
            let name = if name.is_empty() { *names.get(number)? } else { name };
            names.insert(number, name);
            if word == "fn" {
                current = name.strip_prefix(CASES).filter(|case| is_case(case));
            }
        } else if let Some(case) = current
            && line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first))
        {
            let cost: u64 = line.split_once(' ')?.1.trim().parse().ok()?;
            *sums.entry(case.to_owned()).or_default() += cost;
        }
    }
    Some(sums)
}

/// A plain function's name, not that of a method or of what was made of it.
fn is_case(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
