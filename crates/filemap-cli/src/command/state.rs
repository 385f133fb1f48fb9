//! The state of a mutex, an event or a semaphore, as `ls`, `info` and `create` print it.

use std::fmt;

use filemap::{NamedMapping, ObjectState};
use serde::Serialize;

/// What an object was when it was listed.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum StateReport {
    Mutex { owner: Option<OwnerReport>, abandoned: bool, waiters: Option<u32> },
    Event { set: bool, manual: bool, waiters: Option<u32> },
    Semaphore { count: u32, maximum: u32, waiters: Option<u32> },
}

#[derive(Debug, Serialize)]
pub(super) struct OwnerReport {
    /// Unknown if it has ended, or is in another container.
    process: Option<u32>,
    thread: Option<u32>,
}

impl StateReport {
    /// Returns the state; none of a mapping, and if it is not known.
    pub(super) fn of(listed: &NamedMapping) -> Option<Self> {
        let waiters = listed.waiters();
        Some(match listed.state()? {
            ObjectState::Mutex { owner, is_abandoned } => {
                let owner =
                    owner.map(|owner| OwnerReport { process: owner.process, thread: owner.thread });
                Self::Mutex { owner, abandoned: is_abandoned, waiters }
            }
            ObjectState::Event { is_set, is_manual } => {
                Self::Event { set: is_set, manual: is_manual, waiters }
            }
            ObjectState::Semaphore { count, maximum } => {
                Self::Semaphore { count, maximum, waiters }
            }
            _ => return None,
        })
    }

    pub(super) fn waiters(&self) -> Option<u32> {
        let (Self::Mutex { waiters, .. }
        | Self::Event { waiters, .. }
        | Self::Semaphore { waiters, .. }) = self;
        *waiters
    }
}

impl fmt::Display for StateReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mutex { owner: Some(owner), .. } => match (owner.process, owner.thread) {
                (Some(process), Some(thread)) if process != thread => {
                    write!(f, "owned by process {process}, thread {thread}")
                }
                (Some(process), _) => write!(f, "owned by process {process}"),
                (None, Some(thread)) => write!(f, "owned by thread {thread}"),
                (None, None) => f.write_str("owned"),
            },
            Self::Mutex { abandoned: true, .. } => f.write_str("abandoned"),
            Self::Mutex { .. } => f.write_str("free"),
            Self::Event { set, manual, .. } => {
                f.write_str(if *set { "set" } else { "not set" })?;
                f.write_str(if *manual { ", manual" } else { "" })
            }
            Self::Semaphore { count, maximum, .. } => write!(f, "{count} of {maximum}"),
        }
    }
}
