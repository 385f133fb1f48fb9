//! The files about zeros in place of lost pages.

#[path = "../../../../src/sys/linux/zeros/claim.rs"]
mod claim;
#[path = "../../../../src/sys/linux/zeros/list.rs"]
mod list;
#[path = "../../../../src/sys/linux/zeros/losses.rs"]
mod losses;
pub(crate) mod patience;
pub(crate) mod table;
pub(crate) mod view;
#[path = "../../../../src/sys/linux/zeros/zero_pages.rs"]
mod zero_pages;

mod claimed;
mod replaced;
mod watched;
