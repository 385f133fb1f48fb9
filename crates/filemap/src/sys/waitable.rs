//! What a platform supplies to wait for mutexes, events and semaphores.

use std::time::Duration;

use crate::sys::{
    BorrowedDescriptor, Directory, NewWaitable, OwnedDescriptor, Satisfied, Section, WaitableKind,
};
use crate::types::{Name, ObjectKind, Result};

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

    /// Returns that descriptor for its number alone, which lends nothing.
    fn own_descriptor(&self) -> Option<BorrowedDescriptor<'_>> {
        self.descriptor()
    }

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

    /// Takes a mutex, if that needs no call of the system; returns whether it did.
    #[inline(always)]
    fn lock_at_once(&self) -> bool {
        false
    }

    /// Takes an event or a semaphore, if that needs no call of the system; returns whether it did.
    #[inline(always)]
    fn take_at_once(&self) -> bool {
        false
    }

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
