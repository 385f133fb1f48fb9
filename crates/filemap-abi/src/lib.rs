//! The C interface: kernel32's names over the library, and nothing else.
//!
//! It translates: C's pointers, numbers and texts into the library's values, and its errors back
//! into `errno` and the last error. It holds no rules about mappings, views or names: these are the
//! library's. Each exported function stands in `kernel32`, or in `extra` if Windows has no such
//! function; `include/filemap.h` is made of them.

#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "pointers come in from C, and go out to it")]
#![expect(unreachable_pub, reason = "the header is made of what is `pub`, and C reaches all of it")]
#![expect(non_snake_case, reason = "functions and their parameters have Windows' names")]

mod windows;
mod boundary;
mod strings;
mod handles;
mod views;
mod kernel32;
mod extra;
