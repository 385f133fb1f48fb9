//! Handles: numbers for mappings and files.
//!
//! ```text
//!  63      48 47      27 26      3 2   1 0
//! |   tag    |  serial  | number  |kind| 0|
//! ```
//!
//! *number* is that of the descriptor that the object is, and so the object's place in the table:
//! a child process that inherits the descriptor has it under the same number, and the handle with
//! it. *serial* tells handles apart that had the same number one after the other, *kind* what a
//! child takes over. The *tag* keeps handles away from descriptors, from addresses and from
//! `INVALID_HANDLE_VALUE`; the last bits are 0, as Windows promises.

use std::fs::{self, File};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::ptr::without_provenance_mut;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use filemap::{Backing, FileMapping, KeptLength, OwnedDescriptor};

use crate::boundary::{Code, Result};
use crate::windows::{ERROR_INVALID_HANDLE, ERROR_TOO_MANY_OPEN_FILES, HANDLE};

/// Two bytes that no address of a process and no negative number begins with.
const TAG: usize = 0x464D;
const TAG_SHIFT: u32 = usize::BITS - 16;
const KIND_SHIFT: u32 = 2;
const NUMBER_SHIFT: u32 = 3;
/// As many descriptors as a kernel could ever be told to allow; a third of it where numbers are
/// short.
const NUMBER_BITS: u32 = if usize::BITS == 64 { 24 } else { 10 };
const SERIAL_SHIFT: u32 = NUMBER_SHIFT + NUMBER_BITS;
const SERIAL_MASK: usize = (1 << (TAG_SHIFT - SERIAL_SHIFT)) - 1;

/// A mapping, and the hold on its file's length: mapped files do not become shorter.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) mapping: FileMapping,
    /// None where it is not to be had, as where there is no place for a registry: then others may
    /// cut the file, which is no reason not to map it.
    pub(crate) kept: Option<Arc<KeptLength>>,
}

impl Held {
    /// Holds a mapping whose file's length nobody keeps yet.
    pub(crate) fn new(mapping: FileMapping) -> Self {
        let kept = match mapping.backing() {
            Backing::File { .. } => KeptLength::of_mapping(&mapping).ok().map(Arc::new),
            _ => None,
        };
        Self { mapping, kept }
    }
}

/// What a handle refers to.
#[derive(Debug, Clone)]
pub(crate) enum Object {
    Mapping(Arc<Held>),
    File(Arc<File>),
}

impl Object {
    /// The number of the descriptor that it is.
    pub(crate) fn number(&self) -> RawFd {
        match self {
            Self::Mapping(held) => held.mapping.number(),
            Self::File(file) => file.as_raw_fd(),
        }
    }

    fn kind(&self) -> usize {
        match self {
            Self::Mapping(_) => 0,
            Self::File(_) => 1,
        }
    }
}

/// A handle that is open.
#[derive(Debug)]
struct Open {
    handle: usize,
    object: Object,
    /// Closing it is refused, until that is taken back.
    kept: bool,
}

#[derive(Debug, Default)]
struct Table {
    /// By the number of the descriptor.
    open: Vec<Option<Open>>,
    /// How many handles there were.
    serial: usize,
    /// Descriptors that this process was started with, and that nobody asked for yet.
    inherited: Vec<RawFd>,
}

fn table() -> &'static RwLock<Table> {
    static TABLE: OnceLock<RwLock<Table>> = OnceLock::new();
    TABLE.get_or_init(|| RwLock::new(Table { inherited: inherited(), ..Table::default() }))
}

// Nothing under the lock leaves the table half changed, so a panic does not spoil it.
fn reading() -> RwLockReadGuard<'static, Table> {
    table().read().unwrap_or_else(PoisonError::into_inner)
}

fn writing() -> RwLockWriteGuard<'static, Table> {
    table().write().unwrap_or_else(PoisonError::into_inner)
}

/// The descriptors that came with the process, or were opened before this library was first asked.
fn inherited() -> Vec<RawFd> {
    let Ok(list) = fs::read_dir("/proc/self/fd") else { return Vec::new() };
    let names = list.flatten().map(|entry| entry.file_name());
    let numbers = names.filter_map(|name| name.to_str()?.parse::<RawFd>().ok());
    // The standard ones are the program's own, and what survived an `exec` has no flag against it.
    numbers.filter(|number| *number > 2 && survives_exec(*number)).collect()
}

fn survives_exec(number: RawFd) -> bool {
    // SAFETY: the call takes numbers, and only looks.
    let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
    flags != -1 && flags & libc::FD_CLOEXEC == 0
}

/// The parts of a number that can be a handle.
fn split(handle: usize) -> Option<(usize, usize)> {
    let whole = handle >> TAG_SHIFT == TAG && handle.trailing_zeros() >= KIND_SHIFT;
    let number = handle >> NUMBER_SHIFT & ((1 << NUMBER_BITS) - 1);
    whole.then_some((number, handle >> KIND_SHIFT & 1))
}

impl Table {
    fn find(&self, handle: usize) -> Option<&Open> {
        let (number, _) = split(handle)?;
        self.open.get(number)?.as_ref().filter(|open| open.handle == handle)
    }

    fn find_mut(&mut self, handle: usize) -> Option<&mut Open> {
        let (number, _) = split(handle)?;
        self.open.get_mut(number)?.as_mut().filter(|open| open.handle == handle)
    }

    fn place(&mut self, number: usize, handle: usize, object: Object) {
        if number >= self.open.len() {
            self.open.resize_with(number + 1, || None);
        }
        // What may still be in the place was closed behind this library's back, with `close`: its
        // descriptor is another object's by now, and must not be closed once more.
        if let Some(stale) = self.open[number].replace(Open { handle, object, kept: false }) {
            let _never_dropped = ManuallyDrop::new(stale);
        }
    }

