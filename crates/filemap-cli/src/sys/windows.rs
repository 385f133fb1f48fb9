//! Windows: events of the console, exit codes of 32 bits, and sizes of allocation.

use std::fs::File;
use std::io;
use std::os::windows::fs::symlink_file;
use std::path::Path;
use std::process::{self, ExitCode, ExitStatus};

use fs4::FileExt as _;
use shared_child::SharedChild;

use super::Interrupt;

/// There is none: a console tells all of its processes, and who ends one alone asks nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {}

/// Calls `tell` on each interrupt from now on, instead of dying from it.
///
/// Ctrl-C, Ctrl-Break and the closing of the console are all told to everybody at the console
/// (<https://learn.microsoft.com/windows/console/handlerroutine>).
///
/// # Errors
///
/// What the system says when no handler can be set.
pub(crate) fn listen(mut tell: impl FnMut(Interrupt) + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(move || tell(Interrupt::Keyboard)).map_err(io::Error::other)
}

/// Sends a request on to a process that this one has started.
pub(crate) fn pass_on(request: Request, _child: &SharedChild) {
    match request {}
}

/// Passes an exit code through. One that an [`ExitCode`] cannot carry ends this process at once.
#[expect(clippy::exit, reason = "an exit code has 32 bits on Windows, and `ExitCode` takes 8")]
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().unwrap_or(255);
    u8::try_from(code).map_or_else(|_| process::exit(code), ExitCode::from)
}

/// What ends a process against which it can do nothing.
pub(crate) const KILL: &str = "TerminateProcess";

/// Tells whether a process ended by [`KILL`], as [`Child::kill`](process::Child::kill) calls it.
pub(crate) fn was_killed(status: ExitStatus) -> bool {
    status.code() == Some(1)
}

/// Bytes that a file takes where it is kept; holes take none.
///
/// # Errors
///
/// What the system says about the file.
pub(crate) fn size_on_disk(path: &Path) -> io::Result<u64> {
    File::open(path)?.allocated_size()
}

/// Programs that ask for kernel32 find Windows' own.
pub(crate) const HAS_KERNEL32: bool = true;

/// Makes `name` lead to `target`, which is looked for from the folder of `name`.
///
/// # Errors
///
/// What the system says, such as that there is something of that name.
pub(crate) fn link(target: &Path, name: &Path) -> io::Result<()> {
    symlink_file(target, name)
}

/// Tells whether the terminal shows more than ASCII: a console shows all.
pub(crate) fn shows_unicode() -> bool {
    true
}

/// Tells whether the terminal is not ours to read from: a console is everybody's.
pub(crate) fn is_in_background() -> bool {
    false
}
