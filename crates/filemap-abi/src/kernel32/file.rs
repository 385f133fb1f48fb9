//! Files, as far as those who map them need them.

use std::ffi::c_int;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;

use filemap::set_file_len;

use crate::boundary::{Code, Last, Result, call, quiet};
use crate::handles::{self, Object};
use crate::kernel32::create;
use crate::strings;
use crate::windows::{
    BOOL, CREATE_ALWAYS, CREATE_NEW, DWORD, ERROR_ACCESS_DENIED, ERROR_ALREADY_EXISTS,
    ERROR_HANDLE_EOF, ERROR_INVALID_PARAMETER, ERROR_NEGATIVE_SEEK, ERROR_NOACCESS,
    ERROR_PATH_NOT_FOUND, ERROR_SUCCESS, FALSE, FILE_APPEND_DATA, FILE_BEGIN, FILE_CURRENT,
    FILE_END, FILE_FLAG_BACKUP_SEMANTICS, FILE_READ_DATA, FILE_WRITE_DATA, GENERIC_ALL,
    GENERIC_READ, GENERIC_WRITE, HANDLE, INVALID_HANDLE_VALUE, LARGE_INTEGER, LPCSTR, LPCVOID,
    LPCWSTR, LPVOID, MOVEFILE_REPLACE_EXISTING, OPEN_ALWAYS, OPEN_EXISTING, OVERLAPPED,
    SECURITY_ATTRIBUTES, TRUE, TRUNCATE_EXISTING,
};

/// How a file is opened for what `access` says.
///
/// Sharing is not looked at: Linux has none.
fn options(access: DWORD) -> (OpenOptions, c_int) {
    let any = |bits: DWORD| access & (bits | GENERIC_ALL) != 0;
    let read = any(FILE_READ_DATA | GENERIC_READ);
    let write = any(FILE_WRITE_DATA | GENERIC_WRITE);
    let append = access & FILE_APPEND_DATA != 0 && !write;
    let nothing = !(read || write || append);
    let mut options = OpenOptions::new();
    options.read(read || nothing).write(write).append(append);
    (options, libc::O_NOCTTY | if nothing { libc::O_PATH } else { 0 })
}

/// Opens the file, and tells whether it was there before.
fn open(path: &Path, access: DWORD, disposition: DWORD) -> io::Result<(File, bool)> {
    let (mut options, flags) = options(access);
    let mut opened = || options.custom_flags(flags).open(path);
    match disposition {
        CREATE_NEW => {
            made(path)?;
            Ok((opened()?, false))
        }
        CREATE_ALWAYS | OPEN_ALWAYS => match opened() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let existed = match made(path) {
                    Ok(()) => false,
                    // Somebody else was faster.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => true,
                    Err(error) => return Err(error),
                };
                Ok((opened()?, existed))
            }
            opened => Ok((opened?, true)),
        },
        _ => Ok((opened()?, true)),
    }
}

/// Makes a new file: in a step of its own, since a file may be made for less than writing to it.
fn made(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path).map(drop)
}

/// What the failure of a call about a path means: a path may lead nowhere before its last part.
fn about(path: &Path) -> impl Fn(io::Error) -> Code {
    move |error| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        match error.kind() {
            io::ErrorKind::NotFound if folder.is_some_and(|folder| !folder.is_dir()) => {
                Code(ERROR_PATH_NOT_FOUND)
            }
            _ => error.into(),
        }
    }
}

