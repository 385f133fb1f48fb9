//! What the pages of a view allow, where that is not the same for all of them; and large pages.
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
//! by the handler of `SIGSEGV` (`fault/opening.rs`), for those who touch them by their address.

mod commitment;
mod table;
mod outline;
mod copied;
mod paging;
pub(super) mod large;

pub(super) use commitment::Commitment;
pub(super) use outline::{Outline, Touched};
pub(super) use paging::{Pages, Paging};
