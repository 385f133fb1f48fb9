//! Windows: a handle is passed on by who opens the other process, no process is forked, and the
//! system's own calls stop none.

use std::process::Command;

use filemap::{FileMapping, OwnedDescriptor};

use super::Weather;
use crate::support::Place;

pub(super) const FORKS: bool = false;
pub(super) const PASSES: bool = false;

/// Nothing reaches anybody.
pub(super) struct Mail;

impl Mail {
    pub(super) fn new(_place: &Place) -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "Linux has a socket")]
    pub(super) fn reaches(&self, _command: &mut Command) {}
}

/// Closes the handle.
pub(super) fn send(descriptor: OwnedDescriptor) -> bool {
    drop(descriptor);
    false
}

pub(super) fn receive() -> Option<OwnedDescriptor> {
    None
}

/// Handles tell no number of their object: the stamps in it are compared anyway.
pub(super) fn is_same(_one: &FileMapping, _other: &FileMapping) -> bool {
    true
}

pub(super) fn forget_children() {}

pub(super) fn fork(_weather: &mut Weather) {}

pub(super) fn stop(_number: u32) -> bool {
    false
}

pub(super) fn go_on(_number: u32) {}
