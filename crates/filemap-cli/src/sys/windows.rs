//! Windows: events of the console, exit codes of 32 bits, and sizes of allocation.

#[path = "windows/handing.rs"]
mod handing;
#[path = "windows/processes.rs"]
mod processes;

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::windows::fs::symlink_file;
use std::path::Path;
use std::process::{self, ExitCode, ExitStatus};

use filemap::Permissions;
use fs4::FileExt as _;
use shared_child::SharedChild;

use super::Interrupt;

pub(crate) use self::handing::{Receiver, hand_over_input};
pub(crate) use self::processes::Processes;

/// A request to one process alone. There is none: a console notifies all of its processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {}

impl Request {
    pub(crate) fn exit_code(self) -> u8 {
        match self {}
    }
}

/// Returns how long to wait for keys: a console tells its library when it is gone.
#[cfg(feature = "sight")]
#[expect(clippy::unnecessary_wraps, reason = "terminals of other systems may be gone")]
pub(crate) fn wait_for_keys(time: std::time::Duration) -> Option<std::time::Duration> {
    Some(time)
}

/// Calls `tell` for each interrupt from now on; interrupts no longer kill the process.
///
/// Ctrl-C, Ctrl-Break and the closing of the console reach every process of the console
/// (<https://learn.microsoft.com/windows/console/handlerroutine>).
///
/// # Errors
///
/// The system's, if no handler can be set.
pub(crate) fn listen(mut tell: impl FnMut(Interrupt) + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(move || tell(Interrupt::Keyboard)).map_err(io::Error::other)
}

/// Passes a request to end on to a child.
pub(crate) fn pass_on(request: Request, _child: &SharedChild) {
    match request {}
}

/// Returns the exit code of a status, or ends this process with one that no [`ExitCode`] can carry.
#[expect(clippy::exit, reason = "an exit code has 32 bits on Windows, and `ExitCode` takes 8")]
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().unwrap_or(255);
    u8::try_from(code).map_or_else(|_| process::exit(code), ExitCode::from)
}

/// The signal or call that kills a process and cannot be handled.
pub(crate) const KILL: &str = "TerminateProcess";

/// Returns whether a process was ended by [`KILL`], as [`Child::kill`](process::Child::kill) calls it.
pub(crate) fn was_killed(status: ExitStatus) -> bool {
    status.code() == Some(1)
}

/// Returns the bytes that a file takes on the disk; holes take none.
///
/// # Errors
///
/// The system's, about the file.
pub(crate) fn size_on_disk(path: &Path) -> io::Result<u64> {
    File::open(path)?.allocated_size()
}

/// Programs that call kernel32 find Windows' own.
pub(crate) const HAS_KERNEL32: bool = true;

/// Creates the link `name` to `target`, which is resolved from the folder of `name`.
///
/// # Errors
///
/// The system's, for example if the name exists.
pub(crate) fn link(target: &Path, name: &Path) -> io::Result<()> {
    symlink_file(target, name)
}

/// Returns whether the terminal shows more than ASCII: every console does.
pub(crate) fn shows_unicode() -> bool {
    true
}

/// Returns whether somebody can end standard input: at a console, or at the other end of a pipe.
pub(crate) fn input_ends() -> bool {
    let input = winapi_util::HandleRef::stdin();
    io::stdin().is_terminal() || winapi_util::file::typ(&input).is_ok_and(|kind| kind.is_pipe())
}

/// Creates a file for reading and writing, with the permissions that its folder gives it.
///
/// # Errors
///
/// The system's, for example if the file exists.
pub(crate) fn create_file(path: &Path, _permissions: Permissions) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).open(path)
}

/// Creates a folder, with the permissions that the one around it gives it.
///
/// # Errors
///
/// The system's, for example if it exists.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir(path)
}

/// Which file is at a path: not known on Windows.
///
/// # Errors
///
/// Always.
pub(crate) fn identity(_path: &Path) -> io::Result<(u64, u64)> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns whether a read from the terminal would stop this process: consoles stop none.
pub(crate) fn is_in_background() -> bool {
    false
}
