//! The files of Linux.

#[path = "pages/mod.rs"]
pub(crate) mod pages;
