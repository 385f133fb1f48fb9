//! The protocol of names as a model: a machine with a few agents and names, all of whose moments
//! can be visited.
//!
//! `docs/registry.md` tells the protocol, and `claims.rs` searches this model for a moment that
//! breaks what the page promises. Whether the library does what the model does is another
//! question: `crates/filemap/tests/steps` asks it of real processes.
//!
//! It is a crate of its own so that it can be optimised among tests that are not.

#![expect(
    missing_docs,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::print_stdout,
    reason = "a part of tests, in the words of the page that they are about"
)]

pub mod state;
pub mod model;
mod walk;
pub mod search;
