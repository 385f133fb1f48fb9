//! The error of everything in this crate that can fail.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error;
use std::fmt;
use std::io;
use std::ops::Range;

use crate::types::geometry::in_memory;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What was tried, on what, and why it failed.
///
/// The [`kind`](Self::kind) is for programs, the text for people. What the system said, if it was
/// asked, is the [`source`](std::error::Error::source), which the text does not repeat.
///
/// ```
/// use filemap::{ErrorKind, FileMapping};
///
/// let error = FileMapping::open("Local\\nobody made this").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// assert_eq!(error.win32_code(), 2);
/// assert_eq!(
///     error.to_string(),
///     "could not open the mapping `Local\\nobody made this`: there is no such name"
/// );
/// ```
///
/// One type for all operations: a caller that maps, copies and flushes handles one error, and
/// `?` turns it into an [`io::Error`] where that is wanted.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    operation: Operation,
    subject: Option<Cow<'static, str>>,
    reason: Option<Cow<'static, str>>,
    loss: Option<Loss>,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

/// Where an access met lost bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// The first byte that could not be read or written, in bytes from the start of the mapping or of
    /// the file.
    pub offset: u64,
    /// How many bytes of the accessed range precede it, all of which were read or written.
    pub done: usize,
}

impl Error {
    /// Returns an error without subject, reason and source, which the methods below add.
    pub(crate) fn new(kind: ErrorKind, operation: Operation) -> Self {
        Self(Box::new(Inner {
            kind,
            operation,
            subject: None,
            reason: None,
            loss: None,
            source: None,
        }))
    }

    /// Adds the subject of the operation: "the mapping `Local\scores`".
    pub(crate) fn about(mut self, subject: impl Into<Cow<'static, str>>) -> Self {
        self.0.subject = Some(subject.into());
        self
    }

    /// Adds the reason, where it is more exact than the kind.
    pub(crate) fn because(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.0.reason = Some(reason.into());
        self
    }

    /// Adds where mapped bytes were lost.
    pub(crate) fn lost(mut self, loss: Loss) -> Self {
        self.0.loss = Some(loss);
        self
    }

    /// The error of a file that ends at `len`, before a range of it that was stored to.
    pub(crate) fn cut(len: u64, range: Range<u64>, operation: Operation) -> Self {
        let offset = len.max(range.start);
        let done = in_memory(offset - range.start);
        Self::new(ErrorKind::Lost, operation)
            .lost(Loss { offset, done })
            .because(format!("the file now ends at {len}"))
    }

    /// Adds `before` to the bytes that were accessed, for an access that has several parts.
    pub(crate) fn lost_after(mut self, before: usize) -> Self {
        if let Some(loss) = &mut self.0.loss {
            loss.done = loss.done.saturating_add(before);
        }
        self
    }

    /// Removes the loss, which is in a file that the caller does not know.
    pub(crate) fn nowhere(mut self) -> Self {
        self.0.loss = None;
        self
    }

    /// Adds the error that caused this one.
    pub(crate) fn caused_by(
        mut self,
        source: impl Into<Box<dyn error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Returns the same error without its source, which cannot be cloned.
    pub(crate) fn without_source(&self) -> Self {
        let Inner { kind, operation, subject, reason, loss, source: _ } = &*self.0;
        let (subject, reason) = (subject.clone(), reason.clone());
        let (kind, operation, loss) = (*kind, *operation, *loss);
        Self(Box::new(Inner { kind, operation, subject, reason, loss, source: None }))
    }

    /// Replaces the operation by the one that the caller asked for.
    pub(crate) fn during(mut self, operation: Operation) -> Self {
        self.0.operation = operation;
        self
    }

    /// Adds the subject, unless there is one.
    pub(crate) fn or_about(self, subject: impl FnOnce() -> String) -> Self {
        if self.0.subject.is_some() { self } else { self.about(subject()) }
    }

    /// Returns what went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns what was tried.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.0.operation
    }

    /// Returns where an access met lost bytes, and how many bytes precede them.
    ///
    /// Only errors of accesses have it: of kind [`Lost`](ErrorKind::Lost),
    /// [`DiskFull`](ErrorKind::DiskFull) or [`Device`](ErrorKind::Device).
    #[must_use]
    pub fn loss(&self) -> Option<Loss> {
        self.0.loss
    }

