//! Runs the programs in their roles, as processes that wait for each other.

use super::Built;
use super::program::Program;
use super::runtime::Runtime;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a process may be silent, on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(180);

/// The name that the programs use. Not told to them, for not every terminal passes it on.
const NAME: &str = "cases é€😀";

/// What runtimes throw that find kernel32 nowhere, or a Mono that looks for it in itself.
const LOST: [&str; 2] = ["DllNotFoundException", "EntryPointNotFoundException"];

/// How a program comes to the library.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    /// By what `filemap kernel32 --install` put beside it.
    Installed,
    /// By `filemap kernel32 --run`.
    Run,
    /// Not at all.
    Nothing,
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Installed => "installed",
            Self::Run => "run",
            Self::Nothing => "alone",
        })
    }
}

/// A program, in a folder with the library installed and in one without.
pub(super) struct Stage<'s> {
    program: &'s Program,
    built: &'s Built,
    installed: PathBuf,
    place: PathBuf,
}

impl<'s> Stage<'s> {
    pub(super) fn new(program: &'s Program, built: &'s Built, place: &Path) -> io::Result<Self> {
        let installed = place.join(format!("{}-installed", program.name));
        program.copy_to(&installed)?;
        let stage = Self { program, built, installed, place: place.to_owned() };
        stage.install(&stage.installed)?;
        Ok(stage)
    }

    fn install(&self, folder: &Path) -> io::Result<()> {
        let mut install = Command::new(&self.built.command);
        install.args(["kernel32", "--install"]).arg(folder);
        install.arg("--library").arg(&self.built.library).stdout(Stdio::null());
        if install.status()?.success() {
            return Ok(());
        }
        Err(io::Error::other("the library could not be installed"))
    }

    /// Sees that the program does not find the library by some other way.
    pub(super) fn is_lost_without_the_library(&self, runtime: &Runtime) -> io::Result<()> {
        let scene = self.scene()?;
        match found(self.command(&scene, runtime, Delivery::Nothing))? {
            Finds::Nothing => Ok(()),
            finds => Err(io::Error::other(format!("{runtime} finds {finds:?} by itself"))),
        }
    }

    /// Tells what the program finds in a folder that `lay` has changed.
    pub(super) fn tried(
        &self,
        runtime: &Runtime,
        lay: fn(&Path, &mut Command) -> io::Result<()>,
    ) -> io::Result<Finds> {
        let scene = self.scene()?;
        let folder = scene.path().join("app");
        self.program.copy_to(&folder)?;
        self.install(&folder)?;
        let [program, file] = runtime.words(&self.program.file(&folder));
        let mut command = self.in_scene(&scene, program);
        command.arg(file);
        lay(&folder, &mut command)?;
        found(command)
    }

