//! `cargo xtask test`: everything that a change must pass, in one command.
//!
//! Every step runs even after one failed, so that one run shows all there is to mend.

mod steps;
mod examples;
mod names;
mod target;
mod types;

pub(crate) use target::run as run_for;
pub(crate) use types::run as check_types;

use crate::tidy;
use examples::Place;
use names::Names;
use std::env;
use std::path::Path;
use steps::{Steps, failed, passed, skipped};

/// How much is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    All,
    /// All but the documentation and the portable copies, which take longest and break least.
    Quick,
}

/// Runs all steps on the workspace at `root` and tells whether each passed or was skipped.
pub(crate) fn run(root: &Path, extent: Extent) -> bool {
    let mut steps = Steps::new(root);

    steps.run("format", |cargo| {
        cargo.needs("fmt", "rustup component add rustfmt")?;
        cargo.run(&["fmt", "--all", "--check"])
    });
    steps.run("clippy", |cargo| {
        cargo.needs("clippy", CLIPPY_REMEDY)?;
        cargo.run(&CLIPPY)
    });
    steps.run("tidy", |_| {
        if tidy::run(root) { passed() } else { failed("see the lines above that it printed") }
    });
    steps.run("features", |cargo| {
        cargo.needs("clippy", CLIPPY_REMEDY)?;
        cargo.run(&CLIPPY_WITHOUT_FEATURES)
    });
    steps.run("documentation", |cargo| {
        if extent == Extent::Quick {
            return skipped("left out by --quick");
        }
        cargo.set("RUSTDOCFLAGS", "-D warnings");
        cargo.run(&["doc", "--no-deps", "--workspace", "--all-features"])
    });

    let names = match Names::new() {
        Ok(names) => names,
        Err(err) => {
            steps.run("tests", |_| {
                failed(&format!("could not make a directory for their names: {err}"))
            });
            return steps.finish();
        }
    };
    steps.set("FILEMAP_DIR", names.directory());
    steps.run("tests", |cargo| {
        if cargo.knows("nextest") {
            cargo.run(&["nextest", "run", "--workspace", "--all-features"])
        } else {
            cargo.run(&["test", "--workspace", "--all-features", "--lib", "--bins", "--tests"])
        }
    });
    steps.run("portable copies", |cargo| {
        if extent == Extent::Quick {
            return skipped("left out by --quick");
        }
        // The copies of architectures for which the library has no assembly of its own.
        let flags = env::var("RUSTFLAGS").unwrap_or_default();
        cargo.set("RUSTFLAGS", format!("{flags} --cfg filemap_portable_copies"));
        cargo.builds_apart("portable")?;
        cargo.run(&LIBRARY_TESTS)
    });
    steps.run("documentation tests", |cargo| {
        cargo.run(&["test", "--doc", "--workspace", "--all-features"])
    });
    steps.run("examples", |cargo| {
        examples::build(cargo)?;
        examples::run(cargo, root, &Place::own()?)
    });
    steps.run("names left behind", |_| names.check());
    steps.finish()
}

const CLIPPY: [&str; 7] =
    ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];

/// The library alone, as somebody gets it who wants no objects.
const CLIPPY_WITHOUT_FEATURES: [&str; 7] =
    ["clippy", "--package", "filemap", "--no-default-features", "--", "-D", "warnings"];

const CLIPPY_REMEDY: &str = "rustup component add clippy";

/// The tests of the library that run wherever it does.
const LIBRARY_TESTS: [&str; 10] = [
    "test",
    "--package",
    "filemap",
    "--all-features",
    "--no-fail-fast",
    "--lib",
    "--test",
    "it",
    "--test",
    "faults",
];
