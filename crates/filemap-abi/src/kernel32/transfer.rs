//! `ReadFile` and `WriteFile`.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;

use crate::boundary::{Code, Result, quiet};
use crate::handles;
use crate::kernel32::buffer::{self, Use};
use crate::windows::{
    BOOL, DWORD, ERROR_HANDLE_EOF, ERROR_INVALID_PARAMETER, FALSE, FILE_APPEND_DATA,
    FILE_READ_DATA, FILE_WRITE_DATA, HANDLE, LPCVOID, LPVOID, OVERLAPPED, STATUS_END_OF_FILE,
    STATUS_PENDING, STATUS_SUCCESS, TRUE,
};

/// Reads at the file's position, or at the offset in `lpOverlapped`, and returns when that is done.
/// The position is then behind what was read.
///
/// At the end of the file nothing is read, which is a success without `lpOverlapped`, and
/// `ERROR_HANDLE_EOF` with it. A buffer that cannot be written to is `ERROR_NOACCESS`, and then
/// nothing is read.
///
/// # Safety
///
/// `lpBuffer` has room for the requested bytes; the other pointers are null or point to their types.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReadFile(
    hFile: HANDLE,
    lpBuffer: LPVOID,
    nNumberOfBytesToRead: DWORD,
    lpNumberOfBytesRead: *mut DWORD,
    lpOverlapped: *mut OVERLAPPED,
) -> BOOL {
    quiet(FALSE, || {
        // SAFETY: the caller vouches for its pointer.
        unsafe { tell(lpNumberOfBytesRead, 0) };
        // SAFETY: as above.
        let offset = unsafe { begin(lpOverlapped) };
        let file = handles::file_for(hFile, FILE_READ_DATA)?;
        let len = buffer::checked(lpBuffer, nNumberOfBytesToRead, Use::Filled)?;
        let number = file.as_raw_fd();
        let done = match offset {
            _ if len == 0 => 0,
            Some(offset) => {
                let at = place(offset)?;
                // SAFETY: the kernel checks the buffer, for which the caller vouches.
                let read = || unsafe { libc::pread64(number, lpBuffer, len, at) };
                let done = uninterrupted(read, Use::Filled)?;
                move_to(&file, offset + done as u64);
                done
            }
            // SAFETY: as above.
            None => uninterrupted(|| unsafe { libc::read(number, lpBuffer, len) }, Use::Filled)?,
        };
        if done == 0 && len > 0 && offset.is_some() {
            // SAFETY: the caller vouches for its pointer.
            unsafe { complete(lpOverlapped, STATUS_END_OF_FILE, 0) };
            return Err(Code(ERROR_HANDLE_EOF));
        }
        // SAFETY: as above.
        unsafe { complete(lpOverlapped, STATUS_SUCCESS, done) };
        // SAFETY: as above; the count fits into 32 bits, as the length did.
        unsafe { tell(lpNumberOfBytesRead, u32::try_from(done).unwrap_or(u32::MAX)) };
        Ok(TRUE)
    })
}

