//! The one place where an `errno` becomes an [`Error`].

use std::fs::{self, File};
use std::io::{self, Read as _};

use rustix::io::Errno;
use rustix::process::Resource;

use crate::types::{Error, ErrorKind, Operation};

/// Translates the failure of a system call that `operation` needed.
pub(super) fn from_errno(errno: Errno, operation: Operation) -> Error {
    let error = Error::new(kind(errno), operation);
    let error = match errno {
        // For who opens a name or a file, the kind says it; the others look for a directory.
        Errno::NOENT if operation == Operation::OpenFile => error.because("there is no such file"),
        Errno::NOENT if operation != Operation::OpenMapping => error.because("it does not exist"),
        Errno::ISDIR => error.because("it is a directory, and only files can be mapped"),
        // Nobody answers behind it.
        Errno::NXIO if operation == Operation::OpenFile => {
            error.because("it is a socket or a device, and only files can be mapped")
        }
        Errno::ROFS => error.because("its file system is read-only"),
        Errno::TXTBSY => error.because("the program in it is running"),
        Errno::LOOP => error.because("its path has too many links"),
        Errno::DQUOT => error.because("the user's quota of disk space is used up"),
        _ if error.kind() == ErrorKind::Other => error.because(io::Error::from(errno).to_string()),
        _ => error,
    };
    error.caused_by(io::Error::from(errno))
}

/// For `map_err`: translates with the operation already known.
pub(super) fn during(operation: Operation) -> impl Fn(Errno) -> Error {
    move |errno| from_errno(errno, operation)
}

/// For `map_err` after a call into the standard library.
pub(super) fn from_io(operation: Operation) -> impl Fn(io::Error) -> Error {
    move |error| match Errno::from_io_error(&error) {
        Some(errno) => from_errno(errno, operation),
        None => Error::new(ErrorKind::Other, operation).because(error.to_string()).caused_by(error),
    }
}

/// Returns the `errno` of the call of the C library that has just failed.
pub(super) fn last_errno() -> Errno {
    Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::IO)
}

/// Adds to an error which limit a process has met whose map was refused for want of memory, if that is
/// to be seen.
///
/// It takes long where there are many maps, so whoever can do without a map does not ask.
#[cold]
pub(crate) fn exhausted(error: Error) -> Error {
    if error.kind() != ErrorKind::OutOfMemory {
        return error;
    }
    let most = fs::read_to_string("/proc/sys/vm/max_map_count").unwrap_or_default();
    let (maps, most) = (maps().unwrap_or(0), most.trim().parse().unwrap_or(u64::MAX));
    // A call may need two more.
    if maps.saturating_add(2) >= most {
        return error
            .because(format!("the process has {maps} maps, and vm.max_map_count allows {most}"));
    }
    match rustix::process::getrlimit(Resource::As).current {
        Some(most) => error.because(format!(
            "there is no room in the {most} bytes of addresses that the process may use (RLIMIT_AS)"
        )),
        None => error,
    }
}

/// Counts the maps of this process, with no memory: there may be none left.
fn maps() -> io::Result<u64> {
    let (mut file, mut buf, mut count) = (File::open("/proc/self/maps")?, [0; 4096], 0);
    loop {
        match file.read(&mut buf)? {
            0 => return Ok(count),
            read => count += buf[..read].iter().filter(|byte| **byte == b'\n').count() as u64,
        }
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

/// Returns the number by which a C program of this system knows a kind of error.
pub(in crate::sys) fn number_of(kind: ErrorKind) -> i32 {
    let errno = match kind {
        ErrorKind::NotFound | ErrorKind::PathNotFound => Errno::NOENT,
        ErrorKind::TooManyOpenFiles => Errno::MFILE,
        ErrorKind::AccessDenied | ErrorKind::UntrustedRegistry | ErrorKind::ProtectionExceeded => {
            Errno::ACCESS
        }
        ErrorKind::WrongObject => Errno::BADF,
        ErrorKind::OutOfMemory
        | ErrorKind::SizeTooLarge
        | ErrorKind::LockLimit
        | ErrorKind::CommitLimit => Errno::NOMEM,
        ErrorKind::NoObject
        | ErrorKind::ForeignObject
        | ErrorKind::TornObject
        | ErrorKind::CorruptObject
        | ErrorKind::MismatchedObject
        | ErrorKind::DamagedEntry => Errno::BADMSG,
        ErrorKind::EndOfFile | ErrorKind::TruncatedObject => Errno::NODATA,
        ErrorKind::NotSupported => Errno::OPNOTSUPP,
        ErrorKind::DiskFull => Errno::NOSPC,
        ErrorKind::AlreadyExists => Errno::EXIST,
        ErrorKind::BadImage => Errno::NOEXEC,
        ErrorKind::NameTooLong => Errno::NAMETOOLONG,
        ErrorKind::FileTooLarge => Errno::FBIG,
        ErrorKind::AddressTaken => Errno::ADDRINUSE,
        ErrorKind::NotCommitted | ErrorKind::OutsideView => Errno::FAULT,
        ErrorKind::BackingGone | ErrorKind::Stale => Errno::STALE,
        ErrorKind::FileMapped => Errno::BUSY,
        ErrorKind::PrivilegeNotHeld => Errno::PERM,
        ErrorKind::NoResources => Errno::AGAIN,
        ErrorKind::TimedOut => Errno::TIMEDOUT,
        ErrorKind::Lost | ErrorKind::Device | ErrorKind::Other => Errno::IO,
        _ => Errno::INVAL,
    };
    errno.raw_os_error()
}
