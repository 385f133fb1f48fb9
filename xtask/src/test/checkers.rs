//! What finds faults that no test finds by running: model checker, sanitizer, interpreter.

use super::steps::{Cargo, Steps};
use super::target;
use crate::process;
use crate::stop::Done;
use std::env::{self, consts::ARCH};

/// Runs what threads share without a lock in every order of its steps.
pub(crate) fn run_in_loom() -> Done {
    let mut steps = Steps::default();
    steps.run("loom", |cargo| {
        add_flags(cargo, "--cfg loom -D warnings");
        cargo.builds_apart("loom")?;
        cargo.run(["test", "--package", "filemap-loom"])
    });
    steps.finish()
}

/// Runs a storm of threads under `ThreadSanitizer`.
pub(crate) fn run_in_sanitizer() -> Done {
    let mut steps = Steps::default();
    steps.run("sanitizer", |cargo| {
        // It must see the accesses of the standard library as well, or it would find races there.
        target::build_library(cargo, "no standard library for the sanitizer")?;
        add_flags(cargo, "-Zsanitizer=thread --cfg filemap_sanitizer");
        cargo.set("TSAN_OPTIONS", "halt_on_error=1");
        cargo.builds_apart("sanitizer")?;
        let triple = format!("{ARCH}-unknown-linux-gnu");
        let test = ["--package", "filemap", "--all-features", "--test", "sanitizer"];
        cargo.run([&["test", "--target", &triple][..], &test].concat())
    });
    steps.finish()
}

fn add_flags(cargo: &mut Cargo, flags: &str) {
    let given = env::var("RUSTFLAGS").unwrap_or_default();
    cargo.set("RUSTFLAGS", format!("{given} {flags}"));
}

/// Tests the rules of the field under Miri. They are pure; everything else calls the system.
pub(crate) fn run_in_miri() -> Done {
    let miri = |arguments: &[&str]| process::cargo_of("nightly", [&["miri"], arguments].concat());
    let remedy = "rustup component add miri rust-src --toolchain nightly";
    process::needs_answer(&mut miri(&["--version"]), remedy)?;
    let mut command = miri(&["test", "--package", "filemap", "--all-features", "--lib", "types::"]);
    process::run(command.env("CARGO_TARGET_DIR", process::target()?.join("miri")))
}
