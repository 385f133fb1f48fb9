//! The command, run for real: each test has its own registry of names and its own directory.

#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod support;
// Terminals that are files.
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod terminal;
mod demo;
mod create;
mod open;
mod ls;
mod info;
mod gc;
mod read;
mod write;
mod fill;
mod find;
mod cmp;
mod copy;
mod watch;
#[cfg(target_os = "linux")]
mod progress;
mod flush;
mod objects;
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod kernel32;
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#[allow(clippy::print_stdout, reason = "what is not installed is told")]
mod managed;
mod usage;
mod shell;
// The transcripts are of a shell, and of what Linux tells.
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod transcripts;
