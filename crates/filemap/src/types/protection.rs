//! What a mapping allows its views.

use std::str::FromStr;

use crate::types::words::parse;
use crate::types::{Access, Error, Rights};

/// What a mapping allows its views, fixed for everybody when it is created.
///
/// | protection | read | write | copy | execute |
/// |---|---|---|---|---|
/// | `ReadOnly`, `WriteCopy` | yes | | yes | |
/// | `ReadWrite` | yes | yes | yes | |
/// | `ExecuteRead`, `ExecuteWriteCopy` | yes | | yes | yes |
/// | `ExecuteReadWrite` | yes | yes | yes | yes |
///
/// `WriteCopy` allows what `ReadOnly` does, and `ExecuteWriteCopy` what `ExecuteRead` does. Both
/// words exist so that a mapping reports what its creator asked for
/// ([`CreateFileMappingW`](https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw)).
///
/// ```
/// use filemap::{Access, Protection};
///
/// assert!(Protection::ReadOnly.permits(Access::Copy));
/// assert!(!Protection::ReadOnly.permits(Access::Write));
/// assert_eq!("read-write".parse::<Protection>()?, Protection::ReadWrite);
/// # Ok::<(), filemap::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protection {
    /// Views read, or copy on write.
    #[doc(alias = "PAGE_READONLY")]
    ReadOnly,
    /// Views read and write.
    #[doc(alias = "PAGE_READWRITE")]
    ReadWrite,
    /// Views read, or copy on write.
    #[doc(alias = "PAGE_WRITECOPY")]
    WriteCopy,
    /// Views read, copy on write, and run code.
    #[doc(alias = "PAGE_EXECUTE_READ")]
    ExecuteRead,
    /// Views read, write, and run code.
    #[doc(alias = "PAGE_EXECUTE_READWRITE")]
    ExecuteReadWrite,
    /// Views read, copy on write, and run code.
    #[doc(alias = "PAGE_EXECUTE_WRITECOPY")]
    ExecuteWriteCopy,
}

impl Protection {
    /// Returns the rights of a creator's handle.
    ///
    /// Creating a name that exists opens the existing mapping with these rights.
    #[must_use]
    pub const fn rights(self) -> Rights {
        match self {
            Self::ReadOnly | Self::WriteCopy => Rights::READ,
            Self::ReadWrite => Rights::READ.union(Rights::WRITE),
            Self::ExecuteRead | Self::ExecuteWriteCopy => Rights::READ.union(Rights::EXECUTE),
            Self::ExecuteReadWrite => Rights::all(),
        }
    }

    /// Returns true if a mapping with this protection allows a view with `access`.
    #[must_use]
    pub const fn permits(self, access: Access) -> bool {
        self.rights().contains(access.needs())
    }

    /// Returns true if views may write to the mapping itself, which needs a writable file.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        matches!(self, Self::ReadWrite | Self::ExecuteReadWrite)
    }

    /// Returns true if views may run code.
    #[must_use]
    pub const fn is_executable(self) -> bool {
        matches!(self, Self::ExecuteRead | Self::ExecuteReadWrite | Self::ExecuteWriteCopy)
    }
}

words!(Protection[6] {
    ReadOnly = "read-only",
    ReadWrite = "read-write",
    WriteCopy = "write-copy",
    ExecuteRead = "execute-read",
    ExecuteReadWrite = "execute-read-write",
    ExecuteWriteCopy = "execute-write-copy",
});

impl FromStr for Protection {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        parse("protection", Self::ALL, word)
    }
}
