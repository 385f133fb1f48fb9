//! `cargo xtask helper`: the program for Windows that `filemap wine` starts inside Wine.
//!
//! It has no standard library, and imports the functions of Windows by name, so neither a C compiler nor
//! a library of Windows is needed: Rust's own linker builds it.

use crate::process::{self, cargo, cargo_of, output};
use crate::report;
use crate::stop::{Done, about, failed, skipped};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "x86_64-pc-windows-msvc";

const MANIFEST: &str = "crates/filemap-wine/Cargo.toml";

/// Its file name, also beside the command.
pub(crate) const NAME: &str = "filemap-wine.exe";

/// The most bytes that it may have.
const MOST: u64 = 300 * 1024;

/// Builds the helper to where a plain build of the command looks for it; to `check` it, builds it once
/// more and compares, and has clippy look at it.
pub(crate) fn run(check: bool) -> Done {
    let built = build()?;
    if check {
        let folder = process::directory_in_memory()?;
        let again = compile(folder.path())?;
        if fs::read(&built)? != fs::read(&again)? {
            return failed("two builds of the helper differ");
        }
        let mut clippy = cargo_for(&["clippy", "--quiet"], &process::target()?.join("helper"))?;
        process::run(clippy.args(["--", "-D", "warnings"]))?;
    }
    report::say(&format!("helper: {}, {} bytes", built.display(), fs::metadata(&built)?.len()));
    Ok(())
}

/// Builds the helper to where a plain build of the command looks for it, and returns the path.
pub(crate) fn build() -> Done<PathBuf> {
    let target = process::target()?;
    let program = compile(&target.join("helper"))?;
    let place = target.join("release").join(NAME);
    fs::create_dir_all(target.join("release"))?;
    fs::copy(&program, &place).map_err(about(place.display()))?;
    Ok(place)
}

fn compile(target: &Path) -> Done<PathBuf> {
    process::run(&mut cargo_for(&["build", "--quiet"], target)?)?;
    let program = target.join(TARGET).join("release").join(NAME);
    let len = fs::metadata(&program).map_err(about(program.display()))?.len();
    if len > MOST {
        return failed(format!("the helper has {len} bytes, and may have {MOST}"));
    }
    Ok(program)
}

/// Returns a command of the Rust that can build for Windows: this one, if it has that target's core
/// library, or nightly Rust, which builds that itself.
fn cargo_for(verb: &[&str], target: &Path) -> Done<Command> {
    let common = ["--manifest-path", MANIFEST, "--locked", "--release", "--target", TARGET];
    let has = |sysroot: &str, inside: &str| Path::new(sysroot.trim()).join(inside).exists();
    let of_this = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let nightly = ["run", "nightly", "rustc", "--print", "sysroot"];
    let of_nightly = output(Command::new("rustup").args(nightly)).unwrap_or_default();
    let mut command = if has(&of_this, &format!("lib/rustlib/{TARGET}/lib")) {
        cargo(verb)
    } else if has(&of_nightly, "lib/rustlib/src/rust/library/core") {
        let mut command = cargo_of("nightly", verb);
        command.arg("-Zbuild-std=core,alloc");
        command
    } else {
        return skipped(format!(
            "`rustup target add {TARGET}`, or `rustup component add rust-src --toolchain nightly`, \
             brings what is missing"
        ));
    };
    command.args(common).arg("--target-dir").arg(target);
    // The linker that Rust brings needs nothing else.
    command.env("CARGO_TARGET_X86_64_PC_WINDOWS_MSVC_LINKER", "rust-lld");
    // The same for everybody, whatever they have set for their own builds.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    Ok(command)
}
