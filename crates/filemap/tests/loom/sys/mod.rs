//! The files of `sys`.

pub(crate) mod sync;
#[path = "../../../src/sys/append_list.rs"]
mod append_list;
#[path = "../../../src/sys/reach.rs"]
mod reach;
#[path = "../../../src/sys/fork_count.rs"]
mod fork_count;
pub(crate) mod platform;

mod appended;
mod forked;

pub(crate) use append_list::AppendList;
pub(crate) use reach::Reach;
