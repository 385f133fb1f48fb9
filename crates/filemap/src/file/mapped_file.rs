use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::file::cutting::Cutting;
use crate::file::reserve::Room;
use crate::file::windows::{Shape, Windows};
use crate::file::{Cursor, MappedFileOptions};
use crate::model::FileMapping;
use crate::types::{Access, Error, ErrorKind, Flush, Name, Operation, Result, plain};

/// A file by offset: bytes, values and objects, read and written through a mapping.
///
/// The file is opened once and mapped whole; a write past its end makes it longer, and others
/// who have it open see that at once. There is no maximum size but the file system's, and a
/// file larger than the address space is read and written through windows that slide. All
/// methods take `&self`: threads share one, and none waits for another.
///
/// ```
/// use filemap::MappedFile;
///
/// let place = tempfile::tempdir()?;
/// let file = MappedFile::open(place.path().join("scores"))?;
/// file.write_at(5_000_000_000, b"sparse")?;
///
/// let mut seen = [0; 100];
/// assert_eq!(file.read_at(5_000_000_002, &mut seen)?, 4); // as many as there were
/// assert_eq!(&seen[..4], b"arse");
/// assert_eq!(file.len()?, 5_000_000_006);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # For those who know the C# class
///
/// | there | here |
/// |---|---|
/// | constructor with file name and name | [`open_named`](Self::open_named); [`open`](Self::open) without a name |
/// | constructor with a name | [`from_name`](Self::from_name) |
/// | `Length` | [`len`](Self::len), also when opened by name |
/// | `Write(Object, offset)`, `Read(offset)` | [`write_object`](Self::write_object), [`read_object`](Self::read_object): any serde type, any size |
/// | `Write(byte[], n, offset)`, `Read(byte[], n, offset)` | [`write_at`](Self::write_at), [`read_at`](Self::read_at) |
/// | `Size(Object)` | [`object_size`](Self::object_size) |
/// | maximum size `Int64.MaxValue` | none: the file grows, sparsely, as it is written |
/// | `FlushViewOfFile` after each write | [`flush`](Self::flush), or [`MappedFileOptions::flush_writes`] |
/// | `Win32Exception` | [`Error`], with [`win32_code`](Error::win32_code) |
/// | `Dispose` | dropping it, or [`close`](Self::close) |
///
/// # Others and the length
///
/// The length is remembered and looked up again when something lies past it, so growth by
/// others shows at once. A file that others make *shorter* shows when its length is asked for;
/// until then the rest of its last page reads as zeros.
#[derive(Debug)]
#[doc(alias = "CMemoryMappedFile")]
#[doc(alias = "MemoryMappedFile")]
pub struct MappedFile {
    pub(super) mapping: Arc<FileMapping>,
    pub(super) access: Access,
    pub(super) windows: Windows,
    /// The length of the file when it was last asked for: bytes before it may be read.
    pub(super) known_len: AtomicU64,
    /// Bytes before it may be stored to through a map: whoever made the file so long is done.
    pub(super) settled_len: AtomicU64,
    /// Held alone while the file is cut, and shared between a look at its length and the note of
    /// it, so that no old length is noted after a cut. Never on the way to bytes that are mapped.
    pub(super) cutting: Cutting,
    /// What the file is longer than what was written; given back after the views are gone.
    pub(super) room: Room,
    pub(super) flush_writes: Option<Flush>,
    path: Option<PathBuf>,
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
    pub fn open_named(path: impl AsRef<Path>, name: &str) -> Result<Self> {
        Self::options().name(name).open(path)
    }

    /// Opens what has this name, without its path or its size.
    ///
    /// # Errors
    ///
    /// Those of [`FileMapping::open`]; [`ErrorKind::NotFound`] if nobody has it open.
    pub fn from_name(name: &str) -> Result<Self> {
        Self::options().open_by_name(name)
    }

    /// Begins a file with everything that can be said about how to open it.
    #[must_use]
    pub fn options() -> MappedFileOptions {
        MappedFileOptions::new()
    }

    pub(super) fn over(
        mapping: FileMapping,
        access: Access,
        path: Option<PathBuf>,
        shape: Shape,
        flush_writes: Option<Flush>,
    ) -> Result<Self> {
        let windows = Windows::new(shape);
        let known_len = AtomicU64::new(0);
        let cutting = Cutting::default();
        // Only what can grow is ever in the middle of growing, and only what is written needs to
        // know.
        let settled = match access.can_write() {
            true if !mapping.follows_file() => mapping.size(),
            _ => 0,
        };
        let settled_len = AtomicU64::new(settled);
        let mapping = Arc::new(mapping);
        let room = Room::none(Arc::clone(&mapping));
        let file = Self {
            mapping,
            access,
            windows,
            known_len,
            settled_len,
            cutting,
            room,
            flush_writes,
            path,
        };
        file.len()?;
        Ok(file)
    }

    /// Tells the length in bytes, as it is now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Device`] if the file system does not answer.
    pub fn len(&self) -> Result<u64> {
        let _uncut = self.cutting.uncut();
        self.look()
    }

    /// Looks at the length and notes it; the caller keeps the file from being cut meanwhile.
    pub(super) fn look(&self) -> Result<u64> {
        let len = if self.mapping.follows_file() {
            self.room.len(|| self.mapping.file_len()).map_err(|error| self.named(error))?
        } else {
            self.mapping.size()
        };
        self.known_len.store(len, Ordering::Relaxed);
        self.settled_len.fetch_min(len, Ordering::Relaxed);
        self.reach();
        Ok(len)
    }