    /// Returns what `GetLastError` returns for this failure.
    #[must_use]
    #[doc(alias = "GetLastError")]
    pub fn win32_code(&self) -> u32 {
        self.0.kind.win32_code()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, operation, subject, reason, loss, source: _ } = &*self.0;
        write!(f, "could not {operation} {}", subject.as_deref().unwrap_or(operation.object()))?;
        if let Some(Loss { offset, done }) = loss {
            let bytes = if *done == 1 { "byte" } else { "bytes" };
            write!(f, ", at byte {offset}, after {done} {bytes}")?;
        }
        match reason {
            Some(reason) => write!(f, ": {reason}"),
            None => write!(f, ": {kind}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("win32_code", &self.win32_code())
            .field("text", &format_args!("{self}"))
            .field("source", &self.0.source)
            .finish()
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn error::Error + 'static))
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(error.kind().io_kind(), error)
    }
}

macro_rules! operations {
    ($($(#[$doc:meta])* $operation:ident = $text:literal, $object:literal;)*) => {
        /// What was tried, as the text of an error says it: "could not `open` ...".
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Operation {
            $($(#[$doc])* $operation,)*
        }

        impl Operation {
            /// Every operation, in the order of the declaration.
            #[cfg(test)]
            const ALL: &'static [Self] = &[$(Self::$operation,)*];

            /// What it is tried on, where nothing more exact is known.
            const fn object(self) -> &'static str {
                match self {
                    $(Self::$operation => $object,)*
                }
            }
        }

        words!(Operation { $($operation = $text,)* });
    };
}

operations! {
    /// Parse a value.
    Parse = "read", "the value";
    /// Create a mapping.
    CreateMapping = "create", "the mapping";
    /// Open a mapping by name.
    OpenMapping = "open", "the mapping";
    /// Duplicate a handle.
    DuplicateHandle = "duplicate the handle of", "the mapping";
    /// Take over a descriptor.
    AdoptDescriptor = "take over", "the descriptor";
    /// Close a handle.
    CloseHandle = "close", "the mapping";
    /// Take its name from a mapping.
    WithdrawName = "withdraw the name of", "the mapping";
    /// Map a view.
    MapView = "map a view of", "the mapping";
    /// Make a view longer or shorter.
    ResizeView = "set the length of", "the view";
    /// Unmap a view.
    UnmapView = "unmap a view of", "the mapping";
    /// Copy bytes out.
    Read = "read from", "the view";
    /// Copy bytes in.
    Write = "write to", "the view";
    /// Fill a range with one byte.
    Fill = "fill", "the view";
    /// Compare bytes, or look for one.
    Search = "search", "the view";
    /// Access an atomic value.
    Atomic = "access a number in", "the view";
    /// Find or make a shared value.
    OpenShared = "open a shared value in", "the view";
    /// Flush a range.
    Flush = "flush", "the view";
    /// Prepare a range for its use.
    Advise = "prepare", "the view";
    /// Map the file back over zeros that took the place of lost pages.
    Restore = "restore the lost pages of", "the view";
    /// Give a range back to the system.
    Discard = "give back a part of", "the view";
    /// Lock a range in memory, or unlock it.
    LockMemory = "lock the pages of", "the view";
    /// Commit reserved pages.
    CommitPages = "commit pages of", "the view";
    /// Change what pages allow.
    ProtectPages = "protect pages of", "the view";
    /// Ask what pages allow.
    QueryPages = "ask for the pages of", "the view";
    /// Ask which bytes are in memory or in holes, and who has views.
    LookAt = "look at", "the mapping";
    /// Open a file.
    OpenFile = "open", "the file";
    /// Ask for a file's length, or how much space it takes.
    MeasureFile = "find the length of", "the file";
    /// Change a file's length.
    ResizeFile = "set the length of", "the file";
    /// Set disk space aside.
    Preallocate = "set space aside for", "the file";
    /// Write an object.
    WriteObject = "write an object to", "the file";
    /// Read an object.
    ReadObject = "read an object from", "the file";
    /// Compute an object's size.
    MeasureObject = "measure", "the value";
    /// Wait for an object.
    Wait = "wait for", "the object";
    /// Set, reset or release an object.
    Signal = "signal", "the object";
    /// List, inspect or clean a registry of names.
    UseRegistry = "use", "the registry";
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal, $io:ident, $text:literal;)*) => {
        /// What went wrong.
        ///
        /// Each kind has one Win32 code, the one that Windows gives for the same failure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$doc])* #[doc = concat!("\n\nWin32 code ", $code, ".")] $kind,)*
        }

        impl ErrorKind {
            /// Every kind, in the order of the declaration.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// Returns what `GetLastError` returns for a failure of this kind.
            #[must_use]
            pub const fn win32_code(self) -> u32 {
                match self {
                    $(Self::$kind => $code,)*
                }
            }

            /// Returns what the standard library calls it.
            const fn io_kind(self) -> io::ErrorKind {
                match self {
                    $(Self::$kind => io::ErrorKind::$io,)*
                }
            }
        }

        words!(ErrorKind { $($kind = $text,)* });
    };
}

kinds! {
    /// No mapping has this name, or no file is at this path.
    #[doc(alias = "ERROR_FILE_NOT_FOUND")]
    NotFound = 2, NotFound, "there is no such name";
    /// The name has a backslash that is not a scope's, or the path a missing folder.
    #[doc(alias = "ERROR_PATH_NOT_FOUND")]
    PathNotFound = 3, NotFound, "its path leads nowhere";
    /// The process or the system has no descriptor left.
    TooManyOpenFiles = 4, Other, "too many files are open";
    /// The handle, the file or the name's owner does not give this right.
    #[doc(alias = "ERROR_ACCESS_DENIED")]
    AccessDenied = 5, PermissionDenied, "access is denied";
    /// The view ends past the mapping.
    ViewTooLarge = 5, InvalidInput, "the view would end past the mapping";
    /// The directory of names is not as it must be: another user could change it.
    UntrustedRegistry = 5, PermissionDenied, "the directory of names cannot be trusted";
    /// The name or the descriptor belongs to something that is not a mapping and cannot be one.
    #[doc(alias = "ERROR_INVALID_HANDLE")]
    WrongObject = 6, InvalidInput, "it is not a mapping, nor a file that can be mapped";
    /// The system has no memory or no address space for it.
    #[doc(alias = "ERROR_NOT_ENOUGH_MEMORY")]
    OutOfMemory = 8, OutOfMemory, "there is not enough memory";
    /// The size is more than a read-only file has, or than any mapping can have.
    SizeTooLarge = 8, InvalidInput, "the size is too large";
    /// The bytes at this offset are not an object's header.
    NoObject = 13, InvalidData, "there is no object";
    /// The object was written by another codec or a later version.
    ForeignObject = 13, InvalidData, "the object is in a format that is not known here";
    /// The object was not written completely.
    TornObject = 13, InvalidData, "the object was not written to its end";
    /// The object's bytes are not what was written.
    CorruptObject = 13, InvalidData, "the object is damaged";
    /// The object is of another type than the one asked for.
    MismatchedObject = 13, InvalidData, "the object is of another type";
    /// The file ends before the bytes asked for.
    #[doc(alias = "ERROR_HANDLE_EOF")]
    EndOfFile = 38, UnexpectedEof, "the file ends before that";
    /// The file ends inside the object.
    TruncatedObject = 38, UnexpectedEof, "the file ends inside the object";
    /// This platform, kernel or file system cannot do it.
    NotSupported = 50, Unsupported, "it is not supported here";
    /// An argument is wrong in itself; the text says which.
    #[doc(alias = "ERROR_INVALID_PARAMETER")]
    InvalidArgument = 87, InvalidInput, "an argument is not valid";
    /// These attributes exclude each other, or the file or memory that is mapped.
    InvalidAttributes = 87, InvalidInput, "these attributes cannot be combined";
    /// Memory of no size was asked for.
    ZeroSize = 87, InvalidInput, "memory needs a size above zero";
    /// The handle has the right, but the mapping's protection does not allow the view.
    ProtectionExceeded = 87, PermissionDenied, "the mapping's protection does not allow it";
    /// The range is inverted, or ends past the view.
    InvalidRange = 87, InvalidInput, "the range ends past what is mapped";
    /// The codec cannot write this value.
    UnencodableObject = 87, InvalidInput, "the value cannot be encoded";
    /// The disk, or the memory that stands in for it, is full.
    #[doc(alias = "ERROR_DISK_FULL")]
    DiskFull = 112, StorageFull, "there is no space left";
    /// The name is not well formed.
    #[doc(alias = "ERROR_INVALID_NAME")]
    InvalidName = 123, InvalidInput, "the name is not valid";
    /// The name begins with a backslash.
    #[doc(alias = "ERROR_BAD_PATHNAME")]
    InvalidPath = 161, InvalidInput, "a name cannot begin with a backslash";
    /// The name exists already.
    #[doc(alias = "ERROR_ALREADY_EXISTS")]
    AlreadyExists = 183, AlreadyExists, "the name exists already";
    /// The file is not a Windows program, or has invalid tables.
    #[doc(alias = "ERROR_BAD_EXE_FORMAT")]
    BadImage = 193, InvalidData, "it is not a program that can be mapped as one";
    /// The name has more characters than a name can have.
    NameTooLong = 206, InvalidInput, "the name is too long";
    /// The file would grow past what its file system or the process's limit allows.
    FileTooLarge = 223, FileTooLarge, "the file would be larger than is allowed";
    /// The calling thread does not own the mutex.
    #[doc(alias = "ERROR_NOT_OWNER")]
    NotOwner = 288, PermissionDenied, "the calling thread does not own the mutex";
    /// The count of the semaphore would be more than its maximum.
    #[doc(alias = "ERROR_TOO_MANY_POSTS")]
    SemaphoreFull = 298, InvalidInput, "its count would be more than its maximum";
    /// The mapping's address hint is taken.
    #[doc(alias = "ERROR_INVALID_ADDRESS")]
    AddressTaken = 487, Other, "the address is not free";
    /// The page is reserved, and was not committed before it was accessed or protected.
    NotCommitted = 487, Other, "its pages are reserved and not committed";
    /// The pages are not in the view.
    OutsideView = 487, InvalidInput, "these pages are not the view's";
    /// Mapped bytes are lost: the file became shorter, or its disk failed.
    Lost = 999, Other, "the mapped bytes are gone";
    /// The file is empty and no size was given.
    #[doc(alias = "ERROR_FILE_INVALID")]
    EmptyFile = 1006, InvalidInput, "the file is empty, and no size was given";
    /// The file behind a name cannot be reached any more, or is another file now.
    BackingGone = 1006, Other, "the file behind the name cannot be reached";
    /// The program that kept the bytes of a name has ended, and they are of the past.
    Stale = 1006, Other, "the program that kept these bytes has ended";
    /// The device failed.
    Device = 1117, Other, "the device failed";
    /// An offset or an address is not a multiple of the unit of mapping.
    #[doc(alias = "ERROR_MAPPED_ALIGNMENT")]
    Misaligned = 1132, InvalidInput, "the offset or address is not aligned";
    /// The file is mapped, and so cannot become shorter.
    #[doc(alias = "ERROR_USER_MAPPED_FILE")]
    FileMapped = 1224, ResourceBusy, "the file is mapped, and so cannot become shorter";
    /// The operation needs a privilege that the process does not have.
    PrivilegeNotHeld = 1314, PermissionDenied, "a privilege is missing";
    /// A registry entry is not valid.
    DamagedEntry = 1392, InvalidData, "its registry entry is damaged";
    /// The system has run out of a resource that is not memory.
    NoResources = 1450, OutOfMemory, "the system has no more of what it needs";
    /// More memory would be locked than the process may lock.
    LockLimit = 1453, Other, "the process may not lock so much memory";
    /// The machine does not have so much memory and swap.
    #[doc(alias = "ERROR_COMMITMENT_LIMIT")]
    CommitLimit = 1455, OutOfMemory, "the machine cannot hold so much memory";
    /// Another process held a lock for too long.
    TimedOut = 1460, TimedOut, "another process did not finish in time";
    /// Another failure, which the text and the source describe.
    Other = 31, Other, "the system refused";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_tried_on_what_and_why_and_its_source_says_the_rest() {
        let cause = io::Error::from_raw_os_error(2);
        let error = Error::new(ErrorKind::NotFound, Operation::OpenMapping)
            .about("the mapping `Local\\scores`")
            .caused_by(cause);

        assert_eq!(
            error.to_string(),
            "could not open the mapping `Local\\scores`: there is no such name"
        );
        assert!(error::Error::source(&error).is_some());
    }

    #[test]
    fn a_sentence_has_an_object_whether_or_not_the_subject_is_known() {
        for operation in Operation::ALL {
            let bare = Error::new(ErrorKind::Lost, *operation).lost(Loss { offset: 4096, done: 1 });
            let (verb, object) = (operation.to_string(), operation.object());

            let text = bare.to_string();

            let rest = "at byte 4096, after 1 byte: the mapped bytes are gone";
            assert_eq!(text, format!("could not {verb} {object}, {rest}"));
            let named = bare.about("the mapping `Local\\scores`").to_string();
            assert_eq!(named, format!("could not {verb} the mapping `Local\\scores`, {rest}"));
        }
    }

    #[test]
    fn every_kind_has_a_code_and_a_sentence() {
        for kind in ErrorKind::ALL {
            assert_ne!(kind.win32_code(), 0, "{kind:?}");
            assert!(!kind.to_string().is_empty(), "{kind:?}");
        }
    }

    #[test]
    fn an_error_becomes_an_io_error_of_the_same_meaning() {
        let error = Error::new(ErrorKind::DiskFull, Operation::Write);
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::StorageFull);
    }
}
