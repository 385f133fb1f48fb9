//! A file by offset: what belongs to it, flushed and closed.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::file::whole::Whole;
use crate::file::windows::{Shape, Windows};
use crate::model::{FileMapping, Reach};
use crate::types::{Access, Error, ErrorKind, Flush, Name, Operation, Result, plain};

/// A file by offset: bytes, values and objects, read and written through a mapping.
///
/// The file is opened once and mapped whole; a write past its end makes it longer, and others
/// who have it open see that at once. There is no maximum size but the file system's, and a
/// file larger than the address space is read and written through windows that slide. All
/// methods take `&self`: threads share one, and none waits for another.
///
/// ```
/// use filemap::{MappedFile, PositionedIo};
///
/// let place = tempfile::tempdir()?;
/// let file = MappedFile::open(place.path().join("scores"))?;
/// file.write_all_at(b"sparse", 5_000_000_000)?;
///
/// let mut seen = [0; 100];
/// assert_eq!(file.read_at(&mut seen, 5_000_000_002)?, 4); // as many as there were
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
/// | `Write(Object, offset)`, `Read(offset)` | `write_object`, `read_object`, of the feature `objects`: any serde type, any size |
/// | `Write(byte[], n, offset)`, `Read(byte[], n, offset)` | [`write_at`](crate::PositionedIo::write_at), [`read_at`](crate::PositionedIo::read_at) |
/// | `Size(Object)` | `object_size` |
/// | maximum size `Int64.MaxValue` | none: the file grows, sparsely, as it is written |
/// | `FlushViewOfFile` after each write | [`flush`](Self::flush), or [`MappedFileOptions::flush_writes`](crate::MappedFileOptions::flush_writes) |
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
    pub(super) mapping: FileMapping,
    pub(super) access: Access,
    path: Option<PathBuf>,
    /// How each write is flushed, if it is.
    pub(super) flush_writes: Option<Flush>,
    /// Whether the file is mapped as a whole where the address space has room for it.
    pub(super) maps_whole: bool,
    pub(super) whole: Whole,
    pub(super) windows: Windows,
    /// The length when it was last looked at, of a file that can grow.
    pub(super) known_len: Reach,
    /// How many bytes from the start may be stored to through a map.
    pub(super) settled_len: Reach,
}

impl MappedFile {
    pub(super) fn over(
        mapping: FileMapping,
        access: Access,
        path: Option<PathBuf>,
        shape: Shape,
        flush_writes: Option<Flush>,
    ) -> Result<Self> {
        // Only what can grow is ever in the middle of growing, and only what is written needs to
        // know.
        let is_settled = access.can_write() && !mapping.follows_file();
        let settled = if is_settled { mapping.size() } else { 0 };
        let has_generations = mapping.has_generations();
        let file = Self {
            mapping,
            access,
            path,
            flush_writes,
            // Each access asks whether the bytes are still those of the name, and the map of all of it
            // would spare it that.
            maps_whole: !shape.forced && !has_generations,
            whole: Whole::new(),
            windows: Windows::new(shape),
            known_len: Reach::new(0),
            settled_len: Reach::new(settled),
        };
        file.len()?;
        Ok(file)
    }

    /// Returns the path by which it was opened or named; memory has none.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Returns the name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&Name> {
        self.mapping.name()
    }

    /// Returns the handle behind the file.
    #[must_use]
    pub fn mapping(&self) -> &FileMapping {
        &self.mapping
    }

    /// Returns whether bytes can be written.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.access.can_write()
    }

    /// Sends all of the file towards the disk, as far as `flush` says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Device`] or [`ErrorKind::DiskFull`] if the disk does not take it.
    /// [`ErrorKind::Lost`] if somebody else has made the file shorter since its length was last
    /// looked at: what is there is flushed, and of what was written past the new end nothing is
    /// kept. [`Error::loss`] has that end. It is not looked at for [`Flush::Start`].
    #[doc(alias = "FlushViewOfFile")]
    pub fn flush(&self, flush: Flush) -> Result<()> {
        self.flush_known(0..u64::MAX, flush).map_err(|error| self.named(error))
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
        let range = offset..offset.saturating_add(len);
        self.flush_known(range, flush).map_err(|error| self.named(error))
    }

    /// Closes the file, and returns whether that worked; dropping it returns nothing.
    ///
    /// Closing flushes nothing: what was written is the file's, and the system writes it out
    /// in its own time.
    ///
    /// # Errors
    ///
    /// Those of [`FileMapping::close`].
    pub fn close(self) -> Result<()> {
        let Self { mapping, whole, windows, .. } = self;
        drop((whole, windows));
        mapping.close()
    }
}

impl MappedFile {
    /// Flushes, and finds out whether the file still has the bytes of a range that it was known to
    /// have.
    fn flush_known(&self, range: Range<u64>, flush: Flush) -> Result<()> {
        self.mapping.check_generation(Operation::Flush)?;
        let end = self.known_len().min(range.end);
        // A length of 0 reaches to the end.
        let len = if range.end == u64::MAX { 0 } else { range.end - range.start };
        self.mapping.flush_file(range.start, len, flush)?;
        if flush == Flush::Start || !self.mapping.is_over_file() {
            return Ok(());
        }
        let now = self.mapping.file_len().map_err(|error| error.during(Operation::Flush))?;
        if now >= end {
            return Ok(());
        }
        // Said once: from here on the file is as long as it is.
        self.len()?;
        Err(Error::cut(now, range.start..end, Operation::Flush))
    }

    /// Refuses a change of what was opened for reading only.
    pub(super) fn check_writable(&self, operation: Operation) -> Result<()> {
        if self.is_writable() {
            return Ok(());
        }
        let error = Error::new(ErrorKind::AccessDenied, operation);
        Err(self.named(error.because("it is open for reading only")))
    }

    pub(super) fn named(&self, error: Error) -> Error {
        error.about(self.subject())
    }

    /// What an error calls this file.
    pub(super) fn subject(&self) -> String {
        match &self.path {
            Some(path) => format!("the file {}", plain(path)),
            None => self.mapping.subject(),
        }
    }
}
