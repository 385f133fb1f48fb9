//! The ranges of a file, or of memory, that take space.

#![expect(unsafe_code, reason = "a request that the standard library does not have")]

use std::fs::File;
use std::ops::Range;
use std::os::windows::io::AsRawHandle as _;
use std::sync::Arc;

use windows_sys::Win32::Foundation::{ERROR_MORE_DATA, GetLastError};
use windows_sys::Win32::System::IO::DeviceIoControl;
use windows_sys::Win32::System::Ioctl::{
    FILE_ALLOCATED_RANGE_BUFFER, FSCTL_QUERY_ALLOCATED_RANGES,
};

use crate::sys::platform::Section;
use crate::types::Result;

/// The extents in a range, from front to back.
#[derive(Debug)]
pub(crate) struct Extents {
    /// None of memory, of which the kernel reports nothing.
    file: Option<Arc<File>>,
    at: u64,
    end: u64,
}

impl Extents {
    pub(crate) fn of(section: &Section, offset: u64, len: u64) -> Self {
        Self { file: section.shared_file(), at: offset, end: offset.saturating_add(len) }
    }

    /// Returns the next extent; what is not known to be a hole takes space.
    #[expect(clippy::unnecessary_wraps, reason = "other platforms can fail at it")]
    pub(crate) fn next(&mut self) -> Result<Option<Range<u64>>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let rest = self.at..self.end;
        let extent = match self.file.as_deref().map(|file| first_in(file, &rest)) {
            // Memory, or a file system that does not know.
            None | Some(Err(())) => rest,
            Some(Ok(None)) => {
                self.at = self.end;
                return Ok(None);
            }
            Some(Ok(Some(extent))) => extent,
        };
        self.at = extent.end;
        Ok(Some(extent))
    }
}

/// Asks for the first extent in a range
/// ([FSCTL_QUERY_ALLOCATED_RANGES](https://learn.microsoft.com/en-us/windows/win32/api/winioctl/ni-winioctl-fsctl_query_allocated_ranges)).
fn first_in(file: &File, range: &Range<u64>) -> std::result::Result<Option<Range<u64>>, ()> {
    let signed = |number: u64| i64::try_from(number).map_err(|_| ());
    let asked = FILE_ALLOCATED_RANGE_BUFFER {
        FileOffset: signed(range.start)?,
        Length: signed(range.end - range.start)?,
    };
    let size = u32::try_from(size_of::<FILE_ALLOCATED_RANGE_BUFFER>()).map_err(|_| ())?;
    let mut found = FILE_ALLOCATED_RANGE_BUFFER::default();
    let (handle, mut returned) = (file.as_raw_handle(), 0);
    let (input, output) = ((&raw const asked).cast(), (&raw mut found).cast());
    // SAFETY: the handle is open while it is borrowed, and both places have the length that is given.
    let done = unsafe {
        DeviceIoControl(
            handle,
            FSCTL_QUERY_ALLOCATED_RANGES,
            input,
            size,
            output,
            size,
            &raw mut returned,
            std::ptr::null_mut(),
        )
    };
    // SAFETY: has no preconditions.
    if done == 0 && unsafe { GetLastError() } != ERROR_MORE_DATA {
        return Err(());
    }
    if returned < size {
        return Ok(None);
    }
    let start = u64::try_from(found.FileOffset).map_err(|_| ())?.clamp(range.start, range.end);
    let end = start.saturating_add(u64::try_from(found.Length).map_err(|_| ())?).min(range.end);
    if end > start { Ok(Some(start..end)) } else { Ok(None) }
}
