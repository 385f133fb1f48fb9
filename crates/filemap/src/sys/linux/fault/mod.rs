//! How a lost page comes to be known: by `SIGBUS`.
//!
//! # What is shared with the whole process
//!
//! One `SIGBUS` handler. It acts on kernel-made faults (`si_code` 1 to 4) of instructions in the
//! guard's table and hands every other `SIGBUS` to whoever had the signal before. `SIGSEGV` is
//! never touched. A host that installs a handler of its own later, does not pass signals on, and is
//! followed by no further [`ensure`], leaves the guard without effect. So does a thread, or a
//! signal handler, that runs with `SIGBUS` blocked: the kernel then kills, whatever the handler.
//!
//! On architectures without assembly, and with `--cfg filemap_portable_copies`, there is no
//! handler: see `portable`.

#![expect(unsafe_code, reason = "a signal handler, and system calls on addresses")]

#[cfg(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
))]
mod handler;
#[cfg(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
))]
mod chain;
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
#[cfg(not(all(
    any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
    not(filemap_portable_copies)
)))]
pub(in crate::sys) use portable::ensure;
