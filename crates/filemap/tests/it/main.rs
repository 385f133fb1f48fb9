//! What the library promises, through its public interface: a module for each concept.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise and say what it saw, in its helpers too"
)]

mod apart;
mod support;

mod mapping;
mod protection;
mod view;
mod residency;
mod flush;
mod descriptors;
mod bad_input;
mod names;
mod lifetimes;
mod named_files;
mod processes;
mod storm;
mod heirs;
mod exits;
mod registry;
mod holders;
mod entries;
mod surroundings;
mod namespaces;
mod places;
mod crowds;
mod mapped_file;
mod sharing;
mod growth;
mod model;
mod windows;
mod cursor;
#[cfg(feature = "json")]
mod objects;
#[cfg(feature = "json")]
mod seeds;