    /// Runs the program alone, both ways, and returns how many claims were seen to hold.
    pub(super) fn limits(&self, runtime: &Runtime) -> io::Result<u64> {
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
    pub(super) fn pair(&self, first: &Runtime, second: &Runtime) -> io::Result<u64> {
        let scene = self.scene()?;
        let installed = || self.command(&scene, first, Delivery::Installed);
        let run = || self.command(&scene, second, Delivery::Run);

        let mut maker = Actor::start(installed(), &["maker", "file"])?;
        maker.hear("written")?;
        self.is_seen(&scene)?;
        let mut user = Actor::start(run(), &["user"])?;
        user.hear("answered")?;
        maker.tell("answered")?;
        let mut claims = maker.end()?;
        user.tell("alone")?;
        claims += user.end()?;
        claims += Actor::start(run(), &["late", "file"])?.end()?;
        Ok(claims)
    }

    /// Sees that the name is to others what it is in C#, whichever functions took it there.
    fn is_seen(&self, scene: &TempDir) -> io::Result<()> {
        let mut command = Command::new(&self.built.command);
        command.args(["read", NAME, "--length", "1"]).current_dir(scene.path());
        command.env("FILEMAP_DIR", scene.path().join("names")).stdout(Stdio::null());
        if command.status()?.success() {
            return Ok(());
        }
        Err(io::Error::other(format!("the command does not find the name `{NAME}`")))
    }

    /// Runs the example in two processes, and sees that the first hears of the second.
    pub(super) fn example(&self, runtime: &Runtime, delivery: Delivery) -> io::Result<()> {
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

    /// A folder for files, with names of its own.
    fn scene(&self) -> io::Result<TempDir> {
        let scene = tempfile::tempdir_in(&self.place)?;
        fs::create_dir(scene.path().join("names"))?;
        Ok(scene)
    }

    fn command(&self, scene: &TempDir, runtime: &Runtime, delivery: Delivery) -> Command {
        let folder = match delivery {
            Delivery::Installed => &self.installed,
            Delivery::Run | Delivery::Nothing => &self.program.folder,
        };
        let words = runtime.words(&self.program.file(folder));
        let prefix: Vec<OsString> = match delivery {
            Delivery::Run => vec![
                self.built.command.clone().into(),
                "kernel32".into(),
                "--library".into(),
                self.built.library.clone().into(),
                "--run".into(),
                "--".into(),
            ],
            Delivery::Installed | Delivery::Nothing => Vec::new(),
        };
        let mut words = prefix.into_iter().chain(words);
        let mut command = self.in_scene(scene, words.next().unwrap_or_default());
        command.args(words);
        command
    }

    fn in_scene(&self, scene: &TempDir, program: OsString) -> Command {
        let mut command = Command::new(program);
        command.current_dir(scene.path()).env("FILEMAP_DIR", scene.path().join("names"));
        // The machine's own ways to the library, if it has any, are not what is tried here.
        for variable in ["LD_LIBRARY_PATH", "LD_PRELOAD", "MONO_CONFIG"] {
            command.env_remove(variable);
        }
        command
    }
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
fn found(mut command: Command) -> io::Result<Finds> {
    let output = command.args(["limits", "file"]).stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Ok(Finds::TheLibrary);
    }
    if LOST.iter().any(|lost| said.contains(lost)) {
        return Ok(Finds::Nothing);
    }
    if said.contains("Failed to create CoreCLR") {
        return Ok(Finds::NoStart);
    }
    Err(io::Error::other(format!("not understood, {}: {said}", output.status)))
}

/// A process in its role. It does not outlive this value.
struct Actor {
    role: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Actor {
    fn start(mut command: Command, role: &[&str]) -> io::Result<Self> {
        command.args(role).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdin = child.stdin.take();
        let (sender, lines) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || {
                let lines = BufReader::new(stdout).lines().map_while(Result::ok);
                lines.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop);
            });
        }
        Ok(Self { role: role.join(" "), child, stdin, lines })
    }

    /// Waits for the next line, which must be this one.
    fn hear(&mut self, word: &str) -> io::Result<()> {
        let line = self.line()?;
        if line == word { Ok(()) } else { Err(self.failed(&format!("said `{line}`"))) }
    }

    fn line(&mut self) -> io::Result<String> {
        self.lines.recv_timeout(PATIENCE).map_err(|err| match err {
            RecvTimeoutError::Timeout => self.failed("says nothing"),
            RecvTimeoutError::Disconnected => self.failed("has ended early"),
        })
    }

    fn tell(&mut self, word: &str) -> io::Result<()> {
        match &mut self.stdin {
            Some(stdin) => writeln!(stdin, "{word}"),
            None => Ok(()),
        }
    }

    /// Waits for its end, and returns how many claims it saw to hold.
    fn end(mut self) -> io::Result<u64> {
        let line = self.line()?;
        let claims = line.strip_prefix("done ").and_then(|count| count.parse().ok());
        let claims = claims.ok_or_else(|| self.failed(&format!("said `{line}`")))?;
        self.finish()?;
        Ok(claims)
    }

    fn finish(mut self) -> io::Result<()> {
        self.stdin = None;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(self.failed(&status.to_string())),
                None if Instant::now() >= deadline => return Err(self.failed("does not end")),
                None => thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn failed(&self, what: &str) -> io::Error {
        io::Error::other(format!("the process `{}`: {what}", self.role))
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
