//! The length of a file: asked for, set, and what is known of it.
//!
//! Bytes that are known to be there may be read through a map. Others may change the length at any
//! time: what was added shows when something lies past the known length, what was cut off when a
//! page is lost: ordinary input and output then find the end.
//!
//! Fewer bytes may be stored to through a map. Some file systems show a new length before its zeros
//! are in place, and a store in between is lost. Output waits for whoever is making the file longer;
//! so once it is done, all bytes are settled that were there by the length seen before.

use std::ops::Range;

use crate::file::MappedFile;
#[cfg(feature = "objects")]
use crate::model::page_size;
use crate::model::{Seen, View};
use crate::sys::sync::{Ordering, fence};
use crate::types::{Error, ErrorKind, Operation, Result, counted, geometry};

impl MappedFile {
    /// Returns the length in bytes, as it is now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Device`] if the file system does not answer.
    pub fn len(&self) -> Result<u64> {
        loop {
            let before = self.noted();
            let len = self.look()?;
            if self.note(&before, len, before.settled.bytes().min(len)) {
                return Ok(len);
            }
        }
    }

    /// Returns whether the file has no bytes now.
    ///
    /// # Errors
    ///
    /// Those of [`len`](Self::len).
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Makes the file `len` bytes long.
    ///
    /// New bytes are zero, and all but the last block of them take no space until they are written,
    /// but where the file system cannot make a file longer without zeros (no `fallocate`). A file that
    /// somebody else makes longer still in the same moment stays so. Bytes cut off are gone for
    /// everybody who has the file open, and so is what was [set aside](Self::preallocate) past the
    /// new end.
    ///
    /// # Errors
    ///
    /// The length is then as it was.
    ///
    /// | what is wrong | kind |
    /// |---|---|
    /// | it was opened for reading only | [`AccessDenied`](ErrorKind::AccessDenied) |
    /// | it is memory, or a mapping of a fixed size | [`NotSupported`](ErrorKind::NotSupported) |
    /// | the file system or the process's limit does not allow it | [`FileTooLarge`](ErrorKind::FileTooLarge) |
    /// | there is no space for the last block | [`DiskFull`](ErrorKind::DiskFull) |
    /// | it would become shorter, and somebody [keeps its length](crate::LengthLock) | [`FileMapped`](ErrorKind::FileMapped) |
    ///
    /// # Platforms
    ///
    /// Windows does not let a file become shorter while anybody has mapped or named it:
    /// [`ErrorKind::FileMapped`]. A `MappedFile` maps at its first read or write, and as a whole
    /// unless it was opened with a [`window`](crate::MappedFileOptions::window): windows are given
    /// up for this.
    #[doc(alias = "SetEndOfFile")]
    #[doc(alias = "ftruncate")]
    pub fn set_len(&self, len: u64) -> Result<()> {
        self.check_writable(Operation::ResizeFile)?;
        self.check_growing(Operation::ResizeFile, || format!("a length of {} was", counted(len)))?;
        let mut set = self.mapping.set_file_len(len);
        // Where a mapped file cannot be cut, these windows need not be there.
        if set.as_ref().is_err_and(|error| error.kind() == ErrorKind::FileMapped) {
            self.windows.clear();
            set = self.mapping.set_file_len(len);
        }
        self.forget_beyond(len);
        self.len()?;
        set.map_err(|error| self.named(error))
    }

    /// Sets disk space aside for a range of the file, in bytes, which may lie past its end.
    ///
    /// Writes there then do not fail for want of space. No byte of the file changes, nor does its
    /// length: what is set aside past the end stays with the file until it is written, or the file
    /// is cut, and counts in [`allocated`](Self::allocated).
    ///
    /// ```
    /// use filemap::{ErrorKind, MappedFile};
    ///
    /// let place = tempfile::tempdir()?;
    /// let log = MappedFile::open(place.path().join("log"))?;
    /// match log.preallocate(0..1 << 20) {
    ///     Ok(()) => assert!(log.allocated()? >= 1 << 20),
    ///     // Not every file system sets space aside.
    ///     Err(error) => assert_eq!(error.kind(), ErrorKind::NotSupported),
    /// }
    /// assert_eq!(log.len()?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Length and bytes are then as they were; some of the space may stay set aside.
    ///
    /// | what is wrong | kind |
    /// |---|---|
    /// | the range ends before it begins | [`InvalidArgument`](ErrorKind::InvalidArgument) |
    /// | there is not so much space | [`DiskFull`](ErrorKind::DiskFull) |
    /// | no file can reach so far, or the process's limit does not allow it | [`FileTooLarge`](ErrorKind::FileTooLarge) |
    /// | it was opened for reading only | [`AccessDenied`](ErrorKind::AccessDenied) |
    /// | it is memory, or a mapping of a fixed size; or its file system sets no space aside | [`NotSupported`](ErrorKind::NotSupported) |
    ///
    /// # Platforms
    ///
    /// Windows has no call that sets space aside and cannot cut the file:
    /// [`ErrorKind::NotSupported`].
    #[doc(alias = "fallocate")]
    #[doc(alias = "posix_fallocate")]
    pub fn preallocate(&self, range: Range<u64>) -> Result<()> {
        let operation = Operation::Preallocate;
        self.check_writable(operation)?;
        let len = self.len_of(&range, operation)?;
        self.check_growing(operation, || placed(range.start, len))?;
        if len == 0 {
            return Ok(());
        }
        let set_aside = self.mapping().preallocate_file(range.start, len);
        set_aside.map_err(|error| self.named(error))
    }

