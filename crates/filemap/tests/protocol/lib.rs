//! The protocol of names as a model: a state machine of a few agents and names, all of whose states
//! can be visited.
//!
//! `docs/registry.md` describes the protocol, and `claims.rs` searches this model for a state that
//! breaks what the page promises. `crates/filemap/tests/steps` checks that the library does what the
//! model does, with real processes.
//!
//! It is a separate crate so that it is optimised when the tests are not.

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
