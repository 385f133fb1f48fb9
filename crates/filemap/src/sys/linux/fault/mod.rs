//! How a lost page comes to be known, by `SIGBUS`; and how a closed one is opened, at `SIGSEGV`.
//!
//! # What is shared with the whole process
//!
//! One `SIGBUS` handler. It acts on kernel-made faults (`si_code` 1 to 4) of instructions in the
//! guard's table and hands every other `SIGBUS` to whoever had the signal before. A host that
//! installs a handler of its own later, does not pass signals on, and is followed by no further
//! [`ensure`], leaves the guard without effect. So does a thread, or a signal handler, that runs
//! with `SIGBUS` blocked: the kernel then kills, whatever the handler.
//!
//! One `SIGSEGV` handler, once there is a view whose pages may be closed: see `opening`. It acts
//! on touches of such a view, and hands every other `SIGSEGV` on.
//!
//! On architectures without assembly, and with `--cfg filemap_portable_copies`, there is no
//! handler of `SIGBUS`: see `portable`.

#![expect(unsafe_code, reason = "a signal handler, and system calls on addresses")]

mod handled;
mod chain;
mod opening;
#[cfg_attr(
    target_arch = "x86_64",
    allow(dead_code, reason = "this processor tells how a page was touched")
)]
mod repeats;
mod watch;
#[cfg(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
))]
mod handler;
#[cfg(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
))]
mod context;
#[cfg(not(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
)))]
pub(in crate::sys) mod portable;

#[cfg(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
))]
pub(in crate::sys) use handler::ensure;
#[cfg(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
))]
use handler::resume;
#[cfg(not(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
)))]
pub(in crate::sys) use portable::ensure;
#[cfg(not(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
)))]
use portable::resume;
pub(in crate::sys::platform) use watch::Watch;
