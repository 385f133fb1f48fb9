//! What happens to the bytes of a mapping while it is used: files cut short, full disks, failing
//! disks, hostile neighbours. Nothing of it may end the process.
//!
//! All of it is about what Linux lets happen, and Windows does not: there a mapped file cannot be
//! cut, and a handler is one of exceptions, not of signals. `it/lost.rs` and `it/exceptions.rs`
//! are about those.

#![cfg(target_os = "linux")]
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise and say what it saw, in its helpers too"
)]

mod support;
mod children;

mod view;
mod pages;
mod copies;
mod values;
mod mapped_file;
mod cursor;
#[cfg(feature = "objects")]
mod objects;
mod bulk;
mod races;
mod disk;
mod flush;
mod names;
mod signals;
// Unoptimised code calls the C library's copies in between, of which only one library's are aligned.
#[cfg(all(target_arch = "x86_64", target_env = "gnu", not(filemap_portable_copies)))]
mod alignment;
#[cfg(not(filemap_portable_copies))]
mod server;
#[cfg(not(filemap_portable_copies))]
mod zeros;
#[cfg(not(filemap_portable_copies))]
mod zeros_later;
#[cfg(not(filemap_portable_copies))]
mod zeros_disk;
#[cfg(not(filemap_portable_copies))]
mod zeros_hosts;
#[cfg(not(filemap_portable_copies))]
mod zeros_races;
#[cfg(not(filemap_portable_copies))]
mod chain;
#[cfg(not(filemap_portable_copies))]
mod twins;
#[cfg(filemap_portable_copies)]
mod sandbox;
