//! The command, run for real: each test has its own registry of names and its own directory.

#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod support;
mod demo;
mod create;
mod ls;
mod info;
mod gc;
mod read;
mod write;
mod objects;
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod kernel32;
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#[allow(clippy::print_stdout, reason = "what is not installed is told")]
mod managed;
mod usage;