    /// Tells whether the file has no bytes now.
    ///
    /// # Errors
    ///
    /// Those of [`len`](Self::len).
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Makes the file exactly `len` bytes long.
    ///
    /// New bytes are zero and take no space until they are written. Bytes cut off are gone for
    /// everybody who has the file open. Room behind the end that was [reserved](Self::reserve) is
    /// given back.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AccessDenied`] if it was opened for reading only;
    /// [`ErrorKind::NotSupported`] if it is not a file, or a mapping of a fixed size;
    /// [`ErrorKind::FileTooLarge`] if the file system or the process's limit does not allow
    /// it. The length is then as it was.
    ///
    /// # Platforms
    ///
    /// Windows does not let a file become shorter while anybody has mapped or named it:
    /// [`ErrorKind::FileMapped`]. A `MappedFile` maps at its first read or write, and as a whole
    /// unless it was opened with a [`window`](MappedFileOptions::window): windows are given up for
    /// this.
    #[doc(alias = "SetEndOfFile")]
    #[doc(alias = "ftruncate")]
    pub fn set_len(&self, len: u64) -> Result<()> {
        self.check_writable(Operation::ResizeFile)?;
        self.check_growing(Operation::ResizeFile)?;
        let _cut = self.cutting.cut();
        // Before the file is cut, nobody here may rely on what is cut off.
        self.known_len.fetch_min(len, Ordering::Relaxed);
        self.settled_len.fetch_min(len, Ordering::Relaxed);
        self.reach();
        let mut set = self.mapping.set_file_len(len);
        // Where a mapped file cannot be cut, what is mapped here need not be the reason.
        if set.as_ref().is_err_and(|error| error.kind() == ErrorKind::FileMapped)
            && self.windows.let_go()
        {
            set = self.mapping.set_file_len(len);
        }
        match &set {
            Ok(()) => self.room.is_over(),
            // Room can be told to be file without the system.
            Err(error) if error.kind() == ErrorKind::FileMapped && self.room.set_len(len) => {
                set = Ok(());
            }
            Err(_) => {}
        }
        self.look()?;
        set.map_err(|error| self.named(error))
    }

    /// Tells the path by which it was opened or named; memory has none.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Tells the name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&Name> {
        self.mapping.name()
    }

    /// Lends the handle behind the file.
    #[must_use]
    pub fn mapping(&self) -> &FileMapping {
        &self.mapping
    }

    /// Tells whether bytes can be written.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.access.can_write()
    }

    /// Reads and writes from front to back, as [`std::io`] does.
    #[must_use]
    pub fn cursor(&self) -> Cursor<&Self> {
        Cursor::new(self)
    }

    /// Sends all of the file towards the disk, as far as `flush` says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Device`] or [`ErrorKind::DiskFull`] if the disk does not take it.
    #[doc(alias = "FlushViewOfFile")]
    pub fn flush(&self, flush: Flush) -> Result<()> {
        self.mapping.flush_file(0, 0, flush).map_err(|error| self.named(error))
    }

    /// Sends `len` bytes from `offset` on towards the disk, as far as `flush` says.
    ///
    /// [`Flush::Durable`] takes the whole file along. What lies past the end is left out.
    ///
    /// # Errors
    ///
    /// Those of [`flush`](Self::flush).
    pub fn flush_range(&self, offset: u64, len: u64, flush: Flush) -> Result<()> {
        if len == 0 {
            return Ok(());
        }
        self.mapping.flush_file(offset, len, flush).map_err(|error| self.named(error))
    }

    /// Closes the file and tells whether that worked; dropping does the same in silence.
    ///
    /// Closing flushes nothing: what was written is the file's, and the system writes it out
    /// in its own time. Room behind the end that was [reserved](Self::reserve) is given back.
    ///
    /// # Errors
    ///
    /// Those of [`FileMapping::close`]; [`ErrorKind::FileMapped`] if others keep the file from
    /// becoming shorter, and so its room where it is.
    pub fn close(self) -> Result<()> {
        let subject = self.subject();
        let Self { mapping, windows, mut room, .. } = self;
        drop(windows);
        let given_back = room.give_back().map_err(|error| error.or_about(|| subject));
        drop(room);
        let closed = Arc::into_inner(mapping).map_or(Ok(()), FileMapping::close);
        given_back.and(closed)
    }

    pub(super) fn check_writable(&self, operation: Operation) -> Result<()> {
        if self.is_writable() {
            return Ok(());
        }
        Err(self.named(
            Error::new(ErrorKind::AccessDenied, operation).because("it is open for reading only"),
        ))
    }

    /// Refuses what needs a file that can become longer.
    pub(super) fn check_growing(&self, operation: Operation) -> Result<()> {
        if self.mapping.follows_file() {
            return Ok(());
        }
        Err(self.named(
            Error::new(ErrorKind::NotSupported, operation)
                .because("its length was fixed when it was created"),
        ))
    }

    pub(super) fn named(&self, error: Error) -> Error {
        error.or_about(|| self.subject())
    }

    /// What an error calls this file.
    pub(super) fn subject(&self) -> String {
        match (&self.path, self.name()) {
            (Some(path), _) => format!("the file {}", plain(path)),
            (None, _) => self.mapping.subject(),
        }
    }
}
