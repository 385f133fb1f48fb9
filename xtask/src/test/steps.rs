//! The steps of a run: what each came to, and how long it took.

use crate::process;
use crate::report;
use crate::stop::{Done, Stop, failed};
use std::env;
use std::ffi::{OsStr, OsString};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The steps so far, and the environment of those to come.
#[derive(Default)]
pub(super) struct Steps {
    environment: Vec<(String, OsString)>,
    done: Vec<(&'static str, Duration, Done)>,
}

impl Steps {
    /// Sets a variable for all steps to come.
    pub(super) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.to_owned(), value.into()));
    }

    /// Runs `step`. If it fails, others are run all the same, so that one run shows all faults.
    pub(super) fn run(&mut self, name: &'static str, step: impl FnOnce(&mut Cargo) -> Done) {
        report::say(&format!("== {name}"));
        let mut cargo = Cargo { environment: self.environment.clone(), toolchain: None };
        let start = Instant::now();
        let outcome = step(&mut cargo);
        if let Err(Stop::Skipped(why)) = &outcome {
            report::skip(name, why);
        }
        self.done.push((name, start.elapsed(), outcome));
    }

    /// Prints a line for each step; fails if one has.
    pub(super) fn finish(self) -> Done {
        report::say("==");
        let mut failures = Vec::new();
        for (name, time, outcome) in &self.done {
            let (word, what) = match outcome {
                Ok(()) => ("ok", ""),
                Err(Stop::Skipped(why)) => ("skipped", why.as_str()),
                Err(Stop::Failed(what)) => ("FAILED", what.as_str()),
                Err(Stop::Misused) => ("FAILED", "not understood"),
            };
            if word == "FAILED" {
                failures.push(*name);
            }
            let line = format!("{word:<7} {:7.1} s  {name}  {what}", time.as_secs_f64());
            report::say(line.trim_end());
        }
        if failures.is_empty() { Ok(()) } else { failed(failures.join(", ")) }
    }
}

/// Cargo, with the environment and the toolchain of a step.
pub(super) struct Cargo {
    environment: Vec<(String, OsString)>,
    toolchain: Option<String>,
}

impl Cargo {
    /// Sets a variable for this step alone.
    pub(super) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.to_owned(), value.into()));
    }

    /// Returns what a variable is for this step.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        let set = self.environment.iter().rev().find(|(own, _)| own == name);
        set.map(|(_, value)| value.clone()).or_else(|| env::var_os(name))?.into_string().ok()
    }

    /// Gives this step a target directory below the workspace's: what it builds with other flags,
    /// or by another compiler, then throws nothing away.
    pub(super) fn builds_apart(&mut self, name: &str) -> Done {
        self.set("CARGO_TARGET_DIR", process::target()?.join(name));
        Ok(())
    }

    /// Makes this step use another toolchain.
    pub(super) fn use_toolchain(&mut self, toolchain: &str) {
        self.toolchain = Some(toolchain.to_owned());
    }

    /// Skips the step unless cargo has the subcommand `verb`; `remedy` installs it.
    pub(super) fn needs(&self, verb: &str, remedy: &str) -> Done {
        // `--version` rather than a look at the list: rustup lists what it could install, too.
        process::needs_answer(&mut self.command([verb, "--version"]), remedy)
    }

    /// Runs cargo with `arguments`.
    pub(super) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Done {
        process::run(&mut self.command(arguments))
    }

    /// Runs the tests that `arguments` choose, by nextest if it is installed.
    pub(super) fn test(&self, arguments: &[&str]) -> Done {
        let has_nextest = self.needs("nextest", "").is_ok();
        let words: &[_] = if has_nextest { &["nextest", "run"] } else { &["test"] };
        self.run([words, &["--no-fail-fast"], arguments].concat())
    }

    pub(super) fn command<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Command {
        let command = match &self.toolchain {
            Some(toolchain) => process::cargo_of(toolchain, arguments),
            None => process::cargo(arguments),
        };
        self.with_environment(command)
    }

    /// Returns `program` with the environment of this step.
    pub(super) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        self.with_environment(Command::new(program))
    }

    fn with_environment(&self, mut command: Command) -> Command {
        let variables = self.environment.iter().map(|(name, value)| (name, value));
        command.envs(variables).stdin(Stdio::null());
        command
    }
}
