//! The last error of each thread, and what becomes one.

use std::cell::Cell;
use std::io;

/// `ERROR_ACCESS_DENIED`.
pub(crate) const ACCESS_DENIED: u32 = 5;
/// `ERROR_INVALID_HANDLE`.
pub(crate) const INVALID_HANDLE: u32 = 6;
/// `ERROR_INVALID_PARAMETER`.
pub(crate) const INVALID_PARAMETER: u32 = 87;
/// `ERROR_CALL_NOT_IMPLEMENTED`: the library has no words for what was asked.
pub(crate) const UNSUPPORTED: u32 = 120;
/// `ERROR_INVALID_NAME`.
pub(crate) const INVALID_NAME: u32 = 123;
/// `ERROR_ALREADY_EXISTS`.
pub(crate) const ALREADY_EXISTS: u32 = 183;
/// `ERROR_FILENAME_EXCED_RANGE`.
pub(crate) const NAME_TOO_LONG: u32 = 206;
/// `ERROR_INVALID_ADDRESS`.
pub(crate) const INVALID_ADDRESS: u32 = 487;

thread_local! {
    static LAST: Cell<u32> = const { Cell::new(0) };
}

/// The code of a call that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Code(pub(crate) u32);

impl From<filemap::Error> for Code {
    fn from(error: filemap::Error) -> Self {
        Self(error.win32_code())
    }
}

impl From<io::Error> for Code {
    /// About files alone, which are not the library's.
    fn from(error: io::Error) -> Self {
        Self(match error.kind() {
            io::ErrorKind::NotFound => 2,
            // A descriptor that was not opened for what is asked is no descriptor to Linux.
            io::ErrorKind::PermissionDenied => ACCESS_DENIED,
            io::ErrorKind::AlreadyExists => 80,
            io::ErrorKind::StorageFull => 112,
            io::ErrorKind::InvalidInput => INVALID_PARAMETER,
            _ if error.raw_os_error() == Some(libc::EBADF) => ACCESS_DENIED,
            _ => 31,
        })
    }
}

/// Sets the last error of this thread.
pub(crate) fn set(code: u32) {
    LAST.set(code);
}

/// Turns a result into what a function returns, and its error into the last error.
pub(crate) fn or<T>(failed: T, result: Result<T, Code>) -> T {
    result.unwrap_or_else(|Code(code)| {
        set(code);
        failed
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetLastError() -> u32 {
    LAST.get()
}

#[unsafe(no_mangle)]
extern "C" fn SetLastError(code: u32) {
    set(code);
}
