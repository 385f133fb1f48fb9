//! The C interface, as C uses it: the header, the symbols, and programs with both.

#![cfg(target_os = "linux")]

mod library;
mod support;
mod publisher;
mod header;
mod symbols;
mod programs;
mod python;
