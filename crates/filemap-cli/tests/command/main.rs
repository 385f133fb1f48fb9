//! The command, run for real: each test has its own registry of names and its own directory.

#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod support;
// Linux alone has terminals that are files.
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod terminal;
mod demo;
mod create;
mod open;
#[allow(clippy::print_stdout, reason = "a test that is skipped says why")]
mod waits;
mod ls;
mod info;
mod gc;
// About entries as files, of Linux.
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may stop and say why")]
mod hostile;
mod read;
mod write;
mod fill;
mod find;
mod cmp;
mod copy;
mod watch;
#[cfg(feature = "sight")]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod recordings;
#[cfg(not(feature = "sight"))]
mod lacking;
#[cfg(feature = "sight")]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#[allow(clippy::print_stdout, reason = "a test that is skipped says why")]
mod layouts;
#[cfg(target_os = "linux")]
mod progress;
mod flush;
mod objects;
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod kernel32;
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod dotnet;
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#[allow(clippy::print_stdout, reason = "a test that is skipped says why")]
mod managed;
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#[allow(clippy::print_stdout, reason = "a test that is skipped says why")]
mod wine;
// Registries are directories on Linux alone, and programs need help there to find kernel32. All verbs are
// toured, also those that not each build has.
#[cfg(all(target_os = "linux", feature = "sight"))]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tour;
mod usage;
mod shell;
// The transcripts need a shell, and show facts that only Linux reports, and verbs that not each build has.
#[cfg(all(target_os = "linux", feature = "sight"))]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod transcripts;
