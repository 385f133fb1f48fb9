use std::fmt;

use crate::types::Rights;

/// What a view may do with its bytes.
///
/// A writable view can also be read: page protections know no "write only".
///
/// ```
/// use filemap::{Access, Rights};
///
/// assert!(Access::Write.can_read());
/// assert_eq!(Access::Copy.needs(), Rights::READ);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Takes the addresses; every touch is refused.
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
    ReadExecute,
    /// Reads, writes and runs code.
    WriteExecute,
    /// Reads, writes privately and runs code.
    CopyExecute,
}

impl Access {
    /// Every access, in the order of the declaration.
    pub const ALL: [Self; 7] = [
        Self::NoAccess,
        Self::Read,
        Self::Write,
        Self::Copy,
        Self::ReadExecute,
        Self::WriteExecute,
        Self::CopyExecute,
    ];

    /// Tells which rights a handle must have to map a view with this access.
    ///
    /// A writable view does not need the right to read, as on Windows.
    #[must_use]
    pub const fn needs(self) -> Rights {
        match self {
            Self::NoAccess | Self::Read | Self::Copy => Rights::READ,
            Self::Write => Rights::WRITE,
            Self::ReadExecute | Self::CopyExecute => Rights::READ.union(Rights::EXECUTE),
            Self::WriteExecute => Rights::WRITE.union(Rights::EXECUTE),
        }
    }

    /// Tells whether bytes can be copied out of the view.
    #[must_use]
    pub const fn can_read(self) -> bool {
        !matches!(self, Self::NoAccess)
    }

    /// Tells whether bytes can be copied into the view, shared or private.
    #[must_use]
    pub const fn can_write(self) -> bool {
        matches!(self, Self::Write | Self::Copy | Self::WriteExecute | Self::CopyExecute)
    }

    /// Tells whether stores stay private to the view.
    #[must_use]
    pub const fn is_private(self) -> bool {
        matches!(self, Self::Copy | Self::CopyExecute)
    }

    /// Tells whether the processor may run code from the view.
    #[must_use]
    pub const fn can_execute(self) -> bool {
        matches!(self, Self::ReadExecute | Self::WriteExecute | Self::CopyExecute)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAccess => "no access",
            Self::Read => "read",
            Self::Write => "write",
            Self::Copy => "copy",
            Self::ReadExecute => "read and execute",
            Self::WriteExecute => "write and execute",
            Self::CopyExecute => "copy and execute",
        })
    }
}
