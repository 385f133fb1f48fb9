//! Mutexes, events and semaphores: the kernel's own.
//!
//! The kernel has everything that a handle does: who owns a mutex and whether its owner ended, who
//! waits, and in which order. Here are its calls, and what their answers mean.

mod kernel;
mod wait;
mod handle;

pub(crate) use handle::Waitable;
pub(super) use kernel::{access, create, kind_of, state};
