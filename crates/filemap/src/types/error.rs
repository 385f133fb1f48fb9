use std::borrow::Cow;
use std::error;
use std::fmt;
use std::io;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What was tried, on what, and why it failed.
///
/// The [`kind`](Self::kind) is for programs, the text for people:
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

/// Where an access came to its end before it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// The first byte that could not be had or not be written, in bytes from the start of the
    /// mapping or of the file.
    pub offset: u64,
    /// How many bytes, from the start of the range that was asked for, came before it and were
    /// dealt with.
    pub done: usize,
}

impl Error {
    /// Begins an error; the subject, the reason and the source are added by the methods below.
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

    /// Says what the operation was about: "the mapping `Local\scores`".
    pub(crate) fn about(mut self, subject: impl Into<Cow<'static, str>>) -> Self {
        self.0.subject = Some(subject.into());
        self
    }

    /// Says why, more exactly than the kind does.
    pub(crate) fn because(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.0.reason = Some(reason.into());
        self
    }

    /// Says where mapped bytes were gone.
    pub(crate) fn lost(mut self, loss: Loss) -> Self {
        self.0.loss = Some(loss);
        self
    }

    /// Counts `before` more bytes that were dealt with, in earlier parts of one access.
    pub(crate) fn lost_after(mut self, before: usize) -> Self {
        if let Some(loss) = &mut self.0.loss {
            loss.done = loss.done.saturating_add(before);
        }
        self
    }

    /// Forgets where it happened, in a file that the caller knows nothing of.
    pub(crate) fn nowhere(mut self) -> Self {
        self.0.loss = None;
        self
    }

    /// Keeps the error underneath.
    pub(crate) fn caused_by(
        mut self,
        source: impl Into<Box<dyn error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Names the operation that the caller asked for, where a deeper one failed.
    pub(crate) fn during(mut self, operation: Operation) -> Self {
        self.0.operation = operation;
        self
    }

    /// Says what the operation was about, unless that is known already.
    pub(crate) fn or_about(self, subject: impl FnOnce() -> String) -> Self {
        if self.0.subject.is_some() { self } else { self.about(subject()) }
    }

    /// Tells what went wrong, as a value to match on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Tells what was tried.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.0.operation
    }

    /// Tells where an access came to its end, and how many bytes it had dealt with before.
    ///
    /// Only errors of accesses that began have it: of kind [`Lost`](ErrorKind::Lost),
    /// [`DiskFull`](ErrorKind::DiskFull) or [`Device`](ErrorKind::Device).
    #[must_use]
    pub fn loss(&self) -> Option<Loss> {
        self.0.loss
    }

