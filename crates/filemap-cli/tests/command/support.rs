//! Helpers: a registry and a directory for each test, and processes with a deadline.

#[cfg(windows)]
pub(crate) mod console;
#[cfg(target_os = "linux")]
pub(crate) mod picture;

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// Much longer than any process here takes: one that runs longer hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// The entries of a registry without names.
pub(crate) const NOTHING: [&Path; 0] = [];

/// The variable with the emulator, and its arguments, that runs this binary.
const RUNNER: &str = "FILEMAP_TEST_RUNNER";

/// The variable that gives a role to a test that `filemap create` runs as its command.
const ROLE: &str = "FILEMAP_TEST_ROLE";

/// The exit code of a killed process: none, or that of `TerminateProcess`.
pub(crate) const KILLED: Option<i32> = if cfg!(windows) { Some(1) } else { None };

/// Returns whether an emulator of user programs, such as `qemu-aarch64`, runs the command.
///
/// The command cannot start itself again then, because the kernel cannot run it.
pub(crate) fn emulated() -> bool {
    env::var_os(RUNNER).is_some()
}

/// Returns the name of the process that runs the command, as the system reports it.
#[cfg(target_os = "linux")]
pub(crate) fn process_name() -> String {
    let runner = env::var(RUNNER).ok();
    runner
        .and_then(|words| words.split_whitespace().next().map(str::to_owned))
        .unwrap_or_else(|| "filemap".to_owned())
}

/// Returns the role of this process, if it was started by [`Place::in_role`].
pub(crate) fn role() -> Option<String> {
    env::var(ROLE).ok()
}

/// Returns false, and says so, where the system has no lists of robust locks.
#[allow(clippy::print_stdout, reason = "a test that is skipped says why")]
pub(crate) fn can_wait() -> bool {
    if emulated() {
        println!("skipped: waits: an emulated system has no lists of robust locks");
    }
    !emulated()
}

/// Returns the arguments that run `program`, which is built for the same machine as this one.
pub(crate) fn words_for(program: &str) -> Vec<String> {
    let runner = env::var(RUNNER).unwrap_or_default();
    runner.split_whitespace().chain([program]).map(str::to_owned).collect()
}

/// Returns the arguments that run the command.
pub(crate) fn filemap() -> Vec<String> {
    words_for(env!("CARGO_BIN_EXE_filemap"))
}

/// Returns the arguments that run the test `test` again, as the command of `filemap create`.
///
/// [`Place::in_role`] gives it its role.
pub(crate) fn this(test: &str) -> Vec<String> {
    let own = env::current_exe().unwrap();
    let mut words = words_for(own.to_str().unwrap());
    words.extend(["--exact", test, "--nocapture", "--test-threads", "1"].map(str::to_owned));
    words
}

