//! A handle that is closed when it is dropped.

use super::functions::{CloseHandle, GetLastError, Raw};

#[derive(Debug)]
pub(crate) struct Handle {
    raw: Raw,
    is_owned: bool,
}

impl Handle {
    /// Takes over a handle that a function returned.
    ///
    /// # Errors
    ///
    /// The last error, if it returned none.
    pub(super) fn new(raw: Raw) -> Result<Self, u32> {
        // Functions have both for "none".
        if raw.is_null() || raw.addr() == usize::MAX {
            return Err(last_error());
        }
        Ok(Self { raw, is_owned: true })
    }

    /// A handle that stays open.
    pub(super) fn borrowed(raw: Raw) -> Self {
        Self { raw, is_owned: false }
    }

    pub(super) fn raw(&self) -> Raw {
        self.raw
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.is_owned {
            // SAFETY: the handle is owned, and nobody uses it after this.
            unsafe { CloseHandle(self.raw) };
        }
    }
}

pub(super) fn last_error() -> u32 {
    // SAFETY: it has no preconditions.
    unsafe { GetLastError() }
}
