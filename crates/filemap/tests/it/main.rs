//! What the library promises, through its public interface: a module for each concept.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise and say what it saw, in its helpers too"
)]

#[cfg(target_os = "linux")]
mod apart;
mod support;

mod mapping;
mod protection;
mod view;
mod pages;
mod program;
mod images;
// About limits of memory and what `/proc` tells of it, of Linux.
#[cfg(target_os = "linux")]
mod residency;
#[cfg(target_os = "linux")]
mod large_pages;
mod flush;
// About descriptors as files, and what else can be one, of Linux.
#[cfg(target_os = "linux")]
mod descriptors;
// About limits, pipes and sockets, of Linux.
#[cfg(target_os = "linux")]
mod bad_input;
mod names;
mod lifetimes;
mod named_files;
mod processes;
mod storm;
// About `fork` and the ways a program of C ends, of Linux.
#[cfg(target_os = "linux")]
mod heirs;
#[cfg(target_os = "linux")]
mod exits;
// About the registry as files with locks, of Linux.
#[cfg(target_os = "linux")]
mod registry;
// About `/proc`, of Linux.
#[cfg(target_os = "linux")]
mod holders;
// About entries as files, of Linux.
#[cfg(target_os = "linux")]
mod entries;
// About the environment, mounts and privileges, of Linux.
#[cfg(target_os = "linux")]
mod surroundings;
#[cfg(target_os = "linux")]
mod namespaces;
#[cfg(target_os = "linux")]
mod places;
#[cfg(target_os = "linux")]
mod crowds;
mod mapped_file;
mod sharing;
mod growth;
mod reserve;
// About files that anybody may cut, as on Linux.
#[cfg(target_os = "linux")]
mod lengths;
mod extents;
mod model;
mod windows;
mod cursor;
mod numbers;
// What only Windows has: the kernel's names, and its ways to lose pages.
#[cfg(windows)]
mod kernel;
#[cfg(windows)]
mod lost;
#[cfg(windows)]
mod exceptions;
#[cfg(feature = "json")]
mod objects;
#[cfg(feature = "json")]
mod codecs;
#[cfg(feature = "json")]
mod seeds;