/// A registry without names, and an empty directory for files.
pub(crate) struct Place {
    registry: TempDir,
    files: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { registry: TempDir::new().unwrap(), files: TempDir::new().unwrap() }
    }

    /// Returns a place in a subdirectory of `directory`.
    #[cfg(target_os = "linux")]
    pub(crate) fn within(directory: &Path) -> Self {
        let [registry, files] = [(); 2].map(|()| TempDir::new_in(directory).unwrap());
        Self { registry, files }
    }

    pub(crate) fn registry(&self) -> &Path {
        self.registry.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// Creates a file with this content and returns its path, as an argument.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Returns the path of a file as the command prints it: without links and, on Windows, in full.
    pub(crate) fn real(&self, name: &str) -> String {
        fs::canonicalize(self.path(name)).unwrap().to_str().unwrap().to_owned()
    }

    /// Returns whether an entry that the command printed is one of this place's registry.
    pub(crate) fn has_entry(&self, entry: &str) -> bool {
        // A file on Linux, an object of the kernel on Windows.
        let (folder, mark) =
            (self.registry().to_str().unwrap(), "\\BaseNamedObjects\\filemap.apart.");
        if cfg!(windows) { entry.contains(mark) } else { entry.starts_with(folder) }
    }

    /// Returns the command in this place, not started yet.
    pub(crate) fn command(&self) -> Command {
        let words = filemap();
        let mut command = self.other_command(&words[0]);
        command.args(&words[1..]);
        command
    }

    /// Returns the command in this place, whose child is a test of ours in `role`.
    pub(crate) fn in_role(&self, role: &str) -> Command {
        let mut command = self.command();
        command.env(ROLE, role);
        command
    }

    /// Returns another command in this place.
    pub(crate) fn other_command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.files.path())
            .env("FILEMAP_DIR", self.registry.path())
            .env(TEMPORARY, self.files.path())
            .env_remove("CLICOLOR_FORCE")
            .env_remove("NO_COLOR");
        command
    }

    /// Runs the command to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Outcome {
        self.run_with_input(arguments, b"")
    }

    /// Runs the command to its end, with an input.
    pub(crate) fn run_with_input<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> Outcome {
        let mut command = self.command();
        command.args(arguments);
        finish(command, input)
    }

    /// Starts the command, with its input open.
    pub(crate) fn start<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Running {
        let mut command = self.command();
        command.args(arguments);
        Running::start(command)
    }

    /// Starts `filemap create` with these arguments and waits until the name is held.
    pub(crate) fn hold<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Running {
        let mut command = self.command();
        command.arg("create").args(arguments);
        let mut holder = Running::start(command);
        let line = holder.next_line();
        assert!(line.starts_with("holding ") || line.starts_with('{'), "{line}");
        holder
    }

    /// Returns the entries of the registry: none if no name is held.
    #[cfg(windows)]
    pub(crate) fn entries(&self) -> Vec<PathBuf> {
        // They are objects of the kernel, and in no directory.
        let names = filemap::Registry::at(self.registry.path()).list().unwrap();
        names.iter().map(|name| name.entry().to_owned()).collect()
    }

    /// Returns the entries of the registry: none if no name is held.
    #[cfg(target_os = "linux")]
    pub(crate) fn entries(&self) -> Vec<PathBuf> {
        let mut entries = files_below(self.registry.path());
        // The registry's record of its last collection is no entry.
        entries.retain(|path| !path.file_name().is_some_and(is_note));
        entries
    }

    /// Returns the files and directories that are left beside the registry.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.files.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

#[cfg(target_os = "linux")]
fn is_note(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".swept-")
}

#[cfg(target_os = "linux")]
fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// The variable with the directory for temporary files.
pub(crate) const TEMPORARY: &str = if cfg!(windows) { "TMP" } else { "TMPDIR" };

