//! Files whose length is kept.

use std::fs::File;

use crate::model::FileMapping;
use crate::sys;
use crate::types::Result;

/// Keeps a file from becoming shorter while this value lives.
///
/// Windows refuses to cut a mapped file; Linux does not. While a program keeps the length of a file,
/// [`set_file_len`] and [`MappedFile::set_len`](crate::MappedFile::set_len) refuse to cut it, in
/// every process. Programs that do not use this library can cut it all the same.
///
/// The length is kept until the value is dropped or the process ends, killed or not.
///
/// ```
/// use filemap::{ErrorKind, FileMapping, LengthLock, set_file_len};
/// # use std::io::Write as _;
///
/// # let mut file = tempfile::tempfile()?;
/// # file.write_all(&[7; 10_000])?;
/// let mapping = FileMapping::options().file(&file).create()?;
/// let kept = LengthLock::of_mapping(&mapping)?;
/// set_file_len(&file, 20_000)?;
/// # // On Windows it is the mapping itself that keeps the length.
/// # if cfg!(windows) { return Ok(()); }
/// # drop(mapping);
/// let refused = set_file_len(&file, 5000).unwrap_err();
/// assert_eq!(refused.kind(), ErrorKind::FileMapped);
///
/// drop(kept);
/// set_file_len(&file, 5000)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Platforms
///
/// On Linux it works among programs of one user whose system registry is in the same place. On
/// Windows the kernel keeps the lengths of mapped files, and this has no effect.
#[derive(Debug)]
#[doc(alias = "ERROR_USER_MAPPED_FILE")]
pub struct LengthLock {
    _held: sys::LengthLock,
}

impl LengthLock {
    /// Keeps the length of a file that is about to be mapped.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UntrustedRegistry`](crate::ErrorKind::UntrustedRegistry) and other errors of
    /// creating the registry; [`ErrorKind::TimedOut`](crate::ErrorKind::TimedOut) if others change the
    /// file's length all the time.
    pub fn of_file(file: &File) -> Result<Self> {
        Ok(Self { _held: sys::LengthLock::of_file(file)? })
    }

    /// Keeps the length of the file behind a mapping. The length of memory never changes.
    ///
    /// # Errors
    ///
    /// Those of [`of_file`](Self::of_file).
    pub fn of_mapping(mapping: &FileMapping) -> Result<Self> {
        let held = sys::LengthLock::of_section(mapping.section());
        Ok(Self { _held: held.map_err(|error| error.or_about(|| mapping.subject()))? })
    }
}

/// Sets the length of a file in bytes, unless that would cut a file whose length is kept.
///
/// # Errors
///
/// [`ErrorKind::FileMapped`](crate::ErrorKind::FileMapped) if a [`LengthLock`] keeps it longer,
/// [`ErrorKind::DiskFull`](crate::ErrorKind::DiskFull) and
/// [`FileTooLarge`](crate::ErrorKind::FileTooLarge) for a length that is not possible,
/// [`ErrorKind::WrongObject`](crate::ErrorKind::WrongObject) if it is not a regular file,
/// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) if it is not open for
/// writing. The file is then as it was.
#[doc(alias = "SetEndOfFile")]
#[doc(alias = "ftruncate")]
pub fn set_file_len(file: &File, len: u64) -> Result<()> {
    sys::set_file_len(file, len).map_err(|error| error.or_about(|| "the file".to_owned()))
}
