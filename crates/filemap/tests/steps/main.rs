//! The protocol of names in real processes: each step is compared with the model, and processes are
//! stopped and killed at it. Users of mutexes, events and semaphores are killed as well.
//!
//! A test here decides which process does its next step, and when. So it can bring the processes into
//! any state of the model, and check that everything is as the model says.
//!
//! On Windows the kernel keeps the names, by a protocol of its own. Elsewhere a library that was built
//! with `--cfg filemap_steps` is needed, and this is empty without: `cargo xtask test` has such a
//! build.

#![cfg(all(target_os = "linux", filemap_steps))]
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise and say what it saw, in its helpers too"
)]

#[path = "../it/support.rs"]
#[allow(
    unused_imports,
    dead_code,
    reason = "what second processes need is in one place for all tests"
)]
mod support;

mod agent;
mod world;
mod conformance;
mod scenario;
mod kills;
mod stops;
mod waits;
