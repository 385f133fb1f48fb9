//! How a file is opened: whether it must be there, its name, its windows.

use std::fs::OpenOptions;
use std::path::Path;

use crate::file::MappedFile;
use crate::file::windows::Shape;
use crate::model::{FileMapping, Registry};
use crate::types::{
    Access, Error, ErrorKind, Flush, GivenName, Name, Operation, Protection, Result, Rights, plain,
};

/// Bytes in a window unless a size is asked for.
const WINDOW: usize = if usize::BITS >= 64 { 64 << 20 } else { 4 << 20 };

/// How many windows are kept unless a number is asked for.
const WINDOWS: usize = 16;

/// How a [`MappedFile`] is opened.
///
/// ```
/// use filemap::{Flush, MappedFile, PositionedIo};
///
/// let place = tempfile::tempdir()?;
/// let file = MappedFile::options()
///     .create_new()
///     .window(1 << 20)
///     .flush_writes(Flush::Written)
///     .open(place.path().join("data"))?;
/// file.write_all_at(b"far out", 5 << 20)?;
/// assert_eq!(file.len()?, (5 << 20) + 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct MappedFileOptions {
    name: Option<GivenName>,
    registry: Option<Registry>,
    writable: bool,
    presence: Presence,
    shape: Shape,
    flush_writes: Option<Flush>,
    preallocate: u64,
}

/// Whether the file may, must or must not be there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Any,
    Present,
    Absent,
}

impl MappedFileOptions {
    /// Returns options of a file for reading and writing, without a name, that is created if it is
    /// not there.
    fn new() -> Self {
        Self {
            name: None,
            registry: None,
            writable: true,
            presence: Presence::Any,
            shape: Shape { window: WINDOW, count: WINDOWS, forced: false },
            flush_writes: None,
            preallocate: 0,
        }
    }

    /// Gives the file a name by which other processes can open it.
    #[must_use]
    pub fn name(mut self, name: impl TryInto<Name, Error: Into<Error>>) -> Self {
        self.name = Some(GivenName::new(name));
        self
    }

