//! The files about pages.

pub(crate) mod page_snapshot;
#[path = "../../../../src/sys/linux/pages/watch.rs"]
mod watch;

mod watched;
