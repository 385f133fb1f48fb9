//! The functions of Windows' `kernel32`, each with the checks and the codes that it has there.
//!
//! C is trusted with addresses: of texts that end, of structures, of buffers with the given length.
//! Null, and numbers that are no handles or no views, are refused.

mod allocated;
mod sddl;
mod security;
pub(crate) mod create;
pub(crate) mod view;
mod maps;
mod buffer;
mod memory;
mod handle;
mod error;
mod text;
mod insert;
mod message;
mod system;
mod time;
mod encoding;
mod file;
mod transfer;
mod position;
mod lock;
mod copy;
mod waitable;
mod mutex;
mod event;
mod semaphore;
mod process;
mod wait;
mod address;
mod module;
