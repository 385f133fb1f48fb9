//! The steps of a run: what each came to, how long it took, what was skipped and why.

use crate::report;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Why a step did not pass.
pub(super) enum Shortfall {
    /// It was not run, for this reason.
    Skipped(String),
    /// It was run, and this is wrong.
    Failed(String),
}

/// What a step came to. A step that passed may have something to add.
pub(super) type Outcome = Result<String, Shortfall>;

/// A step that passed and has nothing to add.
pub(super) fn passed() -> Outcome {
    Ok(String::new())
}

pub(super) fn skipped(why: &str) -> Outcome {
    Err(Shortfall::Skipped(why.to_owned()))
}

pub(super) fn failed(what: &str) -> Outcome {
    Err(Shortfall::Failed(what.to_owned()))
}

/// The steps so far, and the environment that those to come will have.
pub(super) struct Steps {
    root: PathBuf,
    environment: Vec<(String, OsString)>,
    done: Vec<(&'static str, Duration, Outcome)>,
}

impl Steps {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), environment: Vec::new(), done: Vec::new() }
    }

    /// Sets a variable for all steps to come.
    pub(super) fn set(&mut self, name: &str, value: &Path) {
        self.environment.push((name.to_owned(), value.as_os_str().to_owned()));
    }

    /// Runs `step` and notes what it came to.
    pub(super) fn run(&mut self, name: &'static str, step: impl FnOnce(&mut Cargo<'_>) -> Outcome) {
        report::say(&format!("== {name}"));
        let environment = self.environment.clone();
        let mut cargo = Cargo { root: &self.root, environment, nightly: false };
        let start = Instant::now();
        let outcome = step(&mut cargo);
        self.done.push((name, start.elapsed(), outcome));
    }

    /// Prints a line for each step and one for all, and tells whether none failed.
    pub(super) fn finish(self) -> bool {
        let (mut failures, mut skips) = (Vec::new(), 0_usize);
        let mut total = Duration::ZERO;
        report::say("==");
        for (name, time, outcome) in &self.done {
            total += *time;
            let time = format!("{:7.1} s", time.as_secs_f64());
            report::say(&match outcome {
                Ok(addition) if addition.is_empty() => format!("ok      {time}  {name}"),
                Ok(addition) => format!("ok      {time}  {name}: {addition}"),
                Err(Shortfall::Skipped(why)) => {
                    skips += 1;
                    format!("skipped {time}  {name}: {why}")
                }
                Err(Shortfall::Failed(what)) => {
                    failures.push(*name);
                    format!("FAILED  {time}  {name}: {what}")
                }
            });
        }
        let steps = self.done.len();
        let total = total.as_secs();
        if failures.is_empty() {
            let passed = steps - skips;
            report::say(&format!("test: {passed} steps passed, {skips} skipped, in {total} s"));
        } else {
            let failed = failures.join(", ");
            report::say(&format!("test: FAILED in {total} s: {failed}"));
        }
        failures.is_empty()
    }
}

/// Runs cargo in the workspace, with the environment of a step.
pub(super) struct Cargo<'a> {
    root: &'a Path,
    environment: Vec<(String, OsString)>,
    nightly: bool,
}

impl Cargo<'_> {
    /// Sets a variable for this step alone.
    pub(super) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.to_owned(), value.into()));
    }

    /// What a variable is for this step.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        let set = self.environment.iter().rev().find(|(own, _)| own == name);
        set.map(|(_, value)| value.clone()).or_else(|| env::var_os(name))?.into_string().ok()
    }

    /// Gives this step a target directory of its own below the workspace's.
    ///
    /// What it builds with other flags, or by another compiler, then throws nothing away.
    pub(super) fn builds_apart(&mut self, name: &str) -> Outcome {
        // This very program is in a folder of the workspace's target directory.
        match env::current_exe().ok().as_deref().and_then(Path::parent).and_then(Path::parent) {
            Some(target) => {
                self.set("CARGO_TARGET_DIR", target.join(name));
                passed()
            }
            None => failed("could not find this program"),
        }
    }

    /// Makes this step use the nightly toolchain.
    pub(super) fn use_nightly(&mut self) {
        self.nightly = true;
    }

    /// Returns whether cargo has the subcommand `verb`, which may be installed or not.
    pub(super) fn knows(&self, verb: &str) -> bool {
        // `--version` rather than a look at the list: rustup lists what it could install, too.
        self.command([verb, "--version"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// Skips the step if the subcommand `verb` is missing, and tells how to get it.
    pub(super) fn needs(&self, verb: &str, remedy: &str) -> Outcome {
        if self.knows(verb) {
            passed()
        } else {
            skipped(&format!("`cargo {verb}` is not installed; `{remedy}` brings it"))
        }
    }

    /// Runs cargo with `arguments`; its output goes where ours goes.
    pub(super) fn run(&self, arguments: &[&str]) -> Outcome {
        match self.command(arguments).status() {
            Ok(status) if status.success() => passed(),
            Ok(_) => failed(&format!("cargo {}", arguments.join(" "))),
            Err(err) => failed(&format!("could not start cargo: {err}")),
        }
    }

    /// Runs cargo with `arguments`, which is to fail, and returns what it complains about.
    pub(super) fn complaint(&self, arguments: &[&str]) -> Outcome {
        match self.command(arguments).output() {
            Ok(output) if output.status.success() => {
                failed(&format!("cargo {} passed", arguments.join(" ")))
            }
            Ok(output) => Ok(String::from_utf8_lossy(&output.stderr).into_owned()),
            Err(err) => failed(&format!("could not start cargo: {err}")),
        }
    }

    fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = if self.nightly {
            // Not `cargo +nightly`: a cargo that another one has started knows no toolchains.
            let mut command = self.program("rustup");
            command.args(["run", "nightly", "cargo"]);
            command
        } else {
            self.program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        };
        command.args(arguments);
        command
    }

    /// Returns `program` with the environment of this step, ready to be started.
    pub(super) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.root).stdin(Stdio::null());
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        command
    }
}