fn create(
    path: Result<PathBuf>,
    access: DWORD,
    inherit: bool,
    disposition: DWORD,
    flags: DWORD,
) -> Result<(HANDLE, Last)> {
    handles::begin();
    let path = path?;
    let writes = access & (FILE_WRITE_DATA | GENERIC_WRITE | GENERIC_ALL) != 0;
    match disposition {
        TRUNCATE_EXISTING if !writes => return Err(Code(ERROR_INVALID_PARAMETER)),
        CREATE_NEW | CREATE_ALWAYS | OPEN_EXISTING | OPEN_ALWAYS | TRUNCATE_EXISTING => {}
        _ => return Err(Code(ERROR_INVALID_PARAMETER)),
    }
    let (file, existed) = open(&path, access, disposition).map_err(about(&path))?;
    if flags & FILE_FLAG_BACKUP_SEMANTICS == 0 && file.metadata()?.is_dir() {
        return Err(Code(ERROR_ACCESS_DENIED));
    }
    if existed && matches!(disposition, CREATE_ALWAYS | TRUNCATE_EXISTING) {
        if writes {
            set_file_len(&file, 0)?;
        } else {
            let writer = OpenOptions::new().write(true).open(&path).map_err(about(&path))?;
            set_file_len(&writer, 0)?;
        }
    }
    if inherit {
        handles::set_inheritable(&file, true)?;
    }
    let told = existed && matches!(disposition, CREATE_ALWAYS | OPEN_ALWAYS);
    let handle = handles::insert(Object::File(Arc::new(file)))?;
    Ok((handle, Last::Set(if told { ERROR_ALREADY_EXISTS } else { ERROR_SUCCESS })))
}

fn remove(path: Result<PathBuf>) -> Result<BOOL> {
    let path = path?;
    fs::remove_file(&path).map_err(about(&path))?;
    Ok(TRUE)
}

fn seek(file: &File, distance: i64, origin: DWORD) -> Result<u64> {
    let to = match origin {
        FILE_BEGIN => {
            SeekFrom::Start(u64::try_from(distance).map_err(|_| Code(ERROR_NEGATIVE_SEEK))?)
        }
        FILE_CURRENT => SeekFrom::Current(distance),
        FILE_END => SeekFrom::End(distance),
        _ => return Err(Code(ERROR_INVALID_PARAMETER)),
    };
    let mut file = file;
    // The position is above what a number of 63 bits can tell, or below 0.
    file.seek(to).map_err(|_| Code(ERROR_NEGATIVE_SEEK))
}

fn rename(from: Result<PathBuf>, to: Result<PathBuf>, flags: DWORD) -> Result<BOOL> {
    let (from, to) = (&from?, &to?);
    if flags & MOVEFILE_REPLACE_EXISTING == 0 && fs::symlink_metadata(to).is_ok() {
        return Err(Code(ERROR_ALREADY_EXISTS));
    }
    fs::rename(from, to).map_err(about(from))?;
    Ok(TRUE)
}

/// Opens or creates a file; the path is UTF-8, or whatever bytes it has.
///
/// Sharing modes are accepted and mean nothing on Linux, and so do the template and all flags but
/// `FILE_FLAG_BACKUP_SEMANTICS`, without which no folder is opened.
///
/// Returns `INVALID_HANDLE_VALUE` on failure. `GetLastError` is `ERROR_ALREADY_EXISTS` if
/// `CREATE_ALWAYS` or `OPEN_ALWAYS` found a file, and 0 if not.
///
/// # Safety
///
/// `lpFileName` is null or ends with a NUL; `lpSecurityAttributes` is null or points to its
/// structure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateFileA(
    lpFileName: LPCSTR,
    dwDesiredAccess: DWORD,
    _dwShareMode: DWORD,
    lpSecurityAttributes: *const SECURITY_ATTRIBUTES,
    dwCreationDisposition: DWORD,
    dwFlagsAndAttributes: DWORD,
    _hTemplateFile: HANDLE,
) -> HANDLE {
    call(INVALID_HANDLE_VALUE, || {
        // SAFETY: the caller vouches for its pointers.
        let path = unsafe { strings::narrow_path(lpFileName) };
        // SAFETY: as above.
        let inherit = unsafe { create::inherits(lpSecurityAttributes) };
        create(path, dwDesiredAccess, inherit, dwCreationDisposition, dwFlagsAndAttributes)
    })
}

