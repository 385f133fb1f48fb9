//! The C interface as C sees it: the header, the symbols, and programs that use both.

#![cfg(target_os = "linux")]

mod library;
mod support;
mod header;
mod symbols;
mod programs;
mod python;
