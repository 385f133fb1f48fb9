//! `cargo xtask test`: everything that a change must pass, in one command.

mod steps;
mod checkers;
mod examples;
mod features;
mod names;
mod target;
mod types;
mod wine;

pub(crate) use checkers::{run_in_loom, run_in_miri, run_in_sanitizer};
pub(crate) use target::run as run_for;
pub(crate) use types::run as check_types;
pub(crate) use wine::{bench as bench_in_wine, run as run_in_wine};

use crate::bindings;
use crate::process;
use crate::stop::{Done, about, failed};
use crate::tidy;
use examples::Place;
use names::Names;
use std::env;
use std::fs;
use steps::{Cargo, Steps};

/// How much is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    All,
    /// All but what takes longest and breaks least.
    Quick,
}

/// Runs all steps.
pub(crate) fn run(extent: Extent) -> Done {
    let names = Names::new()?;
    let mut steps = Steps::default();
    steps.set("FILEMAP_DIR", names.directory());
    steps.run("format", |cargo| {
        cargo.needs("fmt", "rustup component add rustfmt")?;
        cargo.run(["fmt", "--all", "--check"])
    });
    steps.run("clippy", |cargo| {
        cargo.needs("clippy", "rustup component add clippy")?;
        cargo.run(CLIPPY)
    });
    steps.run("tidy", |_| tidy::run());
    if extent == Extent::All {
        steps.run("features", |cargo| features::check(cargo));
        steps.run("documentation", |cargo| {
            cargo.set("RUSTDOCFLAGS", "-D warnings");
            cargo.run(["doc", "--no-deps", "--workspace", "--all-features"])?;
            // What a feature has must not be linked to by a page of a build without it.
            cargo.run(["doc", "--no-deps", "--package", "filemap"])?;
            cargo.run(["doc", "--no-deps", "--package", "filemap", "--no-default-features"])
        });
    }
    steps.run("tests", |cargo| cargo.test(&WORKSPACE));
    if extent == Extent::All {
        steps.run("steps and portable copies", test_apart);
    }
    steps.run("documentation tests", |cargo| {
        cargo.run(["test", "--doc", "--workspace", "--all-features"])
    });
    steps.run("examples", |cargo| {
        // Of the whole workspace, although only the library has any: so the library is the one
        // that the tests were built with.
        cargo.run(["build", "--workspace", "--all-features", "--examples"])?;
        let folder = process::built()?.join("examples");
        let packages = &["filemap", "filemap-recording"];
        examples::run(cargo, &Place { packages, folder, runner: String::new(), is_emulated: false })
    });
    if extent == Extent::All {
        steps.run("python", |_| bindings::run("python", "test"));
    }
    steps.run("names left behind", |_| names.check());
    steps.finish()
}

const WORKSPACE: [&str; 5] = ["--workspace", "--all-features", "--lib", "--bins", "--tests"];

const CLIPPY: [&str; 7] =
    ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];

/// Tests the library with the steps of the protocol of names, at which processes are killed, and
/// with the copies of processors for which it has no assembly. One build has both: neither knows
/// of the other.
fn test_apart(cargo: &mut Cargo) -> Done {
    let flags = env::var("RUSTFLAGS").unwrap_or_default();
    let cfgs = "--cfg filemap_steps --cfg filemap_portable_copies -D warnings";
    cargo.set("RUSTFLAGS", format!("{flags} {cfgs}"));
    cargo.builds_apart("apart")?;
    let library = ["--package", "filemap", "--all-features"];
    cargo.test(&[&library, &["--lib", "--test", "faults", "--test", "steps"][..]].concat())?;
    cargo.test(&[&library, &["--test", "it", "--"][..], &COPIES].concat())
}

/// The tests of the suite `it` that are about bytes, which the copies move.
const COPIES: [&str; 9] = [
    "view::",
    "numbers::",
    "mapped_file::",
    "windows::",
    "cursor::",
    "sharing::",
    "growth::",
    "objects::",
    "model::",
];

/// Lets the oldest Rust that `Cargo.toml` promises compile the workspace.
pub(crate) fn check_oldest() -> Done {
    let manifest = fs::read_to_string("Cargo.toml").map_err(about("Cargo.toml"))?;
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \""));
    let Some(version) = version.map(|version| version.trim_end_matches('"')) else {
        return failed("Cargo.toml has no `rust-version`");
    };
    let remedy = format!("rustup toolchain install {version}");
    process::needs_answer(&mut process::cargo_of(version, ["--version"]), &remedy)?;
    let check = ["check", "--workspace", "--all-features", "--locked"];
    let mut command = process::cargo_of(version, check);
    // A directory of its own, or the two compilers would undo each other's work.
    process::run(command.env("CARGO_TARGET_DIR", process::target()?.join("oldest")))
}
