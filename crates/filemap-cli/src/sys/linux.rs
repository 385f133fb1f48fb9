//! Linux: signals, and files of blocks.

#[path = "linux/handing.rs"]
mod handing;
#[path = "linux/processes.rs"]
mod processes;

use std::fs::{self, File};
use std::io::{self, IsTerminal as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink,
};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitCode, ExitStatus};
use std::thread;
#[cfg(feature = "sight")]
use std::time::Duration;

use filemap::Permissions;
use shared_child::SharedChild;
use shared_child::unix::SharedChildExt as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGKILL, SIGTERM};
use signal_hook::iterator::Signals;

use super::Interrupt;

pub(crate) use self::handing::{Receiver, hand_over_input};
pub(crate) use self::processes::Processes;

/// The number of a signal that was sent to this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request(i32);

impl Request {
    /// Returns 128 and the signal's number.
    pub(crate) fn exit_code(self) -> u8 {
        u8::try_from(128 + self.0).unwrap_or(u8::MAX)
    }
}

/// Waits for keys at the terminal, for so long at most, and returns how long to wait on for them; `None` if
/// the terminal is gone, whose library would look for keys without an end.
#[cfg(feature = "sight")]
pub(crate) fn wait_for_keys(time: Duration) -> Option<Duration> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use std::os::fd::AsFd as _;

    let (input, own) = (io::stdin(), File::open("/dev/tty"));
    let terminal = if input.is_terminal() { input.as_fd() } else { own.as_ref().ok()?.as_fd() };
    let mut asked = [PollFd::new(&terminal, PollFlags::IN)];
    let limit = Timespec::try_from(time).ok();
    match poll(&mut asked, limit.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(_) => return None,
    }
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    (!asked[0].revents().intersects(gone)).then_some(Duration::ZERO)
}

/// Calls `tell` for each interrupt from now on; interrupts no longer kill the process.
///
/// # Errors
///
/// The system's, if no handler can be set.
pub(crate) fn listen(mut tell: impl FnMut(Interrupt) + Send + 'static) -> io::Result<()> {
    let mut wanted = vec![SIGINT, SIGTERM];
    // `nohup` starts a command with SIGHUP ignored, which must stay so.
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

/// Returns whether a signal is ignored, from the mask `SigIgn` of
/// <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    mask & (1 << (signal - 1)) != 0
}

/// Passes a request to end on to a child.
pub(crate) fn pass_on(request: Request, child: &SharedChild) {
    // It fails only if the child has ended, which its waiter learns anyway.
    drop(child.send_signal(request.0));
}

/// Returns the exit code of a status; a death by signal becomes 128 and its number, as in a shell.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(255);
    ExitCode::from(u8::try_from(code).unwrap_or(255))
}

/// The signal or call that kills a process and cannot be handled.
pub(crate) const KILL: &str = "SIGKILL";

/// Returns whether a process was ended by [`KILL`].
pub(crate) fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(SIGKILL)
}

/// Returns the bytes that a file takes on the disk or in memory; holes take none.
///
/// # Errors
///
/// The system's, about the file.
pub(crate) fn size_on_disk(path: &Path) -> io::Result<u64> {
    // The unit of `st_blocks`, whatever the file system's own block is
    // (https://man7.org/linux/man-pages/man3/stat.3type.html).
    Ok(fs::metadata(path)?.blocks() * 512)
}

/// Programs that call kernel32 need help to find it.
pub(crate) const HAS_KERNEL32: bool = false;

/// Creates the link `name` to `target`, which is resolved from the folder of `name`.
///
/// # Errors
///
/// The system's, for example if the name exists.
pub(crate) fn link(target: &Path, name: &Path) -> io::Result<()> {
    symlink(target, name)
}

/// Returns whether the terminal shows more than ASCII, according to the locale.
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

/// Returns whether somebody can end standard input: at a terminal, or at the other end of a pipe.
///
/// A shell, `nohup` and service managers give `/dev/null` to what runs in the background, and its end
/// is nobody's.
pub(crate) fn input_ends() -> bool {
    rustix::fs::fstat(rustix::stdio::stdin()).is_ok_and(|state| {
        let kind = rustix::fs::FileType::from_raw_mode(state.st_mode);
        kind.is_fifo() || kind.is_socket() || io::stdin().is_terminal()
    })
}

/// Creates a file for reading and writing, with the permissions of a name, whatever the process's mask.
///
/// # Errors
///
/// The system's, for example if the file exists.
pub(crate) fn create_file(path: &Path, permissions: Permissions) -> io::Result<File> {
    let mut options = File::options();
    // Nobody else opens it before it has its mode.
    let file = options.read(true).write(true).create_new(true).mode(0o600).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(permissions.mode()))?;
    Ok(file)
}

/// Creates a folder that other users may not enter.
///
/// # Errors
///
/// The system's, for example if it exists.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)
}

/// Returns device and inode of the file at a path.
///
/// # Errors
///
/// The system's.
pub(crate) fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let file = fs::metadata(path)?;
    Ok((file.dev(), file.ino()))
}

/// Returns whether this process is in the background of its terminal, where a read would stop it
/// (<https://man7.org/linux/man-pages/man4/tty_ioctl.4.html>, `TIOCGPGRP`).
pub(crate) fn is_in_background() -> bool {
    // It fails if standard input is no terminal.
    rustix::termios::tcgetpgrp(rustix::stdio::stdin())
        .is_ok_and(|foreground| foreground != rustix::process::getpgrp())
}
