//! Files, as far as programs that map them need them.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use filemap::set_file_len;

use crate::boundary::{Code, Last, Result, call, quiet};
use crate::handles;
use crate::kernel32::create;
use crate::objects::{self, OpenFile};
use crate::programs;
use crate::strings;
use crate::windows::{
    BOOL, CREATE_ALWAYS, CREATE_NEW, DWORD, ERROR_ACCESS_DENIED, ERROR_ALREADY_EXISTS,
    ERROR_INVALID_PARAMETER, ERROR_PATH_NOT_FOUND, ERROR_SHARING_VIOLATION, ERROR_SUCCESS, FALSE,
    FILE_APPEND_DATA, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_DELETE_ON_CLOSE, FILE_TYPE_CHAR,
    FILE_TYPE_DISK, FILE_TYPE_PIPE, FILE_TYPE_UNKNOWN, FILE_WRITE_DATA, GENERIC_ALL, GENERIC_WRITE,
    HANDLE, INVALID_HANDLE_VALUE, LPCSTR, LPCWSTR, MOVEFILE_REPLACE_EXISTING, OPEN_ALWAYS,
    OPEN_EXISTING, SECURITY_ATTRIBUTES, TRUE, TRUNCATE_EXISTING,
};

/// Opens the file, and returns whether it existed.
fn open(path: &Path, access: DWORD, disposition: DWORD) -> io::Result<(File, bool)> {
    // To open a pipe would wait for its other end.
    let is_pipe = || fs::metadata(path).is_ok_and(|state| state.file_type().is_fifo());
    if disposition != CREATE_NEW && is_pipe() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let (mut options, flags) = objects::options(access);
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
                    // Another process has created it meanwhile.
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

/// Creates a file, separately from opening it: the access may not include writing.
fn made(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path).map(drop)
}

/// Returns the code for a failed call about a path: a missing folder has a code of its own.
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
    let is_temporary = flags & FILE_FLAG_DELETE_ON_CLOSE != 0;
    // A program that is mapped can be neither written nor removed.
    if (writes || is_temporary) && programs::is_mapped(&path) {
        let code = if is_temporary { ERROR_ACCESS_DENIED } else { ERROR_SHARING_VIOLATION };
        return Err(Code(code));
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
    let told = existed && matches!(disposition, CREATE_ALWAYS | OPEN_ALWAYS);
    let mut file = OpenFile::new(file, objects::file_access(access));
    if is_temporary {
        file.remove_at_end()?;
    }
    let handle = handles::insert_file(file, inherit, false)?;
    Ok((handle, Last::Set(if told { ERROR_ALREADY_EXISTS } else { ERROR_SUCCESS })))
}

fn remove(path: Result<PathBuf>) -> Result<BOOL> {
    let path = path?;
    fs::remove_file(&path).map_err(about(&path))?;
    Ok(TRUE)
}

fn rename(from: Result<PathBuf>, to: Result<PathBuf>, flags: DWORD) -> Result<BOOL> {
    let (from, to) = (&from?, &to?);
    if flags & MOVEFILE_REPLACE_EXISTING == 0 && fs::symlink_metadata(to).is_ok() {
        return Err(Code(ERROR_ALREADY_EXISTS));
    }
    fs::rename(from, to).map_err(about(from))?;
    Ok(TRUE)
}

/// Opens or creates a file; the path is UTF-8, or any bytes.
///
/// With `FILE_FLAG_DELETE_ON_CLOSE` the file is removed with the last of its handle and that one's
/// duplicates, or when the process exits; one that is killed leaves it. Without
/// `FILE_FLAG_BACKUP_SEMANTICS` no folder is opened. Sharing modes are accepted and ignored, and so
/// are the template and all other flags.
///
/// Returns `INVALID_HANDLE_VALUE` on failure: `ERROR_SHARING_VIOLATION` if it is to be written and
/// this process has it mapped as a program. `GetLastError` is `ERROR_ALREADY_EXISTS` if
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

/// Waits until everything written to the file is on the disk.
///
/// Returns FALSE on failure: `ERROR_ACCESS_DENIED` if the file is not open for writing.
#[unsafe(no_mangle)]
pub extern "C" fn FlushFileBuffers(hFile: HANDLE) -> BOOL {
    quiet(FALSE, || {
        handles::file_for(hFile, FILE_WRITE_DATA | FILE_APPEND_DATA)?.sync_all()?;
        Ok(TRUE)
    })
}

/// Returns what kind of file a handle is of: `FILE_TYPE_DISK`, `FILE_TYPE_CHAR` for terminals and other
/// devices, `FILE_TYPE_PIPE` for pipes and sockets, and `FILE_TYPE_UNKNOWN` for others and on failure.
#[unsafe(no_mangle)]
pub extern "C" fn GetFileType(hFile: HANDLE) -> DWORD {
    call(FILE_TYPE_UNKNOWN, || {
        let kind = handles::file(hFile)?.metadata()?.file_type();
        Ok(match kind {
            _ if kind.is_file() || kind.is_dir() || kind.is_block_device() => {
                (FILE_TYPE_DISK, Last::Untouched)
            }
            _ if kind.is_char_device() => (FILE_TYPE_CHAR, Last::Untouched),
            _ if kind.is_fifo() || kind.is_socket() => (FILE_TYPE_PIPE, Last::Untouched),
            _ => (FILE_TYPE_UNKNOWN, Last::Set(ERROR_SUCCESS)),
        })
    })
}

/// Removes a file. Processes that have it open or mapped can still use it.
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

/// Renames a file, and replaces another one only with `MOVEFILE_REPLACE_EXISTING`.
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
