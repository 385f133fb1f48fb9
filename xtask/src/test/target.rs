//! `cargo xtask test --target`: all tests for another processor, system or C library.

use super::examples;
use super::features;
use super::names::Names;
use super::steps::{Cargo, Steps};
use crate::process;
use crate::report;
use crate::stop::{Done, Stop, skipped};
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
    /// Whether the runner is an emulator, in which code is slow, and out of which the kernel
    /// cannot start a program of the target.
    is_emulated: bool,
}

/// A program with its arguments, and the Debian packages that bring it.
#[derive(Clone, Copy)]
struct Tool {
    words: &'static str,
    packages: &'static str,
}

const MUSL: Tool = Tool { words: "musl-gcc", packages: "musl-tools libunwind-14-dev" };
const AARCH64: Tool = Tool {
    words: "aarch64-linux-gnu-gcc",
    packages: "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
};
const QEMU: Tool = Tool { words: "qemu-aarch64 -L /usr/aarch64-linux-gnu", packages: "qemu-user" };
const WINE: Tool = Tool { words: "wine", packages: "wine64 wine gcc-mingw-w64-x86-64" };

/// The examples in the documentation that an emulator cannot run: they create objects to wait for.
const NOT_EMULATED: [&str; 7] =
    ["--", "--skip", "/waitable/", "--skip", "lib.rs - readme", "--skip", "NamedMapping::state"];

impl Target {
    fn named(name: &str) -> Option<Self> {
        let other = ARCH != "aarch64";
        let (name, triple, linker, runner) = match name {
            "aarch64" => {
                let triple = "aarch64-unknown-linux-gnu".to_owned();
                ("aarch64", triple, other.then_some(AARCH64), other.then_some(QEMU))
            }
            "windows" => ("windows", "x86_64-pc-windows-gnu".to_owned(), None, Some(WINE)),
            // Of this machine's own processor, so that nothing has to be emulated.
            "musl" => ("musl", format!("{ARCH}-unknown-linux-musl"), None, None),
            _ => return None,
        };
        Some(Self { is_emulated: name == "aarch64" && other, name, triple, linker, runner })
    }

    /// Returns the packages that are tested: all of the command where the system is another one, and what
    /// calls the system elsewhere.
    fn packages(&self) -> &'static [&'static str] {
        match self.name {
            "windows" => &["filemap", "filemap-cli", "filemap-layout", "filemap-recording"],
            _ => &["filemap", "filemap-cli"],
        }
    }

    /// Returns the variable in which cargo looks for what the target has of this kind.
    fn variable(&self, what: &str) -> String {
        format!("CARGO_TARGET_{}_{what}", self.triple.to_uppercase().replace('-', "_"))
    }
}

/// Runs all tests for the target `name`.
pub(crate) fn run(name: &str) -> Done {
    let Some(target) = Target::named(name) else { return Err(Stop::Misused) };
    let names = Names::new()?;
    let mut steps = Steps::default();
    steps.set("FILEMAP_DIR", names.directory());
    steps.run(target.name, |cargo| {
        prepare(cargo, &target)?;
        if target.name == "windows" {
            // A test loads it, and cannot start cargo there. With the features of the tests.
            let library = ["--package", "filemap-twin", "--package", "filemap", "--lib"];
            let how = ["build", "--all-features", "--target", &target.triple];
            cargo.run([&how[..], &library].concat())?;
        }
        // All at once, with the documentation's: each choice of what to test would choose the
        // features of dependencies anew, and build them again. It builds the examples as well.
        let left_out = if target.is_emulated { &NOT_EMULATED[..] } else { &[] };
        if target.is_emulated {
            report::say(
                "skipped: the documentation's examples of waits: an emulated system has no lists of \
                 robust locks",
            );
        }
        let features = features::without_sight()?;
        let choice: &[&str] = match target.name {
            "windows" => &["--all-features"],
            _ => &["--features", &features],
        };
        let packages: Vec<_> = target.packages().iter().flat_map(|name| ["--package", name]).collect();
        let test = ["test", "--no-fail-fast", "--target", &target.triple];
        cargo.run([&test[..], &packages, choice, left_out].concat())
    });
    steps.run("examples", |cargo| {
        prepare(cargo, &target)?;
        let built = cargo.value("CARGO_TARGET_DIR").unwrap_or_default();
        let place = examples::Place {
            packages: target.packages(),
            folder: Path::new(&built).join(&target.triple).join("debug").join("examples"),
            runner: cargo.value(&target.variable("RUNNER")).unwrap_or_default(),
            is_emulated: target.is_emulated,
        };
        examples::run(cargo, &place)
    });
    steps.run("names left behind", |_| names.check());
    steps.finish()
}

