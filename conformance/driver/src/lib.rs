//! The functions of Windows that the programs in `conformance/` call, over the library's public
//! interface.
//!
//! Translation only: handles, flags and texts in, answers and codes out. A rule that is missing
//! in the library must be missing here, or the comparison would be with this. What the library
//! cannot express is [`UNSUPPORTED`](error::UNSUPPORTED). Files are Linux's own: what it answers
//! about them is what a program gets that is built for it.
//!
//! It ends when the library has a C interface, which the programs then link to.

#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "functions that C calls take pointers that Rust cannot check")]

mod error;
mod text;
mod handle;
mod file;
mod mapping;
mod view;
