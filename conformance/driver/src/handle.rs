//! Handles: numbers for mappings and files.

use std::collections::HashMap;
use std::ffi::c_int;
use std::fs::{self, File};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use filemap::{FileMapping, OwnedDescriptor, Rights};

use crate::error::{self, Code, INVALID_HANDLE, INVALID_PARAMETER, UNSUPPORTED};
use crate::mapping;

/// A handle as C has it: four times the number of the descriptor, plus four.
///
/// A child that inherits the descriptor has it under the same number, and so the handle as well.
pub(crate) type Handle = usize;

/// `INVALID_HANDLE_VALUE`, which also stands for this process.
pub(crate) const NO_FILE: Handle = usize::MAX;

/// What a handle refers to.
#[derive(Debug, Clone)]
pub(crate) enum Object {
    Mapping(Arc<FileMapping>),
    File(Arc<File>),
}

#[derive(Debug)]
struct Table {
    objects: HashMap<Handle, Object>,
    /// Descriptors that this process was started with, and has not looked at yet.
    inherited: Vec<RawFd>,
}

fn table() -> MutexGuard<'static, Table> {
    static TABLE: OnceLock<Mutex<Table>> = OnceLock::new();
    let table = TABLE.get_or_init(|| Mutex::new(Table::new()));
    // Nothing under the lock leaves it half changed.
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Table {
    fn new() -> Self {
        let mut inherited: Vec<RawFd> = Vec::new();
        if let Ok(list) = fs::read_dir("/proc/self/fd") {
            let names = list.flatten().map(|entry| entry.file_name());
            inherited.extend(names.filter_map(|name| name.to_str()?.parse::<RawFd>().ok()));
        }
        // The standard ones are the programs' own, and the one that made the list is gone.
        inherited.retain(|number| {
            *number > 2 && fs::symlink_metadata(format!("/proc/self/fd/{number}")).is_ok()
        });
        Self { objects: HashMap::new(), inherited }
    }

    /// Takes over a descriptor that came with the process, if `handle` stands for one.
    fn adopt(&mut self, handle: Handle) -> Option<Object> {
        let index = self.inherited.iter().position(|number| numbered(*number) == Some(handle))?;
        let number = self.inherited.swap_remove(index);
        // SAFETY: the descriptor was open before this library did anything, so nothing here owns
        // it, and it was just taken off the list, so nothing will a second time. If it is closed
        // by now, the program closed what it does not own.
        let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
        let mapping = FileMapping::try_from(OwnedDescriptor::from(descriptor)).ok()?;
        let object = Object::Mapping(Arc::new(mapping));
        self.objects.insert(handle, object.clone());
        Some(object)
    }
}

fn numbered(descriptor: RawFd) -> Option<Handle> {
    Handle::try_from(descriptor).ok().map(|number| number * 4 + 4)
}

/// Makes sure that the descriptors of the process's start are known before more are opened.
pub(crate) fn begin() {
    drop(table());
}

/// Gives an object a handle.
pub(crate) fn insert(object: Object) -> Result<Handle, Code> {
    let number = match &object {
        Object::Mapping(mapping) => mapping.descriptor().as_raw_fd(),
        Object::File(file) => file.as_raw_fd(),
    };
    let handle = numbered(number).ok_or(Code(INVALID_HANDLE))?;
    table().objects.insert(handle, object);
    Ok(handle)
}

fn find(handle: Handle) -> Result<Object, Code> {
    let mut table = table();
    if let Some(object) = table.objects.get(&handle) {
        return Ok(object.clone());
    }
    table.adopt(handle).ok_or(Code(INVALID_HANDLE))
}

/// Finds the mapping that a handle refers to.
pub(crate) fn mapping(handle: Handle) -> Result<Arc<FileMapping>, Code> {
    match find(handle)? {
        Object::Mapping(mapping) => Ok(mapping),
        Object::File(_) => Err(Code(INVALID_HANDLE)),
    }
}

/// Finds the file that a handle refers to.
pub(crate) fn file(handle: Handle) -> Result<Arc<File>, Code> {
    match find(handle)? {
        Object::File(file) => Ok(file),
        Object::Mapping(_) => Err(Code(INVALID_HANDLE)),
    }
}

fn close(handle: Handle) -> Result<c_int, Code> {
    // An inherited one is taken over, so that closing it closes the descriptor.
    drop(find(handle)?);
    let object = table().objects.remove(&handle);
    match object {
        Some(Object::Mapping(mapping)) => {
            // No other thread is in a call with this handle: the programs have one thread.
            let mapping = Arc::into_inner(mapping).ok_or(Code(INVALID_HANDLE))?;
            mapping.close()?;
        }
        Some(Object::File(file)) => drop(file),
        None => return Err(Code(INVALID_HANDLE)),
    }
    Ok(1)
}

fn duplicate(source: Handle, access: u32, inherit: bool, same: bool) -> Result<Handle, Code> {
    match find(source)? {
        Object::Mapping(mapping) => {
            let rights = if same { Some(mapping.rights()) } else { mapping::rights(access) };
            // All that is to be had.
            let rights = rights.unwrap_or(Rights::all());
            let twin = mapping.duplicate(rights)?;
            twin.set_inheritable(inherit)?;
            insert(Object::Mapping(Arc::new(twin)))
        }
        Object::File(file) if same && !inherit => insert(Object::File(Arc::new(file.try_clone()?))),
        Object::File(_) => Err(Code(UNSUPPORTED)),
    }
}

#[unsafe(no_mangle)]
extern "C" fn CloseHandle(handle: Handle) -> c_int {
    begin();
    error::or(0, close(handle))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn DuplicateHandle(
    source_process: Handle,
    source: Handle,
    target_process: Handle,
    target: *mut Handle,
    access: u32,
    inherit: c_int,
    options: u32,
) -> c_int {
    const CLOSE_SOURCE: u32 = 1;
    const SAME_ACCESS: u32 = 2;
    begin();
    error::or(0, {
        let here = source_process == NO_FILE && target_process == NO_FILE;
        let done = if !here {
            Err(Code(UNSUPPORTED))
        } else if target.is_null() {
            Err(Code(INVALID_PARAMETER))
        } else {
            duplicate(source, access, inherit != 0, options & SAME_ACCESS != 0)
        };
        if here && options & CLOSE_SOURCE != 0 {
            // It is closed whether or not there is a duplicate.
            let _closed = close(source);
        }
        done.map(|handle| {
            // SAFETY: it was just seen not to be null, and the caller vouches for the rest.
            unsafe { target.write(handle) };
            1
        })
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetCurrentProcess() -> Handle {
    begin();
    NO_FILE
}

#[unsafe(no_mangle)]
extern "C" fn GetCurrentProcessId() -> u32 {
    begin();
    std::process::id()
}
