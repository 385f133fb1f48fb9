//! What the command asks the system for besides mappings: requests to end, how processes ended,
//! the room that files take.
//!
//! Systems differ here alone, as the library's do in its own `sys`. A platform supplies, under the
//! same names:
//!
//! | name | what it is |
//! |---|---|
//! | `listen` | tells of each wish that this process ends |
//! | `Request` | such a wish that was sent to this process alone |
//! | `pass_on` | sends a request to another process |
//! | `exit_code` | what to end with, to end as another process did |
//! | `KILL`, `was_killed` | what ends a process that has no say in it |
//! | `is_in_background` | whether the terminal is not ours to read from |
//! | `shows_unicode` | whether the terminal shows more than ASCII |
//! | `size_on_disk` | bytes of the disk, or of memory, that a file takes |
//! | `HAS_KERNEL32` | whether programs find kernel32 without help |
//! | `link` | makes a name that leads to a file |

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod platform;

#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

pub(crate) use platform::{
    HAS_KERNEL32, KILL, Request, exit_code, is_in_background, link, listen, pass_on, shows_unicode,
    size_on_disk, was_killed,
};

/// Ends this process at an interrupt, with the handles that it has open let go of in good order.
///
/// # Errors
///
/// Those of [`listen`].
pub(crate) fn end_when_interrupted() -> std::io::Result<()> {
    /// 128 and the number of Ctrl-C's signal, as a shell tells it.
    const INTERRUPTED: i32 = 130;
    #[expect(clippy::exit, reason = "to end is what was asked for, wherever the verb is just now")]
    listen(|_| std::process::exit(INTERRUPTED))
}

/// Somebody wants this process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// Ctrl-C. The terminal has told every process in its foreground.
    Keyboard,
    /// This process alone was told.
    #[cfg_attr(windows, expect(dead_code, reason = "a console tells everybody"))]
    Request(Request),
}
