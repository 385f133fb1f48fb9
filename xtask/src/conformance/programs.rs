//! Builds and runs the programs: for Windows, under Wine, and for this machine, over the library.

use crate::installed::is_on_the_path;
use std::env;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Which of its two builds of a program is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Build {
    Wine,
    Here,
}

/// How long a program may take. The first under Wine also makes Wine ready.
const PATIENCE: Duration = Duration::from_secs(300);

const COMPILER: &str = "gcc";
const CROSS_COMPILER: &str = "x86_64-w64-mingw32-gcc";

/// What both compilers are told. A warning here is a case that is not what it seems.
const FLAGS: [&str; 5] = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror"];

/// Tells what has to be installed first, and how, if anything.
pub(super) fn missing() -> Option<String> {
    let needed =
        [(COMPILER, "gcc"), (CROSS_COMPILER, "gcc-mingw-w64-x86-64"), ("wine", "wine64 wine")];
    let absent: Vec<_> =
        needed.into_iter().filter(|(program, _)| !is_on_the_path(program)).collect();
    if absent.is_empty() {
        return None;
    }
    let programs: Vec<_> = absent.iter().map(|(program, _)| format!("`{program}`")).collect();
    let packages: Vec<_> = absent.iter().map(|(_, package)| *package).collect();
    Some(format!("no {}; `apt install {}` brings it", programs.join(", "), packages.join(" ")))
}

/// The programs' sources, what they link to, and a place for what they make.
pub(super) struct Programs {
    sources: PathBuf,
    /// Where the headers for C are.
    headers: PathBuf,
    /// Where cargo put the library for C.
    built: PathBuf,
    place: TempDir,
}

impl Programs {
    /// Builds the library for C.
    pub(super) fn new(root: &Path) -> io::Result<Self> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["build", "--quiet", "--package", "filemap-abi"]).current_dir(root);
        if !command.status()?.success() {
            return Err(io::Error::other("could not build the library for C"));
        }
        // This very program is where cargo puts what it builds.
        let built = env::current_exe()?;
        let built =
            built.parent().ok_or_else(|| io::Error::other("could not find this program"))?;
        let place = tempfile::Builder::new().prefix("filemap-conformance-").tempdir()?;
        let (sources, headers) =
            (root.join("conformance"), root.join("crates/filemap-abi/include"));
        Ok(Self { sources, headers, built: built.to_owned(), place })
    }

    /// Builds an area's program, runs it in an empty directory, and returns what it printed.
    pub(super) fn run(&self, area: &str, build: Build) -> io::Result<String> {
        let program = self.compile(area, build)?;
        let place = tempfile::tempdir_in(self.place.path())?;
        let mut command = match build {
            Build::Wine => {
                let mut command = Command::new("wine");
                command.arg(&program);
                if env::var_os("WINEDEBUG").is_none() {
                    command.env("WINEDEBUG", "-all");
                }
                command
            }
            Build::Here => {
                let names = place.path().join("names");
                std::fs::create_dir(&names)?;
                let mut command = Command::new(&program);
                command.env("FILEMAP_DIR", names);
                command
            }
        };
        let output = program.with_extension("output");
        command.current_dir(place.path()).stdin(Stdio::null()).stdout(File::create(&output)?);
        let mut child = command.spawn()?;
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if Instant::now() >= deadline {
                child.kill()?;
                child.wait()?;
                return Err(io::Error::other(format!("{area} did not end in {PATIENCE:?}")));
            }
            thread::sleep(Duration::from_millis(10));
        };
        if !status.success() {
            let side = if build == Build::Wine { "under Wine" } else { "over the library" };
            return Err(io::Error::other(format!("{area} failed {side}: {status}")));
        }
        // Windows' programs end lines in their own way.
        Ok(std::fs::read_to_string(output)?.replace('\r', ""))
    }

    fn compile(&self, area: &str, build: Build) -> io::Result<PathBuf> {
        let source = self.sources.join(area).with_extension("c");
        let (compiler, suffix) = match build {
            Build::Wine => (CROSS_COMPILER, ".exe"),
            Build::Here => (COMPILER, ""),
        };
        let program = self.place.path().join(format!("{area}{suffix}"));
        let mut command = Command::new(compiler);
        command.args(FLAGS).arg("-o").arg(&program).arg(&source);
        if build == Build::Here {
            command.args(["-fshort-wchar", "-I"]).arg(&self.headers);
            command.arg("-L").arg(&self.built).arg("-lfilemap");
            command.arg(format!("-Wl,-rpath,{}", self.built.display()));
        }
        if command.status()?.success() {
            return Ok(program);
        }
        Err(io::Error::other(format!("{compiler} could not build {}", source.display())))
    }
}
