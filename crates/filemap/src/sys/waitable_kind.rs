//! What processes wait for: mutexes, events and semaphores, and what one is at first.

use crate::types::{ObjectKind, Permissions};

/// A kind of object that can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitableKind {
    Mutex,
    /// An event that one thread takes.
    AutoEvent,
    /// An event that stays set.
    ManualEvent,
    Semaphore,
}

impl WaitableKind {
    /// Returns what such an object is called, and opened as.
    pub(crate) fn object(self) -> ObjectKind {
        match self {
            Self::Mutex => ObjectKind::Mutex,
            Self::AutoEvent | Self::ManualEvent => ObjectKind::Event,
            Self::Semaphore => ObjectKind::Semaphore,
        }
    }
}

/// What an object is when it is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Initial {
    Mutex,
    Event {
        manual: bool,
        set: bool,
    },
    /// Neither number is more than 2^31 - 1, and the first is not more than the second.
    Semaphore {
        count: u32,
        maximum: u32,
    },
}

impl Initial {
    /// Returns the kind of the object.
    pub(crate) fn kind(self) -> WaitableKind {
        match self {
            Self::Mutex => WaitableKind::Mutex,
            Self::Event { manual: false, .. } => WaitableKind::AutoEvent,
            Self::Event { manual: true, .. } => WaitableKind::ManualEvent,
            Self::Semaphore { .. } => WaitableKind::Semaphore,
        }
    }
}

/// An object that is to be created.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewWaitable {
    pub(crate) initial: Initial,
    /// Whether the calling thread owns the mutex before anybody else can open it.
    pub(crate) is_owned: bool,
    /// Who else may open its name.
    pub(crate) permissions: Permissions,
}

/// How a wait ended that was satisfied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Satisfied {
    Signalled,
    /// By a mutex whose owner had ended.
    Abandoned,
}
