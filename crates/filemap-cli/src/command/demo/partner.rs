//! The other processes of the demonstration: this executable again, with another verb.
//!
//! They are synchronised by lines over pipes: a partner writes what it has done, as JSON, and the
//! first process answers with a line when the partner may continue.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::path::absolute;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use clap::ValueEnum;
use filemap::{FileMapping, MappedFile, PositionedIo, Protection};
use serde::{Deserialize, Serialize};

use super::content::Findings;
use super::{GREETING_AT, VISIT_AT};
use crate::args::{DemoPartner, Role};
use crate::command::Context;
use crate::failure::{Failure, Result, Why};

/// Longer than any step takes on a slow machine: a partner that is silent for this time hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A line that a partner writes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Said {
    Read(Findings),
    Wrote { greeting: String },
    Stored { size: u64 },
    Holds,
}

/// The object that the visitor stores.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Visit {
    pub(super) visitor: u32,
    pub(super) findings: Findings,
}

impl fmt::Display for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> =
            self.findings.words.iter().map(|(word, count)| format!("{word} {count}")).collect();
        write!(
            f,
            "visitor {}, {} lines, words {{{}}}, shades {:?}",
            self.visitor,
            self.findings.lines,
            words.join(", "),
            self.findings.shades
        )
    }
}

/// Runs a role, in the partner's own process.
pub(super) fn play(context: &Context<'_>, partner: &DemoPartner) -> Result<()> {
    match partner.role {
        Role::Visit => visit(context, &partner.name),
        Role::Hold => hold(context, &partner.name),
    }
}

fn visit(context: &Context<'_>, name: &str) -> Result<()> {
    let file = MappedFile::options().registry(&context.registry).open_by_name(name)?;
    let len = usize::try_from(file.len()?)
        .map_err(|_| Failure::broken("could not read the content: it does not fit in memory"))?;
    let mut content = vec![0; len];
    file.read_exact_at(&mut content, 0)?;
    let findings = Findings::of(&content)
        .map_err(|why| Failure::broken(format!("could not understand the content: {why}")))?;
    say(&Said::Read(findings.clone()))?;

    let greeting = format!("Process {} was here, far beyond 32 bits.", std::process::id());
    file.write_all_at(greeting.as_bytes(), GREETING_AT)?;
    say(&Said::Wrote { greeting })?;

    let visit = Visit { visitor: std::process::id(), findings };
    let size = file.write_object(VISIT_AT, &visit)?;
    say(&Said::Stored { size })?;

    wait_to_go_on()?;
    Ok(file.close()?)
}

fn hold(context: &Context<'_>, name: &str) -> Result<()> {
    let mapping = FileMapping::options()
        .name(name)
        .registry(&context.registry)
        .size(1 << 20)
        .protection(Protection::ReadWrite)
        .create_new()?;
    say(&Said::Holds)?;
    // Input ends only if the first process has ended, which then cannot kill this one.
    wait_to_go_on()?;
    Ok(mapping.close()?)
}

fn say(said: &Said) -> Result<()> {
    let line = serde_json::to_string(said)
        .map_err(|error| Failure::broken(format!("could not write JSON: {error}")))?;
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| Failure::from_output(&error))
}

fn wait_to_go_on() -> Result<()> {
    let mut line = String::new();
    io::stdin().read_line(&mut line).map(drop).map_err(|error| {
        Failure::broken(format!("could not wait for the first process: {}", Why(&error)))
    })
}

/// A partner, as seen by the first process. It is killed when this value is dropped.
#[derive(Debug)]
pub(super) struct Partner {
    child: Child,
    /// Open until the partner may continue.
    stdin: Option<ChildStdin>,
    lines: Receiver<io::Result<String>>,
}

impl Partner {
    /// Starts a process that knows its role and a name, and nothing else.
    pub(super) fn start(
        context: &Context<'_>,
        role: Role,
        name: &str,
    ) -> std::result::Result<Self, String> {
        let said = |error: io::Error| error.to_string();
        let mut command = Command::new(std::env::current_exe().map_err(said)?);
        if let Some(directory) = &context.common.registry {
            command.arg("--registry").arg(absolute(directory).map_err(said)?);
        }
        let word = role.to_possible_value().ok_or("the role has no word")?;
        command.arg("demo-partner").arg(word.get_name()).arg(name);
        // So that it cannot find the file in its current directory.
        command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(said)?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take();
        let (sender, lines) = mpsc::channel();
        let partner = Self { child, stdin, lines };
        let stdout = stdout.ok_or("it has no output")?;
        thread::Builder::new()
            .name("partner".to_owned())
            .spawn(move || {
                for line in BufReader::new(stdout).lines() {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            })
            .map_err(said)?;
        Ok(partner)
    }

    /// Returns the process's number.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its next line.
    pub(super) fn listen(&self) -> std::result::Result<Said, String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(Ok(line)) => serde_json::from_str(&line).map_err(|error| format!("{line}: {error}")),
            Ok(Err(error)) => Err(error.to_string()),
            Err(RecvTimeoutError::Timeout) => {
                Err(format!("process {} said nothing for {} s", self.id(), PATIENCE.as_secs()))
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(format!("process {} ended before it was done", self.id()))
            }
        }
    }

    /// Lets it run to its end, and waits for that.
    pub(super) fn let_go(&mut self) -> io::Result<ExitStatus> {
        // A closed pipe ends its wait as a line does.
        drop(self.stdin.take());
        self.end()
    }

    /// Kills it by a signal that it cannot handle.
    pub(super) fn kill(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.end()
    }

    fn end(&mut self) -> io::Result<ExitStatus> {
        // Its output ends with the process, so a partner that hangs is killed instead of awaited.
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return self.child.wait(),
                Err(RecvTimeoutError::Timeout) => {
                    self.child.kill()?;
                    return self.child.wait();
                }
            }
        }
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        // Both fail only if it has already been waited for.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