    /// Tells what `GetLastError` would return for this failure.
    #[must_use]
    #[doc(alias = "GetLastError")]
    pub fn win32_code(&self) -> u32 {
        self.0.kind.win32_code()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, operation, subject, reason, loss, source } = &*self.0;
        write!(f, "could not {operation}")?;
        if let Some(subject) = subject {
            write!(f, " {subject}")?;
        }
        if let Some(Loss { offset, done }) = loss {
            write!(f, ", at byte {offset}, after {done} bytes")?;
        }
        match reason {
            Some(reason) => write!(f, ": {reason}")?,
            None => write!(f, ": {kind}")?,
        }
        match source {
            Some(source) => write!(f, " ({source})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("win32_code", &self.win32_code())
            .field("text", &format_args!("{self}"))
            .finish()
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn error::Error + 'static))
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        use io::ErrorKind as Io;
        let kind = match error.kind() {
            ErrorKind::NotFound | ErrorKind::PathNotFound => Io::NotFound,
            ErrorKind::AccessDenied
            | ErrorKind::UntrustedRegistry
            | ErrorKind::PrivilegeNotHeld
            | ErrorKind::ProtectionExceeded => Io::PermissionDenied,
            ErrorKind::AlreadyExists => Io::AlreadyExists,
            ErrorKind::OutOfMemory | ErrorKind::CommitLimit | ErrorKind::NoResources => {
                Io::OutOfMemory
            }
            ErrorKind::DiskFull => Io::StorageFull,
            ErrorKind::FileTooLarge => Io::FileTooLarge,
            ErrorKind::FileMapped => Io::ResourceBusy,
            ErrorKind::NotSupported => Io::Unsupported,
            ErrorKind::TimedOut => Io::TimedOut,
            ErrorKind::EndOfFile | ErrorKind::TruncatedObject => Io::UnexpectedEof,
            ErrorKind::NoObject
            | ErrorKind::ForeignObject
            | ErrorKind::TornObject
            | ErrorKind::CorruptObject
            | ErrorKind::MismatchedObject
            | ErrorKind::BadImage
            | ErrorKind::DamagedEntry => Io::InvalidData,
            ErrorKind::InvalidArgument
            | ErrorKind::InvalidAttributes
            | ErrorKind::InvalidRange
            | ErrorKind::OutsideView
            | ErrorKind::ViewTooLarge
            | ErrorKind::InvalidName
            | ErrorKind::InvalidPath
            | ErrorKind::NameTooLong
            | ErrorKind::ZeroSize
            | ErrorKind::SizeTooLarge
            | ErrorKind::Misaligned
            | ErrorKind::EmptyFile
            | ErrorKind::WrongObject
            | ErrorKind::UnencodableObject => Io::InvalidInput,
            _ => Io::Other,
        };
        Self::new(kind, error)
    }
}

/// What an operation tried to do, as its error says it: "could not `open` ...".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Read a value from text.
    Parse,
    /// Create a mapping.
    CreateMapping,
    /// Open a mapping by name.
    OpenMapping,
    /// Duplicate a handle.
    DuplicateHandle,
    /// Take over a descriptor.
    AdoptDescriptor,
    /// Close a handle.
    CloseHandle,
    /// Map a view.
    MapView,
    /// Unmap a view.
    UnmapView,
    /// Copy bytes out.
    Read,
    /// Copy bytes in.
    Write,
    /// Fill a range with one byte.
    Fill,
    /// Compare bytes, or look for one.
    Search,
    /// Work on a value that threads and processes agree on.
    Atomic,
    /// Flush a range.
    Flush,
    /// Prepare a range for its use.
    Advise,
    /// Lock a range in memory, or unlock it.
    LockMemory,
    /// Commit pages that were set aside.
    CommitPages,
    /// Change what pages allow.
    ProtectPages,
    /// Ask what pages allow.
    QueryPages,
    /// Ask where bytes are, and who has them mapped.
    LookAt,
    /// Open a file.
    OpenFile,
    /// Ask for or change a file's length.
    ResizeFile,
    /// Write an object.
    WriteObject,
    /// Read an object.
    ReadObject,
    /// Compute an object's size.
    MeasureObject,
    /// List, inspect or clean a registry of names.
    UseRegistry,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parse => "read",
            Self::CreateMapping => "create",
            Self::OpenMapping | Self::OpenFile => "open",
            Self::DuplicateHandle => "duplicate the handle of",
            Self::AdoptDescriptor => "take over",
            Self::CloseHandle => "close",
            Self::MapView => "map a view of",
            Self::UnmapView => "unmap a view of",
            Self::Read => "read from",
            Self::Write => "write to",
            Self::Fill => "fill",
            Self::Search => "search",
            Self::Atomic => "work on a value in",
            Self::Flush => "flush",
            Self::Advise => "prepare",
            Self::LockMemory => "lock in memory",
            Self::CommitPages => "commit pages of",
            Self::ProtectPages => "protect pages of",
            Self::QueryPages => "ask for the pages of",
            Self::LookAt => "look at",
            Self::ResizeFile => "set or find the length of",
            Self::WriteObject => "write an object to",
            Self::ReadObject => "read an object from",
            Self::MeasureObject => "measure",
            Self::UseRegistry => "use the registry",
        })
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal, $text:literal;)*) => {
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

            /// Tells what `GetLastError` would return for a failure of this kind.
            #[must_use]
            pub const fn win32_code(self) -> u32 {
                match self {
                    $(Self::$kind => $code,)*
                }
            }
        }

        impl fmt::Display for ErrorKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$kind => $text,)*
                })
            }
        }
    };
}

