//! What a view may do.

use crate::types::Rights;

/// What a view may do with its bytes.
///
/// A writable view can also be read: there is no write-only page protection.
///
/// ```
/// use filemap::{Access, Rights};
///
/// assert!(Access::Write.can_read());
/// assert_eq!(Access::Copy.needs(), Rights::READ);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Reserves the addresses; every access is refused.
    #[doc(alias = "PAGE_NOACCESS")]
    NoAccess,
    /// Reads.
    #[doc(alias = "FILE_MAP_READ")]
    Read,
    /// Reads, and writes that every other view sees.
    #[doc(alias = "FILE_MAP_WRITE")]
    #[doc(alias = "FILE_MAP_ALL_ACCESS")]
    Write,
    /// Reads, and writes that stay private to this view: a page is copied at its first store.
    #[doc(alias = "FILE_MAP_COPY")]
    Copy,
    /// Reads and runs code.
    ExecuteRead,
    /// Reads, writes and runs code.
    ExecuteWrite,
    /// Reads, writes privately and runs code.
    ExecuteCopy,
}

impl Access {
    /// Returns the rights that a handle needs to map a view with this access.
    ///
    /// A writable view does not need the right to read, as on Windows.
    #[must_use]
    pub const fn needs(self) -> Rights {
        match self {
            Self::NoAccess | Self::Read | Self::Copy => Rights::READ,
            Self::Write => Rights::WRITE,
            Self::ExecuteRead | Self::ExecuteCopy => Rights::READ.union(Rights::EXECUTE),
            Self::ExecuteWrite => Rights::WRITE.union(Rights::EXECUTE),
        }
    }

    /// Returns true if bytes can be copied out of the view.
    #[must_use]
    pub const fn can_read(self) -> bool {
        !matches!(self, Self::NoAccess)
    }

    /// Returns true if bytes can be copied into the view, shared or private.
    #[must_use]
    pub const fn can_write(self) -> bool {
        matches!(self, Self::Write | Self::Copy | Self::ExecuteWrite | Self::ExecuteCopy)
    }

    /// Returns true if stores stay private to the view.
    #[must_use]
    pub const fn is_private(self) -> bool {
        matches!(self, Self::Copy | Self::ExecuteCopy)
    }

    /// Returns true if the processor may run code from the view.
    #[must_use]
    pub const fn can_execute(self) -> bool {
        matches!(self, Self::ExecuteRead | Self::ExecuteWrite | Self::ExecuteCopy)
    }
}

words!(Access[7] {
    NoAccess = "no access",
    Read = "read",
    Write = "write",
    Copy = "copy",
    ExecuteRead = "read and execute",
    ExecuteWrite = "write and execute",
    ExecuteCopy = "copy and execute",
});
