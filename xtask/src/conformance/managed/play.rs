//! A program in its roles, played by processes that wait for each other.

use super::Built;
use super::program::Program;
use super::runtime::Runtime;
use crate::process;
use crate::stop::{Done, Stop, about, failed};
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// How long a process may be silent, on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(180);

/// The name that the programs use. Not told to them, for not every terminal passes it on.
const NAME: &str = "cases é€😀";

/// What runtimes throw that find kernel32 nowhere, or a Mono that looks for it in itself.
const LOST: [&str; 2] = ["DllNotFoundException", "EntryPointNotFoundException"];

/// How a program comes to the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    /// By what `filemap kernel32 --install` put beside it.
    Installed,
    /// By `filemap kernel32 --run`.
    Run,
    /// Not at all.
    Nothing,
}

/// A program, in a folder with the library installed and in one without.
pub(super) struct Stage<'s> {
    program: &'s Program,
    built: &'s Built,
    installed: PathBuf,
    place: PathBuf,
}

impl<'s> Stage<'s> {
    pub(super) fn new(program: &'s Program, built: &'s Built, place: &Path) -> Done<Self> {
        let installed = place.join(format!("{}-installed", program.name));
        program.copy_to(&installed)?;
        let stage = Self { program, built, installed, place: place.to_owned() };
        stage.install(&stage.installed)?;
        Ok(stage)
    }

    fn install(&self, folder: &Path) -> Done {
        let mut install = Command::new(&self.built.command);
        install.args(["kernel32", "--install"]).arg(folder);
        process::output(install.arg("--library").arg(&self.built.library)).map(drop)
    }

    /// Fails if the program finds the library by some other way.
    pub(super) fn is_lost_without_the_library(&self, runtime: &Runtime) -> Done {
        let scene = self.scene()?;
        match found(self.command(&scene, runtime, Delivery::Nothing))? {
            Finds::Nothing => Ok(()),
            finds => failed(format!("{runtime} finds {finds:?} by itself")),
        }
    }

    /// Returns what the program finds in a folder that `lay` has changed.
    pub(super) fn tried(
        &self,
        runtime: &Runtime,
        lay: fn(&Path, &mut Command) -> io::Result<()>,
    ) -> Done<Finds> {
        let scene = self.scene()?;
        let folder = scene.path().join("app");
        self.program.copy_to(&folder)?;
        self.install(&folder)?;
        let mut command = in_scene(&scene, runtime.words(&self.program.file(&folder)).into());
        lay(&folder, &mut command)?;
        found(command)
    }

    /// Runs the program alone, both ways, and returns how many claims were seen to hold.
    pub(super) fn limits(&self, runtime: &Runtime) -> Done<u64> {
        let mut claims = 0;
        for delivery in [Delivery::Installed, Delivery::Run] {
            let scene = self.scene()?;
            let role = ["limits", "file"];
            claims += Actor::start(self.command(&scene, runtime, delivery), &role)?.end()?;
        }
        Ok(claims)
    }

    /// Runs two processes, that share a file by its name, and a third that looks for what they
    /// left, and returns how many claims were seen to hold.
    pub(super) fn pair(&self, first: &Runtime, second: &Runtime) -> Done<u64> {
        let scene = self.scene()?;
        let run = || self.command(&scene, second, Delivery::Run);

        let mut maker =
            Actor::start(self.command(&scene, first, Delivery::Installed), &["maker", "file"])?;
        maker.hear("written")?;
        // The name is to others what it is in C#, whichever functions took it there.
        let mut command = Command::new(&self.built.command);
        command.args(["read", NAME, "--length", "1"]).current_dir(scene.path());
        process::output(command.env("FILEMAP_DIR", scene.path().join("names")))?;
        let mut user = Actor::start(run(), &["user"])?;
        user.hear("answered")?;
        maker.tell("answered")?;
        let mut claims = maker.end()?;
        user.tell("alone")?;
        claims += user.end()?;
        claims += Actor::start(run(), &["late", "file"])?.end()?;
        Ok(claims)
    }