    /// Keeps the name in this registry instead of the system's.
    #[must_use]
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = Some(registry.clone());
        self
    }

    /// Opens the file for reading only; it must be there.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.writable = false;
        self
    }

    /// Refuses a file that is there already.
    #[must_use]
    pub fn create_new(mut self) -> Self {
        self.presence = Presence::Absent;
        self
    }

    /// Refuses a file that is not there yet.
    #[must_use]
    pub fn must_exist(mut self) -> Self {
        self.presence = Presence::Present;
        self
    }

    /// Never maps more than windows of this many bytes, rounded up to a multiple of
    /// [`granularity`](crate::granularity).
    ///
    /// Without this the whole file is mapped at once, and windows are used only if the address
    /// space has no room for it.
    #[must_use]
    pub fn window(mut self, bytes: usize) -> Self {
        (self.shape.window, self.shape.forced) = (bytes, true);
        self
    }

    /// Sets how many windows are kept mapped: 16 by default.
    ///
    /// Sequential access needs one. Random access is fast where it meets what is mapped. What it
    /// misses goes by ordinary input or output, where the system promises that this works on the
    /// same pages, and is mapped as well if it is used again and again. To map parts that are far
    /// from each other, windows are cut into smaller ones, together as long.
    #[must_use]
    pub fn windows(mut self, count: usize) -> Self {
        self.shape.count = count;
        self
    }

    /// Flushes each write before it returns; without this nothing is flushed unasked.
    #[must_use]
    pub fn flush_writes(mut self, flush: Flush) -> Self {
        self.flush_writes = Some(flush);
        self
    }

    /// Sets disk space aside for the first `len` bytes, also for those past the end: the length of
    /// the file stays as it is.
    ///
    /// Writes to these bytes then do not fail for want of space; without this, a write past the end
    /// or into a hole may, with [`ErrorKind::DiskFull`]. The same as
    /// [`MappedFile::preallocate`], which can be called later.
    #[must_use]
    #[doc(alias = "fallocate")]
    pub fn preallocate(mut self, len: u64) -> Self {
        self.preallocate = len;
        self
    }

    /// Opens the file at `path`.
    ///
    /// # Errors
    ///
    /// | what is wrong | kind |
    /// |---|---|
    /// | there is no file, and none is to be created | [`NotFound`](ErrorKind::NotFound) |
    /// | its folder is not there | [`PathNotFound`](ErrorKind::PathNotFound) |
    /// | the name was given by somebody who may only read | [`ProtectionExceeded`](ErrorKind::ProtectionExceeded) |
    /// | there is one, and it was to be new | [`AlreadyExists`](ErrorKind::AlreadyExists) |
    /// | the file may not be opened so | [`AccessDenied`](ErrorKind::AccessDenied) |
    /// | a directory, pipe, socket or device | [`WrongObject`](ErrorKind::WrongObject) |
    /// | no space for what is to be preallocated | [`DiskFull`](ErrorKind::DiskFull) |
    /// | to be preallocated, and its file system sets no space aside | [`NotSupported`](ErrorKind::NotSupported) |
    /// | the name is another file's, or memory's | [`AlreadyExists`](ErrorKind::AlreadyExists) |
    /// | to be new or preallocated, and for reading only | [`InvalidArgument`](ErrorKind::InvalidArgument) |
    /// | the name is not well formed | those of [`Name::parse`](crate::Name::parse) |
    ///
    /// A file that was created stays, also if its name was refused.
    pub fn open(self, path: impl AsRef<Path>) -> Result<MappedFile> {
        let path = path.as_ref();
        let about = || format!("the file {}", plain(path));
        // A file must not be created for a name that cannot be.
        let name = self.name.as_ref().map(GivenName::get).transpose();
        let name = name.map_err(|error| error.during(Operation::CreateMapping))?;
        if !self.writable && (self.presence == Presence::Absent || self.preallocate > 0) {
            return Err(Error::new(ErrorKind::InvalidArgument, Operation::OpenFile)
                .about(about())
                .because("a file for reading only is neither created nor made longer"));
        }
        let mut how = OpenOptions::new();
        how.read(true).write(self.writable).create_new(self.presence == Presence::Absent);
        let opened = match FileMapping::open_file(how.clone(), path) {
            // Asked for later: of another user's file in a folder such as `/tmp`, the system refuses
            // what might create it.
            Err(error)
                if error.kind() == ErrorKind::NotFound
                    && self.presence == Presence::Any
                    && self.writable =>
            {
                how.create(true);
                FileMapping::open_file(how, path)
            }
            opened => opened,
        };
        let file = opened.map_err(|error| match error.kind() {
            ErrorKind::NotFound if path.parent().is_some_and(is_missing) => {
                Error::new(ErrorKind::PathNotFound, Operation::OpenFile)
                    .about(about())
                    .because("its folder does not exist")
                    .caused_by(error)
            }
            ErrorKind::NotFound => error.about(about()).because("there is no such file"),
            ErrorKind::AlreadyExists => error.about(about()).because("the file exists already"),
            _ => error.about(about()),
        })?;
        let protection = if self.writable { Protection::ReadWrite } else { Protection::ReadOnly };
        let plain = || FileMapping::options().protection(protection).file(&file).follow_file();
        let own =
            plain().create().map_err(|error| error.during(Operation::OpenFile).about(about()))?;
        let mapping = match name {
            None => own,
            Some(name) => {
                let registry = self.registry.clone().unwrap_or_else(Registry::system);
                let named = plain().path(path).name(name).registry(&registry).create()?;
                let refused = |kind, why| {
                    let error = Error::new(kind, Operation::CreateMapping);
                    Err(error.about(named.subject()).because(why))
                };
                if named.existed() && !named.is_same_file(&own)? {
                    let why = "the name exists already, and is not this file's";
                    return refused(ErrorKind::AlreadyExists, why);
                }
                if self.writable && !named.protection().permits(Access::Write) {
                    let why = "it was named by somebody who may only read it";
                    return refused(ErrorKind::ProtectionExceeded, why);
                }
                named
            }
        };
        if self.preallocate > 0 {
            mapping
                .preallocate_file(0, self.preallocate)
                .map_err(|error| error.during(Operation::OpenFile).or_about(about))?;
        }
        let access = if self.writable { Access::Write } else { Access::Read };
        MappedFile::over(mapping, access, Some(path.to_owned()), self.shape, self.flush_writes)
    }

    /// Opens what has this name, a file or memory, by the name alone.
    ///
    /// Options about files do not apply; the name is this one. Memory, and a mapping that was
    /// given a size, keep their length; a file that was opened as a [`MappedFile`] grows.
    ///
    /// # Errors
    ///
    /// Those of [`FileMapping::open`].
    pub fn open_by_name(self, name: impl TryInto<Name, Error: Into<Error>>) -> Result<MappedFile> {
        let registry = self.registry.clone().unwrap_or_else(Registry::system);
        let rights = (!self.writable).then_some(Rights::READ);
        let mapping = registry.open_following(name, rights)?;
        let may_write =
            mapping.rights().contains(Rights::WRITE) && mapping.protection().permits(Access::Write);
        let access = if self.writable && may_write { Access::Write } else { Access::Read };
        let path = match mapping.backing() {
            crate::model::Backing::File { path } if !path.as_os_str().is_empty() => Some(path),
            _ => None,
        };
        MappedFile::over(mapping, access, path, self.shape, self.flush_writes)
    }
}

impl MappedFile {
    /// Opens the file at `path` for reading and writing, and creates it if there is none.
    ///
    /// # Errors
    ///
    /// Those of [`MappedFileOptions::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::options().open(path)
    }

    /// Opens the file at `path` for reading and writing, creates it if there is none, and gives
    /// it a name by which other processes find it.
    ///
    /// The name stays until the last of those who have it open is gone. If the file has this
    /// name already, the two become one more pair of users of it.
    ///
    /// # Errors
    ///
    /// Those of [`MappedFileOptions::open`].
    pub fn open_named(
        path: impl AsRef<Path>,
        name: impl TryInto<Name, Error: Into<Error>>,
    ) -> Result<Self> {
        Self::options().name(name).open(path)
    }

    /// Opens what has this name, without its path or its size.
    ///
    /// # Errors
    ///
    /// Those of [`FileMapping::open`]; [`ErrorKind::NotFound`] if nobody has it open.
    pub fn from_name(name: impl TryInto<Name, Error: Into<Error>>) -> Result<Self> {
        Self::options().open_by_name(name)
    }

    /// Begins a file with everything that can be said about how to open it.
    #[must_use]
    pub fn options() -> MappedFileOptions {
        MappedFileOptions::new()
    }
}

/// Returns whether a folder is not there; the empty path is the current one.
fn is_missing(folder: &Path) -> bool {
    !folder.as_os_str().is_empty() && !folder.exists()
}
