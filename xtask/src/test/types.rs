//! `cargo xtask test --types`: what the compiler says of platforms that nothing here can run.

use super::steps::{Cargo, Outcome, Steps, failed, passed};
use super::target::standard_library;
use std::path::Path;

/// What has a backend, and must pass, tests included.
const SUPPORTED: &str = "x86_64-pc-windows-msvc";

/// What has none, and must say so and nothing else.
const OTHERS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-unknown-freebsd"];

/// What users of such a platform read.
const REFUSAL: &str =
    "error: filemap supports Linux, and Windows on x86-64; a backend for this platform is missing";

/// Runs the compiler for each platform and tells whether it said what it should, or was skipped.
pub(crate) fn run(root: &Path) -> bool {
    let mut steps = Steps::new(root);
    steps.run(SUPPORTED, |cargo| {
        let library = prepare(cargo, SUPPORTED)?;
        let mut arguments = arguments(SUPPORTED);
        arguments.push("--all-targets");
        cargo.run(&arguments)?;
        Ok(library)
    });
    for triple in OTHERS {
        steps.run(triple, |cargo| {
            let library = prepare(cargo, triple)?;
            let printed = cargo.complaint(&arguments(triple))?;
            stops_with_one_error(&printed)?;
            Ok(format!("stops with one error, {library}"))
        });
    }
    steps.finish()
}

fn prepare(cargo: &mut Cargo<'_>, triple: &str) -> Outcome {
    let library = standard_library(cargo, triple)?;
    cargo.builds_apart("types")?;
    Ok(library.to_owned())
}

fn arguments(triple: &str) -> Vec<&str> {
    let mut arguments = vec!["check", "--message-format", "short", "--all-features"];
    arguments.extend(["--package", "filemap", "--package", "filemap-cli", "--target", triple]);
    arguments
}

/// Passes if the compiler had one thing to say, which is that there is no backend.
fn stops_with_one_error(printed: &str) -> Outcome {
    let complaints: Vec<&str> = printed
        .lines()
        .filter(|line| ["error", "warning"].iter().any(|word| begins_or_follows(line, word)))
        .collect();
    match complaints[..] {
        [first, last]
            if first.ends_with(REFUSAL)
                && last.starts_with("error: could not compile `filemap`") =>
        {
            passed()
        }
        _ => failed(&format!("one error was to be there, and this is:\n{printed}")),
    }
}

/// Tells whether a line of the compiler is a message of this level, with its place or without.
fn begins_or_follows(line: &str, level: &str) -> bool {
    line.starts_with(level) || line.contains(&format!(": {level}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_error_and_its_sum_are_all_that_is_said() {
        let sum = "error: could not compile `filemap` (lib) due to 1 previous error";
        let printed = format!("    Checking filemap v0.1.0\nsrc/a.rs:1:1: {REFUSAL}\n{sum}\n");
        assert!(stops_with_one_error(&printed).is_ok());

        for more in ["src/b.rs:2:1: error[E0432]: unresolved import", "src/b.rs:2:1: warning: x"] {
            assert!(stops_with_one_error(&format!("{more}\n{printed}")).is_err(), "{more}");
        }
        assert!(stops_with_one_error(&format!("{sum}\n")).is_err());
        assert!(stops_with_one_error("").is_err());
    }
}
