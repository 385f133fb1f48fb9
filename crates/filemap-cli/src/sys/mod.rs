//! The system calls of the command besides mappings: interrupts, exit codes, sizes on the disk.
//!
//! Platforms differ here alone, as those of the library do in its own `sys`. A platform supplies,
//! under the same names:
//!
//! | name | what it is |
//! |---|---|
//! | `listen` | reports each request to end this process |
//! | `Request` | a request that was sent to this process alone, and the exit code for it |
//! | `pass_on` | sends a request to a child |
//! | `exit_code` | the exit code for the status of a child |
//! | `KILL`, `was_killed` | the kill that no process can handle |
//! | `input_ends` | whether the end of standard input is somebody's doing |
//! | `create_file` | creates a file with the permissions of a name |
//! | `is_in_background` | whether a read from the terminal would stop this process |
//! | `shows_unicode` | whether the terminal shows more than ASCII |
//! | `size_on_disk` | the bytes that a file takes on the disk or in memory |
//! | `HAS_KERNEL32` | whether programs find kernel32 without help |
//! | `link` | creates a symbolic link |
//! | `Receiver`, `hand_over_input` | a file on its way between processes |
//! | `Processes` | processes whose end is looked for |
//! | `identity` | which file is at a path |
//! | `wait_for_keys` | whether the terminal has keys, or is gone |
//! | `create_private_folder` | creates a folder that others may not enter |

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod platform;

#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

pub(crate) use platform::{
    HAS_KERNEL32, KILL, Processes, Receiver, Request, create_file, create_private_folder,
    exit_code, hand_over_input, identity, input_ends, is_in_background, link, listen, pass_on,
    shows_unicode, size_on_disk, was_killed,
};

#[cfg(feature = "sight")]
pub(crate) use platform::wait_for_keys;

/// Returns a number that no other call returns, here or in another process, as good as surely.
pub(crate) fn unique() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// The exit code of Ctrl-C: 128 and the number of SIGINT, as shells report it.
pub(crate) const INTERRUPTED: u8 = 130;

/// Ends this process at an interrupt, and closes its handles in order.
///
/// # Errors
///
/// Those of [`listen`].
pub(crate) fn end_when_interrupted() -> std::io::Result<()> {
    #[expect(clippy::exit, reason = "the request is to end, whatever the verb is doing")]
    listen(|interrupt| std::process::exit(interrupt.exit_code().into()))
}

/// A request to end this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// Ctrl-C. The terminal has notified every process in its foreground.
    Keyboard,
    /// A request to this process alone.
    #[cfg_attr(windows, expect(dead_code, reason = "a console notifies all its processes"))]
    Request(Request),
}

impl Interrupt {
    /// Returns the exit code of a process that it ends, as shells report it.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Keyboard => INTERRUPTED,
            Self::Request(request) => request.exit_code(),
        }
    }
}
