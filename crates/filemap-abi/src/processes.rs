//! Processes, as handles refer to them.

use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, IntoRawFd as _, OwnedFd, RawFd};

use crate::boundary::{Code, Result};
use crate::numbered::Descriptor;
use crate::windows::{
    DWORD, ERROR_ACCESS_DENIED, ERROR_INVALID_PARAMETER, GENERIC_ALL, GENERIC_EXECUTE,
    MAXIMUM_ALLOWED, SYNCHRONIZE,
};

/// A process.
#[derive(Debug)]
pub(crate) struct Process {
    descriptor: OwnedFd,
    /// The number of the process, if it is known.
    id: Option<u32>,
    /// What the handle may be used for.
    access: DWORD,
}

impl Process {
    /// Returns this process.
    pub(crate) fn this() -> Result<Self> {
        Self::open(std::process::id(), GENERIC_ALL)
    }

    /// Returns the process that has a number.
    ///
    /// # Errors
    ///
    /// 87 if there is none.
    pub(crate) fn open(id: u32, access: DWORD) -> Result<Self> {
        // SAFETY: the call takes numbers, and makes a descriptor or fails.
        let opened = unsafe { libc::syscall(libc::SYS_pidfd_open, id, 0) };
        let Ok(number @ 0..) = RawFd::try_from(opened) else {
            let error = io::Error::last_os_error();
            return Err(match error.raw_os_error() {
                Some(libc::ESRCH | libc::EINVAL | libc::ENOENT) => Code(ERROR_INVALID_PARAMETER),
                _ => error.into(),
            });
        };
        // SAFETY: the call has just made it, and nothing else has its number.
        let low = unsafe { OwnedFd::from_raw_fd(number) };
        // Above the first three.
        let descriptor = if number > 2 { low } else { low.try_clone()? };
        let waits = SYNCHRONIZE | GENERIC_EXECUTE | GENERIC_ALL | MAXIMUM_ALLOWED;
        let access = if access & waits == 0 { 0 } else { SYNCHRONIZE };
        Ok(Self { descriptor, id: Some(id), access })
    }

    /// Returns a process that was inherited. Which one is not told: not this one.
    pub(crate) fn inherited(descriptor: OwnedFd) -> Self {
        Self { descriptor, id: None, access: SYNCHRONIZE }
    }

    /// Returns true for this process, which a forked child is not.
    pub(crate) fn is_this(&self) -> bool {
        self.id == Some(std::process::id())
    }

    /// Returns true if both are known to be one process.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.id.is_some() && self.id == other.id
    }

    /// Refuses what the handle has no right to.
    pub(crate) fn check(&self, right: DWORD) -> Result<()> {
        if self.access & right == right { Ok(()) } else { Err(Code(ERROR_ACCESS_DENIED)) }
    }

    /// Returns another handle's process, with these rights, or the same.
    pub(crate) fn duplicate(&self, access: Option<DWORD>) -> Result<Self> {
        let access = access.map_or(self.access, |access| access & SYNCHRONIZE);
        Ok(Self { descriptor: self.descriptor.try_clone()?, id: self.id, access })
    }
}

impl Descriptor for Process {
    fn number(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }

    fn close(self) -> Result<()> {
        Ok(())
    }

    fn forget(self) {
        let _number = self.descriptor.into_raw_fd();
    }
}
