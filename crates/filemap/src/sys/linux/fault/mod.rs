//! The signal handlers by which a lost page becomes an error.
//!
//! # What is shared with the whole process
//!
//! One `SIGBUS` handler. It acts on kernel-made faults (`si_code` 1 to 4) of instructions in the
//! guard's table and passes every other `SIGBUS` on to whoever had the signal before. A host that
//! installs a handler of its own later, does not pass signals on, and is followed by no further
//! [`ensure`], leaves the guard without effect. So does a thread, or a signal handler, that runs
//! with `SIGBUS` blocked: the kernel then kills, whatever the handler.
//!
//! One `SIGSEGV` handler, with the feature `pages` and once there is a view whose pages may be
//! closed: see `pages/segv.rs`. It acts on touches of such a view, and passes every other `SIGSEGV`
//! on.
//!
//! On architectures without assembly, and with `--cfg filemap_portable_copies`, there is no
//! handler of `SIGBUS`: see `portable`.

#![expect(unsafe_code, reason = "a signal handler, and system calls on addresses")]

use std::io;

#[cfg(any(feature = "pages", guard_assembly))]
mod chain;
#[cfg(any(feature = "pages", guard_assembly))]
mod signal;
#[cfg(any(feature = "pages", guard_assembly))]
mod context;
#[cfg(guard_assembly)]
mod handler;
#[cfg(not(guard_assembly))]
pub(in crate::sys) mod portable;

#[cfg(feature = "pages")]
pub(in crate::sys::platform) use bus::resume;
#[cfg(feature = "pages")]
pub(in crate::sys::platform) use context::Interrupted;
#[cfg(guard_assembly)]
use handler as bus;
#[cfg(not(guard_assembly))]
use portable as bus;
#[cfg(feature = "pages")]
pub(in crate::sys::platform) use signal::Signal;

/// Makes this thread ready to touch mappings, and installs the handlers that are needed, or puts
/// them back on top.
///
/// # Errors
///
/// If the process is forbidden to handle signals. Mappings must then not be touched.
pub(in crate::sys) fn ensure() -> io::Result<()> {
    bus::ensure()?;
    #[cfg(feature = "pages")]
    super::pages::segv::ensure_if_needed()?;
    Ok(())
}

/// [`ensure`] for memory that nobody can cut, which leaves blocked what the calling thread blocks.
pub(in crate::sys) fn put_on_top() -> io::Result<()> {
    bus::put_on_top()?;
    #[cfg(feature = "pages")]
    super::pages::segv::ensure_if_needed()?;
    Ok(())
}
