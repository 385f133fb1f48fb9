//! `cargo xtask test --target`: the library's tests for another processor, or another C library.
//!
//! What a target needs is looked for first. A machine that lacks it is told how to get it, and
//! has not failed.

use super::LIBRARY_TESTS;
use super::names::Names;
use super::steps::{Cargo, Outcome, Steps, skipped};
use crate::installed::is_on_the_path;
use crate::report;
use std::env::{self, consts::ARCH};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What it takes to build for a target, and to run what was built.
struct Target {
    name: &'static str,
    triple: String,
    linker: Option<Tool>,
    runner: Option<Tool>,
    /// Whether a standard library that nightly builds is of use.
    can_build: bool,
    /// Whether it has signals: tests of lost pages are about them.
    has_signals: bool,
}

/// A program with its arguments, and how to get it.
struct Tool {
    words: &'static str,
    remedy: &'static str,
}

impl Target {
    fn named(name: &str) -> Option<Self> {
        let other = ARCH != "aarch64";
        match name {
            "aarch64" => Some(Self {
                name: "aarch64",
                triple: "aarch64-unknown-linux-gnu".to_owned(),
                linker: other.then_some(Tool {
                    words: "aarch64-linux-gnu-gcc",
                    remedy: "apt install gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
                }),
                runner: other.then_some(Tool {
                    words: "qemu-aarch64 -L /usr/aarch64-linux-gnu",
                    remedy: "apt install qemu-user",
                }),
                can_build: true,
                has_signals: true,
            }),
            "windows" => Some(Self {
                name: "windows",
                triple: "x86_64-pc-windows-gnu".to_owned(),
                linker: None,
                runner: (!cfg!(windows)).then_some(Tool {
                    words: "wine",
                    remedy: "apt install wine64 wine gcc-mingw-w64-x86-64",
                }),
                can_build: true,
                has_signals: false,
            }),
            // Of this machine's own processor, so that nothing has to be emulated.
            "musl" => Some(Self {
                name: "musl",
                triple: format!("{ARCH}-unknown-linux-musl"),
                linker: None,
                runner: None,
                // The installed library brings musl and an unwinder, which the sources lack; the
                // unwinder of a system with another C library does not link with musl.
                can_build: false,
                has_signals: true,
            }),
            _ => None,
        }
    }

    /// The variable in which cargo looks for the target's linker or runner.
    fn variable(&self, what: &str) -> String {
        format!("CARGO_TARGET_{}_{what}", self.triple.to_uppercase().replace('-', "_"))
    }
}

/// Runs the library's tests for the target `name` and tells whether they passed or were skipped.
///
/// Nothing is told of a target that is not known.
pub(crate) fn run(root: &Path, name: &str) -> Option<bool> {
    let target = Target::named(name)?;
    let mut steps = Steps::new(root);
    let names = match Names::new() {
        Ok(names) => names,
        Err(err) => {
            report::complain(&format!("xtask: could not make a directory for names: {err}"));
            return Some(false);
        }
    };
    steps.set("FILEMAP_DIR", names.directory());
    steps.run(target.name, |cargo| tests(cargo, &target));
    steps.run("names left behind", |_| names.check());
    Some(steps.finish())
}

fn tests(cargo: &mut Cargo<'_>, target: &Target) -> Outcome {
    if let Some(linker) = &target.linker {
        given_or_found(cargo, &target.variable("LINKER"), linker)?;
    }
    if let Some(runner) = &target.runner {
        let words = given_or_found(cargo, &target.variable("RUNNER"), runner)?;
        // A test starts itself once more as a second process. The kernel cannot, so the test does
        // as cargo does. Wine can.
        if target.has_signals && env::var_os("FILEMAP_TEST_RUNNER").is_none() {
            cargo.set("FILEMAP_TEST_RUNNER", words);
        }
        // Emulated, unoptimized code takes minutes for what this does in seconds. Positions in
        // the sources are all that is wanted of a failure here, and quicker to build.
        cargo.set("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
        cargo.set("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    }
    let library = standard_library(cargo, target)?;
    cargo.builds_apart(target.name)?;

    let mut arguments = LIBRARY_TESTS.to_vec();
    if !target.has_signals {
        let faults = arguments.iter().position(|word| *word == "faults");
        // With the `--test` before it.
        faults.map(|faults| arguments.drain(faults - 1..=faults));
    }
    arguments.extend(["--target", &target.triple]);
    cargo.run(&arguments)?;
    Ok(library)
}

/// Returns the words of a tool: those in `variable`, or else `tool`'s, which it is then set to.
fn given_or_found(cargo: &mut Cargo<'_>, variable: &str, tool: &Tool) -> Outcome {
    if let Ok(given) = env::var(variable) {
        return Ok(given);
    }
    let program = tool.words.split_whitespace().next().unwrap_or_default();
    if !is_on_the_path(program) {
        let remedy = tool.remedy;
        return skipped(&format!("`{program}` is not installed; `{remedy}` brings it"));
    }
    cargo.set(variable, tool.words);
    Ok(tool.words.to_owned())
}

/// Sees to it that there is a standard library for the target, installed or built by nightly, and
/// tells which.
fn standard_library(cargo: &mut Cargo<'_>, target: &Target) -> Outcome {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let installed = sysroot(&mut cargo.program(rustc))
        .is_some_and(|root| root.join("lib/rustlib").join(&target.triple).join("lib").is_dir());
    if installed {
        return Ok("with the installed standard library".to_owned());
    }
    if !target.can_build {
        let triple = &target.triple;
        return skipped(&format!(
            "no standard library for {triple}; `rustup target add {triple}` brings it, and one \
             built of its sources does not link"
        ));
    }
    let mut nightly = cargo.program("rustup");
    nightly.args(["run", "nightly", "rustc"]);
    let Some(root) = sysroot(&mut nightly) else {
        return skipped(&format!(
            "no standard library for {}; `rustup target add {0}` brings it, \
             `rustup toolchain install nightly --component rust-src` what it is built of",
            target.triple
        ));
    };
    if !root.join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file() {
        return skipped(&format!(
            "no standard library for {}; `rustup target add {0}` brings it, \
             `rustup component add rust-src --toolchain nightly` what nightly builds it of",
            target.triple
        ));
    }
    cargo.use_nightly();
    // Not `-Zbuild-std`, which a cargo that a test starts would know nothing of.
    cargo.set("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort");
    Ok("with a standard library built by nightly".to_owned())
}

/// Asks a compiler where its libraries are; nothing if there is no such compiler.
fn sysroot(rustc: &mut Command) -> Option<PathBuf> {
    let output = rustc.args(["--print", "sysroot"]).output().ok()?;
    let printed = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(printed.trim()))
}
