//! `cargo xtask bench`: the measurements of `docs/performance.md`.

use crate::report;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// Builds the benchmark and what it loads, and runs it with `arguments`.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> bool {
    let revision = arguments.iter().position(|argument| *argument == "--against");
    let outcome = match revision.and_then(|index| arguments.get(index + 1)) {
        Some(revision) => against(root, revision, arguments),
        None => alone(root, arguments),
    };
    outcome.unwrap_or_else(|err| {
        report::complain(&format!("xtask: could not run the benchmark: {err}"));
        false
    })
}

fn alone(root: &Path, arguments: &[&str]) -> io::Result<bool> {
    let library = ["build", "--quiet", "--release", "--package", "filemap-abi"];
    let measure = ["run", "--release", "--package", "filemap-bench", "--"];
    Ok(done(cargo().args(library).current_dir(root))?
        && done(cargo().args(measure).args(arguments).current_dir(root))?)
}

/// Builds the benchmark with two libraries, that of this tree and that of `revision`, and runs it.
///
/// Both are called `filemap`, so the other one gets a version of its own, and the program a manifest
/// that names both: the benchmark's own, with a line added.
fn against(root: &Path, revision: &str, arguments: &[&str]) -> io::Result<bool> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = std::path::absolute(target)?.join("against");
    let commit = git(root, &["rev-parse", "--verify", &format!("{revision}^{{commit}}")])?;
    // A folder for each commit: files keep the commit's time, which Cargo would take for unchanged.
    let base = folder.join(&commit);
    if !base.exists() {
        fs::create_dir_all(&folder)?;
        let archive = folder.join("base.tar");
        let output = format!("--output={}", archive.display());
        git(root, &["archive", "--format=tar", &output, &commit])?;
        let unpacked = folder.join("unpacked");
        drop(fs::remove_dir_all(&unpacked));
        fs::create_dir_all(&unpacked)?;
        if !done(Command::new("tar").arg("-xf").arg(&archive).current_dir(&unpacked))? {
            return Err(io::Error::other("`tar` failed"));
        }
        let manifest = fs::read_to_string(unpacked.join("Cargo.toml"))?;
        let version = manifest.lines().find(|line| line.starts_with("version = ")).unwrap_or("");
        let own = format!("{}-base\"", version.trim_end_matches('"'));
        fs::write(unpacked.join("Cargo.toml"), manifest.replacen(version, &own, 1))?;
        fs::rename(unpacked, &base)?;
    }
    let program = folder.join("program");
    fs::create_dir_all(&program)?;
    fs::write(program.join("Cargo.toml"), manifest(root, &base)?)?;
    fs::copy(root.join("Cargo.lock"), program.join("Cargo.lock"))?;
    let mut cargo = cargo();
    cargo.args(["run", "--release", "--"]).args(arguments).current_dir(&program);
    cargo.env("CARGO_TARGET_DIR", folder.join("target")).env("RUSTFLAGS", "--cfg filemap_base");
    done(&mut cargo)
}

/// Returns the manifest of a benchmark with the libraries of both trees.
fn manifest(root: &Path, base: &Path) -> io::Result<String> {
    let workspace = fs::read_to_string(root.join("Cargo.toml"))?;
    let shared = workspace.find("[workspace.package]").map_or("", |start| &workspace[start..]);
    let own = format!("path = {:?}", root.join("crates/filemap"));
    let shared = shared.replace("path = \"crates/filemap\"", &own);
    let path = base.join("crates/filemap");
    let dependency = format!(
        "[dependencies]\nfilemap_base = {{ package = \"filemap\", path = {path:?}, \
         features = [\"objects\"] }}\n"
    );
    let bench = fs::read_to_string(root.join("bench/Cargo.toml"))?;
    let bench = bench.replacen("[dependencies]\n", &dependency, 1);
    let main = root.join("bench/src/main.rs");
    Ok(format!(
        "[workspace]\nresolver = \"3\"\n\n{shared}\n{bench}\n\
         [[bin]]\nname = \"filemap-bench\"\npath = {main:?}\n"
    ))
}

/// Runs git, and returns what it prints.
fn git(root: &Path, arguments: &[&str]) -> io::Result<String> {
    let output = Command::new("git").args(arguments).current_dir(root).output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Returns Cargo, which optimises each crate as it does for whoever uses the library.
fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").as_deref().unwrap_or(OsStr::new("cargo")));
    cargo.env("CARGO_PROFILE_RELEASE_LTO", "false");
    cargo
}

/// Runs a command, and returns whether it succeeded.
fn done(command: &mut Command) -> io::Result<bool> {
    Ok(command.status()?.success())
}
