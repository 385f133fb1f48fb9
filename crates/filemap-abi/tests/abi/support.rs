//! Helpers: places for names and files, and processes with a deadline.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The result of a test.
pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Much longer than any program here takes: one that runs longer hangs. In a long form a program may
/// take an hour.
fn deadline() -> Duration {
    let is_long = std::env::var_os("FILEMAP_SOAK_CYCLES").is_some();
    Duration::from_secs(if is_long { 3600 } else { 120 })
}

/// Returns a folder of the crate.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A directory for names and one for files, removed with the test.
pub(crate) struct Place {
    names: TempDir,
    pub(crate) files: TempDir,
}

impl Place {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self { names: TempDir::new()?, files: TempDir::new()? })
    }

    pub(crate) fn registry(&self) -> &Path {
        self.names.path()
    }

    /// Runs a program in this place, and fails with its output unless it succeeds.
    pub(crate) fn run(&self, mut command: Command) -> Outcome {
        command.current_dir(self.files.path()).env("FILEMAP_DIR", self.names.path());
        finished(command)
    }

    /// Returns the remaining names, live or dead.
    pub(crate) fn left(&self) -> std::io::Result<Vec<String>> {
        let mut left = Vec::new();
        for root in fs::read_dir(self.names.path())? {
            for entry in fs::read_dir(root?.path())? {
                let name = entry?.file_name().to_string_lossy().into_owned();
                left.extend(Some(name).filter(|name| !name.starts_with('.')));
            }
        }
        Ok(left)
    }
}

/// Runs a command to its end, and fails with its output unless it succeeds; what it skipped is told.
#[expect(clippy::print_stdout, reason = "a test tells what it skips")]
pub(crate) fn finished(command: Command) -> Outcome {
    let Output { status, stdout, stderr } = output(command)?;
    let (said, complained) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    if status.success() {
        said.lines()
            .filter(|line| line.starts_with("skipped: "))
            .for_each(|line| println!("{line}"));
        return Ok(());
    }
    Err(format!("{status}\n{said}{complained}").into())
}

/// Runs a command to its end and returns its output.
pub(crate) fn output(mut command: Command) -> Result<Output, Box<dyn std::error::Error>> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let since = Instant::now();
    // Programs here print much less than a pipe holds.
    while child.try_wait()?.is_none() {
        if since.elapsed() > deadline() {
            child.kill()?;
            child.wait()?;
            return Err(format!("{command:?} does not end").into());
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(child.wait_with_output()?)
}

/// Returns the C compiler that links this test.
pub(crate) fn compiler(name: &str) -> Command {
    let mut command = Command::new(name);
    command.args(["-Wall", "-Wextra", "-Werror", "-pthread", "-I"]).arg(folder("include"));
    command
}
