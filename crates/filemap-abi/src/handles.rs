//! Handles: the numbers of descriptors, and the objects behind them.
//!
//! A handle to a mapping with a name is the descriptor whose lock keeps the name, and any other
//! handle the descriptor of what it is a handle to. So whoever closes it, by whatever means, lets go
//! of the name; and a child that inherits it has it under the same number, and finds by its
//! [mark](crate::marks) what it is.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::ops::Deref;
use std::os::fd::{FromRawFd as _, OwnedFd, RawFd};
use std::ptr::without_provenance_mut;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, RwLockReadGuard};

use crate::boundary::{Code, Result};
use crate::fork_lock::ForkLock;
use crate::marks::{self, Mark};
use crate::numbered::{Descriptor as _, Numbered};
use crate::objects::{Held, Object, OpenFile};
use crate::processes::Process;
use crate::waitables::Waitable;
use crate::windows::{DWORD, ERROR_ACCESS_DENIED, ERROR_INVALID_HANDLE, HANDLE};

/// How many handles a call looks at to find those that the program has closed, and again after each
/// that it finds.
const LOOKS: usize = 8;

/// Where the next look begins.
static NEXT: AtomicI32 = AtomicI32::new(0);

/// An open handle.
#[derive(Debug)]
struct Open {
    object: Object,
    /// Whether closing it is refused (`HANDLE_FLAG_PROTECT_FROM_CLOSE`).
    is_kept: bool,
}

#[derive(Debug, Default)]
struct Table {
    open: BTreeMap<RawFd, Open>,
    /// Marked descriptors that this process was started with, and that were not taken over yet.
    inherited: Vec<RawFd>,
}

static TABLE: ForkLock<Option<Table>> = ForkLock::new(None);

/// Returns the table for those who only look; there is none before the first change.
fn reading() -> RwLockReadGuard<'static, Option<Table>> {
    TABLE.read()
}

/// Makes a change to the table.
fn change<T>(change: impl FnOnce(&mut Table) -> T) -> T {
    let mut table = TABLE.write();
    change(table.get_or_insert_with(|| Table { inherited: inherited(), ..Table::default() }))
}

/// Returns the handles that the process was started with.
fn inherited() -> Vec<RawFd> {
    let listed = fs::read_dir("/proc/self/fd").map(|list| {
        let names = list.flatten().map(|entry| entry.file_name());
        names.filter_map(|name| name.to_str()?.parse::<RawFd>().ok()).collect()
    });
    // Without `/proc`, those that a shell allows.
    let numbers: Vec<_> = listed.unwrap_or_else(|_| (0..1024).collect());
    // The first three are the program's own.
    numbers.into_iter().filter(|number| *number > 2 && is_inherited(*number)).collect()
}

/// Returns true if a descriptor is a handle that came through `exec`.
fn is_inherited(number: RawFd) -> bool {
    is_inheritable(number) == Ok(true) && Mark::of(number).is_some()
}

/// Returns true if child processes inherit a descriptor.
pub(crate) fn is_inheritable(number: RawFd) -> Result<bool> {
    // SAFETY: the call takes numbers, and only looks.
    let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
    if flags == -1 { Err(Code(ERROR_INVALID_HANDLE)) } else { Ok(flags & libc::FD_CLOEXEC == 0) }
}

/// Sets whether child processes inherit an object's descriptor.
pub(crate) fn set_inheritable(object: &Object, is_inheritable: bool) -> Result<()> {
    match object {
        Object::Mapping(held) => held.lend(is_inheritable)?,
        Object::Waitable(waitable) => waitable.lend(is_inheritable)?,
        Object::File(file) if is_inheritable && file.is_there() => file.narrow()?,
        Object::File(_) | Object::Process(_) => {}
    }
    let flags = if is_inheritable { 0 } else { libc::FD_CLOEXEC };
    // SAFETY: the descriptor is open while the object is borrowed, and the call takes numbers.
    if unsafe { libc::fcntl(object.number(), libc::F_SETFD, flags) } == -1 {
        return Err(io::Error::last_os_error().into());
    }
    Ok(())
}

/// Returns the number of a handle, whose upper half is 0 or repeats the sign: callers may declare
/// handles as numbers of 32 bits.
fn number(handle: HANDLE) -> Option<RawFd> {
    let address = handle.addr();
    let unsigned = u32::try_from(address).map(u32::cast_signed);
    unsigned.or_else(|_| i32::try_from(address.cast_signed())).ok()
}

/// Returns true for `INVALID_HANDLE_VALUE`, which also stands for this process.
pub(crate) fn is_invalid(handle: HANDLE) -> bool {
    number(handle) == Some(-1)
}

