//! Which pages of a reserved section are committed: a byte for each, behind its memory.
//!
//! A byte and not a bit, because a byte is set by a plain store: two who commit neighbouring
//! pages at once cannot undo each other's, whether they have the bytes mapped or not. A page
//! never stops being committed, so what was read as committed stays true.

use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, RawFd};
use std::sync::Arc;

use rustix::fs::{OFlags, SeekFrom};
use rustix::io::Errno;

use crate::sys::platform::mapped_view::SharedDescriptor;
use crate::sys::platform::{commit_limit, file, memory_file, page_size};
use crate::types::{Error, ErrorKind, Operation, Result};

/// The byte of a page that is committed.
pub(super) const COMMITTED: u8 = 1;

/// Bytes that are read or written at a time.
const STEP: usize = 4096;

/// The commitment of a range of a section's pages.
#[derive(Debug)]
pub(in crate::sys::platform) struct Commitment {
    shared: Arc<SharedDescriptor>,
    /// Bytes in the section, and where the byte of its first page is.
    size: u64,
    /// The section's page that is the first of the range.
    first: u64,
}

impl Commitment {
    /// The commitment of the pages from `offset` on.
    pub(super) fn new(shared: &Arc<SharedDescriptor>, size: u64, offset: u64) -> Self {
        Self { shared: Arc::clone(shared), size, first: offset / page_size() as u64 }
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.shared.descriptor.as_fd()
    }

    /// Returns where the byte of a page of the range is in the file.
    fn place(&self, page: usize) -> u64 {
        self.size + self.first + page as u64
    }

    /// Returns what the handler needs: a descriptor, and where in it the byte of the first page is.
    pub(super) fn for_handler(&self) -> (RawFd, u64) {
        (self.descriptor().as_raw_fd(), self.place(0))
    }

    /// Returns whether a page is committed, and how many of the `count` pages from there on are
    /// like it.
    pub(super) fn run(
        &self,
        page: usize,
        count: usize,
        operation: Operation,
    ) -> Result<(bool, usize)> {
        let mut marks = [0; STEP];
        let mut first = None;
        let mut done = 0;
        while done < count {
            let place = self.place(page + done);
            // Bytes that were never written are a hole, which is skipped at once.
            if first == Some(false) && done.is_multiple_of(STEP) {
                let hole = self.hole(place);
                if hole > 0 {
                    done = done.saturating_add(usize::try_from(hole).unwrap_or(usize::MAX));
                    continue;
                }
            }
            let step = STEP.min(count - done);
            let read = file::read_at(self.descriptor(), place, &mut marks[..step], operation)?;
            // Past the end of a file that somebody cut, nothing is committed.
            marks[read..].fill(0);
            for mark in &marks[..step] {
                let committed = *mark == COMMITTED;
                if *first.get_or_insert(committed) != committed {
                    return Ok((!committed, done));
                }
                done += 1;
            }
        }
        Ok((first.unwrap_or(false), count))
    }

    /// Returns how many bytes of a hole follow `place`.
    fn hole(&self, place: u64) -> u64 {
        match rustix::fs::seek(self.descriptor(), SeekFrom::Data(place)) {
            Ok(data) => data.saturating_sub(place),
            Err(Errno::NXIO) => u64::MAX,
            Err(_) => 0,
        }
    }

    /// Commits pages of the range, for everybody who has the section.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CommitLimit`] if the machine could not hold them beside those that are
    /// committed; [`ErrorKind::AccessDenied`] if this process may not write the memory at all.
    pub(super) fn commit(&self, page: usize, count: usize, operation: Operation) -> Result<()> {
        self.charge(page, count, operation)?;
        // Past this process's limit on file sizes a write would raise a signal.
        file::allowed(self.place(page).saturating_add(count as u64), operation)?;
        let mine;
        let writable = file::mode(self.descriptor(), operation)?.write;
        // To commit is not to store: whoever may only read may do it, if the user may write.
        let descriptor = if writable {
            self.descriptor()
        } else {
            mine = file::reopen(self.descriptor(), OFlags::RDWR).map_err(|errno| {
                Error::new(ErrorKind::AccessDenied, operation)
                    .about("the view")
                    .because("this user may not write to the memory, and so not commit its pages")
                    .caused_by(std::io::Error::from(errno))
            })?;
            mine.as_fd()
        };
        let unit = page_size() as u64;
        let pages = (self.first + page as u64) * unit;
        match memory_file::take_range(descriptor, pages, count as u64 * unit, operation) {
            // As much as a sandbox lets be promised.
            Err(error) if error.kind() == ErrorKind::NotSupported => {}
            taken => taken?,
        }
        let marks = [COMMITTED; STEP];
        let mut done = 0;
        while done < count {
            let step = STEP.min(count - done);
            file::write_at(descriptor, self.place(page + done), &marks[..step], operation)
                .map_err(Error::nowhere)?;
            done += step;
        }
        Ok(())
    }

    /// Returns how many of `count` pages from `page` on are committed.
    fn committed(&self, page: usize, count: usize, operation: Operation) -> Result<usize> {
        let (mut committed, mut done) = (0, 0);
        while done < count {
            let (is_committed, run) = self.run(page + done, count - done, operation)?;
            committed += if is_committed { run } else { 0 };
            done += run;
        }
        Ok(committed)
    }

    /// Refuses more committed pages than the machine could hold.
    fn charge(&self, page: usize, count: usize, operation: Operation) -> Result<()> {
        let (most, unit) = (commit_limit::at_least(self.size), page_size() as u64);
        if self.size <= most && (count as u64) < commit_limit::ASKED / unit {
            return Ok(());
        }
        let new = (count - self.committed(page, count, operation)?) as u64 * unit;
        commit_limit::check_left(new, operation).map_err(|error| error.about("the view"))?;
        if self.size <= most || new == 0 {
            return Ok(());
        }
        let whole = Self::new(&self.shared, self.size, 0);
        let pages = usize::try_from(self.size / unit).unwrap_or(usize::MAX);
        let committed = whole.committed(0, pages, operation)? as u64 * unit;
        let wanted = committed.saturating_add(new);
        if wanted > most {
            return Err(Error::new(ErrorKind::CommitLimit, operation).about("the view").because(
                format!(
                    "{wanted} committed bytes are more than the {most} bytes of memory and swap"
                ),
            ));
        }
        Ok(())
    }
}
