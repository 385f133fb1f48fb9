//! What handles refer to.

use std::ffi::c_int;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom};
use std::ops::Deref;
use std::os::fd::{AsRawFd as _, IntoRawFd as _, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Weak};

use filemap::{Backing, FileMapping, LengthLock, OwnedDescriptor, Protection, Registry, Rights};

use crate::boundary::{Code, Result};
use crate::marks::Mark;
use crate::numbered::{Descriptor, Numbered};
use crate::processes::Process;
use crate::removal::Removal;
use crate::waitables::Waitable;
use crate::windows::{
    DWORD, ERROR_ACCESS_DENIED, ERROR_NOT_SUPPORTED, FILE_APPEND_DATA, FILE_EXECUTE,
    FILE_READ_DATA, FILE_WRITE_DATA, GENERIC_ALL, GENERIC_EXECUTE, GENERIC_READ, GENERIC_WRITE,
};

/// The object that a handle refers to.
#[derive(Debug, Clone)]
pub(crate) enum Object {
    Mapping(Arc<Numbered<Held>>),
    File(Arc<Numbered<OpenFile>>),
    Process(Arc<Numbered<Process>>),
    Waitable(Arc<Numbered<Waitable>>),
}

impl Object {
    /// Returns the number of its descriptor, which is the handle.
    pub(crate) fn number(&self) -> RawFd {
        match self {
            Self::Mapping(held) => held.number(),
            Self::File(file) => file.number(),
            Self::Process(process) => process.number(),
            Self::Waitable(waitable) => waitable.number(),
        }
    }

    /// [`Numbered::seems_there`].
    pub(crate) fn seems_there(&self) -> bool {
        match self {
            Self::Mapping(held) => held.seems_there(),
            Self::File(file) => file.seems_there(),
            Self::Process(process) => process.seems_there(),
            Self::Waitable(waitable) => waitable.seems_there(),
        }
    }

    /// [`Numbered::lose`].
    pub(crate) fn lose(&self) {
        match self {
            Self::Mapping(held) => held.lose(),
            Self::File(file) => file.lose(),
            Self::Process(process) => process.lose(),
            Self::Waitable(waitable) => waitable.lose(),
        }
    }

    /// Returns true if both are the same object, which one handle refers to.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Mapping(held), Self::Mapping(other)) => Arc::ptr_eq(held, other),
            (Self::File(file), Self::File(other)) => Arc::ptr_eq(file, other),
            (Self::Process(process), Self::Process(other)) => Arc::ptr_eq(process, other),
            (Self::Waitable(waitable), Self::Waitable(other)) => Arc::ptr_eq(waitable, other),
            _ => false,
        }
    }

    /// Closes it, or leaves that to the call of another thread that uses it.
    pub(crate) fn close(self) -> Result<()> {
        match self {
            Self::Mapping(held) => Arc::into_inner(held).map_or(Ok(()), Numbered::close),
            Self::File(file) => Arc::into_inner(file).map_or(Ok(()), Numbered::close),
            Self::Process(process) => Arc::into_inner(process).map_or(Ok(()), Numbered::close),
            Self::Waitable(waitable) => Arc::into_inner(waitable).map_or(Ok(()), Numbered::close),
        }
    }

    /// Takes over a descriptor with this mark.
    ///
    /// # Errors
    ///
    /// It is not what its mark says. The descriptor then stays open.
    pub(crate) fn inherited(descriptor: OwnedFd, mark: Mark) -> Result<Self> {
        Ok(match mark {
            Mark::Mapping(protection, rights) => {
                let held = match Held::found(&descriptor, protection) {
                    Ok(found) => found.taking(descriptor, rights)?,
                    Err(code) => {
                        let _open = descriptor.into_raw_fd();
                        return Err(code);
                    }
                };
                let mark = held.mark();
                Self::Mapping(Arc::new(Numbered::new(held, mark)?))
            }
            Mark::File => {
                let file = OpenFile::of_descriptor(File::from(descriptor));
                let mark = Mark::File.put(file.number());
                Self::File(Arc::new(Numbered::new(file, mark)?))
            }
            Mark::Process => {
                let mark = Mark::Process.put(descriptor.as_raw_fd());
                Self::Process(Arc::new(Numbered::new(Process::inherited(descriptor), mark)?))
            }
            Mark::Waitable(kind, may) => {
                let waitable = Waitable::inherited(descriptor, kind, may)?;
                let mark = waitable.mark().put(waitable.number());
                Self::Waitable(Arc::new(Numbered::new(waitable, mark)?))
            }
        })
    }
}

