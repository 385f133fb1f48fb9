//! Files with known bytes, those who cut them, and disks that can be filled.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use filemap::{Error, ErrorKind, Loss, MappedFile, Operation};

#[path = "../it/support.rs"]
#[allow(dead_code, unused_imports, reason = "shared with a test binary that needs more of it")]
mod shared;

pub(crate) use shared::{DEADLINE, Outcome, Place, Second, emulated, hear, role, rounds, say};

/// Bytes in a page.
pub(crate) fn page() -> usize {
    filemap::page_size()
}

/// The byte that belongs at an offset of a file; never zero.
pub(crate) fn pattern(offset: u64) -> u8 {
    let mixed = offset ^ (offset >> 7) ^ (offset >> 12).wrapping_mul(37);
    mixed.to_le_bytes()[0] | 1
}

/// The bytes that belong in a range of a file.
pub(crate) fn patterned(offset: u64, len: usize) -> Vec<u8> {
    (offset..).take(len).map(pattern).collect()
}

/// What a range of a file reads as that was cut to `end` bytes: its own bytes, then zeros.
pub(crate) fn cut_short(offset: u64, len: usize, end: u64) -> Vec<u8> {
    (offset..).take(len).map(|at| if at < end { pattern(at) } else { 0 }).collect()
}

/// The first byte whose page is gone if a file ends at `end`.
pub(crate) fn first_lost(end: u64) -> u64 {
    end.next_multiple_of(page() as u64)
}

/// A length in memory as one in a file, and back.
pub(crate) fn in_memory(len: u64) -> usize {
    usize::try_from(len).expect("the files of tests fit in memory")
}

/// Who makes a file shorter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who {
    AnotherProcess,
    AnotherThread,
    Ourselves,
}

pub(crate) const EVERYBODY: [Who; 3] = [Who::AnotherProcess, Who::AnotherThread, Who::Ourselves];

impl Who {
    /// Sets the length of the file at `path`, shorter or longer.
    pub(crate) fn cuts(self, path: &Path, len: u64) {
        match self {
            Who::AnotherProcess => {
                let mut command = Command::new("truncate");
                let status = command.args(["-s", &len.to_string()]).arg(path).status();
                assert!(status.is_ok_and(|status| status.success()), "cut to {len}");
            }
            Who::AnotherThread => thread::scope(|scope| {
                scope.spawn(|| set_len(path, len));
            }),
            Who::Ourselves => {
                let file = MappedFile::open(path).expect("the file can be opened");
                file.set_len(len).expect("the file can be cut");
            }
        }
    }
}

/// Sets the length of the file at `path` by ordinary means.
pub(crate) fn set_len(path: &Path, len: u64) {
    let file = File::options().write(true).open(path).expect("the file can be opened");
    file.set_len(len).expect("the length can be set");
}

/// Asserts all that an error says of bytes lost because the file ends at `end`.
#[track_caller]
pub(crate) fn assert_cut(error: &Error, operation: Operation, loss: Loss, end: u64) {
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Lost, "{text}");
    assert_eq!(error.operation(), operation, "{text}");
    assert_eq!(error.win32_code(), 999, "{text}");
    assert_eq!(error.loss(), Some(loss), "{text}");
    assert!(text.contains(&format!("the file now ends at {end}")), "{text}");
    assert!(text.contains(&place_of(loss)), "{text}");
}

/// Asserts that the error's text counts as its [`Error::loss`] does, and returns that.
#[track_caller]
pub(crate) fn told(error: &Error) -> Loss {
    let loss = error.loss().unwrap_or_else(|| panic!("an error of lost bytes says which: {error}"));
    let text = error.to_string();
    let place = place_of(loss);
    assert!(text.contains(&place), "{text}");
    loss
}

/// In a second process: the directory of the first one's place.
pub(crate) fn place_of_the_first() -> PathBuf {
    PathBuf::from(std::env::var_os("FILEMAP_DIR").expect("the first process says where"))
}

/// Waits for the end of a second process, whatever that is.
pub(crate) fn end_of(second: &mut Second) -> ExitStatus {
    let since = Instant::now();
    loop {
        if let Some(status) = second.process.try_wait().expect("a child can be waited for") {
            return status;
        }
        assert!(since.elapsed() < DEADLINE, "the second process does not end");
        thread::yield_now();
    }
}

/// Runs `test` as a second process with a disk of its own at `disk` in the place.
///
/// `mount` is the shell's words that mount it. The disk is gone with the process: it is mounted
/// in a namespace of that process alone. `None`, with the reason printed, where that is forbidden.
pub(crate) fn with_disk(place: &Place, test: &str, mount: &str) -> Option<Second> {
    fs::create_dir(place.path("disk")).expect("a directory can be made");
    let mounted = format!("{mount} && exec \"$@\"");
    let mut reasons = String::new();
    for namespaces in [&["--mount"][..], &["--mount", "--user", "--map-root-user"]] {
        let inside = |program: &Command| {
            let mut command = Command::new("unshare");
            command.args(namespaces).args(["sh", "-c", &mounted, "sh"]);
            command.arg(program.get_program()).args(program.get_args());
            for (key, value) in program.get_envs() {
                command.env(key, value.unwrap_or_default());
            }
            command
        };
        let mut nothing = Command::new("true");
        nothing.env("FILEMAP_DIR", place.dir.path());
        match inside(&nothing).output() {
            Ok(output) if output.status.success() => {
                let mut command = inside(&place.command(test, "inside"));
                command.stdin(Stdio::piped()).stdout(Stdio::piped());
                return Some(Second::start(command));
            }
            Ok(output) => reasons.push_str(&String::from_utf8_lossy(&output.stderr)),
            Err(error) => reasons.push_str(&error.to_string()),
        }
    }
    println!("skipped: no disk of its own for {test}: {}", reasons.trim());
    None
}

/// Mounts a file system in memory that holds a mebibyte.
pub(crate) const SMALL_DISK: &str = "mount -t tmpfs -o size=1m none \"$FILEMAP_DIR/disk\"";

/// Writes a file that takes all the space that is left on its disk, but for `left` bytes.
pub(crate) fn fill_up(path: &Path, left: u64) {
    use std::io::Write as _;
    let mut file = File::create(path).expect("the ballast can be created");
    let chunk = vec![b'#'; 4096];
    while file.write_all(&chunk).is_ok() {}
    let len = file.metadata().expect("the ballast has a length").len();
    file.set_len(len.saturating_sub(left)).expect("the ballast can be cut");
}

/// Signals when it is dropped that a test is over, also if it failed.
pub(crate) struct Over<'flag>(pub(crate) &'flag AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How an error's text says where bytes were lost.
fn place_of(Loss { offset, done }: Loss) -> String {
    let bytes = if done == 1 { "byte" } else { "bytes" };
    format!("at byte {offset}, after {done} {bytes}")
}
