//! What a page of a view allows.

use std::fmt;

use crate::types::Access;

/// What a page of a view allows at this moment.
///
/// A view is mapped with one [`Access`] for all of its pages.
/// [`View::protect`](crate::View::protect) then lets each page allow less, or as much again. These are Windows' page protections
/// ([memory protection constants](https://learn.microsoft.com/windows/win32/memory/memory-protection-constants)).
///
/// ```
/// use filemap::{Access, PageAccess};
///
/// assert!(PageAccess::Copy.is_within(Access::Read));
/// assert!(!PageAccess::Write.is_within(Access::Copy));
/// assert_eq!(PageAccess::from(Access::Write), PageAccess::Write);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PageAccess {
    /// Every access is refused.
    #[doc(alias = "PAGE_NOACCESS")]
    NoAccess,
    /// Reads.
    #[doc(alias = "PAGE_READONLY")]
    Read,
    /// Reads, and writes to the mapping, or to the view's own page where that has been copied.
    #[doc(alias = "PAGE_READWRITE")]
    Write,
    /// Reads; the first store makes the page the view's own.
    #[doc(alias = "PAGE_WRITECOPY")]
    Copy,
    /// Runs code. Processors allow reading it as well.
    #[doc(alias = "PAGE_EXECUTE")]
    Execute,
    /// Reads and runs code.
    #[doc(alias = "PAGE_EXECUTE_READ")]
    ExecuteRead,
    /// Reads, writes and runs code.
    #[doc(alias = "PAGE_EXECUTE_READWRITE")]
    ExecuteWrite,
    /// Reads, runs code, and the first store makes the page the view's own.
    #[doc(alias = "PAGE_EXECUTE_WRITECOPY")]
    ExecuteCopy,
}

impl PageAccess {
    /// Returns true if a page of a view that was mapped with `view` may allow this.
    ///
    /// Copy on write needs no more than reading: the store reaches nobody else.
    #[must_use]
    pub const fn is_within(self, view: Access) -> bool {
        let writes = matches!(view, Access::Write | Access::ExecuteWrite);
        (view.can_read() || !self.can_read())
            && (writes || !matches!(self, Self::Write | Self::ExecuteWrite))
            && (view.can_execute() || !self.can_execute())
    }

    /// Returns true if bytes can be copied out of the page.
    #[must_use]
    pub const fn can_read(self) -> bool {
        !matches!(self, Self::NoAccess)
    }

    /// Returns true if bytes can be copied into the page, shared or private.
    #[must_use]
    pub const fn can_write(self) -> bool {
        matches!(self, Self::Write | Self::Copy | Self::ExecuteWrite | Self::ExecuteCopy)
    }

    /// Returns true if the first store makes the page the view's own.
    #[must_use]
    pub const fn is_private(self) -> bool {
        matches!(self, Self::Copy | Self::ExecuteCopy)
    }

    /// Returns true if the processor may run code from the page.
    #[must_use]
    pub const fn can_execute(self) -> bool {
        matches!(self, Self::Execute | Self::ExecuteRead | Self::ExecuteWrite | Self::ExecuteCopy)
    }

    /// Returns this with a guard: see [`PageProtection`].
    #[must_use]
    #[doc(alias = "PAGE_GUARD")]
    pub const fn guarded(self) -> PageProtection {
        PageProtection { access: self, is_guarded: true }
    }
}

impl From<Access> for PageAccess {
    /// Returns what the pages of a new view allow.
    fn from(access: Access) -> Self {
        match access {
            Access::NoAccess => Self::NoAccess,
            Access::Read => Self::Read,
            Access::Write => Self::Write,
            Access::Copy => Self::Copy,
            Access::ExecuteRead => Self::ExecuteRead,
            Access::ExecuteWrite => Self::ExecuteWrite,
            Access::ExecuteCopy => Self::ExecuteCopy,
        }
    }
}

words!(PageAccess[8] {
    NoAccess = "no access",
    Read = "read",
    Write = "write",
    Copy = "copy",
    Execute = "execute",
    ExecuteRead = "read and execute",
    ExecuteWrite = "write and execute",
    ExecuteCopy = "copy and execute",
});

/// What a page allows, and whether it is guarded.
///
/// A guard refuses the first access of the page, whatever it is, and is removed by it. From then on
/// the page allows its [`PageAccess`].
///
/// ```
/// use filemap::{PageAccess, PageProtection};
///
/// let plain = PageProtection::from(PageAccess::Read);
/// assert!(!plain.is_guarded());
/// assert!(PageAccess::Read.guarded().is_guarded());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageProtection {
    access: PageAccess,
    is_guarded: bool,
}

impl PageProtection {
    /// Returns what the page allows when it is not guarded.
    #[must_use]
    pub const fn access(self) -> PageAccess {
        self.access
    }

    /// Returns true if the next access is refused.
    #[must_use]
    pub const fn is_guarded(self) -> bool {
        self.is_guarded
    }
}

impl From<PageAccess> for PageProtection {
    fn from(access: PageAccess) -> Self {
        Self { access, is_guarded: false }
    }
}

impl From<Access> for PageProtection {
    fn from(access: Access) -> Self {
        PageAccess::from(access).into()
    }
}

impl fmt::Display for PageProtection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.access, if self.is_guarded { ", guarded" } else { "" })
    }
}
