//! Mutexes, events and semaphores that processes share, and that survive the death of any of them.
//!
//! An object is one page of shared memory, in the entry of its name or in memory without a name. No
//! process serves it, and none holds a lock of it for longer than a change takes. What a process did
//! that was killed at any instruction is done, or is not: `docs/sync.md` has every step.
//!
//! - A mutex is one word with the number of its owner, and a link in the list that the kernel goes
//!   through when a thread ends: [`thread`]. That is how abandonment is told.
//! - An event or a semaphore is changed under such a lock as well: [`guard`]; or, while nobody waits,
//!   by one instruction: [`state`].
//! - The kernel's queue of sleeping threads is the queue of waiters: [`signal`].

mod layout;
mod word;
mod line;
mod page;
mod state;
mod table;
mod thread;
mod patience;
mod failure;
mod guard;
mod signal;
mod mutex;
mod sleep;
mod wait_any;
mod wait_all;
mod draft;
mod handle;
mod look;

pub(super) use draft::Draft;
pub(crate) use handle::Waitable;
pub(super) use look::look;
pub(super) use page::{kind_of, number_of};
