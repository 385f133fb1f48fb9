//! Files: opened, read to their end, written.

use alloc::vec;
use alloc::vec::Vec;
use core::ptr;

use super::functions::{CreateFileW, ReadFile, WriteFile};
use super::handle::{Handle, last_error};

/// `GENERIC_READ`, `GENERIC_WRITE`, `FILE_APPEND_DATA`.
const READ: u32 = 0x8000_0000;
const WRITE: u32 = 0x4000_0000;
const APPEND: u32 = 4;

/// `FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE`.
const SHARED: u32 = 7;

/// `OPEN_EXISTING`.
const EXISTING: u32 = 3;

/// What a file is opened for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum For {
    Reading,
    Updating,
    Appending,
}

/// Opens a file that exists; `path` ends with a zero.
pub(crate) fn open(path: &[u16], purpose: For) -> Result<Handle, u32> {
    assert_eq!(path.last(), Some(&0));
    let access = match purpose {
        For::Reading => READ,
        For::Updating => READ | WRITE,
        For::Appending => APPEND,
    };
    let (none, nobody) = (ptr::null(), ptr::null_mut());
    // SAFETY: the path ends with a zero, and the other pointers are null.
    let raw = unsafe { CreateFileW(path.as_ptr(), access, SHARED, none, EXISTING, 0, nobody) };
    Handle::new(raw)
}

/// Reads a whole file; `path` ends with a zero.
pub(crate) fn read(path: &[u16]) -> Result<Vec<u8>, u32> {
    let file = open(path, For::Reading)?;
    let mut bytes = Vec::new();
    let mut part = vec![0; 4096];
    loop {
        let mut count = 0;
        let (buffer, len) = (part.as_mut_ptr(), 4096);
        // SAFETY: the buffer has 4096 bytes, and the handle is open.
        let done = unsafe { ReadFile(file.raw(), buffer, len, &mut count, ptr::null_mut()) };
        if done == 0 {
            return Err(last_error());
        }
        if count == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&part[..count as usize]);
    }
}

/// Writes all of `bytes`.
pub(crate) fn write(file: &Handle, bytes: &[u8]) -> Result<(), u32> {
    let (mut count, len) = (0, u32::try_from(bytes.len()).unwrap_or(0));
    // SAFETY: as many bytes are there, and the handle is open or none.
    let done = unsafe { WriteFile(file.raw(), bytes.as_ptr(), len, &mut count, ptr::null_mut()) };
    if done == 0 || count != len { Err(last_error()) } else { Ok(()) }
}