kinds! {
    /// No mapping has this name, or no file is at this path.
    #[doc(alias = "ERROR_FILE_NOT_FOUND")]
    NotFound = 2, "there is no such name";
    /// The name has a backslash that is not a scope's, or the path a missing folder.
    #[doc(alias = "ERROR_PATH_NOT_FOUND")]
    PathNotFound = 3, "its path leads nowhere";
    /// The process or the system has no descriptor left.
    TooManyOpenFiles = 4, "too many files are open";
    /// The handle, the file or the name's owner does not give this right.
    #[doc(alias = "ERROR_ACCESS_DENIED")]
    AccessDenied = 5, "access is denied";
    /// The view ends past the mapping.
    ViewTooLarge = 5, "the view would end past the mapping";
    /// The directory that keeps the names is not what it must be: another user could change it.
    UntrustedRegistry = 5, "the directory of names cannot be trusted";
    /// The name or the descriptor belongs to something that is not a mapping and cannot be one.
    #[doc(alias = "ERROR_INVALID_HANDLE")]
    WrongObject = 6, "it is not a mapping, nor a file that can be mapped";
    /// The system has no memory or no address space for it.
    #[doc(alias = "ERROR_NOT_ENOUGH_MEMORY")]
    OutOfMemory = 8, "there is not enough memory";
    /// The size is more than a read-only file has, or than any mapping can have.
    SizeTooLarge = 8, "the size is too large";
    /// The bytes at this place are not an object's header.
    NoObject = 13, "there is no object";
    /// The object was written by another codec or a later version.
    ForeignObject = 13, "the object is in a format that is not known here";
    /// The object's writer has not finished, or never will.
    TornObject = 13, "the object was not written to its end";
    /// The object's bytes are not what was written.
    CorruptObject = 13, "the object is damaged";
    /// The object is whole, and not of the type asked for.
    MismatchedObject = 13, "the object is of another type";
    /// The file ends before the bytes asked for.
    #[doc(alias = "ERROR_HANDLE_EOF")]
    EndOfFile = 38, "the file ends before that";
    /// The file ends inside the object.
    TruncatedObject = 38, "the file ends inside the object";
    /// This platform, kernel or file system cannot do it.
    NotSupported = 50, "it is not supported here";
    /// An argument is wrong in itself; the text says which.
    #[doc(alias = "ERROR_INVALID_PARAMETER")]
    InvalidArgument = 87, "an argument is not valid";
    /// These attributes exclude each other, or what is mapped.
    InvalidAttributes = 87, "these attributes cannot be combined";
    /// Memory of no size was asked for.
    ZeroSize = 87, "memory needs a size above zero";
    /// The handle has the right, but the mapping's protection does not allow the view.
    ProtectionExceeded = 87, "the mapping's protection does not allow it";
    /// The range is inverted, or ends past the view.
    InvalidRange = 87, "the range ends past what is mapped";
    /// The codec cannot write this value.
    UnencodableObject = 87, "the value cannot be encoded";
    /// The disk, or the memory that stands in for it, is full.
    #[doc(alias = "ERROR_DISK_FULL")]
    DiskFull = 112, "there is no space left";
    /// The name is not well formed.
    #[doc(alias = "ERROR_INVALID_NAME")]
    InvalidName = 123, "the name is not valid";
    /// The name begins with a backslash.
    #[doc(alias = "ERROR_BAD_PATHNAME")]
    InvalidPath = 161, "a name cannot begin with a backslash";
    /// The name exists and was to be new.
    #[doc(alias = "ERROR_ALREADY_EXISTS")]
    AlreadyExists = 183, "the name exists already";
    /// The file is no program of Windows, or one whose tables cannot be.
    #[doc(alias = "ERROR_BAD_EXE_FORMAT")]
    BadImage = 193, "it is not a program that can be mapped as one";
    /// The name has more characters than a name can have.
    NameTooLong = 206, "the name is too long";
    /// The file would grow past what its file system or the process's limit allows.
    FileTooLarge = 223, "the file would be larger than is allowed";
    /// The mapping's address hint is taken.
    #[doc(alias = "ERROR_INVALID_ADDRESS")]
    AddressTaken = 487, "the address is not free";
    /// The page is set aside, and was not committed before it was touched or protected.
    NotCommitted = 487, "its pages are reserved and not committed";
    /// These pages are not the view's.
    OutsideView = 487, "these pages are not the view's";
    /// Mapped bytes are gone: the file became shorter, or its disk failed.
    Lost = 999, "the mapped bytes are gone";
    /// The file is empty and no size was given.
    #[doc(alias = "ERROR_FILE_INVALID")]
    EmptyFile = 1006, "the file is empty, and no size was given";
    /// The file behind a name cannot be reached any more, or is another file now.
    BackingGone = 1006, "the file behind the name cannot be reached";
    /// The device failed.
    Device = 1117, "the device failed";
    /// An offset or an address is not a multiple of the unit of mapping.
    #[doc(alias = "ERROR_MAPPED_ALIGNMENT")]
    Misaligned = 1132, "the offset or address is not aligned";
    /// The file is mapped, and Windows does not let it become shorter meanwhile.
    #[doc(alias = "ERROR_USER_MAPPED_FILE")]
    FileMapped = 1224, "the file is mapped, and so cannot become shorter";
    /// The operation needs a privilege that the process does not have.
    PrivilegeNotHeld = 1314, "a privilege is missing";
    /// A registry entry is not what an entry must be.
    DamagedEntry = 1392, "its registry entry is damaged";
    /// The system has no more of a resource that is not memory.
    NoResources = 1450, "the system has no more of what it needs";
    /// More memory would be locked than the process may lock.
    LockLimit = 1453, "the process may not lock so much memory";
    /// More memory was asked for than the machine can ever hold.
    #[doc(alias = "ERROR_COMMITMENT_LIMIT")]
    CommitLimit = 1455, "the machine cannot hold so much memory";
    /// Somebody held a lock longer than anybody should.
    TimedOut = 1460, "another process did not finish in time";
    /// Anything else; the source tells.
    Other = 31, "the system refused";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_tried_on_what_and_why() {
        // The words for a code are the C library's, and there is more than one C library.
        let cause = io::Error::from_raw_os_error(2);
        let words = cause.to_string();
        let error = Error::new(ErrorKind::NotFound, Operation::OpenMapping)
            .about("the mapping `Local\\scores`")
            .caused_by(cause);

        assert_eq!(
            error.to_string(),
            format!("could not open the mapping `Local\\scores`: there is no such name ({words})")
        );
        assert!(error::Error::source(&error).is_some());
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
