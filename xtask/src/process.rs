//! The processes that a verb starts: cargo and others, from the root of the workspace.

use crate::stop::{Done, about, failed, skipped};
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Returns the cargo that runs this program, with `arguments`.
pub(crate) fn cargo<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Returns the cargo of another toolchain, with `arguments`.
pub(crate) fn cargo_of<A: AsRef<OsStr>>(
    toolchain: &str,
    arguments: impl IntoIterator<Item = A>,
) -> Command {
    // Not `cargo +nightly`: a cargo that another one has started knows no toolchains.
    let mut command = Command::new("rustup");
    command.args(["run", toolchain, "cargo"]).args(arguments).stdin(Stdio::null());
    command
}

/// Returns the workspace's target directory, in which this program is.
pub(crate) fn target() -> Done<PathBuf> {
    let folder = built()?;
    Ok(folder.parent().map_or_else(|| folder.clone(), PathBuf::from))
}

/// Returns the folder of this program, where cargo puts what it builds for this machine.
pub(crate) fn built() -> Done<PathBuf> {
    let program = env::current_exe()?;
    program.parent().map_or_else(|| failed("could not find this program"), |path| Ok(path.into()))
}

/// Makes a directory that goes away when dropped, in memory where the system has a place for that.
pub(crate) fn directory_in_memory() -> Done<TempDir> {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { env::temp_dir() };
    Ok(tempfile::Builder::new().prefix("filemap-xtask-").tempdir_in(place)?)
}

/// Runs `command`, whose output goes where ours goes.
pub(crate) fn run(command: &mut Command) -> Done {
    wait(&mut spawn(command)?, command, None)
}

/// Runs `command` as [`run`] does, and ends it after `patience`.
pub(crate) fn run_within(command: &mut Command, patience: Duration) -> Done {
    wait(&mut spawn(command)?, command, Some(patience))
}

/// Starts `command`.
pub(crate) fn spawn(command: &mut Command) -> Done<Child> {
    command.spawn().map_err(about(format!("could not start {command:?}")))
}

/// Waits until `child`, which is `command`, ends well; kills it after `patience`, if there is one.
pub(crate) fn wait(child: &mut Child, command: &Command, patience: Option<Duration>) -> Done {
    let start = Instant::now();
    loop {
        let status = if patience.is_none() { Some(child.wait()?) } else { child.try_wait()? };
        match status {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return failed(format!("{command:?}: {status}")),
            None if patience.is_some_and(|patience| start.elapsed() > patience) => {
                // Neither can fail in a way that matters more than what is reported here.
                drop(child.kill());
                drop(child.wait());
                return failed(format!("{command:?} did not end within {patience:?}"));
            }
            None => thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// Runs `command` and returns what it prints.
pub(crate) fn output(command: &mut Command) -> Done<String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(about(format!("could not start {command:?}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    failed(format!("{command:?}: {}: {}", output.status, complaint.trim()))
}

/// Skips unless each of these programs, pairs of a name and a Debian package, is in `PATH`.
pub(crate) fn needs(programs: &[(&str, &str)]) -> Done {
    let folders = env::var_os("PATH").unwrap_or_default();
    let is_there =
        |program: &str| env::split_paths(&folders).any(|path| path.join(program).is_file());
    let absent = programs.iter().filter(|(program, _)| !is_there(program));
    let (names, packages): (Vec<_>, Vec<_>) = absent.copied().unzip();
    if names.is_empty() {
        return Ok(());
    }
    skipped(format!("no `{}`; `apt-get install {}`", names.join("`, `"), packages.join(" ")))
}

/// Skips unless `command`, which asks for a version, succeeds; `remedy` installs what it asks for.
pub(crate) fn needs_answer(command: &mut Command, remedy: &str) -> Done {
    let asked = output(command);
    asked.map_or_else(|_| skipped(format!("`{remedy}` brings what is missing")), |_| Ok(()))
}
