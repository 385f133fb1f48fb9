use std::fmt;

use crate::types::Access;

/// What a page of a view allows at this moment.
///
/// A view is mapped with one [`Access`] for all of its pages;
/// [`View::protect`](crate::View::protect) then gives each page less, and gives back what it
/// took. These are Windows' page protections
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
    /// Every touch is refused.
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
    /// Runs code. Processors let what runs be read as well.
    #[doc(alias = "PAGE_EXECUTE")]
    Execute,
    /// Reads and runs code.
    #[doc(alias = "PAGE_EXECUTE_READ")]
    ReadExecute,
    /// Reads, writes and runs code.
    #[doc(alias = "PAGE_EXECUTE_READWRITE")]
    WriteExecute,
    /// Reads, runs code, and the first store makes the page the view's own.
    #[doc(alias = "PAGE_EXECUTE_WRITECOPY")]
    CopyExecute,
}

impl PageAccess {
    /// Every one, in the order of the declaration.
    pub const ALL: [Self; 8] = [
        Self::NoAccess,
        Self::Read,
        Self::Write,
        Self::Copy,
        Self::Execute,
        Self::ReadExecute,
        Self::WriteExecute,
        Self::CopyExecute,
    ];

    /// Tells whether a page of a view that was mapped with `view` may be given this.
    ///
    /// To copy on write is to read: the store reaches nobody else.
    #[must_use]
    pub const fn is_within(self, view: Access) -> bool {
        let writes = matches!(view, Access::Write | Access::WriteExecute);
        (view.can_read() || !self.can_read())
            && (writes || !matches!(self, Self::Write | Self::WriteExecute))
            && (view.can_execute() || !self.can_execute())
    }

    /// Tells whether bytes can be copied out of the page.
    #[must_use]
    pub const fn can_read(self) -> bool {
        !matches!(self, Self::NoAccess)
    }

    /// Tells whether bytes can be copied into the page, for all to see or for this view alone.
    #[must_use]
    pub const fn can_write(self) -> bool {
        matches!(self, Self::Write | Self::Copy | Self::WriteExecute | Self::CopyExecute)
    }

    /// Tells whether the first store makes the page the view's own.
    #[must_use]
    pub const fn is_private(self) -> bool {
        matches!(self, Self::Copy | Self::CopyExecute)
    }

    /// Tells whether the processor may run code from the page.
    #[must_use]
    pub const fn can_execute(self) -> bool {
        matches!(self, Self::Execute | Self::ReadExecute | Self::WriteExecute | Self::CopyExecute)
    }

    /// This, with a guard: see [`PageProtection`].
    #[must_use]
    #[doc(alias = "PAGE_GUARD")]
    pub const fn guarded(self) -> PageProtection {
        PageProtection { access: self, is_guarded: true }
    }
}

impl From<Access> for PageAccess {
    /// What the pages of a view allow when it has just been mapped.
    fn from(access: Access) -> Self {
        match access {
            Access::NoAccess => Self::NoAccess,
            Access::Read => Self::Read,
            Access::Write => Self::Write,
            Access::Copy => Self::Copy,
            Access::ReadExecute => Self::ReadExecute,
            Access::WriteExecute => Self::WriteExecute,
            Access::CopyExecute => Self::CopyExecute,
        }
    }
}

impl fmt::Display for PageAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAccess => "no access",
            Self::Read => "read",
            Self::Write => "write",
            Self::Copy => "copy",
            Self::Execute => "execute",
            Self::ReadExecute => "read and execute",
            Self::WriteExecute => "write and execute",
            Self::CopyExecute => "copy and execute",
        })
    }
}

/// What a page allows, and whether it is guarded.
///
/// A guard stands in front of a page once: the first touch, whatever it is, is refused and takes
/// the guard away; from then on the page allows what it says.
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
    /// What the page allows, once it is not guarded.
    #[must_use]
    pub const fn access(self) -> PageAccess {
        self.access
    }

    /// Tells whether the next touch is refused, and the last to be.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `docs/semantics.md`: what each view lets its pages have.
    #[test]
    fn each_view_lets_its_pages_have_what_the_table_says() {
        use PageAccess::{Copy, CopyExecute, Execute, NoAccess, Read, ReadExecute, Write};
        let reading: &[_] = &[NoAccess, Read, Copy];
        let running: &[_] = &[NoAccess, Read, Copy, Execute, ReadExecute, CopyExecute];
        let expected: [(Access, &[PageAccess]); 7] = [
            (Access::NoAccess, &[NoAccess]),
            (Access::Read, reading),
            (Access::Copy, reading),
            (Access::Write, &[NoAccess, Read, Write, Copy]),
            (Access::ReadExecute, running),
            (Access::CopyExecute, running),
            (Access::WriteExecute, &PageAccess::ALL),
        ];

        for (view, pages) in expected {
            for page in PageAccess::ALL {
                assert_eq!(page.is_within(view), pages.contains(&page), "{page} in {view}");
            }
        }
    }
}
