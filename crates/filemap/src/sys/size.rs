//! How many bytes a mapping is to have.

use crate::types::{Attributes, Error, ErrorKind, Operation, Protection, Result, geometry};

/// The size that a mapping is created with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Bytes(u64),
    /// As many as the file has, or a program takes, when the mapping is created.
    FileLength,
    /// As many as the file has whenever it is asked.
    FollowsFile,
}

impl Size {
    /// Returns how many bytes were asked for; 0 if as many as the file has.
    pub(crate) fn bytes(self) -> u64 {
        if let Self::Bytes(bytes) = self { bytes } else { 0 }
    }

    /// Returns how many bytes a mapping of a file of `len` bytes has; `None` if it follows the
    /// file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::EmptyFile`], and [`ErrorKind::SizeTooLarge`] if the file would have to become
    /// longer and `protection` does not allow it.
    pub(super) fn over_file(self, len: u64, protection: Protection) -> Result<Option<u64>> {
        let refused = |kind| Error::new(kind, Operation::CreateMapping);
        match self {
            Self::FollowsFile => Ok(None),
            Self::FileLength if len == 0 => Err(refused(ErrorKind::EmptyFile)),
            Self::FileLength => Ok(Some(len)),
            Self::Bytes(size) if size > len && !protection.is_writable() => {
                Err(refused(ErrorKind::SizeTooLarge).because(format!(
                    "the file has {len} bytes, and a {protection} mapping cannot make it longer"
                )))
            }
            Self::Bytes(size) => Ok(Some(size)),
        }
    }
}

/// Returns the size of memory in pages of `unit` bytes, which the last of them need not fill unless
/// they are large.
pub(super) fn of_memory(size: u64, unit: usize, attributes: Attributes) -> Result<u64> {
    let operation = Operation::CreateMapping;
    if attributes.contains(Attributes::LARGE_PAGES) && !size.is_multiple_of(unit as u64) {
        return Err(Error::new(ErrorKind::InvalidArgument, operation)
            .because(format!("large pages need a size that is a multiple of {unit} bytes")));
    }
    geometry::round_up(size, unit)
        .filter(|whole| i64::try_from(*whole).is_ok())
        .map(|_| size)
        .ok_or_else(|| Error::new(ErrorKind::SizeTooLarge, operation))
}