/// Returns true for what stands for the calling thread.
pub(crate) fn is_this_thread(handle: HANDLE) -> bool {
    number(handle) == Some(-2)
}

/// Returns true for a handle that stands for this process.
pub(crate) fn is_this_process(handle: HANDLE) -> bool {
    let found = || matches!(find(handle), Ok(Object::Process(process)) if process.is_this());
    is_invalid(handle) || found()
}

impl Table {
    /// Returns handles that somebody else has closed.
    fn lost(&self) -> Vec<(RawFd, Object)> {
        let next = NEXT.load(Ordering::Relaxed);
        let (mut lost, mut looks) = (Vec::new(), LOOKS);
        for (number, open) in self.open.range(next..).chain(self.open.range(..next)) {
            if looks == 0 {
                NEXT.store(*number, Ordering::Relaxed);
                break;
            }
            looks -= 1;
            if !open.object.seems_there() {
                open.object.lose();
                lost.push((*number, open.object.clone()));
                looks = LOOKS;
            }
        }
        lost
    }

    /// Takes a handle out, unless it is another one by now.
    fn remove(&mut self, number: RawFd, object: &Object) -> Option<Open> {
        self.open.get(&number).filter(|open| open.object.is(object))?;
        self.open.remove(&number)
    }

    /// Takes over an inherited descriptor, if `number` is one.
    fn adopt(&mut self, number: RawFd) -> Option<Object> {
        let index = self.inherited.iter().position(|inherited| *inherited == number)?;
        self.inherited.swap_remove(index);
        // The program may have closed it, and opened another file under its number.
        if !is_inherited(number) {
            return None;
        }
        let mark = Mark::of(number)?;
        // SAFETY: the descriptor is open, and survives `exec`, since before this library opened any,
        // and its mark says that it was made by this library, for whoever inherits it. It was just
        // taken off the list, so that nothing takes it a second time.
        let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
        let object = Object::inherited(descriptor, mark).ok()?;
        // It is inherited further, as on Windows.
        set_inheritable(&object, true).ok()?;
        self.open.insert(number, Open { object: object.clone(), is_kept: false });
        Some(object)
    }
}

/// Records the inherited descriptors before the first one is opened here, and frees what the program
/// has closed without this library.
pub(crate) fn begin() {
    let lost = reading().as_ref().map(Table::lost);
    if lost.as_ref().is_none_or(|lost| !lost.is_empty()) {
        let lost = lost.unwrap_or_default();
        let removed: Vec<_> = change(|table| {
            lost.iter().map(|(number, object)| table.remove(*number, object)).collect()
        });
        drop(removed);
    }
}

/// Opens a handle to an object.
fn insert(object: Object, inherit: bool) -> Result<HANDLE> {
    if inherit {
        set_inheritable(&object, true)?;
    }
    let number = object.number();
    let address = usize::try_from(number).map_err(|_| Code(ERROR_INVALID_HANDLE))?;
    let stale = change(|table| table.open.insert(number, Open { object, is_kept: false }));
    if let Some(stale) = stale {
        // Closed without this library, or the number would not be another's.
        stale.object.lose();
    }
    Ok(without_provenance_mut(address))
}

/// Opens a handle to a mapping.
///
/// `is_shared` is whether the program has its descriptor's description as well.
pub(crate) fn insert_mapping(held: Held, inherit: bool, is_shared: bool) -> Result<HANDLE> {
    let held = held.above_the_first_three()?;
    let mark = if is_shared { marks::value(held.number()) } else { held.mark() };
    insert(Object::Mapping(Arc::new(Numbered::new(held, mark)?)), inherit)
}

/// Opens a handle to a file. `is_shared` is that of [`insert_mapping`].
pub(crate) fn insert_file(file: OpenFile, inherit: bool, is_shared: bool) -> Result<HANDLE> {
    let file = file.above_the_first_three()?;
    let number = file.number();
    let mark = if is_shared { marks::value(number) } else { Mark::File.put(number) };
    insert(Object::File(Arc::new(Numbered::new(file, mark)?)), inherit)
}

/// Opens a handle to a process.
pub(crate) fn insert_process(process: Process, inherit: bool) -> Result<HANDLE> {
    let mark = Mark::Process.put(process.number());
    insert(Object::Process(Arc::new(Numbered::new(process, mark)?)), inherit)
}

/// Opens a handle to a mutex, an event or a semaphore.
pub(crate) fn insert_waitable(waitable: Waitable, inherit: bool) -> Result<HANDLE> {
    let waitable = waitable.above_the_first_three()?;
    let mark = waitable.mark().put(waitable.number());
    insert(Object::Waitable(Arc::new(Numbered::new(waitable, mark)?)), inherit)
}