    /// Runs the example in two processes; the first hears of the second.
    pub(super) fn example(&self, runtime: &Runtime, delivery: Delivery) -> Done {
        let scene = self.scene()?;
        let mut first = Actor::start(self.command(&scene, runtime, delivery), &[])?;
        first.hear("holding `scores`; Enter reads it")?;
        let mut second = Actor::start(self.command(&scene, runtime, delivery), &["hello"])?;
        second.hear("wrote `hello`")?;
        second.finish()?;
        first.tell("")?;
        first.hear("read `hello`")?;
        first.finish()
    }

    /// Makes a folder for files, with names of its own.
    fn scene(&self) -> Done<TempDir> {
        let scene = tempfile::tempdir_in(&self.place)?;
        fs::create_dir(scene.path().join("names"))?;
        Ok(scene)
    }

    fn command(&self, scene: &TempDir, runtime: &Runtime, delivery: Delivery) -> Command {
        let folder = match delivery {
            Delivery::Installed => &self.installed,
            Delivery::Run | Delivery::Nothing => &self.program.folder,
        };
        let mut words = Vec::new();
        if delivery == Delivery::Run {
            let Built { command, library } = self.built;
            words.extend([command.into(), "kernel32".into(), "--library".into(), library.into()]);
            words.extend(["--run".into(), "--".into()]);
        }
        words.extend(runtime.words(&self.program.file(folder)));
        in_scene(scene, words)
    }
}

fn in_scene(scene: &TempDir, mut words: Vec<OsString>) -> Command {
    let mut command = Command::new(words.remove(0));
    command.args(words).current_dir(scene.path()).env("FILEMAP_DIR", scene.path().join("names"));
    // The machine's own ways to the library, if it has any, are not what is tried here.
    for variable in ["LD_LIBRARY_PATH", "LD_PRELOAD", "MONO_CONFIG"] {
        command.env_remove(variable);
    }
    command
}

/// What a runtime makes of kernel32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finds {
    TheLibrary,
    /// Neither the library, nor anything else that has its functions.
    Nothing,
    /// The program does not even begin.
    NoStart,
}

/// Runs the program, which tells by its end what it found.
fn found(mut command: Command) -> Done<Finds> {
    let output = command.args(["limits", "file"]).stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Ok(Finds::TheLibrary),
        false if LOST.iter().any(|lost| said.contains(lost)) => Ok(Finds::Nothing),
        false if said.contains("Failed to create CoreCLR") => Ok(Finds::NoStart),
        false => failed(format!("not understood, {}: {said}", output.status)),
    }
}

/// A process in its role. It does not outlive this value.
struct Actor {
    command: Command,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Actor {
    fn start(mut command: Command, role: &[&str]) -> Done<Self> {
        command.args(role).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = process::spawn(&mut command)?;
        let stdin = child.stdin.take();
        let (sender, lines) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || {
                let lines = BufReader::new(stdout).lines().map_while(Result::ok);
                lines.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop);
            });
        }
        Ok(Self { command, child, stdin, lines })
    }

    /// Waits for the next line, which must be this one.
    fn hear(&mut self, word: &str) -> Done {
        let line = self.line()?;
        if line == word { Ok(()) } else { Err(self.said(&line)) }
    }

    fn line(&self) -> Done<String> {
        self.lines.recv_timeout(PATIENCE).map_err(about(format!("{:?}", self.command)))
    }

    fn tell(&mut self, word: &str) -> Done {
        self.stdin.as_mut().map_or(Ok(()), |stdin| Ok(writeln!(stdin, "{word}")?))
    }

    /// Waits for its end, and returns how many claims it saw to hold.
    fn end(self) -> Done<u64> {
        let line = self.line()?;
        let claims = line.strip_prefix("done ").and_then(|count| count.parse().ok());
        let claims = claims.ok_or_else(|| self.said(&line))?;
        self.finish()?;
        Ok(claims)
    }

    fn finish(mut self) -> Done {
        self.stdin = None;
        process::wait(&mut self.child, &self.command, Some(PATIENCE))
    }

    fn said(&self, line: &str) -> Stop {
        Stop::Failed(format!("{:?} said `{line}`", self.command))
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // What was run for it ends with its input, or at its own deadline.
        self.stdin = None;
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
