//! What the pages of a view allow, where that is not the same for all of them.
//!
//! Three things decide about a page. The *commitment* of a reserved section, a byte for each page
//! that stands behind its memory and is shared by all who have the section, says whether the page
//! is there. The *table* of a view, a byte for each of its pages, says what the page was given by
//! [`View::commit`](crate::View::commit) or [`View::protect`](crate::View::protect). What neither
//! says is the access that the view was mapped with.
//!
//! ```text
//!  section   |-- data ------------------------------|-- commitment --|
//!                 ^ committed by any process             ^ read at a touch of a closed page
//!  view           |=== open ===| closed | guarded |
//!  table          | 0 or given |   0    | given   |     of this view alone
//! ```
//!
//! Pages of a reserved section are mapped closed. Whoever commits opens them in the own view; in
//! all others they are opened when they are touched: by the copying methods, which ask first, or
//! by the handler of `SIGSEGV` (`segv.rs`), for those who touch them by their address.

mod commitment;
mod own_pages;
mod page_snapshot;
mod private_pages;
#[cfg_attr(
    target_arch = "x86_64",
    allow(dead_code, reason = "this processor reports how a page was touched")
)]
mod retry;
#[cfg(guard_assembly)]
mod remapping;
pub(super) mod segv;
mod table;
mod watch;

pub(crate) use own_pages::OwnPages;
#[cfg(guard_assembly)]
pub(super) use remapping::{differ, remap};