/// Sets what cargo needs to know of the target; skips if something is missing.
fn prepare(cargo: &mut Cargo, target: &Target) -> Done {
    if let Some(runner) = target.runner {
        let words = given_or_found(cargo, &target.variable("RUNNER"), runner)?;
        if target.is_emulated {
            // A test starts itself once more as a second process. The kernel cannot, so the test
            // does as cargo does.
            cargo.set("FILEMAP_TEST_RUNNER", words);
            // QEMU before 8.0 allocates by GLib's slices, whose lock a child of a fork may find taken
            // by a thread that it does not have (QEMU's issue 285).
            cargo.set("G_SLICE", "always-malloc");
            // Emulated, unoptimized code takes minutes for what this does in seconds.
            cargo.set("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
        }
    }
    if let Some(linker) = target.linker {
        given_or_found(cargo, &target.variable("LINKER"), linker)?;
    }
    let library = standard_library(cargo, &target.triple)?;
    // What is built from sources lacks what the installed library brings: musl, and an unwinder.
    if target.name == "musl" && library == Library::Built {
        link_with_musl(cargo, target)?;
    }
    // One for all targets, which share the dependencies that run while compiling.
    cargo.builds_apart("targets")
}

/// Lets a standard library built from its sources be linked with the system's musl, and with the
/// unwinder of LLVM, which asks little of a C library.
fn link_with_musl(cargo: &mut Cargo, target: &Target) -> Done {
    given_or_found(cargo, &target.variable("LINKER"), MUSL)?;
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut unwinders: Vec<_> = folders.map(|folder| folder.path().join("lib")).collect();
    unwinders.retain(|folder| folder.join("libunwind.a").is_file());
    let Some(unwinder) = unwinders.into_iter().max() else {
        return skipped(format!("no LLVM's `libunwind.a`; `apt-get install {}`", MUSL.packages));
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
    Ok(())
}

/// Returns the words of a tool: those in `variable`, or else `tool`'s, which it is then set to.
fn given_or_found(cargo: &mut Cargo, variable: &str, tool: Tool) -> Done<String> {
    if let Ok(given) = env::var(variable) {
        return Ok(given);
    }
    let program = tool.words.split_whitespace().next().unwrap_or_default();
    process::needs(&[(program, tool.packages)])?;
    cargo.set(variable, tool.words);
    Ok(tool.words.to_owned())
}

/// Where the standard library of a target is from.
#[derive(PartialEq, Eq)]
pub(super) enum Library {
    Installed,
    /// Built by nightly Rust from its sources.
    Built,
}

/// Sees to it that there is a standard library for the target, installed or built.
pub(super) fn standard_library(cargo: &mut Cargo, triple: &str) -> Done<Library> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let installed = sysroot(&mut cargo.program(rustc))
        .is_some_and(|root| root.join("lib/rustlib").join(triple).join("lib").is_dir());
    if installed {
        return Ok(Library::Installed);
    }
    let missing = format!("no standard library for {triple}; `rustup target add {triple}`");
    build_library(cargo, &missing)?;
    Ok(Library::Built)
}

/// Lets nightly Rust build the standard library from its sources; skips if they are not there, and
/// says what is missing otherwise.
pub(super) fn build_library(cargo: &mut Cargo, missing: &str) -> Done {
    let nightly = sysroot(cargo.program("rustup").args(["run", "nightly", "rustc"]));
    let sources = "lib/rustlib/src/rust/library/std/Cargo.toml";
    if !nightly.is_some_and(|root| root.join(sources).is_file()) {
        return skipped(format!(
            "{missing}; `rustup toolchain install nightly --component rust-src` brings its sources"
        ));
    }
    cargo.use_toolchain("nightly");
    // Not `-Zbuild-std`, which a cargo that a test starts would know nothing of.
    cargo.set("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort");
    Ok(())
}

/// Asks a compiler where its libraries are; nothing if there is no such compiler.
fn sysroot(rustc: &mut Command) -> Option<PathBuf> {
    let printed = process::output(rustc.args(["--print", "sysroot"])).ok()?;
    Some(PathBuf::from(printed.trim()))
}