/// A mapping, and the lock that keeps its file from becoming shorter.
#[derive(Debug)]
pub(crate) struct Held {
    /// The descriptor that is the handle, if the mapping has another one.
    handle: Option<OwnedFd>,
    mapping: FileMapping,
    /// `None` if the lock cannot be taken, as without a registry: others may then cut the file, which
    /// is no reason not to map it.
    pub(crate) kept: Option<Arc<LengthLock>>,
}

impl Held {
    pub(crate) fn with_lock(mapping: FileMapping, kept: Option<Arc<LengthLock>>) -> Self {
        Self { handle: None, mapping, kept }
    }

    /// Returns a mapping with a lock on its file's length that it does not have yet.
    pub(crate) fn new(mapping: FileMapping) -> Self {
        let kept = match mapping.backing() {
            Backing::File { .. } => LengthLock::of_mapping(&mapping).ok().map(Arc::new),
            _ => None,
        };
        Self::with_lock(mapping, kept)
    }

    /// Returns true for a mapping whose descriptor is the file itself.
    pub(crate) fn is_the_file(&self) -> bool {
        is_the_file(&self.mapping)
    }

    /// Returns the handle by a descriptor that is none of the first three, which are the program's
    /// own even where they are closed.
    pub(crate) fn above_the_first_three(self) -> Result<Self> {
        if self.number() > 2 {
            return Ok(self);
        }
        let mapping = self.mapping.try_clone()?;
        Ok(Self { mapping, ..self })
    }

    /// Records that another process may have the descriptor, as soon as it is inherited.
    pub(crate) fn lend(&self, is_inheritable: bool) -> Result<()> {
        if self.handle.is_none() {
            self.mapping.set_inheritable(is_inheritable)?;
        }
        // Beside the handle, the mapping's own descriptor stays here.
        Ok(())
    }

    /// Has the descriptor tell a child what it is.
    pub(crate) fn mark(&self) -> c_int {
        if self.is_the_file() {
            let size = i64::try_from(self.mapping.size()).unwrap_or(0);
            // SAFETY: the descriptor is open while the mapping is borrowed, and the call takes
            // numbers.
            let _ignored = unsafe { libc::lseek64(self.number(), size, libc::SEEK_SET) };
        }
        Mark::Mapping(self.mapping.protection(), self.mapping.rights()).put(self.number())
    }

    /// Returns the mapping that a descriptor with the mark of one stands for.
    fn found(descriptor: &OwnedFd, protection: Protection) -> Result<Self> {
        let found = FileMapping::try_from(descriptor.try_clone()?)?;
        if !is_the_file(&found) {
            return Ok(Self::with_lock(found, None));
        }
        let mut file = File::from(OwnedDescriptor::from(found));
        let size = file.stream_position()?;
        let can_write = OpenFile::modes(file.as_raw_fd()) & FILE_WRITE_DATA != 0;
        let protection = match protection {
            // Of a duplicate that may not write.
            Protection::ReadWrite if !can_write => Protection::ReadOnly,
            Protection::ExecuteReadWrite if !can_write => Protection::ExecuteRead,
            protection => protection,
        };
        let options = FileMapping::options().file(&file).size(size).protection(protection);
        Ok(Self::with_lock(options.create()?, None))
    }

    /// Returns the mapping as the handle that the descriptor is.
    fn taking(self, descriptor: OwnedFd, rights: Rights) -> Result<Self> {
        if self.mapping.name().is_none() {
            let held = Self::new(self.mapping.limited_to(rights));
            return Ok(Self { handle: Some(descriptor), ..held });
        }
        // The lock of the name is what the handle is, and has no duplicate here.
        drop(self);
        let mapping = FileMapping::try_from(OwnedDescriptor::from(descriptor))?;
        Ok(Self::new(mapping.limited_to(rights)))
    }
}

fn is_the_file(mapping: &FileMapping) -> bool {
    mapping.name().is_none()
        && matches!(mapping.backing(), Backing::File { path, .. } if path.as_os_str().is_empty())
}

impl Deref for Held {
    type Target = FileMapping;

    fn deref(&self) -> &FileMapping {
        &self.mapping
    }
}

