//! The boundary to C: return values, `errno`, the last error, and no panic.

use std::cell::Cell;
use std::ffi::c_int;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::windows::{
    DWORD, ERROR_ACCESS_DENIED, ERROR_DIR_NOT_EMPTY, ERROR_DISK_FULL, ERROR_FILE_EXISTS,
    ERROR_FILE_NOT_FOUND, ERROR_FILE_TOO_LARGE, ERROR_FILENAME_EXCED_RANGE, ERROR_GEN_FAILURE,
    ERROR_INTERNAL_ERROR, ERROR_INVALID_PARAMETER, ERROR_IO_DEVICE, ERROR_NOT_ENOUGH_MEMORY,
    ERROR_NOT_SUPPORTED, ERROR_PATH_NOT_FOUND, ERROR_SUCCESS, ERROR_TOO_MANY_OPEN_FILES,
    ERROR_WRITE_PROTECT,
};

thread_local! {
    /// The value of `GetLastError`. It is not `errno`, which every function of C may change.
    static LAST: Cell<DWORD> = const { Cell::new(ERROR_SUCCESS) };
}

/// A Windows error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) DWORD);

/// The result of the body of a function.
pub(crate) type Result<T> = std::result::Result<T, Code>;

impl From<filemap::Error> for Code {
    fn from(error: filemap::Error) -> Self {
        Self(error.win32_code())
    }
}

impl From<io::Error> for Code {
    /// The code for a failed call about a file alone, which the library has no part in.
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        Self(match error.kind() {
            Kind::NotFound => ERROR_FILE_NOT_FOUND,
            Kind::NotADirectory => ERROR_PATH_NOT_FOUND,
            Kind::PermissionDenied | Kind::IsADirectory | Kind::ExecutableFileBusy => {
                ERROR_ACCESS_DENIED
            }
            Kind::AlreadyExists => ERROR_FILE_EXISTS,
            Kind::StorageFull | Kind::QuotaExceeded => ERROR_DISK_FULL,
            Kind::FileTooLarge => ERROR_FILE_TOO_LARGE,
            Kind::InvalidInput => ERROR_INVALID_PARAMETER,
            Kind::InvalidFilename => ERROR_FILENAME_EXCED_RANGE,
            Kind::ReadOnlyFilesystem => ERROR_WRITE_PROTECT,
            Kind::OutOfMemory => ERROR_NOT_ENOUGH_MEMORY,
            Kind::DirectoryNotEmpty => ERROR_DIR_NOT_EMPTY,
            Kind::Unsupported => ERROR_NOT_SUPPORTED,
            _ => match error.raw_os_error() {
                // Linux reports this for a descriptor that was not opened for the access as well.
                Some(libc::EBADF) => ERROR_ACCESS_DENIED,
                Some(libc::EMFILE | libc::ENFILE) => ERROR_TOO_MANY_OPEN_FILES,
                Some(libc::EIO) => ERROR_IO_DEVICE,
                _ => ERROR_GEN_FAILURE,
            },
        })
    }
}

/// The effect of a successful call on the last error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    /// Leaves it unchanged, as most functions do.
    Untouched,
    /// Sets it: to 0, or to a code that belongs to the success.
    Set(DWORD),
}

/// Runs the body of a function, and returns its result to C.
///
/// `errno` is set by every call: to the code of a failure, to the code that belongs to a success, or
/// to 0. Managed runtimes read it after every call, and not all of them clear it before. A success
/// without a code leaves the last error alone, so that a program that cleans up after a failure can
/// still read it.
pub(crate) fn call<T>(failed: T, body: impl FnOnce() -> Result<(T, Last)>) -> T {
    // A panic is a fault of this library. It must not unwind into C, and the library's locks
    // tolerate it.
    let done = catch_unwind(AssertUnwindSafe(body));
    let (value, last) = match done {
        Ok(Ok((value, last))) => (value, last),
        Ok(Err(Code(code))) => (failed, Last::Set(code)),
        Err(_panic) => (failed, Last::Set(ERROR_INTERNAL_ERROR)),
    };
    match last {
        Last::Untouched => set_errno(ERROR_SUCCESS),
        Last::Set(code) => set_last(code),
    }
    value
}

/// [`call`] for functions that leave the last error unchanged on success.
pub(crate) fn quiet<T>(failed: T, body: impl FnOnce() -> Result<T>) -> T {
    call(failed, || body().map(|value| (value, Last::Untouched)))
}

/// Sets the last error of this thread, and `errno` with it.
pub(crate) fn set_last(code: DWORD) {
    LAST.set(code);
    set_errno(code);
}

/// Returns the last error of this thread.
pub(crate) fn last() -> DWORD {
    LAST.get()
}

fn set_errno(code: DWORD) {
    // Known codes are small; only a program can set one that becomes negative here.
    let code: c_int = code.cast_signed();
    // SAFETY: the C library gives the address of this thread's own number, always.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: as above; nothing else in this thread runs meanwhile.
    unsafe { place.write(code) };
}