    /// Gives a range of the file back to the system, in bytes: it reads as zeros, and whole blocks of
    /// it take no space until they are written again.
    ///
    /// The length stays as it is. What was [set aside](Self::preallocate) past the end may stay so: not
    /// every file system gives that back before the length is [set](Self::set_len).
    ///
    /// ```
    /// use filemap::{ErrorKind, MappedFile};
    ///
    /// let place = tempfile::tempdir()?;
    /// let file = MappedFile::open(place.path().join("queue"))?;
    /// file.fill(0, 1 << 20, 7)?;
    /// match file.discard(0..1 << 19) {
    ///     Ok(()) => assert_eq!((file.find(.., &[7])?, file.len()?), (Some(1 << 19), 1 << 20)),
    ///     // Not every file system makes holes.
    ///     Err(error) => assert_eq!(error.kind(), ErrorKind::NotSupported),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Length and bytes are then as they were.
    ///
    /// | what is wrong | kind |
    /// |---|---|
    /// | the range ends before it begins | [`InvalidArgument`](ErrorKind::InvalidArgument) |
    /// | it ends past memory, or a mapping of a fixed size | [`InvalidRange`](ErrorKind::InvalidRange) |
    /// | it was opened for reading only | [`AccessDenied`](ErrorKind::AccessDenied) |
    /// | its file system makes no holes | [`NotSupported`](ErrorKind::NotSupported) |
    ///
    /// # Platforms
    ///
    /// On Windows: [`ErrorKind::NotSupported`].
    #[doc(alias = "FALLOC_FL_PUNCH_HOLE")]
    pub fn discard(&self, range: Range<u64>) -> Result<()> {
        let operation = Operation::Discard;
        self.check_writable(operation)?;
        let len = self.len_of(&range, operation)?;
        if !self.mapping.follows_file() && range.end > self.mapping.size() {
            return Err(self.named(Error::new(ErrorKind::InvalidRange, operation)));
        }
        if len == 0 {
            return Ok(());
        }
        self.mapping.discard_file(range.start, len).map_err(|error| self.named(error))
    }

    /// Returns how many bytes of the disk the file takes, what is set aside past its end included.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Device`] if the file system does not answer, [`ErrorKind::NotSupported`] if it
    /// is memory of which the system does not tell.
    pub fn allocated(&self) -> Result<u64> {
        self.mapping().file_space().map_err(|error| self.named(error))
    }
}

/// What an error says of bytes that were asked for.
pub(super) fn placed(offset: u64, len: u64) -> String {
    format!("{} at {offset} {}", counted(len), if len == 1 { "was" } else { "were" })
}

impl MappedFile {
    /// How many bytes a range has.
    fn len_of(&self, range: &Range<u64>, operation: Operation) -> Result<u64> {
        range.end.checked_sub(range.start).ok_or_else(|| {
            self.named(
                Error::new(ErrorKind::InvalidArgument, operation)
                    .because(format!("{} ends before it begins", geometry::shown(range))),
            )
        })
    }

    /// The length when it was last looked at.
    pub(super) fn known_len(&self) -> u64 {
        if self.mapping.follows_file() { self.known_len.bytes() } else { self.mapping.size() }
    }

    /// Bytes from the start that may be stored to through a map.
    pub(super) fn settled_len(&self) -> u64 {
        match self.mapping.follows_file() {
            true => self.settled_len.bytes(),
            // Only what can grow is ever in the middle of growing.
            false if self.is_writable() => self.mapping.size(),
            false => 0,
        }
    }

    /// Returns whether these bytes are known to be there.
    pub(super) fn knows(&self, offset: u64, len: usize) -> bool {
        offset.checked_add(len as u64).is_some_and(|end| end <= self.known_len())
    }

    /// Returns whether these bytes may be stored to through a map.
    pub(super) fn is_settled(&self, offset: u64, len: usize) -> bool {
        offset.checked_add(len as u64).is_some_and(|end| end <= self.settled_len())
    }

    /// The end of a range, if a file can reach so far.
    pub(super) fn end_of(&self, offset: u64, len: u64, operation: Operation) -> Result<u64> {
        offset.checked_add(len).filter(|end| i64::try_from(*end).is_ok()).ok_or_else(|| {
            self.named(
                Error::new(ErrorKind::FileTooLarge, operation)
                    .because(format!("{} at {offset} would end past 2^63 - 1", counted(len))),
            )
        })
    }

