//! Programs of Windows, mapped as they are loaded.
//!
//! The kernel there lays a program out by the table of its sections. Here that is done once, when
//! the mapping is created: its bytes are copied into memory that nobody can change any more, each
//! section to its place, and views are private maps of that memory. What the file becomes later
//! does not show in them.
//!
//! ```text
//!  file     | headers | .text | .data | .shared |            any alignment
//!  memory   | headers |0| .text |0| .data |0| .shared |0| footer |
//!  view     |  read   |  run    |  copy   |  write    |
//!                                          ^ of another memory, the same for all
//! ```
//!
//! Sections that are marked as shared, and can be written, are one piece of memory for all who map
//! the program, in all processes of a user: it has a name in the registry that says which file it
//! is of, for as long as a mapping or a view of the program is left.
//!
//! The headers are in that memory as well, so that whoever has its descriptor needs nothing else:
//! they are read there as they are in the file, as a stranger's bytes.

mod layout;
mod memory;
mod shared;
mod view;

pub(super) use memory::{Image, SharedSections};
pub(crate) use shared::join;
pub(super) use view::map;

#[cfg(any(test, fuzzing))]
pub(in crate::sys) mod fuzzing;
