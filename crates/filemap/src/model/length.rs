use std::fs::File;

use crate::model::FileMapping;
use crate::sys;
use crate::types::Result;

/// A hold on the length of a file: it does not become shorter as long as this lives.
///
/// Windows refuses to cut a mapped file; Linux lets anybody do it. Who maps a file can keep its
/// length, and who cuts files with [`set_file_len`] or [`MappedFile::set_len`](crate::MappedFile::set_len)
/// is then refused. Others are not: it is a word among programs that use this library.
///
/// The hold ends when it is dropped, or with the process, killed or not.
///
/// ```
/// use filemap::{ErrorKind, FileMapping, KeptLength, set_file_len};
/// # use std::io::Write as _;
///
/// # let mut file = tempfile::tempfile()?;
/// # file.write_all(&[7; 10_000])?;
/// let mapping = FileMapping::options().file(&file).create()?;
/// let kept = KeptLength::of_mapping(&mapping)?;
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
/// On Linux programs of one user see each other's holds, if they use the system's registry in one
/// place. On Windows the kernel keeps the lengths of mapped files, and this does nothing.
#[derive(Debug)]
#[doc(alias = "ERROR_USER_MAPPED_FILE")]
pub struct KeptLength {
    _held: sys::KeptLength,
}

impl KeptLength {
    /// Keeps the length of a file that is about to be mapped.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UntrustedRegistry`](crate::ErrorKind::UntrustedRegistry) and what making the
    /// registry may meet; [`ErrorKind::TimedOut`](crate::ErrorKind::TimedOut) if others change the
    /// file's length all the time.
    pub fn of_file(file: &File) -> Result<Self> {
        Ok(Self { _held: sys::KeptLength::of_file(file)? })
    }

    /// Keeps the length of the file behind a mapping; memory has a length that nobody can change.
    ///
    /// # Errors
    ///
    /// Those of [`of_file`](Self::of_file).
    pub fn of_mapping(mapping: &FileMapping) -> Result<Self> {
        let held = sys::KeptLength::of_section(mapping.section());
        Ok(Self { _held: held.map_err(|error| error.or_about(|| mapping.subject()))? })
    }
}

/// Sets the length of a file in bytes, and does not cut one whose length is kept.
///
/// # Errors
///
/// [`ErrorKind::FileMapped`](crate::ErrorKind::FileMapped) if a [`KeptLength`] is in the way,
/// [`ErrorKind::DiskFull`](crate::ErrorKind::DiskFull) and
/// [`FileTooLarge`](crate::ErrorKind::FileTooLarge) for a length that cannot be,
/// [`ErrorKind::WrongObject`](crate::ErrorKind::WrongObject) if it is no file,
/// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) if it is not open for
/// writing. The file is then as it was.
#[doc(alias = "SetEndOfFile")]
#[doc(alias = "ftruncate")]
pub fn set_file_len(file: &File, len: u64) -> Result<()> {
    sys::set_file_len(file, len).map_err(|error| error.or_about(|| "the file".to_owned()))
}
