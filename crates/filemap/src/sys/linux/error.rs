//! The one place where an `errno` becomes an [`Error`].

use std::io;

use rustix::io::Errno;

use crate::types::{Error, ErrorKind, Operation};

/// Translates the failure of a system call that `operation` needed.
pub(super) fn from_errno(errno: Errno, operation: Operation) -> Error {
    Error::new(kind(errno), operation).caused_by(io::Error::from(errno))
}

/// For `map_err`: translates with the operation already known.
pub(super) fn during(operation: Operation) -> impl Fn(Errno) -> Error {
    move |errno| from_errno(errno, operation)
}

/// For `map_err` after a call into the standard library.
pub(super) fn from_io(operation: Operation) -> impl Fn(io::Error) -> Error {
    move |error| match Errno::from_io_error(&error) {
        Some(errno) => from_errno(errno, operation),
        None => Error::new(ErrorKind::Other, operation).caused_by(error),
    }
}

fn kind(errno: Errno) -> ErrorKind {
    match errno {
        Errno::NOENT => ErrorKind::NotFound,
        Errno::NOTDIR => ErrorKind::PathNotFound,
        Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::TXTBSY | Errno::LOOP => {
            ErrorKind::AccessDenied
        }
        Errno::MFILE | Errno::NFILE => ErrorKind::TooManyOpenFiles,
        Errno::NOMEM => ErrorKind::OutOfMemory,
        Errno::NOSPC | Errno::DQUOT => ErrorKind::DiskFull,
        Errno::FBIG | Errno::OVERFLOW => ErrorKind::FileTooLarge,
        Errno::EXIST => ErrorKind::AlreadyExists,
        Errno::BADF | Errno::NODEV | Errno::ISDIR | Errno::NXIO => ErrorKind::WrongObject,
        Errno::INVAL => ErrorKind::InvalidArgument,
        Errno::AGAIN => ErrorKind::NoResources,
        Errno::NOSYS | Errno::OPNOTSUPP => ErrorKind::NotSupported,
        Errno::IO => ErrorKind::Device,
        Errno::NAMETOOLONG => ErrorKind::NameTooLong,
        Errno::STALE => ErrorKind::BackingGone,
        _ => ErrorKind::Other,
    }
}