    /// Refuses what needs a file that can become longer.
    pub(super) fn check_growing(
        &self,
        operation: Operation,
        wanted: impl FnOnce() -> String,
    ) -> Result<()> {
        if self.mapping.follows_file() {
            return Ok(());
        }
        let (error, size) = (Error::new(ErrorKind::NotSupported, operation), self.mapping.size());
        Err(self.named(error.because(format!(
            "{} asked for, and its size of {} was fixed when it was created",
            wanted(),
            counted(size)
        ))))
    }

    /// Looks at the length before bytes up to `end` are written, if they may lie past it: of stores
    /// past the end nothing is kept, and no page is lost where the last one takes them.
    #[cfg(feature = "objects")]
    pub(super) fn look_before_writing(&self, end: u64) -> Result<()> {
        // Whoever cuts a file takes pages away. So as long as the last one is there, the file does
        // not end before it; and to find that is a load, where the length takes a call.
        let last_page = self.known_len().saturating_sub(1) & !(page_size() as u64 - 1);
        if end <= last_page && self.load_fast::<u8>(last_page).is_some() {
            return Ok(());
        }
        self.len().map(drop)
    }

    /// The error of bytes that the file ends before or in.
    pub(super) fn ends_before(
        &self,
        offset: u64,
        len: usize,
        file_len: u64,
        operation: Operation,
    ) -> Error {
        let rest = file_len.saturating_sub(offset).min(len as u64);
        self.named(Error::new(ErrorKind::EndOfFile, operation).because(format!(
            "{} asked for, and there are {rest} before the end",
            placed(offset, len as u64)
        )))
    }

    /// Waits for whoever is making the file longer, so that bytes which are there by its length
    /// may be stored to through a map.
    pub(super) fn settle(&self, offset: u64, len: usize, operation: Operation) -> Result<()> {
        self.check_writable(operation)?;
        let end = self.end_of(offset, len as u64, operation)?;
        let before = self.noted();
        let seen = self.look()?;
        if end > seen {
            return Err(self.ends_before(offset, len, seen, operation));
        }
        // Setting space aside for bytes that are about to be stored waits as output does. File
        // systems without it have their own ways, and none is known to need this.
        match self.mapping.preallocate_file(offset, len as u64) {
            Err(error) if error.kind() != ErrorKind::NotSupported => {
                return Err(self.named(error.during(operation)));
            }
            _ => {}
        }
        self.note_settled(&before, seen)
    }

    /// The length as it is now, of which nothing is noted.
    pub(super) fn look(&self) -> Result<u64> {
        match self.mapping.follows_file() {
            true => self.mapping.file_len().map_err(|error| self.named(error)),
            false => Ok(self.mapping.size()),
        }
    }

    /// What is noted of the length, before a look at it.
    pub(super) fn noted(&self) -> Noted<'_> {
        Noted {
            known: self.known_len.seen(),
            settled: self.settled_len.seen(),
            whole: self.whole.view().map(|view| (view, view.reach_seen())),
        }
    }

    /// Notes that there are `known` bytes, and that `settled` of them may be stored to through a map, by
    /// a look that was made after `before`; false if another one noted something, or the file was cut
    /// meanwhile. What was not noted costs whoever comes there a look.
    fn note(&self, before: &Noted<'_>, known: u64, settled: u64) -> bool {
        // Stores that are to be flushed are none of the fast path's.
        let writable = if self.flush_writes.is_none() { settled } else { 0 };
        let whole = before.whole.is_none_or(|(view, seen)| view.note_reach(seen, known, writable));
        // All of them, whatever becomes of one.
        whole
            & self.known_len.note(before.known, known)
            & self.settled_len.note(before.settled, settled)
    }

    /// Notes that there are so many bytes, and that all of them are settled.
    pub(super) fn note_settled(&self, before: &Noted<'_>, known: u64) -> Result<()> {
        let settled = before.settled.bytes().max(known);
        if self.note(before, known, settled) { Ok(()) } else { self.len().map(drop) }
    }

    /// Keeps everybody to the first `len` bytes until they look, after the file was made so long: also
    /// those who have looked before and have not noted it yet.
    fn forget_beyond(&self, len: u64) {
        // Whoever puts a longer map in place looks after it: at this length, or the map is found here.
        fence(Ordering::SeqCst);
        self.known_len.cut(len);
        self.settled_len.cut(len);
        if let Some(view) = self.whole.view() {
            view.cut_reach(len);
        }
    }
}

/// What was noted of a length, before a look at it.
#[derive(Debug)]
pub(super) struct Noted<'a> {
    pub(super) known: Seen,
    settled: Seen,
    /// The map of the whole file, and how far its fast path reached.
    whole: Option<(&'a View, [Seen; 2])>,
}
