//! One handle's hold on a name.

use std::os::windows::io::{AsHandle as _, BorrowedHandle, OwnedHandle};
use std::sync::Arc;

use crate::sys::platform::{file, section};
use crate::types::{Result, Rights};

/// A handle of the section, and one of its record, which duplicates share.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Closed before the record is.
    pub(super) object: Arc<OwnedHandle>,
    pub(super) record: Option<Arc<OwnedHandle>>,
}

impl Entry {
    /// Makes another handle's hold on the same name, with these rights.
    pub(crate) fn duplicate(&self, rights: Rights, _write: bool) -> Result<Self> {
        let object = Arc::new(section::duplicate(self.object.as_handle(), rights)?);
        Ok(Self { object, record: self.record.clone() })
    }

    /// The handle that keeps the name.
    pub(crate) fn lock(&self) -> Option<BorrowedHandle<'_>> {
        Some(self.object.as_handle())
    }

    /// Records that another process may have the handle. The kernel counts handles itself.
    #[expect(clippy::unused_self, reason = "other platforms keep the record")]
    pub(crate) fn lend(&self) {}

    /// Does nothing: the kernel keeps a name for as long as a handle.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other platforms do it")]
    pub(crate) fn withdraw(&self) -> Result<()> {
        Ok(())
    }

    /// Does nothing, as [`withdraw`](Self::withdraw) does.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other platforms do it")]
    pub(crate) fn end_generation(&self) -> Result<()> {
        Ok(())
    }

    /// Returns false: see [`withdraw`](Self::withdraw).
    #[expect(clippy::unused_self, reason = "other platforms look")]
    pub(crate) fn is_withdrawn(&self) -> bool {
        false
    }

    /// Returns the handle, which keeps the name from then on.
    pub(crate) fn give_away(self) -> Option<OwnedHandle> {
        file::unshared(self.object).ok()
    }

    /// Gives up the hold. The kernel removes a name that nobody else holds.
    #[expect(clippy::unnecessary_wraps, reason = "it can fail on other platforms")]
    pub(crate) fn release(self) -> Result<()> {
        drop(self);
        Ok(())
    }
}
