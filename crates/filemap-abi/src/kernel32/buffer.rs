//! The buffers of callers: whether they can be used, before the first byte is moved.

use std::ops::Range;

use filemap::page_size;

use crate::boundary::{Code, Result};
use crate::kernel32::maps;
use crate::windows::{
    DWORD, ERROR_INVALID_PARAMETER, ERROR_INVALID_USER_BUFFER, ERROR_NOACCESS, LPCVOID,
};

/// What a call does with a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It stores bytes there.
    Filled,
    /// It takes bytes from there.
    Emptied,
}

impl Use {
    /// Returns the code for a buffer that cannot be used in this way.
    pub(super) fn refusal(self) -> Code {
        Code(match self {
            Self::Filled => ERROR_NOACCESS,
            Self::Emptied => ERROR_INVALID_USER_BUFFER,
        })
    }
}

/// The longest buffer whose pages are brought in to see whether that is possible.
const BROUGHT_IN: usize = 4 << 20;

/// Checks a buffer of a caller, and returns its length in bytes.
///
/// The kernel moves what comes before a page that is closed; Windows moves nothing.
pub(super) fn checked(buffer: LPCVOID, len: DWORD, usage: Use) -> Result<usize> {
    let len = usize::try_from(len).map_err(|_| Code(ERROR_INVALID_PARAMETER))?;
    let page = page_size();
    let start = buffer.addr() - buffer.addr() % page;
    let end = buffer.addr().checked_add(len).ok_or(usage.refusal())?;
    if len > 0 && buffer.is_null() {
        return Err(usage.refusal());
    }
    // The kernel itself refuses a buffer in one page before it moves anything.
    if end - start <= page || is_brought_in(buffer, start..end, usage) {
        return Ok(len);
    }
    if is_mapped(start..end, usage) { Ok(len) } else { Err(usage.refusal()) }
}

/// Brings in the pages of a range; returns whether that was possible.
///
/// It fails where a page is closed, in kernels before 5.14, and for a device's memory.
fn is_brought_in(buffer: LPCVOID, range: Range<usize>, usage: Use) -> bool {
    let advice = match usage {
        Use::Filled => libc::MADV_POPULATE_WRITE,
        Use::Emptied => libc::MADV_POPULATE_READ,
    };
    let (start, len) = (buffer.with_addr(range.start).cast_mut(), range.end - range.start);
    // SAFETY: the call changes no byte, and fails where nothing is mapped.
    len <= BROUGHT_IN && unsafe { libc::madvise(start, len, advice) } == 0
}

/// Returns whether each page of a range is mapped for this use; where the kernel does not say, it
/// is left to it.
fn is_mapped(range: Range<usize>, usage: Use) -> bool {
    let Ok(all) = maps::ranges() else { return true };
    let mut next = range.start;
    for mapped in all {
        let allows = if usage == Use::Filled { mapped.writes } else { mapped.reads };
        if mapped.start <= next && next < mapped.end && allows {
            next = mapped.end;
        }
    }
    next >= range.end
}
