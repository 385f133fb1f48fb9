//! `cargo xtask test --target`: all tests for another processor, system or C library.
//!
//! What a target needs is looked for first. A machine that lacks it is told how to get it, and
//! has not failed.

use super::examples;
use super::names::Names;
use super::steps::{Cargo, Outcome, Shortfall, Steps, passed, skipped};
use crate::installed::is_on_the_path;
use crate::report;
use std::env::{self, consts::ARCH};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What it takes to build for a target, and to run what was built.
struct Target {
    name: &'static str,
    triple: String,
    linker: Option<Tool>,
    runner: Option<Tool>,
    /// Whether its C library is musl.
    is_musl: bool,
    /// Whether it is a system with signals, which an emulator hands on from the kernel.
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
                is_musl: false,
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
                is_musl: false,
                has_signals: false,
            }),
            // Of this machine's own processor, so that nothing has to be emulated.
            "musl" => Some(Self {
                name: "musl",
                triple: format!("{ARCH}-unknown-linux-musl"),
                linker: None,
                runner: None,
                is_musl: true,
                has_signals: true,
            }),
            _ => None,
        }
    }

    /// What cargo is told to test all that users get.
    fn arguments(&self) -> Vec<&str> {
        let mut arguments = vec!["test", "--no-fail-fast", "--all-features"];
        arguments.extend(["--package", "filemap", "--package", "filemap-cli"]);
        arguments.extend(["--target", &self.triple]);
        arguments
    }

    /// The variable in which cargo looks for the target's linker or runner.
    fn variable(&self, what: &str) -> String {
        format!("CARGO_TARGET_{}_{what}", self.triple.to_uppercase().replace('-', "_"))
    }
}

/// Runs all tests for the target `name` and tells whether they passed or were skipped.
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
    steps.run(target.name, |cargo| {
        let library = prepare(cargo, &target)?;
        // All at once, with the documentation's: each choice of what to test would choose the
        // features of dependencies anew, and build them again. It builds the examples as well.
        cargo.run(&target.arguments())?;
        Ok(library)
    });
    steps.run("examples", |cargo| {
        prepare(cargo, &target)?;
        let runner = cargo.value(&target.variable("RUNNER")).unwrap_or_default();
        let built = cargo.value("CARGO_TARGET_DIR").unwrap_or_default();
        let place = examples::Place {
            folder: Path::new(&built).join(&target.triple).join("debug").join("examples"),
            starts_itself: runner.is_empty() || !target.has_signals,
            runner: runner.split_whitespace().map(str::to_owned).collect(),
        };
        examples::run(cargo, root, &place)
    });
    steps.run("names left behind", |_| names.check());
    Some(steps.finish())
}

/// Sees to it that all is there that the target needs, and tells where its library is from.
fn prepare(cargo: &mut Cargo<'_>, target: &Target) -> Outcome {
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
    let library = standard_library(cargo, &target.triple)?;
    if let Some(linker) = &target.linker {
        given_or_found(cargo, &target.variable("LINKER"), linker)?;
    }
    // What is built of sources lacks what the installed library brings: musl, and an unwinder.
    if target.is_musl && library == BUILT {
        link_with_musl(cargo, target)?;
    }
    cargo.builds_apart(target.name)?;
    Ok(library.to_owned())
}

/// Lets a standard library built of its sources be linked with the system's musl, and with the
/// unwinder of LLVM, which asks little of a C library.
fn link_with_musl(cargo: &mut Cargo<'_>, target: &Target) -> Outcome {
    const REMEDY: &str = "apt install musl-tools libunwind-14-dev";
    given_or_found(cargo, &target.variable("LINKER"), &Tool { words: "musl-gcc", remedy: REMEDY })?;
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut unwinders: Vec<_> = folders
        .map(|folder| folder.path().join("lib"))
        .filter(|folder| folder.join("libunwind.a").is_file())
        .collect();
    unwinders.sort();
    let Some(unwinder) = unwinders.pop() else {
        return skipped(&format!("LLVM's `libunwind.a` is not installed; `{REMEDY}` brings it"));
    };
    // It was compiled for another C library, of which one function has no twin in musl. It would
    // print a last word before the process is aborted.
    let flags = format!(
        "-C link-self-contained=no -L native=/usr/lib/{ARCH}-linux-musl -L native={} \
         -C link-arg=-Wl,--defsym=__fprintf_chk=abort",
        unwinder.display()
    );
    // The examples in the documentation are linked by another program.
    cargo.set(&target.variable("RUSTDOCFLAGS"), flags.clone());
    cargo.set(&target.variable("RUSTFLAGS"), flags);
    passed()
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
pub(super) fn standard_library(
    cargo: &mut Cargo<'_>,
    triple: &str,
) -> Result<&'static str, Shortfall> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let installed = sysroot(&mut cargo.program(rustc))
        .is_some_and(|root| root.join("lib/rustlib").join(triple).join("lib").is_dir());
    if installed {
        return Ok(INSTALLED);
    }
    let mut nightly = cargo.program("rustup");
    nightly.args(["run", "nightly", "rustc"]);
    let Some(root) = sysroot(&mut nightly) else {
        return Err(Shortfall::Skipped(format!(
            "no standard library for {triple}; `rustup target add {triple}` brings it, \
             `rustup toolchain install nightly --component rust-src` what it is built of"
        )));
    };
    if !root.join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file() {
        return Err(Shortfall::Skipped(format!(
            "no standard library for {triple}; `rustup target add {triple}` brings it, \
             `rustup component add rust-src --toolchain nightly` what nightly builds it of"
        )));
    }
    cargo.use_nightly();
    // Not `-Zbuild-std`, which a cargo that a test starts would know nothing of.
    cargo.set("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort");
    Ok(BUILT)
}

/// Where a standard library is from.
const INSTALLED: &str = "with the installed standard library";
const BUILT: &str = "with a standard library built by nightly";

/// Asks a compiler where its libraries are; nothing if there is no such compiler.
fn sysroot(rustc: &mut Command) -> Option<PathBuf> {
    let output = rustc.args(["--print", "sysroot"]).output().ok()?;
    let printed = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(printed.trim()))
}
