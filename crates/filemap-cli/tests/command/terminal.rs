//! The command in a terminal of its own, with a screen for the test to read.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::{Parser, Screen};

use crate::support::{DEADLINE, Place};

/// A terminal with a program in it, which is killed when this is dropped.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    parser: Arc<Mutex<Parser>>,
    /// Receives a message after each output, and is closed with the terminal.
    written: Receiver<()>,
    _master: Box<dyn MasterPty + Send>,
}

/// Returns whether a shell can start the command, and prints why not.
#[cfg(feature = "sight")]
#[expect(clippy::print_stdout, reason = "a test that is skipped says why")]
pub(crate) fn can_start() -> bool {
    if crate::support::emulated() {
        println!("skipped: a shell cannot start the command, which is emulated");
    }
    !crate::support::emulated()
}

impl Terminal {
    /// Starts a script in a shell, in this place, with the command on its path.
    pub(crate) fn start(
        place: &Place,
        (columns, rows): (u16, u16),
        script: &str,
        variables: &[(&str, &str)],
    ) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let own = Path::new(env!("CARGO_BIN_EXE_filemap")).parent().unwrap();
        let mut path = own.as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", script]);
        command.cwd(place.path("."));
        for name in ["NO_COLOR", "CLICOLOR_FORCE", "LC_CTYPE", "LANG", "COLUMNS", "LINES"] {
            command.env_remove(name);
        }
        command.env("PATH", path);
        command.env("FILEMAP_DIR", place.registry());
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);

        let parser = Arc::new(Mutex::new(Parser::new(nonzero(rows), nonzero(columns), 0)));
        let mut output = pair.master.try_clone_reader().unwrap();
        let (sender, written) = mpsc::channel();
        let screen = Arc::clone(&parser);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Reading fails after the terminal's last user has ended.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                screen.lock().unwrap().process(&bytes[..count]);
                if sender.send(()).is_err() {
                    break;
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { child, keys, parser, written, _master: pair.master }
    }

    /// Starts one command instead of a script.
    pub(crate) fn run(place: &Place, size: (u16, u16), arguments: &str) -> Self {
        Self::start(place, size, &format!("exec filemap {arguments}"), &[])
    }

    /// Types keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until `look` finds what it expects on the screen, and returns that.
    #[track_caller]
    pub(crate) fn until<T>(&self, what: &str, look: impl Fn(&Screen) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            {
                let parser = self.parser.lock().unwrap();
                if let Some(found) = look(parser.screen()) {
                    return found;
                }
                if begun.elapsed() > DEADLINE {
                    panic!("not seen: {what}\n{}", parser.screen().contents());
                }
            }
            // Also without output, because colours fade with time.
            self.wait(Duration::from_millis(50));
        }
    }

    /// Waits for output, up to this time.
    fn wait(&self, most: Duration) {
        if self.written.recv_timeout(most) == Err(RecvTimeoutError::Disconnected) {
            thread::sleep(most);
        }
    }

    /// Waits until a text is on the screen, and returns its row and column.
    #[track_caller]
    pub(crate) fn until_shown(&self, text: &str) -> (u16, u16) {
        self.until(text, |screen| place_of(screen, text))
    }

    /// Returns the rows of the screen.
    pub(crate) fn rows(&self) -> Vec<String> {
        let parser = self.parser.lock().unwrap();
        let (_, columns) = parser.screen().size();
        parser.screen().rows(0, columns.get()).collect()
    }

    #[cfg(feature = "sight")]
    pub(crate) fn process(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Waits for the end, and returns the exit code and the last screen.
    #[track_caller]
    pub(crate) fn end(mut self) -> (u32, Screen) {
        let begun = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.exit_code();
            }
            assert!(begun.elapsed() < DEADLINE, "it did not end: {:?}", self.rows());
            self.wait(Duration::from_millis(20));
        };
        // The last output may still be in the pipe.
        while self.written.recv_timeout(DEADLINE).is_ok() {}
        let screen = self.parser.lock().unwrap().screen().clone();
        (code, screen)
    }
}

fn nonzero(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap()
}

/// Returns the row and column where a text begins.
pub(crate) fn place_of(screen: &Screen, text: &str) -> Option<(u16, u16)> {
    let (_, columns) = screen.size();
    screen.rows(0, columns.get()).zip(0..).find_map(|(row, number)| {
        let before = row.split_once(text)?.0.chars().count();
        Some((number, u16::try_from(before).ok()?))
    })
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
