//! An object that is to be created under a name.

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use rustix::io::Errno;

use crate::sys::NewWaitable;
use crate::sys::platform::waitable::page::Page;
use crate::sys::platform::waitable::patience::Patience;
use crate::sys::platform::waitable::thread::Thread;
use crate::sys::platform::waitable::{mutex, table};
use crate::types::{Operation, Result};

/// What the registry is to make an entry of.
#[derive(Debug)]
pub(in crate::sys::platform) struct Draft {
    pub(in crate::sys::platform) new: NewWaitable,
    /// The pages of an object that the calling thread owns before it has its name.
    page: Option<Arc<Page>>,
}

impl Draft {
    pub(super) fn new(new: NewWaitable) -> Self {
        Self { new, page: None }
    }

    /// Writes the object into its entry, which has no name yet, and takes the mutex that is to be owned.
    pub(in crate::sys::platform) fn write(&mut self, entry: BorrowedFd<'_>) -> Result<()> {
        let operation = Operation::CreateMapping;
        Page::initialise(entry, 0, self.new.initial, operation)?;
        if self.new.is_owned {
            // The entry's lock is with this map until `show` replaces it: nobody has the name yet.
            let kind = Some(self.new.initial.kind());
            let page = self.page.insert(table::page_of(entry, 0, kind, operation)?);
            let taken = mutex::lock(page, Thread::current()?, Patience::change());
            taken.map_err(|failure| failure.during(operation))?;
        }
        Ok(())
    }

    /// Has the pages mapped through the description that has no lock.
    pub(in crate::sys::platform) fn show(&self, second: BorrowedFd<'_>) -> Result<(), Errno> {
        self.page.as_ref().map_or(Ok(()), |page| page.show(second))
    }

    /// Gives back what was made for a name that somebody else has by now.
    pub(in crate::sys::platform) fn discard(&mut self) {
        if let Some(page) = &self.page {
            let _ignored = Thread::current().map(|thread| mutex::unlock(page, thread));
        }
        self.release();
    }

    fn release(&mut self) {
        if let Some(page) = self.page.take() {
            table::release(page);
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.release();
    }
}
