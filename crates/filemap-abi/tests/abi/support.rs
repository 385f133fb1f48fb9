//! Where the library is, and how programs are made and run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What the tests here return.
pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Far longer than anything takes here; whoever needs longer hangs.
const DEADLINE: Duration = Duration::from_secs(120);

/// A folder of the crate's.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A directory for names, and one for files, gone with the test.
pub(crate) struct Place {
    names: TempDir,
    pub(crate) files: TempDir,
}

impl Place {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self { names: TempDir::new()?, files: TempDir::new()? })
    }

    /// Runs a program in this place, and fails with what it printed unless it ends well.
    pub(crate) fn run(&self, mut command: Command) -> Outcome {
        command.current_dir(self.files.path()).env("FILEMAP_DIR", self.names.path());
        finished(command)
    }

    /// The names that are left, live or dead.
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

/// Runs a command to its end; fails with what it printed unless that is a good one.
pub(crate) fn finished(command: Command) -> Outcome {
    let Output { status, stdout, stderr } = output(command)?;
    if status.success() {
        return Ok(());
    }
    let (said, complained) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    Err(format!("{status}\n{said}{complained}").into())
}

/// Runs a command to its end and returns what it printed.
pub(crate) fn output(mut command: Command) -> Result<Output, Box<dyn std::error::Error>> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let since = Instant::now();
    // What programs say here is far less than a pipe holds.
    while child.try_wait()?.is_none() {
        if since.elapsed() > DEADLINE {
            child.kill()?;
            child.wait()?;
            return Err(format!("{command:?} does not end").into());
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(child.wait_with_output()?)
}

/// The C compiler that links this very test.
pub(crate) fn compiler(name: &str) -> Command {
    let mut command = Command::new(name);
    command.args(["-Wall", "-Wextra", "-Werror", "-pthread", "-I"]).arg(folder("include"));
    command
}
