//! A handle to an object, as the contract has it.

use std::mem::ManuallyDrop;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use crate::sys::platform::waitable::draft::Draft;
use crate::sys::platform::waitable::failure::Failure;
use crate::sys::platform::waitable::line::Line;
use crate::sys::platform::waitable::mutex::{self, Taken};
use crate::sys::platform::waitable::page::Page;
use crate::sys::platform::waitable::patience::Patience;
use crate::sys::platform::waitable::thread::Thread;
use crate::sys::platform::waitable::{signal, table, wait_all, wait_any};
use crate::sys::platform::{Directory, Entry, Section, file, memory_file, page_size};
use crate::sys::{
    NewWaitable, Opened, Satisfied, SectionContract as _, WaitableContract, WaitableKind,
};
use crate::types::{Error, ErrorKind, Name, ObjectKind, Operation, Result, Rights};

/// A handle to an object: its pages, and what keeps the name or the memory.
#[derive(Debug)]
pub(crate) struct Waitable {
    /// Invariant: of `page`.
    line: Line,
    /// Given up by `drop` alone.
    page: ManuallyDrop<Arc<Page>>,
    name: Option<Name>,
    keeper: Keeper,
}

/// What keeps an object for a handle, and passes it on.
#[derive(Debug)]
enum Keeper {
    Entry(Entry),
    Memory(OwnedFd),
    /// The mapping in which the program has placed it.
    Nobody,
}

impl Waitable {
    fn new(page: Arc<Page>, name: Option<Name>, keeper: Keeper) -> Result<Self> {
        // Whoever cannot use the object is told so when it is opened.
        Thread::current()?;
        Ok(Self::of_page(page, name, keeper))
    }

    fn of_page(page: Arc<Page>, name: Option<Name>, keeper: Keeper) -> Self {
        #[expect(unsafe_code, reason = "the numbers are used without a way through the page")]
        // SAFETY: the handle keeps the page, whose line it is, and uses neither after that.
        let line = unsafe { page.again() };
        Self { line, page: ManuallyDrop::new(page), name, keeper }
    }

    /// The handle of a name that was opened.
    fn of(opened: Opened, operation: Operation) -> Result<Self> {
        let Opened { section, entry, name, .. } = opened;
        let page = table::page_of(section.descriptor(), 0, None, operation)?;
        let keeper = match entry {
            Some(entry) => Keeper::Entry(entry),
            None => Keeper::Memory(section.into_descriptor()),
        };
        Self::new(page, name, keeper)
    }

    #[inline(always)]
    fn page(&self) -> &Page {
        &self.page
    }

    /// Does what an operation is, as the calling thread.
    #[inline(always)]
    fn act<T>(
        &self,
        operation: Operation,
        act: impl FnOnce(&Line, Thread) -> Result<T, Failure>,
    ) -> Result<T> {
        let thread = Thread::current()?;
        act(&self.line, thread).map_err(|failure| failure.during(operation))
    }
}

impl Drop for Waitable {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "the table is given what the handle had")]
        // SAFETY: the value is dropped, and nobody uses it after this.
        table::release(unsafe { ManuallyDrop::take(&mut self.page) });
    }
}

impl WaitableContract for Waitable {
    fn nameless(new: NewWaitable) -> Result<Self> {
        let operation = Operation::CreateMapping;
        Thread::current()?;
        let memory = memory_file::for_waitable()?;
        let mut draft = Draft::new(new);
        draft.write(memory.as_fd())?;
        memory_file::seal(memory.as_fd(), false)?;
        let page = table::page_of(memory.as_fd(), 0, Some(new.initial.kind()), operation)?;
        Self::new(page, None, Keeper::Memory(memory))
    }

    fn create(directory: &Directory, name: &Name, new: NewWaitable) -> Result<(Self, bool)> {
        Thread::current()?;
        let mut draft = Draft::new(new);
        let (opened, existed) = directory.create_waitable(name, &mut draft)?;
        Ok((Self::of(opened, Operation::CreateMapping)?, existed))
    }

    fn open(directory: &Directory, name: &Name, kind: ObjectKind) -> Result<Option<Self>> {
        let opened = directory.open(name, crate::sys::Wanted::Waitable(kind))?;
        opened.map(|opened| Self::of(opened, Operation::OpenMapping)).transpose()
    }

    fn placed(section: &Section, offset: u64, new: Option<NewWaitable>) -> Result<Self> {
        let operation = match new {
            Some(_) => Operation::CreateMapping,
            None => Operation::OpenMapping,
        };
        Thread::current()?;
        let descriptor = section.descriptor();
        if !offset.is_multiple_of(page_size() as u64) {
            return Err(Error::new(ErrorKind::Misaligned, operation).because(format!(
                "an object is at a multiple of {} bytes, which {offset} is not",
                page_size()
            )));
        }
        if let Some(new) = new {
            Page::initialise(descriptor, offset, new.initial, operation)?;
        }
        let page = table::page_of(descriptor, offset, None, operation)?;
        let placed = Self::new(page, None, Keeper::Nobody)?;
        if new.is_some_and(|new| new.is_owned) {
            placed.wait(None)?;
        }
        Ok(placed)
    }