/// `CreateFileA` with a path in UTF-16.
///
/// # Safety
///
/// Those of `CreateFileA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateFileW(
    lpFileName: LPCWSTR,
    dwDesiredAccess: DWORD,
    _dwShareMode: DWORD,
    lpSecurityAttributes: *const SECURITY_ATTRIBUTES,
    dwCreationDisposition: DWORD,
    dwFlagsAndAttributes: DWORD,
    _hTemplateFile: HANDLE,
) -> HANDLE {
    call(INVALID_HANDLE_VALUE, || {
        // SAFETY: the caller vouches for its pointers.
        let path = unsafe { strings::wide_path(lpFileName) };
        // SAFETY: as above.
        let inherit = unsafe { create::inherits(lpSecurityAttributes) };
        create(path, dwDesiredAccess, inherit, dwCreationDisposition, dwFlagsAndAttributes)
    })
}

/// Reads from where the file's position is, or from where `lpOverlapped` says; returns when that is
/// done.
///
/// At the end of the file nothing is read, which is a success without `lpOverlapped`, and
/// `ERROR_HANDLE_EOF` with it.
///
/// # Safety
///
/// `lpBuffer` has room for the bytes asked for; the other pointers are null or have room for what
/// they are of.
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
        let file = handles::file(hFile)?;
        let len = transfer(lpBuffer, nNumberOfBytesToRead)?;
        // SAFETY: as above.
        let offset = unsafe { offset(lpOverlapped) };
        if len > 0 {
            // SAFETY: it is not null, and the caller vouches for `len` bytes of plain memory,
            // which it does not touch meanwhile. They may be uninitialised, but are only written:
            // what `read` of a file does with its buffer is to hand it to the kernel.
            let buffer = unsafe { slice::from_raw_parts_mut(lpBuffer.cast::<u8>(), len) };
            let done = loop {
                let read = match offset {
                    Some(offset) => file.read_at(buffer, offset),
                    None => file.as_ref().read(buffer),
                };
                match read {
                    // By a signal, of which Windows has none.
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read?,
                }
            };
            // SAFETY: as above.
            unsafe { complete(lpOverlapped, done) };
            if done == 0 && offset.is_some() {
                return Err(Code(ERROR_HANDLE_EOF));
            }
            // SAFETY: as above; no more was read than 32 bits can tell.
            unsafe { tell(lpNumberOfBytesRead, u32::try_from(done).unwrap_or(u32::MAX)) };
        }
        Ok(TRUE)
    })
}

/// Writes all of the bytes where the file's position is, or where `lpOverlapped` says; returns when
/// that is done.
///
/// # Safety
///
/// `lpBuffer` has the bytes; the other pointers are null or have room for what they are of.
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
        let file = handles::file(hFile)?;
        let len = transfer(lpBuffer, nNumberOfBytesToWrite)?;
        // SAFETY: as above.
        let offset = unsafe { offset(lpOverlapped) };
        if len > 0 {
            // SAFETY: it is not null, and the caller vouches for `len` bytes, which it does not
            // change meanwhile.
            let buffer = unsafe { slice::from_raw_parts(lpBuffer.cast::<u8>(), len) };
            match offset {
                Some(offset) => file.write_all_at(buffer, offset)?,
                None => file.as_ref().write_all(buffer)?,
            }
        }
        // SAFETY: as above.
        unsafe { complete(lpOverlapped, len) };
        // SAFETY: as above.
        unsafe { tell(lpNumberOfBytesWritten, nNumberOfBytesToWrite) };
        Ok(TRUE)
    })
}

/// Checks what reading and writing are given, and returns the length in bytes.
fn transfer(buffer: LPCVOID, len: DWORD) -> Result<usize> {
    let len = usize::try_from(len).map_err(|_| Code(ERROR_INVALID_PARAMETER))?;
    if buffer.is_null() && len > 0 {
        return Err(Code(ERROR_NOACCESS));
    }
    Ok(len)
}