/// Returns the object that a handle refers to.
pub(crate) fn find(handle: HANDLE) -> Result<Object> {
    let number = number(handle).ok_or(Code(ERROR_INVALID_HANDLE))?;
    let known = reading().as_ref().and_then(|table| Some(table.open.get(&number)?.object.clone()));
    match known {
        Some(object) if object.seems_there() => return Ok(object),
        Some(object) => {
            object.lose();
            drop(change(|table| table.remove(number, &object)));
        }
        None => {}
    }
    // Most numbers that are no handles are descriptors of the program's.
    let may_be_inherited = reading().as_ref().is_none_or(|table| table.inherited.contains(&number));
    let adopted = may_be_inherited.then(|| change(|table| table.adopt(number)));
    adopted.flatten().ok_or(Code(ERROR_INVALID_HANDLE))
}

/// Returns the mapping that a handle refers to.
pub(crate) fn mapping(handle: HANDLE) -> Result<Arc<Numbered<Held>>> {
    match find(handle)? {
        Object::Mapping(held) => Ok(held),
        _ => Err(Code(ERROR_INVALID_HANDLE)),
    }
}

/// Returns the mutex, the event or the semaphore that a handle refers to.
pub(crate) fn waitable(handle: HANDLE) -> Result<Arc<Numbered<Waitable>>> {
    match find(handle)? {
        Object::Waitable(waitable) => Ok(waitable),
        _ => Err(Code(ERROR_INVALID_HANDLE)),
    }
}

/// A file, by a handle or by a descriptor of the program's.
pub(crate) enum FoundFile {
    Handle(Arc<Numbered<OpenFile>>),
    /// The number of the program's descriptor, and a duplicate of it.
    Descriptor(RawFd, OpenFile),
}

impl Deref for FoundFile {
    type Target = OpenFile;

    fn deref(&self) -> &OpenFile {
        match self {
            Self::Handle(file) => file,
            Self::Descriptor(_, file) => file,
        }
    }
}

/// Returns the file that a handle refers to, or that is open under this number.
pub(crate) fn file(handle: HANDLE) -> Result<FoundFile> {
    match find(handle) {
        Ok(Object::File(file)) => Ok(FoundFile::Handle(file)),
        Ok(_) => Err(Code(ERROR_INVALID_HANDLE)),
        Err(_) => {
            let descriptor = number(handle).filter(|number| *number > 0);
            let number = descriptor.ok_or(Code(ERROR_INVALID_HANDLE))?;
            Ok(FoundFile::Descriptor(number, opened(number)?))
        }
    }
}

/// Returns [`file`] if its handle has one of these rights.
pub(crate) fn file_for(handle: HANDLE, access: DWORD) -> Result<FoundFile> {
    let file = file(handle)?;
    if file.access() & access == 0 {
        return Err(Code(ERROR_ACCESS_DENIED));
    }
    Ok(file)
}

/// Returns a duplicate of the program's descriptor `number`.
fn opened(number: RawFd) -> Result<OpenFile> {
    // Above the first three, which are the program's own even where they are closed.
    // SAFETY: the call takes numbers, and makes a descriptor or fails.
    let duplicate = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) };
    if duplicate == -1 {
        let error = io::Error::last_os_error();
        return Err(match error.raw_os_error() {
            Some(libc::EBADF) => Code(ERROR_INVALID_HANDLE),
            _ => error.into(),
        });
    }
    // SAFETY: the call has just made it, and nothing else has its number.
    Ok(OpenFile::of_descriptor(File::from(unsafe { OwnedFd::from_raw_fd(duplicate) })))
}

/// Closes a handle.
pub(crate) fn close(handle: HANDLE) -> Result<()> {
    begin();
    let number = number(handle).ok_or(Code(ERROR_INVALID_HANDLE))?;
    change(|table| {
        // An inherited handle is taken over first, so that closing it closes the descriptor.
        if !table.open.contains_key(&number) {
            drop(table.adopt(number));
        }
        table.open.get(&number).filter(|open| !open.is_kept)?;
        table.open.remove(&number)
    })
    .ok_or(Code(ERROR_INVALID_HANDLE))?
    .object
    .close()
}

/// Returns whether closing the handle is refused.
pub(crate) fn is_kept(handle: HANDLE) -> Result<bool> {
    let number = find(handle)?.number();
    let open = reading();
    let open = open.as_ref().and_then(|table| table.open.get(&number));
    open.map(|open| open.is_kept).ok_or(Code(ERROR_INVALID_HANDLE))
}

/// Sets whether closing the handle is refused.
pub(crate) fn keep(handle: HANDLE, is_kept: bool) -> Result<()> {
    let number = find(handle)?.number();
    change(|table| table.open.get_mut(&number).map(|open| open.is_kept = is_kept))
        .ok_or(Code(ERROR_INVALID_HANDLE))
}
