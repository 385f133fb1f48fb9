//! Linux: signals, and files of blocks.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitCode, ExitStatus};
use std::thread;

use shared_child::SharedChild;
use shared_child::unix::SharedChildExt as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGKILL, SIGTERM};
use signal_hook::iterator::Signals;

use super::Interrupt;

/// A signal that was sent to this process: its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request(i32);

/// Calls `tell` on each interrupt from now on, instead of dying from it.
///
/// # Errors
///
/// What the system says when no handler can be set.
pub(crate) fn listen(mut tell: impl FnMut(Interrupt) + Send + 'static) -> io::Result<()> {
    let mut wanted = vec![SIGINT, SIGTERM];
    // `nohup` starts a command with the hang-up ignored: it is to stay so.
    if !is_ignored(SIGHUP) {
        wanted.push(SIGHUP);
    }
    let mut signals = Signals::new(wanted)?;
    thread::Builder::new().name("interrupts".to_owned()).spawn(move || {
        for signal in signals.forever() {
            tell(match signal {
                SIGINT => Interrupt::Keyboard,
                other => Interrupt::Request(Request(other)),
            });
        }
    })?;
    Ok(())
}

/// Reads the mask `SigIgn` of <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    mask & (1 << (signal - 1)) != 0
}

/// Sends a request on to a process that this one has started.
pub(crate) fn pass_on(request: Request, child: &SharedChild) {
    // It fails only if the process has ended, and whoever waits for it learns that.
    drop(child.send_signal(request.0));
}

/// Passes an exit code through; a death by signal becomes 128 and its number, as in a shell.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(255);
    ExitCode::from(u8::try_from(code).unwrap_or(255))
}

/// What ends a process against which it can do nothing.
pub(crate) const KILL: &str = "SIGKILL";

/// Tells whether a process ended by [`KILL`].
pub(crate) fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(SIGKILL)
}

/// Bytes that a file takes where it is kept; holes take none.
///
/// # Errors
///
/// What the system says about the file.
pub(crate) fn size_on_disk(path: &Path) -> io::Result<u64> {
    // The unit of `st_blocks`, whatever the file system's own block is
    // (https://man7.org/linux/man-pages/man3/stat.3type.html).
    Ok(fs::metadata(path)?.blocks() * 512)
}

/// Programs that ask for kernel32 find none.
pub(crate) const HAS_KERNEL32: bool = false;

/// Makes `name` lead to `target`, which is looked for from the folder of `name`.
///
/// # Errors
///
/// What the system says, such as that there is something of that name.
pub(crate) fn link(target: &Path, name: &Path) -> io::Result<()> {
    symlink(target, name)
}

/// Tells whether the terminal shows more than ASCII, as far as the environment tells.
///
/// The first variable that is set decides
/// (<https://man7.org/linux/man-pages/man7/locale.7.html>).
pub(crate) fn shows_unicode() -> bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let set = names.iter().filter_map(std::env::var_os).find(|value| !value.is_empty());
    set.is_some_and(|locale| {
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Tells whether the terminal is not ours to read from: whoever does so in the background is
/// stopped (<https://man7.org/linux/man-pages/man4/tty_ioctl.4.html>, `TIOCGPGRP`).
pub(crate) fn is_in_background() -> bool {
    // What is no terminal has no foreground either.
    rustix::termios::tcgetpgrp(rustix::stdio::stdin())
        .is_ok_and(|foreground| foreground != rustix::process::getpgrp())
}
