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
    move |error| Error::new(code(&error).map_or(ErrorKind::Other, kind), operation).caused_by(error)
}

/// Windows' own code of an error, if it came from there.
pub(super) fn code(error: &io::Error) -> Option<u32> {
    error.raw_os_error().map(i32::cast_unsigned)
}

fn kind(code: u32) -> ErrorKind {
    match code {
        codes::ERROR_FILE_NOT_FOUND => ErrorKind::NotFound,
        codes::ERROR_PATH_NOT_FOUND | codes::ERROR_BAD_NETPATH | codes::ERROR_INVALID_DRIVE => {
            ErrorKind::PathNotFound
        }
        codes::ERROR_TOO_MANY_OPEN_FILES => ErrorKind::TooManyOpenFiles,
        codes::ERROR_ACCESS_DENIED
        | codes::ERROR_WRITE_PROTECT
        | codes::ERROR_SHARING_VIOLATION
        | codes::ERROR_LOCK_VIOLATION => ErrorKind::AccessDenied,
        codes::ERROR_INVALID_HANDLE | codes::ERROR_BAD_EXE_FORMAT => ErrorKind::WrongObject,
        codes::ERROR_NOT_ENOUGH_MEMORY | codes::ERROR_OUTOFMEMORY => ErrorKind::OutOfMemory,
        codes::ERROR_HANDLE_EOF => ErrorKind::EndOfFile,
        codes::ERROR_NOT_SUPPORTED
        | codes::ERROR_INVALID_FUNCTION
        | codes::ERROR_CALL_NOT_IMPLEMENTED => ErrorKind::NotSupported,
        codes::ERROR_INVALID_PARAMETER => ErrorKind::InvalidArgument,
        codes::ERROR_DISK_FULL | codes::ERROR_HANDLE_DISK_FULL => ErrorKind::DiskFull,
        codes::ERROR_INVALID_NAME => ErrorKind::InvalidName,
        codes::ERROR_BAD_PATHNAME => ErrorKind::InvalidPath,
        codes::ERROR_FILE_EXISTS | codes::ERROR_ALREADY_EXISTS => ErrorKind::AlreadyExists,
        codes::ERROR_FILENAME_EXCED_RANGE => ErrorKind::NameTooLong,
        codes::ERROR_FILE_TOO_LARGE => ErrorKind::FileTooLarge,
        codes::ERROR_INVALID_ADDRESS => ErrorKind::AddressTaken,
        codes::ERROR_SWAPERROR => ErrorKind::Lost,
        codes::ERROR_FILE_INVALID => ErrorKind::EmptyFile,
        codes::ERROR_IO_DEVICE | codes::ERROR_CRC | codes::ERROR_SECTOR_NOT_FOUND => {
            ErrorKind::Device
        }
        codes::ERROR_MAPPED_ALIGNMENT => ErrorKind::Misaligned,
        codes::ERROR_USER_MAPPED_FILE => ErrorKind::FileMapped,
        codes::ERROR_PRIVILEGE_NOT_HELD => ErrorKind::PrivilegeNotHeld,
        codes::ERROR_NO_SYSTEM_RESOURCES => ErrorKind::NoResources,
        codes::ERROR_WORKING_SET_QUOTA => ErrorKind::LockLimit,
        codes::ERROR_COMMITMENT_LIMIT => ErrorKind::CommitLimit,
        codes::ERROR_TIMEOUT => ErrorKind::TimedOut,
        _ => ErrorKind::Other,
    }
}
