//! `cargo xtask test --types`: what the compiler says of platforms that nothing here can run.

use super::features;
use super::steps::{Cargo, Steps};
use super::target::standard_library;
use crate::stop::{Done, failed};

/// What has a backend, and must pass, tests included.
const SUPPORTED: &str = "x86_64-pc-windows-msvc";

/// What has none, and must say so and nothing else.
const OTHERS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-unknown-freebsd"];

/// What users of such a platform read.
const REFUSAL: &str =
    "error: filemap supports Linux, and Windows on x86-64; a backend for this platform is missing";

/// Runs the compiler for each platform.
pub(crate) fn run() -> Done {
    let mut steps = Steps::default();
    steps.run(SUPPORTED, |cargo| {
        prepare(cargo, SUPPORTED)?;
        let all = ["--package", "filemap-cli", "--all-targets", "--target", SUPPORTED];
        cargo.run([&CHECK[..], &all, &["--features", &features::without_sight()?]].concat())
    });
    for triple in OTHERS {
        steps.run(triple, |cargo| {
            prepare(cargo, triple)?;
            let all = ["--all-features", "--target", triple];
            let output = cargo.command([&CHECK[..], &all].concat()).output()?;
            stops_with_one_error(&String::from_utf8_lossy(&output.stderr))
        });
    }
    steps.finish()
}

fn prepare(cargo: &mut Cargo, triple: &str) -> Done {
    standard_library(cargo, triple)?;
    cargo.builds_apart("targets")
}

const CHECK: [&str; 5] = ["check", "--message-format", "short", "--package", "filemap"];

/// Passes if the compiler had one thing to say, which is that there is no backend.
fn stops_with_one_error(printed: &str) -> Done {
    let is_complaint = |line: &&str| {
        ["error", "warning"]
            .iter()
            .any(|level| line.starts_with(level) || line.contains(&format!(": {level}")))
    };
    let complaints: Vec<&str> = printed.lines().filter(is_complaint).collect();
    match complaints[..] {
        [first, sum]
            if first.ends_with(REFUSAL)
                && sum.starts_with("error: could not compile `filemap`") =>
        {
            Ok(())
        }
        _ => failed(format!("one error was to be there, and this is:\n{printed}")),
    }
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
    }
}