impl Descriptor for Held {
    fn number(&self) -> RawFd {
        self.handle.as_ref().map_or_else(|| self.mapping.as_raw_fd(), |handle| handle.as_raw_fd())
    }

    fn close(self) -> Result<()> {
        Ok(self.mapping.close()?)
    }

    fn forget(self) {
        let Self { handle, mapping, .. } = self;
        let name = mapping.name().cloned();
        let lost = handle.unwrap_or_else(|| OwnedDescriptor::from(mapping));
        let _number = lost.into_raw_fd();
        // The name is dead, if this was its last handle. Looking for it frees its memory.
        if let Some(name) = name {
            drop(Registry::system().open(name));
        }
    }
}

const WRITE: DWORD = FILE_WRITE_DATA | FILE_APPEND_DATA;

/// The rights that a descriptor has as well; mapping for execution is a right of handles alone.
const DATA: DWORD = FILE_READ_DATA | WRITE;

/// Returns the rights of files that an access mask names.
pub(crate) fn file_access(access: DWORD) -> DWORD {
    let any = |bits: DWORD| access & (bits | GENERIC_ALL) != 0;
    let read = if any(FILE_READ_DATA | GENERIC_READ) { FILE_READ_DATA } else { 0 };
    let write = if any(FILE_WRITE_DATA | GENERIC_WRITE) { WRITE } else { 0 };
    let execute = if any(FILE_EXECUTE | GENERIC_EXECUTE) { FILE_EXECUTE } else { 0 };
    read | write | execute | access & FILE_APPEND_DATA
}

/// Returns the options to open a file with, for an access mask.
///
/// Sharing modes are ignored, as Linux has none.
pub(crate) fn options(access: DWORD) -> (OpenOptions, c_int) {
    let access = file_access(access) & DATA;
    let (read, write) = (access & FILE_READ_DATA != 0, access & FILE_WRITE_DATA != 0);
    let mut options = OpenOptions::new();
    options.read(read || access == 0).write(write).append(access & WRITE == FILE_APPEND_DATA);
    (options, libc::O_NOCTTY | if access == 0 { libc::O_PATH } else { 0 })
}

/// An open file, and what its handle may be used for.
#[derive(Debug)]
pub(crate) struct OpenFile {
    file: File,
    /// `FILE_READ_DATA`, `FILE_EXECUTE`, and `FILE_APPEND_DATA` without `FILE_WRITE_DATA` or with it;
    /// or some of these.
    access: DWORD,
    /// The position of a handle that neither reads nor writes, whose descriptor has none. Duplicates
    /// share it.
    position: Option<Arc<AtomicU64>>,
    /// Stands for the descriptor's description, which has the file's locks. Duplicates share it.
    description: Arc<()>,
    /// The file is removed with the last of the duplicates.
    removal: Option<Arc<Removal>>,
}

impl OpenFile {
    pub(crate) fn new(file: File, access: DWORD) -> Self {
        let position = (access & DATA == 0).then(Arc::default);
        Self { position, ..Self::with_access(file, access) }
    }

    /// Returns a file that may be used for what its descriptor was opened for, and be executed.
    pub(crate) fn of_descriptor(file: File) -> Self {
        let access = Self::modes(file.as_raw_fd()) | FILE_EXECUTE;
        Self::with_access(file, access)
    }

    fn with_access(file: File, access: DWORD) -> Self {
        Self { file, access, position: None, description: Arc::default(), removal: None }
    }

    /// Has the file removed with the last duplicate of this handle.
    pub(crate) fn remove_at_end(&mut self) -> io::Result<()> {
        self.removal = Some(Removal::of(&self.file)?);
        Ok(())
    }

    /// Returns the handle's own position, if the descriptor has none.
    pub(crate) fn position(&self) -> Option<&AtomicU64> {
        self.position.as_deref()
    }

    /// Returns what a descriptor was opened for.
    fn modes(number: RawFd) -> DWORD {
        // SAFETY: the call takes numbers, and only looks.
        let flags = unsafe { libc::fcntl(number, libc::F_GETFL) };
        let write = if flags & libc::O_APPEND == 0 { WRITE } else { FILE_APPEND_DATA };
        match flags & libc::O_ACCMODE {
            _ if flags & libc::O_PATH != 0 => 0,
            libc::O_RDONLY => FILE_READ_DATA,
            libc::O_WRONLY => write,
            _ => FILE_READ_DATA | write,
        }
    }

