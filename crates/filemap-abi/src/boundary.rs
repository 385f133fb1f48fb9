//! The boundary to C: what a function returns, `errno`, the last error, and no panic.

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
    /// What `GetLastError` returns. Not `errno` itself, which any function of C may change.
    static LAST: Cell<DWORD> = const { Cell::new(ERROR_SUCCESS) };
}

/// Windows' number for a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) DWORD);

/// The result of what a function does.
pub(crate) type Result<T> = std::result::Result<T, Code>;

impl From<filemap::Error> for Code {
    fn from(error: filemap::Error) -> Self {
        Self(error.win32_code())
    }
}

impl From<io::Error> for Code {
    /// Of the calls that are about files alone, which the library has nothing to do with.
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
                // A descriptor that was not opened for what is asked is no descriptor to Linux.
                Some(libc::EBADF) => ERROR_ACCESS_DENIED,
                Some(libc::EMFILE | libc::ENFILE) => ERROR_TOO_MANY_OPEN_FILES,
                Some(libc::EIO) => ERROR_IO_DEVICE,
                _ => ERROR_GEN_FAILURE,
            },
        })
    }
}

/// What a call that succeeded does with the last error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    /// Leaves it as it was, as most functions do.
    Untouched,
    /// Sets it: to 0, or to what there is to be told beside the result.
    Set(DWORD),
}

/// Does what a function does, and gives C what came of it.
///
/// `errno` is the code of this call in any case: of its failure, what there is to be told of its
/// success, or 0. Managed runtimes read it after every call, and not all of them clear it before.
/// The last error is left alone by a success that has nothing to tell, so that a program which
/// cleans up after a failure can still ask for it.
pub(crate) fn call<T>(failed: T, body: impl FnOnce() -> Result<(T, Last)>) -> T {
    // What a panic leaves behind is this library's own, whose locks do not mind it; and it is a
    // fault of this library, so that there is nobody else to tell.
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

/// [`call`] for functions that leave the last error alone when they succeed.
pub(crate) fn quiet<T>(failed: T, body: impl FnOnce() -> Result<T>) -> T {
    call(failed, || body().map(|value| (value, Last::Untouched)))
}

/// Sets the last error of this thread, and `errno` with it.
pub(crate) fn set_last(code: DWORD) {
    LAST.set(code);
    set_errno(code);
}

/// The last error of this thread.
pub(crate) fn last() -> DWORD {
    LAST.get()
}

fn set_errno(code: DWORD) {
    // Windows' codes that anybody has seen are small; a program may set what it likes.
    let code: c_int = code.cast_signed();
    // SAFETY: the C library gives the address of this thread's own number, always.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: as above; nothing else in this thread runs meanwhile.
    unsafe { place.write(code) };
}