/// Runs a command to its end. One that does not end in time is killed, and has no exit code.
pub(crate) fn finish(command: Command, input: &[u8]) -> Outcome {
    /// `ERROR_INTERNAL_ERROR`: Wine could not start a process, one of many thousands that it starts.
    const NOT_STARTED: i32 = 1359;
    let mut command = assert_cmd::Command::from_std(command);
    command.timeout(DEADLINE).write_stdin(input);
    let output = match command.output() {
        Err(error) if cfg!(windows) && error.raw_os_error() == Some(NOT_STARTED) => {
            command.output().unwrap()
        }
        // Emulators hang, one time in thousands, before the program does anything.
        Ok(output)
            if emulated()
                && output.status.code().is_none()
                && [&output.stdout, &output.stderr].iter().all(|printed| printed.is_empty()) =>
        {
            command.output().unwrap()
        }
        output => output.unwrap(),
    };
    Outcome {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a command to its end, with the input and output that it was given.
pub(crate) fn wait(mut command: Command) -> Outcome {
    wait_for(command.spawn().unwrap())
}

/// Waits for the end of a process, with its input kept open.
pub(crate) fn wait_for(mut child: Child) -> Outcome {
    let input = child.stdin.take();
    let id = child.id();
    let (sender, ended) = mpsc::channel();
    let waiting = thread::spawn(move || sender.send(child.wait_with_output()));
    let output = ended.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("{id} did not end"));
    waiting.join().unwrap().unwrap();
    drop(input);
    let output = output.unwrap();
    Outcome {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The exit code and output of a command.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Returns the standard output of a command that succeeded.
    #[track_caller]
    pub(crate) fn text(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        assert_eq!(self.stderr, "");
        String::from_utf8(self.stdout).unwrap()
    }

    /// Returns the JSON on standard output of a command that succeeded.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    /// Returns the standard error of a command that ended with this exit code.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(String::from_utf8_lossy(&self.stdout), "");
        assert!(self.stderr.starts_with("filemap: could not "), "{}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        self.stderr
    }

    /// Returns the JSON error of a command that ended with this exit code.
    #[track_caller]
    pub(crate) fn failed_with_json(self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{self:?}");
        let mut value: Value = serde_json::from_str(&self.stderr).unwrap();
        value["error"].take()
    }
}

/// A command that runs beside the test, and is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: Receiver<String>,
}

impl Running {
    pub(crate) fn start(command: Command) -> Self {
        Self::start_with(command, Stdio::piped())
    }

    /// Starts a command with this input.
    pub(crate) fn start_with(mut command: Command, stdin: Stdio) -> Self {
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(windows)]
        console::with_its_own(&mut command);
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let (sender, lines) = mpsc::channel();
        let stdout = child.stdout.take().unwrap();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                if sender.send(line.unwrap()).is_err() {
                    break;
                }
            }
        });
        let (sender, stderr) = mpsc::channel();
        let mut errors = child.stderr.take().unwrap();
        thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).unwrap();
            drop(sender.send(text));
        });
        Self { child, stdin, lines, stderr }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the next line on its standard output.
    #[track_caller]
    pub(crate) fn next_line(&mut self) -> String {
        match self.lines.recv_timeout(DEADLINE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("it said nothing in time"),
            Err(RecvTimeoutError::Disconnected) => {
                panic!("it ended: {}", self.stderr.recv_timeout(DEADLINE).unwrap())
            }
        }
    }

    /// Waits until it prints this line, and skips the lines before.
    #[track_caller]
    pub(crate) fn until(&mut self, line: &str) {
        while self.next_line() != line {}
    }

    /// Returns the next line on its standard output, if there is one in time.
    pub(crate) fn line_within(&mut self, time: Duration) -> Option<String> {
        self.lines.recv_timeout(time).ok()
    }

    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Sends it SIGINT, as Ctrl-C at its terminal does.
    #[cfg(target_os = "linux")]
    pub(crate) fn interrupt(&self) {
        self.signal("INT");
    }

    /// Interrupts it and all processes of its console, as Ctrl-C there does.
    #[cfg(windows)]
    pub(crate) fn interrupt(&self) {
        console::interrupt(self.id());
    }

    /// Kills it, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        assert_eq!(self.wait().code, KILLED);
    }

    /// Sends it a signal: `INT`, `TERM`, `HUP`.
    #[cfg(target_os = "linux")]
    pub(crate) fn signal(&self, signal: &str) {
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -s \"$0\" \"$1\"", signal, &self.id().to_string()]);
        assert_eq!(finish(kill, b"").code, Some(0));
    }

    /// Waits until it handles signals: until a thread of it is there for that.
    #[cfg(target_os = "linux")]
    pub(crate) fn until_it_listens(&self) {
        let begun = std::time::Instant::now();
        let listens = || {
            let threads = fs::read_dir(format!("/proc/{}/task", self.id())).unwrap();
            threads.flatten().any(|thread| {
                fs::read(thread.path().join("comm")).is_ok_and(|name| name == b"interrupts\n")
            })
        };
        while !listens() {
            assert!(begun.elapsed() < DEADLINE, "it handles no signals");
            thread::yield_now();
        }
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Outcome {
        let mut stdout = String::new();
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) => stdout.extend([line.as_str(), "\n"]),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it did not end in time"),
            }
        }
        Outcome {
            stderr: self.stderr.recv_timeout(DEADLINE).unwrap(),
            code: self.child.wait().unwrap().code(),
            stdout: stdout.into_bytes(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
