//! What threads share in the library without a lock, checked in every order of their steps that the
//! memory model allows.
//!
//! The files are the library's own, each at its path, over loom's atomics instead of the standard
//! library's; what they use besides is replaced by what the claims need. `cargo xtask test --loom`
//! runs it. A weaker ordering in one of the files makes a claim fail.

#![cfg(loom)]
#![allow(dead_code, reason = "the claims use a part of each file")]
#![allow(clippy::expect_used, reason = "a test may stop at the first surprise")]

mod tracked;
mod types;
mod sys;
mod model;
mod file;
