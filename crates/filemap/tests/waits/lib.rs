//! Mutexes, events and semaphores as a model: a state machine of a few threads and objects, all of
//! whose states can be visited.
//!
//! Each operation of the library is here a second time, in a file of the same name and with the same
//! functions as in `src/sys/linux/waitable`, over memory and a kernel that are values. One step is one
//! access to memory or one system call, and a thread can be killed before each. `claims.rs` searches
//! for a state that breaks what the objects promise.
//!
//! It is a separate crate so that it is optimised when the tests are not.

#![expect(
    missing_docs,
    clippy::print_stdout,
    reason = "a part of tests, in the words of the library's own files"
)]

pub mod state;
pub mod model;
mod walk;
mod kernel;
mod guard;
mod at_once;
mod signal;
mod mutex;
mod sleep;
mod wait_any;
mod wait_all;
pub mod promise;
pub mod search;
