use std::fs::OpenOptions;
use std::path::Path;

use crate::file::MappedFile;
use crate::file::windows::Shape;
use crate::model::{FileMapping, Registry};
use crate::types::{Access, Error, ErrorKind, Flush, Operation, Protection, Result, Rights, plain};

/// Bytes in a sliding window unless a size is asked for.
const WINDOW: usize = if usize::BITS >= 64 { 64 << 20 } else { 4 << 20 };

/// How many sliding windows are kept unless a number is asked for.
const WINDOWS: usize = 16;

/// How a [`MappedFile`] is opened.
///
/// ```
/// use filemap::{Flush, MappedFile};
///
/// let place = tempfile::tempdir()?;
/// let file = MappedFile::options()
///     .create_new()
///     .window(1 << 20)
///     .flush_writes(Flush::Written)
///     .open(place.path().join("data"))?;
/// file.write_at(5 << 20, b"far out")?;
/// assert_eq!(file.len()?, (5 << 20) + 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct MappedFileOptions {
    name: Option<String>,
    registry: Option<Registry>,
    writable: bool,
    presence: Presence,
    window: Option<usize>,
    windows: usize,
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

impl Default for MappedFileOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl MappedFileOptions {
    /// Begins with a file for reading and writing, without a name, that is created if it is
    /// not there.
    #[must_use]
    pub fn new() -> Self {
        Self {
            name: None,
            registry: None,
            writable: true,
            presence: Presence::Any,
            window: None,
            windows: WINDOWS,
            flush_writes: None,
            preallocate: 0,
        }
    }

    /// Gives the file a name by which other processes can open it.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
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
        self.window = Some(bytes);
        self
    }

    /// Keeps this many windows mapped, 16 unless told otherwise.
    ///
    /// Sequential access needs one. Random access is fast where it meets what is mapped; what it
    /// misses is mapped as well if it is used again and again, and goes by ordinary input or
    /// output until then, where the system promises that this works on the same pages. To map
    /// parts that are far from each other, windows are cut into smaller ones, together as long.
    #[must_use]
    pub fn windows(mut self, count: usize) -> Self {
        self.windows = count;
        self
    }

    /// Flushes each write before it returns; without this nothing is flushed unasked.
    #[must_use]
    pub fn flush_writes(mut self, flush: Flush) -> Self {
        self.flush_writes = Some(flush);
        self
    }

    /// Makes the file at least `len` bytes long, with disk space set aside for all of them.
    ///
    /// Writes to these bytes then do not fail for want of space; without this, a write into a
    /// hole may, with [`ErrorKind::DiskFull`].
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
    /// | the name is another file's, or memory's | [`AlreadyExists`](ErrorKind::AlreadyExists) |
    /// | to be new or preallocated, and for reading only | [`InvalidArgument`](ErrorKind::InvalidArgument) |
    /// | the name is not well formed | those of [`Name::parse`](crate::Name::parse) |
    ///
    /// A file that was created stays, also if its name was refused.
    pub fn open(self, path: impl AsRef<Path>) -> Result<MappedFile> {
        let path = path.as_ref();
        let about = || format!("the file {}", plain(path));
        if let Some(name) = &self.name {
            // A file must not be created for a name that cannot be.
            crate::types::Name::parse(name)
                .map_err(|error| error.during(Operation::CreateMapping))?;
        }
        if !self.writable && (self.presence == Presence::Absent || self.preallocate > 0) {
            return Err(Error::new(ErrorKind::InvalidArgument, Operation::OpenFile)
                .about(about())
                .because("a file for reading only is neither created nor made longer"));
        }
        let mut how = OpenOptions::new();
        how.read(true).write(self.writable);
        match self.presence {
            Presence::Any => how.create(self.writable),
            Presence::Present => &mut how,
            Presence::Absent => how.create_new(true),
        };
        let file = FileMapping::open_file(how, path).map_err(|error| match error.kind() {
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
        let own = plain().create().map_err(|error| error.or_about(about))?;
        let mapping = match &self.name {
            None => own,
            Some(name) => {
                let registry = self.registry.clone().unwrap_or_else(Registry::system);
                let named = plain().name(name).registry(&registry).create()?;
                if named.existed() && !named.is_same_file(&own)? {
                    return Err(Error::new(ErrorKind::AlreadyExists, Operation::CreateMapping)
                        .about(named.subject())
                        .because("the name exists already, and is not this file's"));
                }
                if self.writable && !named.protection().permits(Access::Write) {
                    return Err(Error::new(
                        ErrorKind::ProtectionExceeded,
                        Operation::CreateMapping,
                    )
                    .about(named.subject())
                    .because("it was named by somebody who may only read it"));
                }
                named
            }
        };
        if self.preallocate > 0 && self.writable {
            mapping
                .reserve_file(self.preallocate)
                .map_err(|error| error.during(Operation::OpenFile).or_about(about))?;
        }
        let access = if self.writable { Access::Write } else { Access::Read };
        MappedFile::over(mapping, access, Some(path.to_owned()), self.shape(), self.flush_writes)
    }

    /// Opens what has this name, a file or memory, by the name alone.
    ///
    /// Options about files do not apply; the name is this one. Memory, and a mapping that was
    /// given a size, keep their length; a file that was opened as a [`MappedFile`] grows.
    ///
    /// # Errors
    ///
    /// Those of [`FileMapping::open`].
    pub fn open_by_name(self, name: &str) -> Result<MappedFile> {
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
        MappedFile::over(mapping, access, path, self.shape(), self.flush_writes)
    }

    fn shape(&self) -> Shape {
        Shape {
            window: self.window.unwrap_or(WINDOW),
            count: self.windows,
            forced: self.window.is_some(),
        }
    }
}

/// Tells whether a folder is not there; the empty path is the current one.
fn is_missing(folder: &Path) -> bool {
    !folder.as_os_str().is_empty() && !folder.exists()
}
