//! A handle to an object, as the contract has it.

use std::os::windows::io::{AsHandle as _, BorrowedHandle, OwnedHandle};
use std::time::Duration;

use crate::sys::platform::waitable::{kernel, wait};
use crate::sys::platform::{Directory, Section, file};
use crate::sys::{NewWaitable, Satisfied, WaitableContract, WaitableKind};
use crate::types::{Error, ErrorKind, Name, ObjectKind, Operation, Result};

/// A handle to an object of the kernel's.
#[derive(Debug)]
pub(crate) struct Waitable {
    handle: OwnedHandle,
    kind: WaitableKind,
    name: Option<Name>,
}

impl Waitable {
    /// The handle of an object that somebody else may have made.
    fn of(handle: OwnedHandle, name: Option<Name>, operation: Operation) -> Result<Self> {
        let kind = kernel::kind_of(handle.as_handle()).ok_or_else(|| {
            Error::new(ErrorKind::WrongObject, operation).because("it is no object to wait for")
        })?;
        Ok(Self { handle, kind, name })
    }

    fn handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }
}

impl WaitableContract for Waitable {
    fn nameless(new: NewWaitable) -> Result<Self> {
        let (handle, _) = kernel::create(new, None, None)?;
        Ok(Self { handle, kind: new.initial.kind(), name: None })
    }

    fn create(directory: &Directory, name: &Name, new: NewWaitable) -> Result<(Self, bool)> {
        let (handle, existed) = directory.create_waitable(name, new)?;
        let made = Self::of(handle, Some(name.clone()), Operation::CreateMapping)?;
        Ok((made, existed))
    }

    fn open(directory: &Directory, name: &Name, kind: ObjectKind) -> Result<Option<Self>> {
        let found = directory.open_waitable(name, kind)?;
        found.map(|handle| Self::of(handle, Some(name.clone()), Operation::OpenMapping)).transpose()
    }

    fn placed(_section: &Section, _offset: u64, new: Option<NewWaitable>) -> Result<Self> {
        let operation = match new {
            Some(_) => Operation::CreateMapping,
            None => Operation::OpenMapping,
        };
        Err(Error::new(ErrorKind::NotSupported, operation)
            .because("objects to wait for are the kernel's on Windows, and in no mapping"))
    }

    fn adopt(directory: &Directory, descriptor: OwnedHandle) -> Result<Self> {
        let operation = Operation::AdoptDescriptor;
        file::set_inheritable(descriptor.as_handle(), false)
            .map_err(|error| error.during(operation))?;
        let mut adopted = Self::of(descriptor, None, operation)?;
        adopted.name = directory.name_of(adopted.handle());
        Ok(adopted)
    }

    fn into_descriptor(self) -> Result<OwnedHandle> {
        Ok(self.handle)
    }

    fn descriptor(&self) -> Option<BorrowedHandle<'_>> {
        Some(self.handle())
    }

    fn duplicate(&self) -> Result<Self> {
        let handle = file::duplicate(self.handle(), None, Operation::DuplicateHandle)?;
        Ok(Self { handle, kind: self.kind, name: self.name.clone() })
    }

    fn kind(&self) -> WaitableKind {
        self.kind
    }

    fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    fn is_same(&self, other: &Self) -> bool {
        kernel::is_same(self.handle(), other.handle())
    }

    fn set(&self) -> Result<()> {
        kernel::set(self.handle())
    }

    fn reset(&self) -> Result<()> {
        kernel::reset(self.handle())
    }

    fn pulse(&self) -> Result<()> {
        kernel::pulse(self.handle())
    }

    fn release(&self, count: u32) -> Result<u32> {
        kernel::release(self.handle(), count)
    }

    fn unlock(&self) -> Result<()> {
        kernel::unlock(self.handle())
    }

    fn state(&self) -> Result<u32> {
        match self.kind {
            WaitableKind::Semaphore => kernel::count(self.handle()),
            WaitableKind::Mutex | WaitableKind::AutoEvent | WaitableKind::ManualEvent => {
                kernel::is_set(self.handle())
            }
        }
    }

    fn wait(&self, time: Option<Duration>) -> Result<Option<Satisfied>> {
        wait::single(self.handle(), time)
    }

    fn wait_any(all: &[&Self], time: Option<Duration>) -> Result<Option<(usize, Satisfied)>> {
        wait::several(all.iter().map(|one| one.handle()), false, time)
    }

    fn wait_all(all: &[&Self], time: Option<Duration>) -> Result<Option<Satisfied>> {
        let waited = wait::several(all.iter().map(|one| one.handle()), true, time)?;
        Ok(waited.map(|(_, satisfied)| satisfied))
    }

    /// Does nothing: the kernel keeps a name for as long as a handle.
    fn withdraw(&self) -> Result<()> {
        Ok(())
    }

    fn is_withdrawn(&self) -> bool {
        false
    }
}
