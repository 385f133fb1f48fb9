//! The one place where a code of Windows becomes an [`Error`].

#![expect(unsafe_code, reason = "a function that turns one number into another")]

use std::io;

use windows_sys::Win32::Foundation as codes;
use windows_sys::Win32::Foundation::{NTSTATUS, RtlNtStatusToDosError};

use crate::types::{Error, ErrorKind, Operation};

/// The failure of the call before, which `operation` needed.
pub(super) fn last(operation: Operation) -> Error {
    from_io(operation)(io::Error::last_os_error())
}

/// Translates what a call of the native interface returned.
pub(super) fn from_status(status: NTSTATUS, operation: Operation) -> Error {
    // SAFETY: a function of its argument.
    let code = unsafe { RtlNtStatusToDosError(status) };
    from_io(operation)(io::Error::from_raw_os_error(code.cast_signed()))
}

/// For `map_err` after a call into the standard library.
pub(super) fn from_io(operation: Operation) -> impl Fn(io::Error) -> Error {
    move |cause| {
        let kind = code(&cause).map_or(ErrorKind::Other, kind);
        let error = Error::new(kind, operation);
        // The system's own words say why, where no kind does.
        let error = if kind == ErrorKind::Other { error.because(cause.to_string()) } else { error };
        error.caused_by(cause)
    }
}

/// Returns the number by which a C program of this system knows a kind of error.
pub(in crate::sys) fn number_of(kind: ErrorKind) -> i32 {
    kind.win32_code().cast_signed()
}

/// Windows' own code of an error, if it came from there.
pub(super) fn code(error: &io::Error) -> Option<u32> {
    error.raw_os_error().map(i32::cast_unsigned)
}

fn kind(code: u32) -> ErrorKind {
    match code {
        codes::ERROR_BAD_NETPATH | codes::ERROR_INVALID_DRIVE => ErrorKind::PathNotFound,
        codes::ERROR_WRITE_PROTECT
        | codes::ERROR_SHARING_VIOLATION
        | codes::ERROR_LOCK_VIOLATION => ErrorKind::AccessDenied,
        codes::ERROR_BAD_EXE_FORMAT => ErrorKind::WrongObject,
        codes::ERROR_OUTOFMEMORY => ErrorKind::OutOfMemory,
        codes::ERROR_INVALID_FUNCTION | codes::ERROR_CALL_NOT_IMPLEMENTED => {
            ErrorKind::NotSupported
        }
        codes::ERROR_HANDLE_DISK_FULL => ErrorKind::DiskFull,
        codes::ERROR_FILE_EXISTS => ErrorKind::AlreadyExists,
        codes::ERROR_CRC | codes::ERROR_SECTOR_NOT_FOUND => ErrorKind::Device,
        // Those of objects and of entries, which the system does not know.
        codes::ERROR_INVALID_DATA | codes::ERROR_FILE_CORRUPT => ErrorKind::Other,
        // Of kinds with the same code, the first is the general one.
        code => {
            let mut kinds = ErrorKind::ALL.iter().copied();
            kinds.find(|kind| kind.win32_code() == code).unwrap_or(ErrorKind::Other)
        }
    }
}