/// Where an input or output begins, if not at the file's position.
///
/// # Safety
///
/// `overlapped` is null or points to its structure.
unsafe fn offset(overlapped: *const OVERLAPPED) -> Option<u64> {
    if overlapped.is_null() {
        return None;
    }
    // SAFETY: it is not null, so the caller vouches for it.
    let overlapped = unsafe { overlapped.read_unaligned() };
    Some(u64::from(overlapped.OffsetHigh) << 32 | u64::from(overlapped.Offset))
}

/// Notes that an input or output is done, and how many bytes there were.
///
/// # Safety
///
/// Those of [`offset`].
unsafe fn complete(overlapped: *mut OVERLAPPED, done: usize) {
    if !overlapped.is_null() {
        // SAFETY: it is not null, so the caller vouches for it.
        let mut completed = unsafe { overlapped.read_unaligned() };
        (completed.Internal, completed.InternalHigh) = (0, done);
        // SAFETY: as above.
        unsafe { overlapped.write_unaligned(completed) };
    }
}

/// Stores a count, if somebody wants to know.
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

/// Makes the file end where its position is: longer with zeros, or shorter.
///
/// Returns FALSE on failure: `ERROR_USER_MAPPED_FILE` if the file would become shorter and a process
/// of this user has a mapping or a view of it by this library.
#[unsafe(no_mangle)]
pub extern "C" fn SetEndOfFile(hFile: HANDLE) -> BOOL {
    quiet(FALSE, || {
        let file = handles::file(hFile)?;
        set_file_len(&file, seek(&file, 0, FILE_CURRENT)?)?;
        Ok(TRUE)
    })
}

/// Tells how long the file is, in bytes.
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

/// Waits until everything that was written to the file is on the disk.
#[unsafe(no_mangle)]
pub extern "C" fn FlushFileBuffers(hFile: HANDLE) -> BOOL {
    quiet(FALSE, || {
        handles::file(hFile)?.sync_all()?;
        Ok(TRUE)
    })
}

/// Removes a file; who has it open or mapped keeps it.
///
/// # Safety
///
/// `lpFileName` is null or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DeleteFileA(lpFileName: LPCSTR) -> BOOL {
    quiet(FALSE, || {
        // SAFETY: the caller vouches for its pointer.
        remove(unsafe { strings::narrow_path(lpFileName) })
    })
}

/// `DeleteFileA` with a path in UTF-16.
///
/// # Safety
///
/// `lpFileName` is null or ends with a zero unit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DeleteFileW(lpFileName: LPCWSTR) -> BOOL {
    quiet(FALSE, || {
        // SAFETY: the caller vouches for its pointer.
        remove(unsafe { strings::wide_path(lpFileName) })
    })
}

/// Renames a file, over another one if `MOVEFILE_REPLACE_EXISTING` says so.
///
/// # Safety
///
/// The names are null or end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MoveFileExA(
    lpExistingFileName: LPCSTR,
    lpNewFileName: LPCSTR,
    dwFlags: DWORD,
) -> BOOL {
    quiet(FALSE, || {
        // SAFETY: the caller vouches for its pointers.
        let from = unsafe { strings::narrow_path(lpExistingFileName) };
        // SAFETY: as above.
        rename(from, unsafe { strings::narrow_path(lpNewFileName) }, dwFlags)
    })
}

/// `MoveFileExA` with paths in UTF-16.
///
/// # Safety
///
/// The names are null or end with a zero unit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MoveFileExW(
    lpExistingFileName: LPCWSTR,
    lpNewFileName: LPCWSTR,
    dwFlags: DWORD,
) -> BOOL {
    quiet(FALSE, || {
        // SAFETY: the caller vouches for its pointers.
        let from = unsafe { strings::wide_path(lpExistingFileName) };
        // SAFETY: as above.
        rename(from, unsafe { strings::wide_path(lpNewFileName) }, dwFlags)
    })
}