/// Writes all of the bytes at the file's position, or at the offset in `lpOverlapped`, and returns
/// when that is done. The position is then behind what was written.
///
/// A buffer that cannot be read is `ERROR_INVALID_USER_BUFFER`, and then nothing is written.
///
/// # Safety
///
/// `lpBuffer` has the bytes; the other pointers are null or point to their types.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WriteFile(
    hFile: HANDLE,
    lpBuffer: LPCVOID,
    nNumberOfBytesToWrite: DWORD,
    lpNumberOfBytesWritten: *mut DWORD,
    lpOverlapped: *mut OVERLAPPED,
) -> BOOL {
    quiet(FALSE, || {
        // SAFETY: the caller vouches for its pointer.
        unsafe { tell(lpNumberOfBytesWritten, 0) };
        // SAFETY: as above.
        let offset = unsafe { begin(lpOverlapped) };
        let file = handles::file_for(hFile, FILE_WRITE_DATA | FILE_APPEND_DATA)?;
        let len = buffer::checked(lpBuffer, nNumberOfBytesToWrite, Use::Emptied)?;
        let (number, mut done) = (file.as_raw_fd(), 0);
        while done < len {
            let (rest, left) = (lpBuffer.wrapping_byte_add(done), len - done);
            let written = match offset {
                Some(offset) => {
                    let at = place(offset.saturating_add(done as u64))?;
                    // SAFETY: the kernel checks the buffer, for which the caller vouches.
                    let write = || unsafe { libc::pwrite64(number, rest, left, at) };
                    uninterrupted(write, Use::Emptied)?
                }
                None => {
                    // SAFETY: as above.
                    let write = || unsafe { libc::write(number, rest, left) };
                    uninterrupted(write, Use::Emptied)?
                }
            };
            if written == 0 {
                return Err(io::Error::from(io::ErrorKind::WriteZero).into());
            }
            done += written;
        }
        if let Some(offset) = offset.filter(|_| len > 0) {
            move_to(&file, offset + len as u64);
        }
        // SAFETY: the caller vouches for its pointer.
        unsafe { complete(lpOverlapped, STATUS_SUCCESS, len) };
        // SAFETY: as above.
        unsafe { tell(lpNumberOfBytesWritten, nNumberOfBytesToWrite) };
        Ok(TRUE)
    })
}

/// Repeats a call that a signal interrupts, which callers written for Windows do not expect.
fn uninterrupted(mut call: impl FnMut() -> isize, usage: Use) -> Result<usize> {
    loop {
        if let Ok(done) = usize::try_from(call()) {
            return Ok(done);
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EINTR) => {}
            Some(libc::EFAULT) => return Err(usage.refusal()),
            _ => return Err(error.into()),
        }
    }
}

/// Moves the file's position to where an input or output at an offset has ended, as Windows does for
/// files that were not opened for overlapped ones.
fn move_to(file: &File, offset: u64) {
    let Ok(offset) = i64::try_from(offset) else { return };
    // SAFETY: the descriptor is open while the file is borrowed, and the call takes numbers. A file
    // that has no position is left alone.
    unsafe { libc::lseek64(file.as_raw_fd(), offset, libc::SEEK_SET) };
}

/// Returns an offset as the system has it.
fn place(offset: u64) -> Result<i64> {
    i64::try_from(offset).map_err(|_| Code(ERROR_INVALID_PARAMETER))
}

/// Stores that an input or output has begun, and returns its offset, or `None` for the file's
/// position.
///
/// # Safety
///
/// `overlapped` is null or points to its structure.
unsafe fn begin(overlapped: *mut OVERLAPPED) -> Option<u64> {
    if overlapped.is_null() {
        return None;
    }
    // SAFETY: the caller vouches for it.
    unsafe { complete(overlapped, STATUS_PENDING, 0) };
    // SAFETY: it is not null, so the caller vouches for it.
    let overlapped = unsafe { overlapped.read_unaligned() };
    Some(u64::from(overlapped.OffsetHigh) << 32 | u64::from(overlapped.Offset))
}

/// Stores the status of an input or output, and its number of bytes.
///
/// # Safety
///
/// Those of [`begin`].
unsafe fn complete(overlapped: *mut OVERLAPPED, status: usize, done: usize) {
    if !overlapped.is_null() {
        // SAFETY: it is not null, so the caller vouches for it.
        let mut completed = unsafe { overlapped.read_unaligned() };
        (completed.Internal, completed.InternalHigh) = (status, done);
        // SAFETY: as above.
        unsafe { overlapped.write_unaligned(completed) };
    }
}

/// Stores a count, unless `place` is null.
///
/// # Safety
///
/// `place` is null or has room for a number.
unsafe fn tell(place: *mut DWORD, count: DWORD) {
    if !place.is_null() {
        // SAFETY: it is not null, so the caller vouches for it.
        unsafe { place.write_unaligned(count) };
    }
}
