//! What the library promises, through its public interface: a module for each concept.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise and say what it saw, in its helpers too"
)]

#[cfg(target_os = "linux")]
mod namespace;
mod support;

mod mapping;
mod protection;
mod permissions;
mod attributes;
mod page_access;
mod view;
mod anonymous;
mod plain_views;
mod pages;
mod program;
mod images;
// About limits of memory and what `/proc` tells of it, of Linux.
#[cfg(target_os = "linux")]
mod advice;
#[cfg(target_os = "linux")]
mod residency;
#[cfg(target_os = "linux")]
mod large_pages;
// About `/proc`, which has the size of the pool, of Linux.
#[cfg(target_os = "linux")]
mod page_pool;
mod flush;
// About descriptors as files, and what else can be one, of Linux.
#[cfg(target_os = "linux")]
mod descriptors;
// About limits, pipes and sockets, of Linux.
#[cfg(target_os = "linux")]
mod bad_input;
mod errors;
#[cfg(target_os = "linux")]
mod small_disks;
mod name;
mod names;
mod lifetimes;
mod named_files;
#[cfg(target_os = "linux")]
mod generations;
mod processes;
mod storm;
mod waits;
// About `fork` and the ways a program of C ends, of Linux.
#[cfg(target_os = "linux")]
mod fork;
#[cfg(target_os = "linux")]
mod fork_moments;
#[cfg(target_os = "linux")]
mod exits;
// About the registry as files with locks, of Linux.
#[cfg(target_os = "linux")]
mod registry;
// About `/proc`, of Linux.
#[cfg(target_os = "linux")]
mod holders;
// About names that Windows' kernel keeps.
#[cfg(target_os = "linux")]
mod withdrawals;
// About what a kill leaves, of Linux.
#[cfg(target_os = "linux")]
mod kills;
// About entries as files, of Linux.
#[cfg(target_os = "linux")]
mod entries;
// About the environment, mounts and privileges, of Linux.
#[cfg(target_os = "linux")]
mod surroundings;
// About users and their namespaces, of Linux.
#[cfg(target_os = "linux")]
mod users;
// About who can do what, of Linux.
#[cfg(target_os = "linux")]
mod attackers;
#[cfg(target_os = "linux")]
mod namespaces;
#[cfg(target_os = "linux")]
mod appends;
#[cfg(target_os = "linux")]
mod control_groups;
#[cfg(target_os = "linux")]
mod places;
#[cfg(target_os = "linux")]
mod file_systems;
#[cfg(target_os = "linux")]
mod crowds;
mod mapped_file;
mod sharing;
mod growth;
mod positioned_io;
mod preallocate;
// About a filter of system calls, of Linux.
#[cfg(target_os = "linux")]
mod without_fallocate;
// About `/proc`, of Linux.
#[cfg(target_os = "linux")]
mod copied_pages;
// About files that anybody may cut, as on Linux.
#[cfg(target_os = "linux")]
mod lengths;
#[cfg(target_os = "linux")]
mod discard;
mod extents;
mod model;
mod windows;
mod cursor;
mod numbers;
mod waiting;
mod shared;
// What only Windows has: the kernel's names, and its ways to lose pages.
#[cfg(windows)]
mod kernel;
#[cfg(windows)]
mod lost;
#[cfg(windows)]
mod exceptions;
#[cfg(feature = "objects")]
mod objects;
#[cfg(feature = "objects")]
mod changing_values;
#[cfg(feature = "objects")]
mod message_pack;
#[cfg(feature = "objects")]
mod object_vectors;
#[cfg(feature = "objects")]
mod codecs;
#[cfg(feature = "objects")]
mod seeds;
