//! The groups of rows: what is compared with what.
//!
//! This folder is compiled once for the library of this tree, and a second time for the library of
//! another revision where two revisions are compared. `library` is the one in question.

mod small;
mod bulk;
mod windows;
mod names;
mod messages;
mod waits;
mod shared;
mod growth;
mod flush;
mod objects;
mod managed;
mod search;
mod faults;
mod interface;

use super::{LIBRARY, library};
use crate::Result;
use crate::group::Group;
use crate::harness::{Effort, Row};
use crate::scene::Scene;
use crate::second::Role;

/// Returns the rows of a group.
pub(crate) fn rows(group: Group, scene: &Scene, effort: Effort) -> Result<Vec<Row<'_>>> {
    match group {
        Group::Small => small::rows(scene, effort),
        Group::Bulk => bulk::rows(scene, effort),
        Group::Windows => windows::rows(scene, effort),
        Group::Names => names::rows(scene, effort),
        Group::Messages => messages::rows(scene, effort),
        Group::Waits => Ok(waits::rows(effort)),
        Group::Shared => shared::rows(scene, effort),
        Group::Growth => growth::rows(scene, effort),
        Group::Flush => flush::rows(scene, effort),
        Group::Objects => objects::rows(scene),
        Group::Managed => managed::rows(scene),
        Group::Search => search::rows(scene),
        Group::Faults => faults::rows(scene),
        Group::Interface => interface::rows(),
    }
}

/// Does what a second process is for.
pub(crate) fn play(role: &Role) -> Result<()> {
    match role {
        Role::Hold { folder, count, family, .. } => names::hold(folder, *count, family),
        Role::Answer { means, path, .. } => messages::answer(*means, path),
    }
}
