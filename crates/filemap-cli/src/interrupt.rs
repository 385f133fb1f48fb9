//! Ctrl-C and polite requests to end.

use std::fs;
use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Somebody wants this process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// Ctrl-C. The terminal has told every process in its foreground.
    Keyboard,
    /// A signal that was sent to this process: its number.
    Request(i32),
}

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
            tell(if signal == SIGINT { Interrupt::Keyboard } else { Interrupt::Request(signal) });
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
