//! A file's position and its length.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::sync::atomic::Ordering;

use filemap::set_file_len;

use crate::boundary::{Code, Last, Result, call, quiet};
use crate::handles;
use crate::objects::OpenFile;
use crate::windows::{
    BOOL, DWORD, ERROR_INVALID_PARAMETER, ERROR_NEGATIVE_SEEK, ERROR_NOACCESS, ERROR_SUCCESS,
    FALSE, FILE_APPEND_DATA, FILE_BEGIN, FILE_CURRENT, FILE_END, FILE_WRITE_DATA, HANDLE,
    INVALID_FILE_SIZE, INVALID_SET_FILE_POINTER, LARGE_INTEGER, LONG, TRUE,
};

fn seek(file: &OpenFile, distance: i64, origin: DWORD) -> Result<u64> {
    // The position has more than 63 bits, or is negative.
    let before_start = || Code(ERROR_NEGATIVE_SEEK);
    let to = match origin {
        FILE_BEGIN => SeekFrom::Start(u64::try_from(distance).map_err(|_| before_start())?),
        FILE_CURRENT => SeekFrom::Current(distance),
        FILE_END => SeekFrom::End(distance),
        _ => return Err(Code(ERROR_INVALID_PARAMETER)),
    };
    let Some(position) = file.position() else {
        let mut file: &File = file;
        return file.seek(to).map_err(|_| before_start());
    };
    // A handle without any access has a position all the same, and its descriptor has none.
    let from = match to {
        SeekFrom::Start(_) => 0,
        SeekFrom::Current(_) => position.load(Ordering::Relaxed),
        SeekFrom::End(_) => file.metadata()?.len(),
    };
    let to = from.checked_add_signed(distance).filter(|to| i64::try_from(*to).is_ok());
    let to = to.ok_or(before_start())?;
    position.store(to, Ordering::Relaxed);
    Ok(to)
}

/// Moves the file's position, which may lie past the end.
///
/// # Safety
///
/// `lpNewFilePointer` is null or has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetFilePointerEx(
    hFile: HANDLE,
    liDistanceToMove: LARGE_INTEGER,
    lpNewFilePointer: *mut LARGE_INTEGER,
    dwMoveMethod: DWORD,
) -> BOOL {
    quiet(FALSE, || {
        let file = handles::file(hFile)?;
        let at = seek(&file, liDistanceToMove.QuadPart, dwMoveMethod)?;
        if !lpNewFilePointer.is_null() {
            let at = LARGE_INTEGER { QuadPart: i64::try_from(at).unwrap_or(i64::MAX) };
            // SAFETY: it is not null, so the caller vouches for it.
            unsafe { lpNewFilePointer.write_unaligned(at) };
        }
        Ok(TRUE)
    })
}

/// Sets the length of a file to its position. New bytes are zero.
///
/// Returns FALSE on failure: `ERROR_USER_MAPPED_FILE` if the file would become shorter and a process
/// of this user has a mapping or a view of it by this library, `ERROR_ACCESS_DENIED` if it is not open
/// for writing.
#[unsafe(no_mangle)]
pub extern "C" fn SetEndOfFile(hFile: HANDLE) -> BOOL {
    quiet(FALSE, || {
        let file = handles::file_for(hFile, FILE_WRITE_DATA | FILE_APPEND_DATA)?;
        set_file_len(&file, seek(&file, 0, FILE_CURRENT)?)?;
        Ok(TRUE)
    })
}

/// Stores the length of a file in bytes.
///
/// # Safety
///
/// `lpFileSize` is null or has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFileSizeEx(hFile: HANDLE, lpFileSize: *mut LARGE_INTEGER) -> BOOL {
    quiet(FALSE, || {
        let file = handles::file(hFile)?;
        if lpFileSize.is_null() {
            return Err(Code(ERROR_NOACCESS));
        }
        let len = file.metadata()?.len();
        let len = LARGE_INTEGER { QuadPart: i64::try_from(len).unwrap_or(i64::MAX) };
        // SAFETY: it is not null, so the caller vouches for it.
        unsafe { lpFileSize.write_unaligned(len) };
        Ok(TRUE)
    })
}

/// Moves the file's position by 32 bits, or by 64 if there are upper ones, and returns its lower 32.
///
/// Returns `INVALID_SET_FILE_POINTER` on failure, and for a position that has these bits, for which
/// the last error is 0: `ERROR_NEGATIVE_SEEK` for one before the start, and
/// `ERROR_INVALID_PARAMETER` for one that has more than 32 bits without a place for the upper ones.
/// The position is then where it was.
///
/// # Safety
///
/// `lpDistanceToMoveHigh` is null or has the upper bits, and room for those of the position.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetFilePointer(
    hFile: HANDLE,
    lDistanceToMove: LONG,
    lpDistanceToMoveHigh: *mut LONG,
    dwMoveMethod: DWORD,
) -> DWORD {
    call(INVALID_SET_FILE_POINTER, || {
        let file = handles::file(hFile)?;
        if lpDistanceToMoveHigh.is_null() {
            let before = seek(&file, 0, FILE_CURRENT)?;
            let at = seek(&file, lDistanceToMove.into(), dwMoveMethod)?;
            let Ok(at) = DWORD::try_from(at) else {
                let before = i64::try_from(before).unwrap_or(i64::MAX);
                seek(&file, before, FILE_BEGIN)?;
                return Err(Code(ERROR_INVALID_PARAMETER));
            };
            return Ok(lower(at, INVALID_SET_FILE_POINTER));
        }
        // SAFETY: it is not null, so the caller vouches for it.
        let high = unsafe { lpDistanceToMoveHigh.read_unaligned() };
        let distance = i64::from(high) << 32 | i64::from(lDistanceToMove.cast_unsigned());
        let (high, low) = halves(seek(&file, distance, dwMoveMethod)?);
        // SAFETY: as above.
        unsafe { lpDistanceToMoveHigh.write_unaligned(high.cast_signed()) };
        Ok(lower(low, INVALID_SET_FILE_POINTER))
    })
}

/// Returns the lower 32 bits of a file's length in bytes, and stores the upper ones.
///
/// Returns `INVALID_FILE_SIZE` on failure, and for a length that has these bits, for which the last
/// error is 0.
///
/// # Safety
///
/// `lpFileSizeHigh` is null or has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFileSize(hFile: HANDLE, lpFileSizeHigh: *mut DWORD) -> DWORD {
    call(INVALID_FILE_SIZE, || {
        let (high, low) = halves(handles::file(hFile)?.metadata()?.len());
        if !lpFileSizeHigh.is_null() {
            // SAFETY: it is not null, so the caller vouches for it.
            unsafe { lpFileSizeHigh.write_unaligned(high) };
        }
        Ok(lower(low, INVALID_FILE_SIZE))
    })
}

/// Returns the upper and the lower bits of a number.
fn halves(number: u64) -> (DWORD, DWORD) {
    let half = |number: u64| DWORD::try_from(number & 0xFFFF_FFFF).unwrap_or(0);
    (half(number >> 32), half(number))
}

/// Returns the lower bits of a result; those that also stand for a failure are told from it by the
/// last error.
fn lower(low: DWORD, failure: DWORD) -> (DWORD, Last) {
    (low, if low == failure { Last::Set(ERROR_SUCCESS) } else { Last::Untouched })
}
