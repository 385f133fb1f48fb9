//! Each step of the protocol of names, in real processes: held against the model, stopped at,
//! and killed at.
//!
//! A test here decides which process does its next step, and when. So it can lead them to any
//! moment that the model knows, and look there whether everything is as the model says.
//!
//! On Windows the kernel keeps the names, by a protocol of its own.

#![cfg(target_os = "linux")]
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