    pub(crate) fn access(&self) -> DWORD {
        self.access
    }

    /// Returns what lives as long as a handle with this one's description.
    pub(crate) fn description(&self) -> Weak<()> {
        Arc::downgrade(&self.description)
    }

    /// Returns whether the handle may be used for what its descriptor was opened for, but for
    /// executing.
    fn is_unlimited(&self) -> bool {
        self.access & DATA == Self::modes(self.number())
    }

    /// [`Held::above_the_first_three`].
    pub(crate) fn above_the_first_three(self) -> Result<Self> {
        if self.number() > 2 {
            return Ok(self);
        }
        Ok(Self { file: self.file.try_clone()?, ..self })
    }

    /// Opens the file again, with a description of its own that has no more than these rights.
    pub(crate) fn again(&self, access: DWORD) -> io::Result<File> {
        let (mut options, flags) = options(access);
        options.custom_flags(flags | libc::O_NONBLOCK);
        options.open(format!("/proc/self/fd/{}", self.number()))
    }

    /// Refuses a mapping for which the handle has no right. What the descriptor has none for is
    /// refused by the library.
    pub(crate) fn check(&self, protection: Protection) -> Result<()> {
        let needed = if protection.is_writable() { FILE_WRITE_DATA } else { 0 } | FILE_READ_DATA;
        let is_able = self.is_unlimited() || self.access & needed == needed;
        let may_run = !protection.is_executable() || self.access & FILE_EXECUTE != 0;
        if !is_able || !may_run {
            return Err(Code(ERROR_ACCESS_DENIED));
        }
        Ok(())
    }

    /// Opens the file again for a mapping, with a description that nobody else has. `None` if that is
    /// not possible, as for a file that this user may not open any more.
    pub(crate) fn for_mapping(&self, protection: Protection) -> Option<File> {
        let needed = if protection.is_writable() { FILE_WRITE_DATA } else { 0 } | FILE_READ_DATA;
        // Nothing is opened that the program could not use.
        let is_able = self.access & needed == needed && self.file.metadata().ok()?.is_file();
        is_able.then(|| self.again(needed).ok()).flatten()
    }

    /// Returns another handle's file, with these rights.
    ///
    /// Both have one position, as on Windows. But rights that a child is to have as well, and
    /// appending, are a description's, and the position is then another one.
    ///
    /// # Errors
    ///
    /// 5 for a right that this handle does not have.
    pub(crate) fn duplicate(&self, access: DWORD, inherit: bool) -> Result<Self> {
        if access & !self.access != 0 {
            return Err(Code(ERROR_ACCESS_DENIED));
        }
        let appends = access & WRITE == FILE_APPEND_DATA;
        let is_other = access & DATA != Self::modes(self.number()) && (inherit || appends);
        let removal = self.removal.clone();
        if is_other && self.file.metadata()?.is_file() {
            return Ok(Self { removal, ..Self::new(self.again(access)?, access) });
        }
        let (position, description) = (self.position.clone(), Arc::clone(&self.description));
        Ok(Self { file: self.file.try_clone()?, access, position, description, removal })
    }

    /// Takes from the descriptor, which must still be this file's, what the handle may not be used for:
    /// a child has the descriptor alone. The file's position is then the handle's own.
    pub(crate) fn narrow(&self) -> Result<()> {
        if self.is_unlimited() || !self.file.metadata()?.is_file() {
            return Ok(());
        }
        if self.access & DATA == 0 {
            // A descriptor for nothing has no mark.
            return Err(Code(ERROR_NOT_SUPPORTED));
        }
        let mut narrow = self.again(self.access)?;
        narrow.seek(SeekFrom::Start((&self.file).stream_position()?))?;
        if let Some(mark) = Mark::of(self.number()) {
            let _the_same = mark.put(narrow.as_raw_fd());
        }
        // SAFETY: the call takes numbers. The caller has seen that the one which it replaces is this
        // library's, and the file of the other one lives in it.
        if unsafe { libc::dup3(narrow.as_raw_fd(), self.number(), libc::O_CLOEXEC) } == -1 {
            return Err(io::Error::last_os_error().into());
        }
        Ok(())
    }
}

impl Deref for OpenFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}

impl Descriptor for OpenFile {
    fn number(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    fn close(self) -> Result<()> {
        Ok(())
    }

    fn forget(self) {
        let _number = self.file.into_raw_fd();
    }
}
