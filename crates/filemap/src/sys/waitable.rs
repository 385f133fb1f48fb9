//! What processes wait for: mutexes, events and semaphores, the same for all platforms.

use std::time::Duration;

use crate::sys::{BorrowedDescriptor, Directory, OwnedDescriptor, Section};
use crate::types::{Name, ObjectKind, Permissions, Result};

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

/// A handle to an object that can be waited for.
///
/// A time of none is no limit, and one of zero is a look.
pub(crate) trait WaitableContract: Sized {
    /// Creates an object without a name.
    fn nameless(new: NewWaitable) -> Result<Self>;

    /// Creates an object under a name, or opens the one that has it: then true is returned beside it.
    fn create(directory: &Directory, name: &Name, new: NewWaitable) -> Result<(Self, bool)>;

    /// Opens the object that has a name; `None` if there is none.
    fn open(directory: &Directory, name: &Name, kind: ObjectKind) -> Result<Option<Self>>;

    /// Takes the object at an offset of a section, or makes one there.
    fn placed(section: &Section, offset: u64, new: Option<NewWaitable>) -> Result<Self>;

    /// Takes over a descriptor that some other handle gave away.
    fn adopt(directory: &Directory, descriptor: OwnedDescriptor) -> Result<Self>;

    /// Gives the handle up for the descriptor that carries it.
    fn into_descriptor(self) -> Result<OwnedDescriptor>;

    /// Lends the descriptor that carries the handle.
    fn descriptor(&self) -> Option<BorrowedDescriptor<'_>>;

    /// Makes another handle to the same object.
    fn duplicate(&self) -> Result<Self>;

    /// Returns the kind of the object.
    fn kind(&self) -> WaitableKind;

    /// Returns the name of the object, if it has one in the registry.
    fn name(&self) -> Option<&Name>;

    /// Returns whether both handles are of one object.
    fn is_same(&self, other: &Self) -> bool;

    /// Sets an event.
    fn set(&self) -> Result<()>;

    /// Resets an event.
    fn reset(&self) -> Result<()>;

    /// Releases threads that wait for an event at this moment.
    fn pulse(&self) -> Result<()>;

    /// Adds to the count of a semaphore, and returns the one before.
    fn release(&self, count: u32) -> Result<u32>;

    /// Gives a mutex back once that the calling thread owns.
    fn unlock(&self) -> Result<()>;

    /// Returns the count of a semaphore; 1 of an event that is set, and 0 of one that is not.
    fn state(&self) -> Result<u32>;

    /// Waits for the object, and takes it; `None` if the time is over.
    fn wait(&self, time: Option<Duration>) -> Result<Option<Satisfied>>;

    /// Waits for the first of several objects, and takes it; `None` if the time is over.
    fn wait_any(all: &[&Self], time: Option<Duration>) -> Result<Option<(usize, Satisfied)>>;

    /// Waits until all of several different objects are signalled at once, and takes them; `None` if
    /// the time is over.
    fn wait_all(all: &[&Self], time: Option<Duration>) -> Result<Option<Satisfied>>;

    /// Takes its name from the object.
    fn withdraw(&self) -> Result<()>;

    /// Returns whether the name no longer leads to the object.
    fn is_withdrawn(&self) -> bool;
}
