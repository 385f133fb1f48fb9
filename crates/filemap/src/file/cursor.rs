//! A position in a file, for `std::io`.

use std::borrow::Borrow;
use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::file::MappedFile;
use crate::model::PositionedIo as _;

/// A position in a [`MappedFile`], from which it is read and written as [`std::io`] does.
///
/// `F` is how the file is held: `&MappedFile`, `Arc<MappedFile>`, or `MappedFile` itself. Any
/// number of cursors may move over one file.
///
/// ```
/// use std::io::{Read, Seek, SeekFrom, Write};
/// use filemap::MappedFile;
///
/// let place = tempfile::tempdir()?;
/// let file = MappedFile::open(place.path().join("log"))?;
/// let mut cursor = file.cursor();
/// writeln!(cursor, "one line")?;
/// cursor.seek(SeekFrom::Start(4))?;
///
/// let mut rest = String::new();
/// cursor.read_to_string(&mut rest)?;
/// assert_eq!(rest, "line\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Cursor<F> {
    file: F,
    position: u64,
}

impl MappedFile {
    /// Returns a cursor at the start of the file, to read and write as [`std::io`] does.
    #[must_use]
    pub fn cursor(&self) -> Cursor<&Self> {
        Cursor::new(self)
    }
}

impl<F: Borrow<MappedFile>> Cursor<F> {
    /// Returns a cursor at the start of the file.
    #[must_use]
    pub fn new(file: F) -> Self {
        Self { file, position: 0 }
    }

    /// Returns where the next byte is read or written, in bytes from the start of the file.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Moves to a position in the file, which may lie past its end.
    pub fn set_position(&mut self, position: u64) {
        self.position = position;
    }

    /// Returns the file.
    #[must_use]
    pub fn into_inner(self) -> F {
        self.file
    }
}

impl<F: Borrow<MappedFile>> Read for Cursor<F> {
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let file = self.file.borrow();
        let count = match file.read_fast(self.position, buf) {
            true => buf.len(),
            false => file.read_slow(self.position, buf)?,
        };
        self.position += count as u64;
        Ok(count)
    }
}

impl<F: Borrow<MappedFile>> Write for Cursor<F> {
    #[inline]
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.file.borrow().write_all_at(buf, self.position)?;
        self.position += buf.len() as u64;
        Ok(buf.len())
    }

    /// Does nothing: everybody sees what was written already. [`MappedFile::flush`] is about
    /// the disk.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<F: Borrow<MappedFile>> Seek for Cursor<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (base, distance) = match to {
            SeekFrom::Start(position) => (position, 0),
            SeekFrom::Current(distance) => (self.position, distance),
            SeekFrom::End(distance) => (self.file.borrow().len()?, distance),
        };
        let position = base.checked_add_signed(distance).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "the position would lie before the start")
        })?;
        self.position = position;
        Ok(position)
    }
}
