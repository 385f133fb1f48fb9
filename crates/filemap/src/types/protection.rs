use std::fmt;
use std::str::FromStr;

use crate::types::{Access, Error, ErrorKind, Operation, Rights};

/// What a mapping allows its views, fixed for everybody when it is created.
///
/// | protection | read | write | copy | execute |
/// |---|---|---|---|---|
/// | `ReadOnly`, `WriteCopy` | yes | | yes | |
/// | `ReadWrite` | yes | yes | yes | |
/// | `ExecuteRead`, `ExecuteWriteCopy` | yes | | yes | yes |
/// | `ExecuteReadWrite` | yes | yes | yes | yes |
///
/// `WriteCopy` allows what `ReadOnly` does, and `ExecuteWriteCopy` what `ExecuteRead` does:
/// the pairs are synonyms, kept apart so that a mapping reports what its creator asked for
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
    /// Every protection, in the order of the declaration.
    pub const ALL: [Self; 6] = [
        Self::ReadOnly,
        Self::ReadWrite,
        Self::WriteCopy,
        Self::ExecuteRead,
        Self::ExecuteReadWrite,
        Self::ExecuteWriteCopy,
    ];

    /// Tells the rights of the handle that a creator with this protection gets.
    ///
    /// Creating a name that exists asks for the same rights on the existing mapping.
    #[must_use]
    pub const fn rights(self) -> Rights {
        match self {
            Self::ReadOnly | Self::WriteCopy => Rights::READ,
            Self::ReadWrite => Rights::READ.union(Rights::WRITE),
            Self::ExecuteRead | Self::ExecuteWriteCopy => Rights::READ.union(Rights::EXECUTE),
            Self::ExecuteReadWrite => Rights::all(),
        }
    }

    /// Tells whether a mapping with this protection allows a view with `access`.
    #[must_use]
    pub const fn permits(self, access: Access) -> bool {
        self.rights().contains(access.needs())
    }

    /// Tells whether views may write to the mapping itself; its file must be writable then.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        matches!(self, Self::ReadWrite | Self::ExecuteReadWrite)
    }

    /// Tells whether views may run code.
    #[must_use]
    pub const fn is_executable(self) -> bool {
        matches!(self, Self::ExecuteRead | Self::ExecuteReadWrite | Self::ExecuteWriteCopy)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::ReadWrite => "read-write",
            Self::WriteCopy => "write-copy",
            Self::ExecuteRead => "execute-read",
            Self::ExecuteReadWrite => "execute-read-write",
            Self::ExecuteWriteCopy => "execute-write-copy",
        }
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Protection {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|protection| protection.word() == word).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, Operation::Parse)
                .about(format!("the protection {word:?}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `docs/semantics.md`: which view each protection can give.
    #[test]
    fn each_protection_permits_the_views_of_the_table() {
        use Access::{Copy, CopyExecute, NoAccess, Read, ReadExecute, Write};
        let expected: [(Protection, &[Access]); 6] = [
            (Protection::ReadOnly, &[NoAccess, Read, Copy]),
            (Protection::ReadWrite, &[NoAccess, Read, Write, Copy]),
            (Protection::WriteCopy, &[NoAccess, Read, Copy]),
            (Protection::ExecuteRead, &[NoAccess, Read, Copy, ReadExecute, CopyExecute]),
            (Protection::ExecuteReadWrite, &Access::ALL),
            (Protection::ExecuteWriteCopy, &[NoAccess, Read, Copy, ReadExecute, CopyExecute]),
        ];

        for (protection, views) in expected {
            let permitted: Vec<_> =
                Access::ALL.into_iter().filter(|access| protection.permits(*access)).collect();
            assert_eq!(permitted, {
                let mut views = views.to_vec();
                views.sort_by_key(|view| Access::ALL.iter().position(|each| each == view));
                views
            });
        }
    }

    #[test]
    fn each_protection_is_parsed_from_its_own_word() {
        for protection in Protection::ALL {
            assert_eq!(protection.to_string().parse::<Protection>().unwrap(), protection);
        }
        assert_eq!(
            "writable".parse::<Protection>().unwrap_err().kind(),
            ErrorKind::InvalidArgument
        );
    }
}
