//! The C interface: kernel32's names over the library, and nothing else.
//!
//! It translates C's pointers, numbers and texts into the library's values, and the library's errors
//! into `errno` and the last error. The rules about mappings, views and names are the library's. Each
//! exported function is in `kernel32`, or in `extra` or `pin` if Windows has no such function;
//! `include/filemap.h` is generated from them.

#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "pointers come in from C, and go out to it")]
#![expect(unreachable_pub, reason = "the header is generated from `pub` items, for C to use")]
#![expect(non_snake_case, reason = "functions and their parameters have Windows' names")]

mod windows;
mod boundary;
mod strings;
mod fork_lock;
mod marks;
mod numbered;
mod removal;
mod programs;
mod waitables;
mod processes;
mod objects;
mod handles;
mod views;
mod losses;
mod kernel32;
mod extra;
mod pin;