    fn adopt(directory: &Directory, descriptor: OwnedFd) -> Result<Self> {
        let opened = directory.adopt_waitable(descriptor)?;
        Self::of(opened, Operation::AdoptDescriptor)
    }

    fn into_descriptor(mut self) -> Result<OwnedFd> {
        let refused = || {
            Error::new(ErrorKind::NotSupported, Operation::DuplicateHandle)
                .because("an object in a mapping is passed on as the mapping")
        };
        match std::mem::replace(&mut self.keeper, Keeper::Nobody) {
            Keeper::Entry(entry) => entry.give_away().ok_or_else(refused),
            Keeper::Memory(memory) => Ok(memory),
            Keeper::Nobody => Err(refused()),
        }
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        if let Keeper::Entry(entry) = &self.keeper {
            entry.lend();
        }
        self.own_descriptor()
    }

    fn own_descriptor(&self) -> Option<BorrowedFd<'_>> {
        match &self.keeper {
            Keeper::Entry(entry) => entry.lock(),
            Keeper::Memory(memory) => Some(memory.as_fd()),
            Keeper::Nobody => None,
        }
    }

    fn duplicate(&self) -> Result<Self> {
        let operation = Operation::DuplicateHandle;
        let keeper = match &self.keeper {
            Keeper::Entry(entry) => Keeper::Entry(entry.duplicate(Rights::all(), true)?),
            Keeper::Memory(memory) => {
                Keeper::Memory(file::duplicate(memory.as_fd(), true, operation)?.0)
            }
            Keeper::Nobody => Keeper::Nobody,
        };
        Ok(Self::of_page(Arc::clone(&self.page), self.name.clone(), keeper))
    }

    fn kind(&self) -> WaitableKind {
        self.line.kind()
    }

    fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    fn is_same(&self, other: &Self) -> bool {
        self.page().identity() == other.page().identity()
    }

    #[inline]
    fn set(&self) -> Result<()> {
        if signal::set_at_once(&self.line) {
            return Ok(());
        }
        self.act(Operation::Signal, signal::set)
    }

    #[inline]
    fn reset(&self) -> Result<()> {
        if signal::reset_at_once(&self.line) {
            return Ok(());
        }
        self.act(Operation::Signal, signal::reset)
    }

    fn pulse(&self) -> Result<()> {
        self.act(Operation::Signal, signal::pulse)
    }

    #[inline]
    fn release(&self, count: u32) -> Result<u32> {
        if let Some(before) = signal::release_at_once(&self.line, count) {
            return Ok(before);
        }
        self.act(Operation::Signal, |line, thread| signal::release(line, thread, count))
    }

    #[inline]
    fn unlock(&self) -> Result<()> {
        self.act(Operation::Signal, mutex::unlock)
    }

    fn state(&self) -> Result<u32> {
        self.act(Operation::LookAt, signal::state)
    }

    #[inline(always)]
    fn lock_at_once(&self) -> bool {
        Thread::known().is_some_and(|thread| mutex::lock_at_once(&self.line, thread))
    }

    #[inline(always)]
    fn take_at_once(&self) -> bool {
        signal::take_at_once(&self.line)
    }

    fn wait(&self, time: Option<Duration>) -> Result<Option<Satisfied>> {
        let patience = Patience::For(time);
        if self.kind() == WaitableKind::Mutex {
            let taken =
                self.act(Operation::Wait, |line, thread| mutex::lock(line, thread, patience))?;
            return Ok(taken.map(Satisfied::from));
        }
        let satisfied =
            self.act(Operation::Wait, |line, thread| signal::wait(line, thread, patience))?;
        Ok(satisfied.then_some(Satisfied::Signalled))
    }

    fn wait_any(all: &[&Self], time: Option<Duration>) -> Result<Option<(usize, Satisfied)>> {
        let lines: Vec<_> = all.iter().map(|one| &one.line).collect();
        let waited = wait_any::wait(&lines, Thread::current()?, Patience::For(time));
        let waited = waited.map_err(|failure| failure.during(Operation::Wait))?;
        Ok(waited.map(|(at, taken)| (at, taken.into())))
    }

    fn wait_all(all: &[&Self], time: Option<Duration>) -> Result<Option<Satisfied>> {
        let pages: Vec<_> = all.iter().map(|one| one.page()).collect();
        let waited = wait_all::wait(&pages, Thread::current()?, Patience::For(time));
        let waited = waited.map_err(|failure| failure.during(Operation::Wait))?;
        Ok(waited.map(Satisfied::from))
    }

    fn withdraw(&self) -> Result<()> {
        if let Keeper::Entry(entry) = &self.keeper { entry.withdraw() } else { Ok(()) }
    }

    fn is_withdrawn(&self) -> bool {
        if let Keeper::Entry(entry) = &self.keeper { entry.is_withdrawn() } else { false }
    }
}

impl From<Taken> for Satisfied {
    fn from(taken: Taken) -> Self {
        match taken {
            Taken::Free => Self::Signalled,
            Taken::Abandoned => Self::Abandoned,
        }
    }
}
