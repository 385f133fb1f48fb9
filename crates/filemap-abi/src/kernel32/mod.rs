//! The functions of Windows' `kernel32`, each with the checks and the codes that it has there.
//!
//! What a function accepts is what C must be trusted with: addresses of texts that end, of
//! structures, of buffers as long as is said. Null, and numbers that are no handles or no views, are
//! refused.

pub(crate) mod create;
mod view;
mod memory;
mod handle;
mod error;
mod text;
mod message;
mod system;
mod file;
mod copy;
