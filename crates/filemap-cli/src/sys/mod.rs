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
//! | `size_on_disk` | bytes of the disk, or of memory, that a file takes |

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod platform;

#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

pub(crate) use platform::{KILL, Request, exit_code, listen, pass_on, size_on_disk, was_killed};

/// Somebody wants this process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// Ctrl-C. The terminal has told every process in its foreground.
    Keyboard,
    /// This process alone was told.
    #[cfg_attr(windows, expect(dead_code, reason = "a console tells everybody"))]
    Request(Request),
}