    fn insert(&mut self, object: Object) -> Result<usize> {
        let number = usize::try_from(object.number()).map_err(|_| Code(ERROR_INVALID_HANDLE))?;
        if number >> NUMBER_BITS != 0 {
            return Err(Code(ERROR_TOO_MANY_OPEN_FILES));
        }
        self.serial = self.serial.wrapping_add(1);
        let handle = TAG << TAG_SHIFT
            | (self.serial & SERIAL_MASK) << SERIAL_SHIFT
            | number << NUMBER_SHIFT
            | object.kind() << KIND_SHIFT;
        self.place(number, handle, object);
        Ok(handle)
    }

    /// Takes over a descriptor that came with the process, if `handle` stands for one.
    fn adopt(&mut self, handle: usize) -> Option<Object> {
        let (number, kind) = split(handle)?;
        let descriptor = RawFd::try_from(number).ok()?;
        let index = self.inherited.iter().position(|inherited| *inherited == descriptor)?;
        // A program that closed it and opened something of its own has no claim on a handle.
        if self.open.get(number).is_some_and(Option::is_some) || !survives_exec(descriptor) {
            return None;
        }
        self.inherited.swap_remove(index);
        // SAFETY: the descriptor was open before this library did anything, so nothing in this
        // process made it; a handle that has its number was handed to this process with it; and it
        // was just taken off the list, so that nothing takes it a second time.
        let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
        let object = if kind == 1 {
            Object::File(Arc::new(File::from(descriptor)))
        } else {
            let mapping = FileMapping::try_from(OwnedDescriptor::from(descriptor)).ok()?;
            Object::Mapping(Arc::new(Held::new(mapping)))
        };
        self.place(number, handle, object.clone());
        Some(object)
    }
}

/// Makes sure that the descriptors of the process's start are known before more are opened.
pub(crate) fn begin() {
    table();
}

/// Gives an object a handle.
pub(crate) fn insert(object: Object) -> Result<HANDLE> {
    writing().insert(object).map(without_provenance_mut)
}

/// Finds what a handle refers to.
pub(crate) fn find(handle: HANDLE) -> Result<Object> {
    if let Some(open) = reading().find(handle.addr()) {
        return Ok(open.object.clone());
    }
    writing().adopt(handle.addr()).ok_or(Code(ERROR_INVALID_HANDLE))
}

/// Finds the mapping that a handle refers to.
pub(crate) fn mapping(handle: HANDLE) -> Result<Arc<Held>> {
    match find(handle)? {
        Object::Mapping(held) => Ok(held),
        Object::File(_) => Err(Code(ERROR_INVALID_HANDLE)),
    }
}

/// Finds the file that a handle refers to, or that is open under this number.
pub(crate) fn file(handle: HANDLE) -> Result<Arc<File>> {
    let descriptor = RawFd::try_from(handle.addr()).ok().filter(|number| *number > 0);
    if let Some(number) = descriptor {
        return opened(number).map(Arc::new);
    }
    match find(handle)? {
        Object::File(file) => Ok(file),
        Object::Mapping(_) => Err(Code(ERROR_INVALID_HANDLE)),
    }
}

/// A descriptor of this library's own for the file that the program has open as `number`.
fn opened(number: RawFd) -> Result<File> {
    if is_closed(number) {
        return Err(Code(ERROR_INVALID_HANDLE));
    }
    // SAFETY: it was open a moment ago. A program that closes it meanwhile gets an error, or
    // another file's descriptor, as from any function that takes a number.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    borrowed.try_clone_to_owned().map(File::from).map_err(Code::from)
}

fn is_closed(number: RawFd) -> bool {
    // SAFETY: the call takes numbers, and only looks.
    unsafe { libc::fcntl(number, libc::F_GETFD) == -1 }
}

/// Decides whether processes that this one starts inherit an open file.
pub(crate) fn set_inheritable(file: &File, inheritable: bool) -> Result<()> {
    let flags = if inheritable { 0 } else { libc::FD_CLOEXEC };
    // SAFETY: the descriptor is open while the file is borrowed, and the call takes numbers.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFD, flags) } == -1 {
        return Err(io::Error::last_os_error().into());
    }
    Ok(())
}

/// Takes the handle out of the table; what it referred to is the caller's to close.
pub(crate) fn take(handle: HANDLE) -> Result<Object> {
    // An inherited one is taken over first, so that closing it closes the descriptor.
    drop(find(handle)?);
    let mut table = writing();
    let open = table.find_mut(handle.addr()).ok_or(Code(ERROR_INVALID_HANDLE))?;
    if open.kept {
        return Err(Code(ERROR_INVALID_HANDLE));
    }
    let (number, _) = split(handle.addr()).ok_or(Code(ERROR_INVALID_HANDLE))?;
    table.open[number].take().map(|open| open.object).ok_or(Code(ERROR_INVALID_HANDLE))
}

/// Tells whether closing the handle is refused.
pub(crate) fn is_kept(handle: HANDLE) -> Result<bool> {
    drop(find(handle)?);
    Ok(reading().find(handle.addr()).ok_or(Code(ERROR_INVALID_HANDLE))?.kept)
}

/// Decides whether closing the handle is refused.
pub(crate) fn keep(handle: HANDLE, kept: bool) -> Result<()> {
    drop(find(handle)?);
    writing().find_mut(handle.addr()).ok_or(Code(ERROR_INVALID_HANDLE))?.kept = kept;
    Ok(())
}
